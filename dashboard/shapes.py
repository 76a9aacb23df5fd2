"""What HTTP and the WebSocket say, as frozen records; msgspec writes them as JSON. No rules and no I/O here.

Degrees are floats, longitude first; times are aware datetimes (RFC 3339 on the wire); ids are the database's.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import field


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The subtree an account sees, as its nested-set interval: a unit inside has left <= tree_left <= right."""

    unit: int
    left: int
    right: int

    @classmethod
    def everywhere(cls) -> "Scope":
        """Return the scope of the service itself."""
        return cls(unit=0, left=0, right=2**31 - 1)

    def holds(self, tree_left: int) -> bool:
        return self.left <= tree_left <= self.right


class Named(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    name_en: str | None = None  # units have one; people and accounts do not


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    id: int
    code: str
    name: str
    name_en: str | None
    level: str
    parent: int | None  # null for the top of the viewer's subtree
    members: int
    on_duty: int  # by rosters, leave and calls; who has none of these: on-line now
    bounds: list[float] | None  # west, south, east, north; null for a unit without an area
    closed_at: datetime | None = None


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """The freshest believed fix of a member."""

    fixed_at: datetime
    received_at: datetime
    lon: float
    lat: float
    speed_mps: float | None
    heading_deg: int | None
    accuracy_m: float | None
    battery_pct: int | None
    grid: Named | None  # null outside the city, and outside the viewer's subtree
    state: str


class TerminalCode(msgspec.Struct, frozen=True):
    code: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    code: str
    name: str
    phone: str | None
    unit: Named
    role: str
    terminal: TerminalCode | None
    last: Last | None
    outside_since: datetime | None  # out of all their own grids since; null: not out


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One fix: when and where."""

    fixed_at: datetime
    lon: float
    lat: float


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A member who was in an area, with the first and the last fix there."""

    id: int
    code: str
    name: str
    unit: Named
    role: str
    first_at: datetime
    last_at: datetime
    fixes: int
    samples: list[Sample]  # the first and the last


class HourInGrid(msgspec.Struct, frozen=True, kw_only=True):
    """What a member did in one grid within one hour."""

    hour: datetime  # its beginning
    grid: Named | None  # null outside the city, and outside the viewer's subtree
    fixes: int
    distance_m: int
    in_grid_s: int


class Assigned(msgspec.Struct, frozen=True):
    unit: Named
    role: str
    is_primary: bool = False


class MemberListed(Member, frozen=True, kw_only=True):
    assignments: list[Assigned]


class Carried(msgspec.Struct, frozen=True):
    id: int
    code: str


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a member is on duty; by a roster, by a call (no roster), or because they are on-line (no `until`)."""

    is_on_duty: bool
    roster: Named | None = None
    shift: str | None = None
    until: datetime | None = None


class MemberCard(MemberListed, frozen=True, kw_only=True):
    revision: int
    language: str
    pinyin: str
    terminals: list[Carried]
    teams: list[Named]
    duty: Duty


class Staffed(msgspec.Struct, frozen=True, kw_only=True):
    """One post of a unit's role set, and how many hold it."""

    role: str
    least: int
    most: int | None
    have: int


class UnitCard(Unit, frozen=True, kw_only=True):
    attributes: dict[str, Any]
    leaders: list[Member]
    revision: int
    role_set: str | None  # null: its level's
    role_set_of_level: str | None
    staffing: list[Staffed]


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    member: Member | None
    terminal: str
    pressed_at: datetime
    received_at: datetime
    lon: float | None
    lat: float | None
    grid: Named | None
    note: str
    taken_at: datetime | None
    taken_by: Named | None
    closed_at: datetime | None
    closed_by: Named | None


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    member: Named
    left_grid: Named | None = field(name="from")
    entered_grid: Named | None = field(name="to")
    at: datetime


class PresenceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is a word of presence_event.kind."""

    at: datetime
    kind: str
    terminal: TerminalCode
    grid: Named | None  # null outside the city, and outside the viewer's subtree


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Members of a unit's subtree: online (fresh or ageing) + silent + offline = total."""

    online: int = 0
    silent: int = 0
    offline: int = 0
    total: int = 0
    sos: int = 0
    on_duty: int = 0


class Whereabouts(Protocol):
    """What the live map knows and the tables learn only at ingest's next checkpoint."""

    def last(self, member: int, scope: Scope) -> Last | None: ...

    def counts(self, unit: int) -> Counts: ...

    def members_in(self, unit: int, states: Iterable[str]) -> list[int]: ...

    def on_duty_in(self, unit: int) -> list[int]: ...

    def is_on_duty(self, member: int) -> bool: ...

    def is_inside(self, unit: int, scope: Scope) -> bool: ...

    def is_above(self, unit: int, scope: Scope) -> bool: ...


def encode(value: object) -> bytes:
    return _encoder.encode(value)


_encoder = msgspec.json.Encoder()
