"""The JSON of the WebSocket: `op` tells the requests apart, `kind` what we say."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from dashboard.shapes import Emergency, Named


class Watch(msgspec.Struct, frozen=True, tag_field="op", tag="watch"):
    unit: int
    epoch: int = 0
    tick: int = 0


class Ack(msgspec.Struct, frozen=True, tag_field="op", tag="ack"):
    tick: int


class Ping(msgspec.Struct, frozen=True, tag_field="op", tag="ping"):
    pass


class CountsNews(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="counts"):
    unit: int
    online: int
    silent: int
    offline: int
    total: int
    sos: int
    on_duty: int
    server_time_ms: float


class Hello(msgspec.Struct, frozen=True, tag_field="kind", tag="hello"):
    epoch: int
    server_time_ms: float


class Pong(msgspec.Struct, frozen=True, tag_field="kind", tag="pong"):
    server_time_ms: float


class Trouble(msgspec.Struct, frozen=True, tag_field="kind", tag="error"):
    error: Literal["not_found", "not_understood"]
    message: str


class EmergencyNews(msgspec.Struct, frozen=True, tag_field="kind", tag="emergency"):
    emergency: Emergency


class CrossingNews(msgspec.Struct, frozen=True, tag_field="kind", tag="crossing", kw_only=True):
    member: Named
    left_grid: Named | None = msgspec.field(name="from")
    entered_grid: Named | None = msgspec.field(name="to")
    at: datetime


class OutingNews(msgspec.Struct, frozen=True, tag_field="kind", tag="outing"):
    """A member is out of all their own grids since then; null: they are back."""

    member: int
    since: datetime | None


class AlertNews(msgspec.Struct, frozen=True, tag_field="kind", tag="alert"):
    id: UUID
    state: str
    version: int


class GridsNews(msgspec.Struct, frozen=True, tag_field="kind", tag="grids"):
    """Another grid set is in force from now on."""

    version: int


class GridSetNews(msgspec.Struct, frozen=True, tag_field="kind", tag="grid_set"):
    """Another grid set is the newest, in force or not yet: what is drawn on an older one has to move over."""

    newest: int


Request = Watch | Ack | Ping
_requests: Final = msgspec.json.Decoder(Request)


def decode(text: str) -> Request:
    """Raises msgspec.DecodeError (ValidationError is one) for anything else."""
    return _requests.decode(text)
