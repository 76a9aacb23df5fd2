"""What people write back by SMS: put together, told apart, placed; acknowledgements and stops count at once.

Stored by the provider before the operator was answered; what is done with it happens here, once.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts.changes import answering, locating, texting
from alerts.core import replies
from alerts.core.errors import IllegalMove, NotAllowed, UnknownAlert
from alerts.core.replies import Route
from alerts.store import inbound
from alerts.store.inbound import NOWHERE, Group, Told
from tracker.bus.interface import ALERTS, Bus
from tracker.database.retry import retry

SAFETY_NET_S: Final = 1.0
AT_ONCE: Final = 200
PARTS_WITHIN: Final = timedelta(minutes=10)  # what is missing then is missing
# A yes that names no warning still answers one that ended this long ago: people read late, and operators are slow
ANSWERED_WITHIN: Final = timedelta(hours=1)

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Replies:
    """`ring` when something was stored; a look a second is the safety net."""

    def __init__(self, pool: AsyncConnectionPool[Any], bus: Bus, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def run(self) -> None:
        while True:
            self._rung.clear()
            while await retry(self.round, name="sms replies"):
                pass
            try:
                async with asyncio.timeout(SAFETY_NET_S):
                    await self._rung.wait()
            except TimeoutError:
                continue

    async def round(self) -> int:
        """Route what nobody has looked at; return how many messages."""
        now = self._clock()
        answered: set[str] = set()
        async with self._pool.connection() as connection, connection.transaction():
            groups = await inbound.lock_new(connection, incomplete_before=now - PARTS_WITHIN, limit=AT_ONCE)
            for group in groups:
                told = await _route(connection, group, now)
                if told is not None:
                    answered.add(str(told.alert))
        for alert in answered:
            await self._bus.publish(ALERTS, alert.encode())
        return len(groups)


async def _route(connection: AsyncConnection[Any], group: Group, now: datetime) -> Told | None:
    """Decide about one message; return the alert that it acknowledges."""
    text = replies.joined(group.bodies, group.numbers, group.parts)
    route, identifier = replies.routed(text)
    told: Told | None = None
    if route is Route.ACKNOWLEDGEMENT:
        told = await inbound.last_told(
            connection, number=group.source, identifier=identifier, ended_after=now - ANSWERED_WITHIN, now=now
        )
        if told is None or not await _acknowledged(connection, told, now):
            route, told = Route.RESIDENT, None  # a yes to nothing that we said: people will read it
    is_text = route is Route.RESIDENT
    located = await locating.locate(connection, text, now=now) if is_text else NOWHERE
    await inbound.route(
        connection,
        group.ids,
        to=route,
        text=text,
        alert=None if told is None else told.alert,
        member=await inbound.owner(connection, group.source) if told is None else told.member,
        located=located,
        now=now,
    )
    if is_text:
        await texting.open_by_itself(connection, group, located, now=now)
    elif route in {Route.STOP, Route.START}:
        await texting.heed(connection, group, is_stopped=route is Route.STOP, now=now)
    log.info("sms.replied", route=route, source=group.source[-4:], located=located.by)
    return told


async def _acknowledged(connection: AsyncConnection[Any], told: Told, now: datetime) -> bool:
    try:
        async with connection.transaction():
            acknowledge = partial(answering.acknowledge, connection, told.alert)
            await acknowledge(member=told.member, channel="sms", account=None, now=now)
    except (IllegalMove, NotAllowed, UnknownAlert) as why:
        log.warning("sms.not_acknowledged", reason=str(why))
        return False
    return True
