"""The moment people are told: issue, change of level. One transaction each; the audience frozen in it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import targets, telling
from alerts.changes.drafting import carried
from alerts.changes.opening import Opened, open_for
from alerts.changes.telling import Telling, Told
from alerts.core.errors import BadContent, IllegalMove, NotAllowed
from alerts.core.escalation import Step
from alerts.core.levels import Level
from alerts.core.policy import Policy
from alerts.core.records import Actor
from alerts.core.states import AlertMove, AlertState
from alerts.core.texts import Kind
from alerts.core.words import Words
from alerts.store import alerts, audience, audit, authority, deliveries, retained, timers
from alerts.store.alerts import Head

Connection = AsyncConnection[Any]

ISSUED: Final = frozenset({"issue"})
SECOND_PERSON: Final = Words(
    "橙色和红色预警须由另一人审批；情况紧急时请写明直接发布的理由",
    "orange and red need a second person's approval: ask for it, or give the reason of an emergency override",
)


async def issue(
    connection: Connection,
    alert: UUID,
    *,
    by: Actor,
    expected_version: int,
    override_reason: str | None,
    policy: Policy,
    now: datetime,
) -> int | None:
    """Issue without a second person: levels that need none, or with a reason that is logged. Returns as `put_out`."""
    opened = await open_for(
        connection, alert, by=by, expected_version=expected_version, move=AlertMove.ISSUE, kinds=ISSUED
    )
    if opened.is_repeat:
        return None
    reason = (override_reason or "").strip()
    if opened.head.alert_level.facts.needs_second_person and not reason:
        raise NotAllowed(SECOND_PERSON)
    if reason:
        await _log_override(connection, opened.head, by=by, reason=reason, now=now)
    return await put_out(connection, opened, by=by, note=reason, policy=policy, now=now)


async def change_level(
    connection: Connection,
    alert: UUID,
    *,
    by: Actor,
    expected_version: int,
    level: Level,
    note: str,
    override_reason: str | None,
    policy: Policy,
    now: datetime,
) -> None:
    """Tell the whole frozen audience of a new level; what had not left yet of the old one expires."""
    opened = await open_for(
        connection,
        alert,
        by=by,
        expected_version=expected_version,
        move=AlertMove.CHANGE_LEVEL,
        kinds=frozenset({"upgrade", "downgrade"}),
    )
    head = opened.head
    if opened.is_repeat and head.alert_level is level:
        return
    if head.alert_level is level:
        raise IllegalMove(Words("级别没有变化", "it has this level already"))
    reason = (override_reason or "").strip()
    if level.rank > head.alert_level.rank and level.facts.needs_second_person and not reason:
        raise NotAllowed(SECOND_PERSON)
    if reason:
        await _log_override(connection, head, by=by, reason=reason, now=now)
    await speak_level(connection, opened, level, by=by, note=reason or note, policy=policy, now=now)


async def speak_level(
    connection: Connection, opened: Opened, level: Level, *, by: Actor, note: str, policy: Policy, now: datetime
) -> None:
    """Tell the whole frozen audience of another level; who may do so has been judged."""
    head = opened.head
    kind = Kind.UPGRADE if level.rank > head.alert_level.rank else Kind.DOWNGRADE
    grids = await targets.permitted(connection, issuer=head.unit, targets=tuple(head.targets), level=level)
    await _speak(connection, opened, kind, level, grids, by=by, note=note, policy=policy, now=now)


async def put_out(
    connection: Connection, opened: Opened, *, by: Actor, note: str, policy: Policy, now: datetime
) -> int | None:
    """Freeze the audience and tell it; who may do so has been judged.

    Return how many people wait to be told, where they are so many that counting them anew would hold up the answer.
    """
    head = opened.head
    if head.expires_at is not None and head.expires_at <= now:
        raise BadContent(Words("失效时间已过，请先编辑", "its end is in the past: edit it first"))
    level = head.alert_level
    grids = await targets.permitted(connection, issuer=head.unit, targets=tuple(head.targets), level=level)
    ends_at = head.expires_at or now + policy.valid_for
    await alerts.identify(
        connection,
        head.id,
        division=await authority.division(connection, head.unit),
        stamp=f"{now.astimezone(policy.timezone):%Y%m%d%H%M%S}",
        expires_at=ends_at,
    )
    people = await _freeze(connection, head, grids=grids, now=now)
    told = await _speak(connection, opened, Kind.ISSUE, level, grids, by=by, note=note, policy=policy, now=now)
    return None if told.is_whole else people


async def _freeze(connection: Connection, head: Head, *, grids: list[int], now: datetime) -> int:
    inside = audience.Inside()
    if head.area is not None:
        inside = await audience.find_inside(connection, area=head.area, unit=head.unit, now=now)
    wanted = audience.Wanted(grids=grids, depth=head.depth, inside=inside, teams=head.teams)
    return await audience.freeze(connection, wanted, alert=head.id, version=head.version + 1)


async def _speak(
    connection: Connection,
    opened: Opened,
    kind: Kind,
    level: Level,
    grids: list[int],
    *,
    by: Actor,
    note: str,
    policy: Policy,
    now: datetime,
) -> Told:
    """Write the new version, put it in force, queue its tellings, set its timers, silence the older ones."""
    head, version = opened.head, opened.head.version + 1
    notice = await telling.notice_of(connection, head, kind=kind, level=level, now=now, note=note)
    said = Telling(head=head, version=version, notice=notice, expires_at=head.expires_at or now + policy.valid_for)
    await alerts.add_version(
        connection,
        carried(
            head,
            version,
            kind.value,
            made_by=by.account,
            now=now,
            level=level.value,
            grids=grids,
            payload=telling.payload_of(said),
            note=note,
        ),
    )
    await alerts.move(connection, head.id, state=AlertState.ISSUED, version=version)
    await alerts.put_in_force(connection, head.id, version=version, now=now)
    await deliveries.supersede(connection, head.id, before_version=version, now=now)
    await timers.stop(connection, alert=head.id, before_version=version, now=now)
    told = await telling.tell(connection, said, policy=policy)
    await timers.set_for_alert(connection, alert=head.id, version=version, kind=Step.EXPIRE, due_at=said.expires_at)
    await retained.retain(connection, grids, now=now, is_below=told.is_whole)
    await audit.record(
        connection,
        at=now,
        by=by,
        action=f"alert.{kind.value}d" if kind is not Kind.ISSUE else "alert.issued",
        subject=str(head.id),
        version=version,
        level=level.value,
        deliveries=told.messages,
    )
    return told


async def _log_override(connection: Connection, head: Head, *, by: Actor, reason: str, now: datetime) -> None:
    await audit.record(
        connection,
        at=now,
        by=by,
        action="alert.overridden",
        subject=str(head.id),
        reason=reason,
        version=head.version + 1,
    )
