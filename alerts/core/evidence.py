"""The final report of an alert as values: what was said by whom, who was told when, who was not, and what was tried.

Its document is canonical: the same facts are the same bytes, whose SHA-256 stands in every form of the report. So it
holds no time of reading. The rows it was made of have fingerprints of their own, to be computed again at any time.
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from alerts.core.levels import Level
from alerts.core.reach import ChannelReach
from alerts.core.records import DeliveryLine, Reach, UnitName
from alerts.core.states import AlertState

MOST_NAMED: Final = 2_000  # of those never reached; the others stand in the table of messages alone
POINTS: Final = 120  # of the curve: more are not told apart on paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """When the first, half, 95 % and the last of `of` people had something; None: so many never had."""

    of: int
    reached: int
    first_at: datetime | None
    half_at: datetime | None
    most_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Point:
    """At so many seconds after the issue so many people had been told, and so many had answered."""

    after_s: float
    told: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFact:
    """One version; `told` and `acknowledged` only of versions that people were told."""

    version: int
    kind: str
    level: Level
    event: str
    headline: str
    description: str
    instruction: str
    targets: tuple[UnitName, ...]  # that the reader may see
    depth: str | None
    has_area: bool
    note: str
    made_by: str | None  # None: the clock
    made_at: datetime
    told: Progress | None
    acknowledged: Progress | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the audit trail: who decided what. `account` None: the clock."""

    at: datetime
    account: str | None
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Timers that fired together: whom it was about, and how many messages it made."""

    at: datetime
    step: str  # remind, superior, issuer, expire
    people: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Somebody who came into the drawn area while the alert was in force."""

    member: int
    name: str
    unit: UnitName | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of one message, with the provider's words."""

    channel: str
    kind: str
    version: int
    at: datetime
    provider: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Somebody whom no message is known to have reached, and what was tried."""

    member: int
    name: str
    phone: str | None
    unit: UnitName | None
    why: str  # failed, unknown
    messages: tuple[DeliveryLine, ...]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who had to be told, frozen at issue, with those who came later."""

    total: int
    late: int
    by_reason: Mapping[str, int]  # the first reason of each
    by_level: Mapping[str, Reach]
    by_channel: Mapping[str, ChannelReach]
    by_answer: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All rows of a table that belong to the alert, whoever reads: their number, and a SHA-256 over them."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The final report. Counts, names and places are those of the subtree of `covers`."""

    alert: UUID
    identifier: str | None
    state: AlertState
    is_drill: bool
    covers: UnitName
    issuer: UnitName
    created_by: str
    created_at: datetime
    issued_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    versions: tuple[VersionFact, ...]
    deeds: tuple[Deed, ...]
    audience: Audience
    reach: Reach
    told: Progress
    acknowledged: Progress
    curve: tuple[Point, ...]
    escalations: tuple[Escalation, ...]
    entrants: tuple[Entrant, ...]
    missed_total: int
    missed: tuple[Missed, ...]
    fingerprints: tuple[Fingerprint, ...]


def document(evidence: Evidence) -> bytes:
    """Return the report as canonical JSON: UTF-8, keys in order, indented by a blank."""
    return msgspec.json.format(msgspec.json.encode(evidence, order="deterministic"), indent=1) + b"\n"


def digest(written: bytes) -> str:
    """Return the SHA-256 that `sha256sum` says of the document's file."""
    return hashlib.sha256(written).hexdigest()


def progress(moments: Sequence[datetime], *, of: int) -> Progress:
    """Say when the first, half, 95 % and the last of `of` people had it; `moments` are in order, one a person."""

    def at(percent: int) -> datetime | None:
        needed = max(1, math.ceil(of * percent / 100))
        return moments[needed - 1] if of and len(moments) >= needed else None

    return Progress(
        of=of,
        reached=len(moments),
        first_at=moments[0] if moments else None,
        half_at=at(50),
        most_at=at(95),
        last_at=at(100),
    )


def first_of_each(heard: Iterable[tuple[int, int, datetime]]) -> list[datetime]:
    """Return the first moment of each member; `heard` holds (version, member, at) in order of time."""
    found: dict[int, datetime] = {}
    for _version, member, at in heard:
        found.setdefault(member, at)
    return list(found.values())


def curve(
    told: Sequence[datetime], acknowledged: Sequence[datetime], *, since: datetime, points: int = POINTS
) -> tuple[Point, ...]:
    """Return how both counts grew since the issue, at so many evenly spaced moments; both are in order of time."""
    if not told and not acknowledged:
        return ()
    end = max([*told[-1:], *acknowledged[-1:], since + timedelta(seconds=1)])
    step = (end - since) / points
    places = [since + step * number for number in range(points)] + [end]
    return tuple(
        Point(round((at - since).total_seconds(), 3), bisect_right(told, at), bisect_right(acknowledged, at))
        for at in places
    )
