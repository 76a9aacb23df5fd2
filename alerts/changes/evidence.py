"""The final report put together: rows of the store as alerts.core.evidence, for one reader's subtree."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import calls
from alerts.core import evidence as core
from alerts.core.errors import IllegalMove
from alerts.core.evidence import Evidence, Missed, VersionFact
from alerts.core.policy import Policy
from alerts.core.reach import ReachReport
from alerts.core.records import AlertHead, Person, UnitName, Version
from alerts.core.words import Words
from alerts.store import evidence, reading
from alerts.store.reach import Wanted

Connection = AsyncConnection[Any]
Heard = Sequence[evidence.Heard]

SPOKEN: Final = frozenset({"issue", "upgrade", "downgrade"})  # versions that ask for an answer
NOT_ISSUED: Final = Words(
    "尚未发布的预警没有报告；发布后即可查看", "an alert that was never issued has no report: issue it first"
)


async def read(
    connection: Connection,
    alert: AlertHead,
    *,
    covers: int,
    reach: ReachReport,
    is_shown: Callable[[int], bool],
    policy: Policy,
    now: datetime,
) -> Evidence:
    """Return the report of an issued alert for the subtree of unit `covers`; the caller has opened a frozen view.

    Raises IllegalMove for an alert that was never issued.
    """
    if alert.issued_at is None:
        raise IllegalMove(NOT_ISSUED)
    told = await evidence.told(connection, alert.id, within=covers)
    answered = await evidence.acknowledged(connection, alert.id, within=covers)
    sizes = await evidence.audience_sizes(connection, alert.id, within=covers)
    names = await _names(connection, alert.id, covers)
    missed, missed_total = await _missed(connection, alert, covers=covers, policy=policy, now=now)
    total = sum(people for _, _, people in sizes)
    firsts, answers = core.first_of_each(told), core.first_of_each(answered)
    return Evidence(
        alert=alert.id,
        identifier=alert.identifier,
        state=alert.state,
        is_drill=alert.content.is_drill,
        covers=names[covers],
        issuer=alert.unit,
        created_by=alert.created_by.name,
        created_at=alert.created_at,
        issued_at=alert.issued_at,
        ended_at=alert.ended_at,
        expires_at=alert.content.expires_at,
        versions=await _versions(
            connection, alert.id, told=told, answered=answered, sizes=sizes, names=names, is_shown=is_shown
        ),
        deeds=tuple(await evidence.deeds(connection, alert.id)),
        audience=_audience(sizes, total, reach),
        reach=reach.total,
        told=core.progress(firsts, of=total),
        acknowledged=core.progress(answers, of=total),
        curve=core.curve(firsts, answers, since=alert.issued_at),
        escalations=tuple(await evidence.escalations(connection, alert.id)),
        entrants=tuple(await evidence.entrants(connection, alert.id, within=covers)),
        missed_total=missed_total,
        missed=missed,
        fingerprints=await evidence.fingerprints(connection, alert.id),
    )


def _audience(sizes: Sequence[tuple[int, str, int]], total: int, reach: ReachReport) -> core.Audience:
    reasons = Counter[str]()
    for _, why, people in sizes:
        reasons[why] += people
    return core.Audience(
        total=total,
        late=reasons["entered"],
        by_reason=dict(sorted(reasons.items())),
        by_level=reach.by_level,
        by_channel=reach.by_channel,
        by_answer=reach.by_answer,
    )


async def _names(connection: Connection, alert: UUID, covers: int) -> dict[int, UnitName]:
    units = {covers}
    for version in await reading.versions(connection, alert):
        units.update(version.targets)
    return await reading.unit_names(connection, sorted(units))


async def _versions(
    connection: Connection,
    alert: UUID,
    *,
    told: Heard,
    answered: Heard,
    sizes: Sequence[tuple[int, str, int]],
    names: dict[int, UnitName],
    is_shown: Callable[[int], bool],
) -> tuple[VersionFact, ...]:
    extras = await evidence.version_extras(connection, alert)
    found = await reading.versions(connection, alert)

    def fact(one: Version, until: int) -> VersionFact:
        depth, has_area = extras[one.version]
        people = sum(size for since, _, size in sizes if since < until)
        is_spoken = one.kind in SPOKEN
        return VersionFact(
            version=one.version,
            kind=one.kind,
            level=one.level,
            event=one.event,
            headline=one.headline,
            description=one.description,
            instruction=one.instruction,
            targets=tuple(names[unit] for unit in one.targets if unit in names and is_shown(unit)),
            depth=depth,
            has_area=has_area,
            note=one.note,
            made_by=None if one.made_by is None else one.made_by.name,
            made_at=one.made_at,
            told=core.progress(_of(told, one.version), of=people) if is_spoken else None,
            acknowledged=core.progress(_of(answered, one.version), of=people) if is_spoken else None,
        )

    following = [one.version for one in found[1:]] + [2**31]
    return tuple(fact(one, until) for one, until in zip(found, following, strict=True))


def _of(heard: Heard, version: int) -> list[datetime]:
    return [at for of, _member, at in heard if of == version]


async def _missed(
    connection: Connection, alert: AlertHead, *, covers: int, policy: Policy, now: datetime
) -> tuple[tuple[Missed, ...], int]:
    """Return those whom nothing is known to have reached, by name, up to MOST_NAMED of them; and how many there are."""
    found: list[Missed] = []
    total = 0
    for why in ("failed", "unknown"):
        listed = await calls.read(
            connection,
            alert,
            Wanted(within=covers, why=why),
            policy=policy,
            now=now,
            limit=core.MOST_NAMED,
            offset=0,
        )
        total += listed.total
        tried = await evidence.attempts(connection, alert.id, [call.person.member for call in listed.calls])
        found += [_one_missed(call.person, why, tried.get(call.person.member, ())) for call in listed.calls]
    return tuple(found[: core.MOST_NAMED]), total


def _one_missed(person: Person, why: str, tried: tuple[core.Attempt, ...]) -> Missed:
    return Missed(
        member=person.member,
        name=person.name,
        phone=person.phone,
        unit=person.unit,
        why=why,
        messages=person.deliveries,
        attempts=tried,
    )
