"""What happens by itself with messages: circulars wait out quiet hours, and figures of each day are kept.

It sends nothing. Any number of these loops may run: an advisory lock lets one count a day at a time.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts.core.circulars import VALID_FOR, day_of
from alerts.store import circulars, message_limits, recipients, rollups
from alerts.store.rollups import Day
from tracker.database.retry import retry
from tracker.model.duty import moment_of

HOLD_TICK_S: Final = 5.0  # behind the beginning of quiet hours
COUNT_TICK_S: Final = 60.0
SHARE: Final = 20  # counting may take a twentieth of the time
BACK: Final = 366  # days that are counted when nobody has yet: those of an installation that was brought up to date
LOCK: Final = 0x6772_6D64  # one counts at a time

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class MessageWatch:
    def __init__(self, pool: AsyncConnectionPool[Any], clock: Callable[[], datetime], zone: ZoneInfo) -> None:
        self._pool = pool
        self._clock = clock
        self._zone = zone

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hold_for_ever(), name="message quiet hours")
            group.create_task(self._count_for_ever(), name="message figures")

    async def hold(self) -> int:
        """Within quiet hours put off all circulars' messages that have not left; return how many."""
        now = self._clock()
        async with self._pool.connection() as connection:
            quiet = (await message_limits.read(connection)).quiet
            if quiet is None or not quiet.holds(now, self._zone):
                return 0
            until = quiet.end_after(now, self._zone)
            async with connection.transaction():
                held = await circulars.hold(connection, until=until, valid_until=until + VALID_FOR)
                if held:
                    await recipients.move_held(connection, until=until, day=day_of(until, self._zone))
        if held:
            log.info("circulars.held", deliveries=held, until=until.isoformat())
        return held

    async def count(self) -> int:
        """Count every day that is not settled; return how many were counted."""
        counted = 0
        async with self._pool.connection() as connection:
            days = await rollups.days_to_count(connection, today=self._today(), back=BACK, zone=self._zone.key)
        for day in days:
            counted += await self._count_day(day)
        return counted

    async def _count_day(self, day: date) -> bool:
        began = time.monotonic()
        what = Day(day=day, since=self._midnight(day), until=self._midnight(day + timedelta(days=1)))
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not (await cursor.fetchone() or (False,))[0]:
                return False
            await rollups.count(connection, what)
            took_ms = round((time.monotonic() - began) * 1_000)
            await rollups.note(connection, what, at=self._clock(), took_ms=took_ms)
        return True

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _midnight(self, day: date) -> datetime:
        return moment_of(datetime.combine(day, time_of_day()), self._zone)

    async def _hold_for_ever(self) -> None:
        while True:
            await retry(self.hold, name="message quiet hours")
            await asyncio.sleep(HOLD_TICK_S)

    async def _count_for_ever(self) -> None:
        while True:
            began = time.monotonic()
            await retry(self.count, name="message figures")
            await asyncio.sleep(max(COUNT_TICK_S, SHARE * (time.monotonic() - began)))
