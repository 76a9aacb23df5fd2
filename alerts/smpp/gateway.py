"""What is known of an operator's SMS centre beforehand: where, as whom, how fast, in which dialect. Pure."""

from dataclasses import dataclass, field
from pathlib import Path

from alerts.core.number_caps import NO_CAPS, NumberCaps
from alerts.smpp.pdus import Address
from alerts.smpp.receipts import Ids
from alerts.smpp.segments import Concatenation


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The certificate must be of `name` (None: of the host) and signed by an authority of `authorities` (a PEM file).

    Without one, by an authority that the machine trusts. There is no way to do without.
    """

    name: str | None = None
    authorities: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. A test shortens them."""

    connect_s: float = 10.0
    answer_s: float = 10.0  # to any request; the dispatcher's own patience is 30
    enquire_s: float = 30.0  # of silence, then enquire_link
    throttled_s: float = 3.0  # how long a throttled segment is tried again before its message is put back
    waiting_s: float = 5.0  # how long a segment waits for its turn before its message is put back
    unbind_s: float = 3.0
    first_retry_s: float = 1.0
    most_retry_s: float = 60.0
    refused_retry_s: float = 120.0  # after a wrong password: operators lock out who tries faster
    look_s: float = 0.5  # how often time-outs are looked at
    query_after_s: float = 300.0  # a segment without a receipt for so long is asked about
    query_every_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One account at one SMS centre."""

    name: str
    host: str
    port: int = 2775
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    service_type: str = ""
    is_pair: bool = False  # a transmitter and a receiver instead of one transceiver
    tls: Tls | None = None
    window: int = 32  # submissions in flight
    rate_per_s: float = 100.0  # segments
    source: Address = field(default_factory=lambda: Address(""))
    destination_ton: int = 1  # international
    destination_npi: int = 1  # E.164
    ids: Ids = Ids.SAME
    concatenation: Concatenation = Concatenation.UDH
    most_parts: int = 20
    sends_validity: bool = True
    weight: float = 1.0
    per_number: NumberCaps = NO_CAPS
    country_code: str = "86"  # of numbers that the operator writes without one
    timing: Timing = field(default_factory=Timing)

    @property
    def where(self) -> str:
        return f"{'smpps' if self.tls else 'smpp'}://{self.host}:{self.port}"

    def destination(self, number: str) -> Address:
        return Address(number.removeprefix("+"), self.destination_ton, self.destination_npi)
