"""The JSON objects of the stream `events`, told apart by their `kind`."""

import msgspec


class Crossed(msgspec.Struct, frozen=True, tag_field="kind", tag="crossing"):
    """A member left `from_grid` (0: came from outside the city) and entered `to_grid` (0: left the city)."""

    terminal: int
    member: int
    from_grid: int
    to_grid: int
    fixed_at_us: int


class PresenceChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="presence"):
    """`state` is one of the words of presence_event.kind."""

    terminal: int
    member: int
    state: str
    grid: int
    at_us: int


class EmergencyPressed(msgspec.Struct, frozen=True, tag_field="kind", tag="emergency"):
    """Row `id` of table emergency was made or changed (taken, closed)."""

    id: int
    terminal: int
    member: int


class AlertAcknowledged(msgspec.Struct, frozen=True, tag_field="kind", tag="acknowledgement"):
    """A member answered an alert at a terminal; the row of table acknowledgement is the truth."""

    alert: str
    version: int
    member: int


Event = Crossed | PresenceChanged | EmergencyPressed | AlertAcknowledged

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(payload: bytes) -> Event:
    """Raises msgspec.ValidationError for anything that `encode` did not make."""
    return _decoder.decode(payload)
