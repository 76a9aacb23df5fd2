"""A person's own answer, whatever the channel. The first one counts; the chasing of that person stops."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.core.errors import IllegalMove, NotAllowed, UnknownAlert
from alerts.core.states import WHY_NOT, AlertMove
from alerts.core.words import Words
from alerts.store import alerts, answers, audience, audit, deliveries, timers

Connection = AsyncConnection[Any]


async def acknowledge(
    connection: Connection, alert: UUID, *, member: int, channel: str, account: int | None, now: datetime
) -> bool:
    """Record an answer to the version in force (or last in force); False when it was there already."""
    head = await alerts.lock(connection, alert)
    if head is None:
        raise UnknownAlert(alert)
    if head.in_force is None:
        raise IllegalMove(WHY_NOT[head.alert_state].get(AlertMove.LIFT, _NEVER_ISSUED))
    if not await audience.has(connection, alert=alert, member=member):
        raise NotAllowed(Words("此人不在该预警的通知范围内", "this person is not in the audience of the alert"))
    is_first = await answers.acknowledge(
        connection, alert=alert, version=head.in_force, member=member, channel=channel, now=now
    )
    await stop_chasing(connection, alert, member=member, now=now)
    if is_first:
        await audit.record(
            connection,
            at=now,
            account=account,
            action="alert.acknowledged",
            subject=str(alert),
            member=member,
            channel=channel,
            version=head.in_force,
        )
    return is_first


async def stop_chasing(connection: Connection, alert: UUID, *, member: int, now: datetime) -> None:
    """Stop the timers and the waiting reminders of somebody who has answered."""
    await timers.stop_for_member(connection, alert=alert, member=member, now=now)
    await deliveries.hush(connection, alert=alert, member=member, now=now)


_NEVER_ISSUED = Words("预警从未发布", "it was never issued")
