"""The values that travel between the desk, the store and the screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.core.levels import Level
from alerts.core.states import AlertMove, AlertState
from alerts.core.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The account that acts, for the unit that its role is held for."""

    account: int
    unit: int
    may_issue: bool = True
    may_approve: bool = True
    token: int | None = None  # the API token it came by
    address: str = ""
    stands_in_for: str | None = None  # who lent the role it acts by


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an alert says and to whom. `area` is a WKB polygon, WGS-84 degrees, longitude first."""

    level: Level
    event: str  # what threatens: rainstorm, flood, fire, ...
    headline: str
    description: str
    targets: tuple[int, ...]  # units
    teams: tuple[int, ...] = ()  # work teams told beside the leaders
    instruction: str = ""
    depth: str | None = None  # deepest level told; None: all the way
    area: bytes | None = None
    expires_at: datetime | None = None
    is_drill: bool = False


@dataclass(frozen=True, slots=True)
class UnitName:
    id: int
    name: str
    name_en: str | None
    level: str


@dataclass(frozen=True, slots=True)
class TeamName:
    id: int
    name: str
    unit: int  # that keeps it


@dataclass(frozen=True, slots=True)
class AccountName:
    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Counts of people (not of messages) of the version in force."""

    audience: int = 0
    told: int = 0  # at least one message may have reached them
    delivered: int = 0  # a receipt says so
    acknowledged: int = 0  # they answered themselves
    failed: int = 0  # every channel ended without telling them
    unknown: int = 0  # told, and no receipt came in time
    queued: int = 0  # not told yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of level that waits for a second person."""

    level: Level
    note: str
    made_by: AccountName
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHead:
    """An alert at its newest version, without its reach: counting a whole city takes longer than all the rest."""

    id: UUID
    identifier: str | None
    state: AlertState
    version: int  # expected by every request that changes it
    in_force: int | None  # version people were told last; None before issue
    content: Content
    unit: UnitName  # who issues
    targets: tuple[UnitName, ...]
    teams: tuple[TeamName, ...]
    created_by: AccountName
    created_at: datetime
    issued_at: datetime | None
    ended_at: datetime | None
    proposal: Proposal | None
    moves: tuple[AlertMove, ...]  # that people can make now


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(AlertHead):
    """An alert with its reach as it was counted just now."""

    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One immutable row of an alert's history."""

    version: int
    kind: str
    level: Level
    event: str
    headline: str
    description: str
    instruction: str
    targets: tuple[int, ...]
    note: str
    made_by: AccountName | None  # None: the clock
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A warning passed down by a leader, with own words, to `people` below."""

    id: UUID
    member: int
    name: str
    unit: UnitName  # that they lead
    words: str
    people: int
    passed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWarning:
    """A warning as one member reads it on their own phone."""

    id: UUID
    member: int
    state: AlertState
    version: int  # in force, or last in force
    level: Level
    event: str
    headline: str
    description: str
    instruction: str
    note: str  # of its end
    is_drill: bool
    issuer: Words
    places: tuple[Words, ...]  # that were warned and that the member belongs to
    issued_at: datetime
    changed_at: datetime  # to this level
    ended_at: datetime | None
    expires_at: datetime | None
    acknowledged_at: datetime | None  # by the member, of this version
    passings: tuple[Passing, ...] = ()  # that the member said or heard
    may_tell: int = 0  # people below, to whom the member may pass it down


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    channel: str
    kind: str
    version: int
    state: str
    address: str
    detail: str
    queued_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    is_possible_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of an audience, with the reasons why they are in it."""

    member: int
    name: str
    phone: str | None
    unit: UnitName | None
    reasons: tuple[Mapping[str, Any], ...]
    deliveries: tuple[DeliveryLine, ...] = ()
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    total: int
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody to be called, why, and who is above them (None: nobody whom the viewer may see)."""

    person: Person
    why: str  # failed, unknown, overdue
    told_at: datetime | None
    superior: str | None
    superior_phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A page of those to be called. `counts` are of all, by why; `answer_within` None: nobody is late."""

    total: int
    counts: Mapping[str, int]
    answer_within: timedelta | None
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudiencePreview:
    """Who would be told now, and whether the account may do so. Nothing is stored."""

    total: int
    by_reason: Mapping[str, int]
    by_level: Mapping[str, int]
    sample: tuple[Person, ...]
    allowed: bool
    explanation: Words
    parts: Mapping[str, int] = field(default_factory=dict[str, int])  # SMS parts by language
    by_unit: Mapping[int, int] = field(default_factory=dict[int, int])  # people by the unit they would be told for
