"""What a text of somebody's phone brings about: a case, or no more circulars, or circulars again."""

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core import replies
from alerts.core.records import Actor
from alerts.store import circulars, inbound, stops, text_cases
from alerts.store.inbound import Group, Located
from alerts.store.text_cases import TextCaseRow
from tracker.organisation.errors import Conflict

Connection = AsyncConnection[Any]

STOPPED: Final = "the number wrote STOP before it left"


async def open_by_itself(connection: Connection, group: Group, located: Located, *, now: datetime) -> int | None:
    """Open a case where exactly one place was found, or join the sender's open one there; return it."""
    if located.unit is None or not replies.is_person(group.source):
        return None
    return await text_cases.join(
        connection, number=group.source, unit=located.unit, inbound=group.ids[0], at=now, by=None
    )


async def heed(connection: Connection, group: Group, *, is_stopped: bool, now: datetime) -> None:
    """Keep STOP or START; after STOP circulars that have not left do not leave. Warnings know nothing of either."""
    is_last = await stops.say(connection, number=group.source, inbound=group.ids[0], is_stopped=is_stopped, now=now)
    if is_last and is_stopped:
        await circulars.withdraw(connection, number=group.source, why=STOPPED, now=now)


async def open_case(connection: Connection, *, message: int, number: str, unit: int, by: Actor, now: datetime) -> int:
    """A person makes a case of a text, in a unit they chose; return it. Raises Conflict when it is in one already."""
    if await inbound.lock_case(connection, message) is not None:
        raise Conflict("it is in a case already", "该短信已转为事件", "already_open")
    await inbound.place(connection, message, unit)
    return await text_cases.join(connection, number=number, unit=unit, inbound=message, at=now, by=by.account)


async def lift(connection: Connection, *, number: str, by: Actor, now: datetime) -> None:
    """Circulars reach the number again. Raises Conflict."""
    if not await stops.lift(connection, number=number, account=by.account, now=now):
        raise Conflict("this number is not stopped, or not any more", "该号码未退订，或已恢复", "not_stopped")


async def take(connection: Connection, case: TextCaseRow, *, by: Actor, now: datetime) -> None:
    """Raises Conflict when somebody has it already, or it has ended."""
    if not await text_cases.take(connection, case.id, account=by.account, at=now):
        raise Conflict(
            f"taken by {case.taken_by_name}, or closed already",
            f"已由{case.taken_by_name or '他人'}接手，或已结案",
            "already_taken",
        )


async def close(connection: Connection, case: TextCaseRow, *, by: Actor, now: datetime) -> None:
    if not await text_cases.close(connection, case.id, account=by.account, at=now):
        raise Conflict("it was closed already", "该事件已结案", "already_closed")
