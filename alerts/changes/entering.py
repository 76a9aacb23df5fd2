"""Late entrants: whoever comes into the drawn area while an alert is in force is told too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import telling
from alerts.changes.telling import Telling
from alerts.core.policy import Policy
from alerts.core.states import AlertState
from alerts.core.texts import Kind
from alerts.store import alerts, audience, audit

Connection = AsyncConnection[Any]


async def admit(connection: Connection, alert: UUID, *, policy: Policy, now: datetime) -> list[int]:
    """Add and tell those inside the area who are not in the audience yet; return them."""
    head = await alerts.lock(connection, alert)
    if head is None or head.alert_state is not AlertState.ISSUED or head.area is None:
        return []
    inside = await audience.find_inside(connection, area=head.area, unit=head.unit, now=now)
    entered = await audience.enter(connection, alert=alert, version=head.version, inside=inside)
    if not entered:
        return []
    notice = await telling.notice_of(connection, head, kind=Kind.ISSUE, level=head.alert_level, now=now)
    said = Telling(head=head, version=head.version, notice=notice, expires_at=head.expires_at or now + policy.valid_for)
    await telling.tell(connection, said, policy=policy, members=entered)
    await audit.record(connection, at=now, account=None, action="audience.entered", subject=str(alert), members=entered)
    return entered
