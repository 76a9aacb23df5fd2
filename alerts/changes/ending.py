"""The end of an alert: lifted, cancelled, expired. Who had been told is told so, and nobody else."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import telling
from alerts.changes.drafting import carried
from alerts.changes.opening import Opened, open_for
from alerts.changes.telling import Telling
from alerts.core.policy import Policy
from alerts.core.records import Actor
from alerts.core.states import AlertMove, AlertState, after
from alerts.core.texts import Kind
from alerts.store import alerts, audit, deliveries, retained, timers
from alerts.store.alerts import Head

Connection = AsyncConnection[Any]

KINDS: Final = {AlertMove.LIFT: Kind.LIFT, AlertMove.CANCEL: Kind.CANCEL}
ACTIONS: Final = {AlertMove.LIFT: "alert.lifted", AlertMove.CANCEL: "alert.cancelled"}


async def end(
    connection: Connection,
    alert: UUID,
    *,
    move: AlertMove,
    by: Actor,
    expected_version: int,
    note: str,
    policy: Policy,
    now: datetime,
) -> None:
    """Lift or cancel. A draft that is cancelled had been told to nobody, so nobody hears of it."""
    opened = await open_for(
        connection, alert, by=by, expected_version=expected_version, move=move, kinds=frozenset({KINDS[move].value})
    )
    if opened.is_repeat:
        return
    version = opened.head.version + 1
    if opened.head.in_force is not None:
        await _tell_end(connection, opened, kind=KINDS[move], note=note, policy=policy, now=now)
    await _close(connection, opened.head, state=opened.target, kind=KINDS[move], by=by.account, note=note, now=now)
    await audit.record(
        connection,
        at=now,
        by=by,
        action=ACTIONS[move],
        subject=str(alert),
        version=version,
        note=note,
    )


async def expire(connection: Connection, alert: UUID, *, now: datetime) -> bool:
    """End an alert whose time ran out; False when it had ended before. Its messages said until when it holds."""
    head = await alerts.lock(connection, alert)
    if head is None or head.alert_state is not AlertState.ISSUED:
        return False
    state = after(head.alert_state, AlertMove.EXPIRE)
    await _close(connection, head, state=state, kind="expire", by=None, note="", now=now)
    await audit.record(
        connection, at=now, account=None, action="alert.expired", subject=str(alert), version=head.version + 1
    )
    return True


async def _tell_end(
    connection: Connection, opened: Opened, *, kind: Kind, note: str, policy: Policy, now: datetime
) -> None:
    head = opened.head
    notice = await telling.notice_of(connection, head, kind=kind, level=head.alert_level, now=now, note=note)
    said = Telling(head=head, version=head.version + 1, notice=notice, expires_at=now + policy.valid_for)
    await telling.follow_up(connection, said, policy=policy)


async def _close(
    connection: Connection, head: Head, *, state: AlertState, kind: str, by: int | None, note: str, now: datetime
) -> None:
    version = head.version + 1
    await alerts.add_version(connection, carried(head, version, kind, made_by=by, now=now, note=note))
    await alerts.move(connection, head.id, state=state, version=version)
    await alerts.end(connection, head.id, now=now)
    await deliveries.supersede(connection, head.id, before_version=version, now=now)
    await timers.stop(connection, alert=head.id, before_version=version, now=now)
    await retained.retain(connection, head.grids, now=now)
    await retained.forget(connection, now=now)
