"""What a provider is: it takes messages and says, for each, what became of it.

A provider may be called twice with the same delivery (a lease was lost): it sends at least once. It must answer for
every message it is given, and never raise for one of them; an exception means that nothing is known of the batch, whose
leases then run out. Where it knows that it does not know, it says UNANSWERED: the message goes again after a backoff,
and is flagged as a possible duplicate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from alerts.core.number_caps import NO_CAPS, NumberCaps
from alerts.core.states import DeliveryMove


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One claimed delivery, as it leaves. `body` has the reader's own link in it."""

    delivery: int
    attempt: int
    alert: UUID | None
    member: int | None
    address: str
    body: str
    expires_at: datetime | None
    is_possible_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`move`: ACCEPTED, CONFIRMED, DEFERRED, REFUSED or UNANSWERED; `retry_after`: the least wait of a deferred one."""

    delivery: int
    move: DeliveryMove
    provider_id: str | None = None
    detail: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an operator wants to be fed: messages (or segments) a second, how many unanswered, how many to one number."""

    rate_per_s: float
    ahead: int
    per_number: NumberCaps = NO_CAPS


class Provider(Protocol):
    """One way out."""

    @property
    def name(self) -> str: ...

    @property
    def channel(self) -> str:
        """The channel whose deliveries it takes: sms, terminal, push."""
        ...

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]: ...


class Operator(Provider, Protocol):
    """A provider by which SMS leave the building: one account at one operator, of whatever kind.

    `send` must bear several calls at once, and answers each within the dispatcher's patience. Ids of what was taken are
    committed (`sms_segment`) before it answers ACCEPTED: receipts find them there.
    """

    @property
    def terms(self) -> Terms: ...

    @property
    def strength(self) -> float:
        """Its weight, as far as it is well; 0: it can send nothing now."""
        ...

    def weigh(self, text: str) -> int:
        """Return how many of what `terms` counts a text is: segments where the operator counts those."""
        ...

    async def run(self) -> None:
        """Do what it does beside sending (keep a session, look for receipts); until cancelled."""
        ...
