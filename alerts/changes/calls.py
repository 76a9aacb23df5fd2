"""The list of people to call: those whom nothing is known to have reached, and those who have not answered in time."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from alerts.core.policy import Policy
from alerts.core.records import AlertHead, Call, Calls, Person, UnitName
from alerts.store import reach, reading
from alerts.store.reach import CallRow, Wanted

Connection = AsyncConnection[Any]


async def read(
    connection: Connection,
    alert: AlertHead,
    wanted: Wanted,
    *,
    policy: Policy,
    now: datetime,
    limit: int,
    offset: int,
) -> Calls:
    """Return a page of the list; whether an answer is late is judged by the end of the alert, once it has ended."""
    at = min(now, alert.ended_at) if alert.ended_at is not None else now
    within = policy.acknowledge_within[alert.content.level]
    rows = await reach.to_call(connection, alert.id, wanted, answer_within=within, at=at, limit=limit, offset=offset)
    counts = await reach.to_call_counts(connection, alert.id, within=wanted.within, answer_within=within, at=at)
    lines = await reading.delivery_lines(connection, alert.id, [row.member for row in rows])
    calls = tuple(
        Call(
            person=Person(
                member=row.member,
                name=row.name,
                phone=row.phone,
                unit=_unit(row),
                reasons=tuple(row.reasons),
                deliveries=lines.get(row.member, ()),
            ),
            why=row.why,
            told_at=row.told_at,
            superior=row.superior,
            superior_phone=row.superior_phone,
        )
        for row in rows
    )
    return Calls(total=rows[0].total if rows else 0, counts=counts, answer_within=within, calls=calls)


def _unit(row: CallRow) -> UnitName | None:
    if row.unit is None:
        return None
    return UnitName(row.unit, row.unit_name or "", row.unit_name_en, row.unit_level or "")
