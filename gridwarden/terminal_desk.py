"""One command about terminals: a transaction with its audit rows, and the doorbell after COMMIT."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection

from dashboard.store import audit
from gridwarden.console import Progress
from gridwarden.door import public_door
from gridwarden.reach import reached
from gridwarden.settings import Settings
from tracker.bus.connect import connect
from tracker.bus.interface import CITY
from tracker.bus.messages import CityChanged, encode
from tracker.organisation import terminals
from tracker.organisation.provisioning import Credential, PublicDoor, issue
from tracker.organisation.terminals import Terminal

Connection = AsyncConnection[Any]
Lines = Sequence[str]

ID_OF_UNIT: Final = "SELECT id FROM unit WHERE code = %(code)s"
ID_OF_MEMBER: Final = "SELECT id FROM member WHERE code = %(code)s AND closed_at IS NULL"
ID_OF_TERMINAL: Final = "SELECT id FROM terminal WHERE code = %(code)s"


class TerminalError(Exception):
    """What was asked cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One command's transaction; `changed` are the terminals that the doorbell names after COMMIT."""

    connection: Connection
    door: PublicDoor
    changed: list[int]

    async def find(self, code: str) -> Terminal:
        return await terminals.find(self.connection, await id_of(self.connection, ID_OF_TERMINAL, code, "terminal"))

    async def note(self, action: str, terminal: Terminal, **detail: object) -> None:
        self.changed.append(terminal.id)
        await audit.write(
            self.connection,
            at=datetime.now(UTC),
            action=action,
            subject=terminal.code,
            unit=terminal.unit,
            detail={"terminal": terminal.id, "by": "command line", **detail},
        )

    async def issue(self, action: str, terminal: Terminal) -> Credential:
        credential = await issue(self.connection, terminal.code, door=self.door, interval_s=terminal.interval_s)
        await self.note(action, terminal)
        return credential


Work = Callable[[Desk], Awaitable[Lines]]


def run(settings: Settings, work: Work) -> None:
    progress = Progress()
    with reached(settings, progress) as dsn:
        lines = asyncio.run(_done(dsn, settings, work))
    progress.done()
    for line in lines:
        print(line)  # noqa: T201 - a secret is no place for markup or wrapping


async def _done(dsn: str, settings: Settings, work: Work) -> Lines:
    changed: list[int] = []
    async with await AsyncConnection.connect(dsn) as connection, connection.transaction():
        lines = await work(Desk(connection, public_door(settings), changed))
    if changed and settings.redis is not None:
        bus = connect(settings.redis)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(bus.close)
            await bus.publish(CITY, encode(CityChanged(kind="terminals", ids=tuple(changed))))
    return lines


async def id_of(connection: Connection, statement: Any, code: str, what: str) -> int:
    row = await (await connection.execute(statement, {"code": code})).fetchone()
    if row is None:
        raise TerminalError(f"there is no {what} with the code {code}")
    return int(row[0])
