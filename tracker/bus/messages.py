"""The JSON of the stream `events`, objects told apart by their `kind`; and the hints in doorbells."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

Id = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Micros = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]  # since 1970


class Crossed(msgspec.Struct, frozen=True, tag_field="kind", tag="crossing"):
    """A member left `from_grid` (0: came from outside the city) and entered `to_grid` (0: left the city)."""

    terminal: Id
    member: Id
    from_grid: Id
    to_grid: Id
    fixed_at_us: Micros


class PresenceChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="presence"):
    """`state` is one of the words of presence_event.kind; `since_us` of out_of_grid is when they were first outside."""

    terminal: Id
    member: Id
    state: str
    grid: Id
    at_us: Micros
    since_us: Micros = 0


class EmergencyPressed(msgspec.Struct, frozen=True, tag_field="kind", tag="emergency"):
    """Row `id` of table emergency was made or changed (taken, closed)."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    terminal: Id
    member: Id


class AlertAcknowledged(msgspec.Struct, frozen=True, tag_field="kind", tag="acknowledgement"):
    """A member answered an alert at a terminal; the row of table acknowledgement is the truth."""

    alert: str
    version: Id
    member: Id


class CityChanged(msgspec.Struct, frozen=True):
    """A doorbell of the stream `city`: rows `ids` of what `kind` names were committed; the tables are the truth.

    `kind` is units, members, terminals, grid_sets or roles; "" stands for anything. No `ids`: any of them.
    """

    kind: str = ""
    ids: tuple[Id, ...] = ()


class DownlinkWritten(msgspec.Struct, frozen=True):
    """A doorbell of the stream `downlink`: rows for these terminals were committed.

    None named: rows for whomever, and retained messages.
    """

    terminals: tuple[Id, ...] = ()


Event = Crossed | PresenceChanged | EmergencyPressed | AlertAcknowledged

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event | list[Event])


def encode(said: Event | Sequence[Event] | CityChanged | DownlinkWritten) -> bytes:
    """Several events travel in one message: at a city's rate a message each took more CPU than storing the batch."""
    return _encoder.encode(said)


def decode(payload: bytes) -> list[Event] | None:
    """Return the events of a message, in order.

    None for what `encode` did not make: readers go on, because no bytes on the bus may stop them.
    """
    try:
        said = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return said if isinstance(said, list) else [said]


ANYTHING: Final = CityChanged()
_city_decoder = msgspec.json.Decoder(CityChanged)


def decode_city(payload: bytes) -> CityChanged:
    """Return ANYTHING for what is empty or not understood: a doorbell that was heard is a reason to look."""
    try:
        return _city_decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ANYTHING


EVERYTHING_DOWN: Final = DownlinkWritten()
_downlink_decoder = msgspec.json.Decoder(DownlinkWritten)


def decode_downlink(payload: bytes) -> DownlinkWritten:
    """Return EVERYTHING_DOWN for what is empty or not understood."""
    try:
        return _downlink_decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return EVERYTHING_DOWN
