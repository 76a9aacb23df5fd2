"""The desk of messages: circulars, templates, groups and limits. Each method works in the caller's transaction.

Who may do it is the dashboard's to judge; what can be done is judged here. It sends nothing: the dispatcher does, and
whoever sends rings its bell after COMMIT.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from alerts.changes import keeping, sending
from alerts.changes.sending import Asked, Plan
from alerts.core.circulars import Limits
from alerts.core.records import Actor
from alerts.store import circulars, message_groups, message_limits, message_templates, recipients
from alerts.store.circulars import CircularRow
from alerts.store.message_groups import Group, GroupRow
from alerts.store.message_templates import TemplateRow, VersionRow
from alerts.store.recipients import Counted, Recipient

Connection = AsyncConnection[Any]

BULK: Final = 1_000  # messages of a circular, behind which the planner is told of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A circular with what became of its messages: how many in which state; none while it waits."""

    row: CircularRow
    states: dict[str, int]


class MessageDesk:
    """`clock` returns aware UTC; `zone` is the city's, of quiet hours and of days."""

    def __init__(self, clock: Callable[[], datetime], zone: ZoneInfo) -> None:
        self._clock = clock
        self.zone = zone

    async def preview(self, connection: Connection, asked: Asked) -> Plan:
        """Say what would be sent, to whom, when and for how much. Raises Invalid."""
        limits = await message_limits.read(connection)
        return await sending.plan(connection, asked, limits=limits, now=self._clock(), zone=self.zone)

    async def who(self, connection: Connection, asked: Asked) -> tuple[Counted, list[Recipient]]:
        """Return who is meant now and can be written to, whatever the text and the limits."""
        return await sending.who(connection, asked, day=sending.NO_DAY)

    async def send(
        self, connection: Connection, circular: UUID, asked: Asked, by: Actor, *, confirmed: int | None
    ) -> bool:
        """Send it once; return False when that id was sent before. Raises Invalid or Conflict."""
        return await sending.send(
            connection, circular, asked, by=by, confirmed=confirmed, now=self._clock(), zone=self.zone
        )

    async def release(self, connection: Connection, circular: UUID, by: Actor) -> None:
        await sending.release(connection, circular, by=by, now=self._clock(), zone=self.zone)

    async def decline(self, connection: Connection, circular: UUID, by: Actor) -> None:
        await sending.decline(connection, circular, by=by, now=self._clock())

    async def cancel(self, connection: Connection, circular: UUID, by: Actor) -> int:
        return await sending.cancel(connection, circular, by=by, now=self._clock())

    async def find(self, connection: Connection, circular: UUID) -> Progress | None:
        row = await circulars.find(connection, circular)
        return None if row is None else (await self._with_states(connection, [row]))[0]

    async def listing(
        self, connection: Connection, *, left: int, right: int, before: datetime | None, limit: int
    ) -> list[Progress]:
        rows = await circulars.page(connection, left=left, right=right, before=before, limit=limit)
        return await self._with_states(connection, rows)

    async def recipients(
        self, connection: Connection, circular: UUID, *, left_out: bool, after: int, limit: int
    ) -> list[Recipient]:
        return await recipients.page(connection, circular, left_out=left_out, after=after, limit=limit)

    async def reasons(self, connection: Connection, circular: UUID) -> dict[str, int]:
        return await recipients.reasons(connection, circular)

    async def tell_planner(self, connection: Connection, queued: int) -> None:
        """After a bulk insert, outside its transaction."""
        if queued >= BULK:
            await circulars.analyze(connection)

    async def templates(self, connection: Connection, *, left: int, right: int) -> list[TemplateRow]:
        return await message_templates.within(connection, left=left, right=right)

    async def template(self, connection: Connection, template: int) -> TemplateRow | None:
        return await message_templates.find(connection, template)

    async def template_versions(self, connection: Connection, template: int) -> list[VersionRow]:
        return await message_templates.versions(connection, template)

    async def add_template(
        self, connection: Connection, by: Actor, *, unit: int, name: str, text_zh: str, text_en: str
    ) -> int:
        return await keeping.add_template(
            connection, unit=unit, name=name, text_zh=text_zh, text_en=text_en, by=by, now=self._clock()
        )

    async def change_template(
        self, connection: Connection, template: int, by: Actor, *, revision: int, **changes: Any
    ) -> None:
        await keeping.change_template(connection, template, revision=revision, by=by, now=self._clock(), **changes)

    async def close_template(self, connection: Connection, template: int, *, revision: int) -> None:
        await keeping.close_template(connection, template, revision=revision, now=self._clock())

    async def groups(self, connection: Connection, *, left: int, right: int) -> list[GroupRow]:
        return await message_groups.within(connection, left=left, right=right)

    async def group(self, connection: Connection, group: int) -> GroupRow | None:
        return await message_groups.find(connection, group)

    async def group_members(
        self, connection: Connection, group: int, *, left: int, right: int
    ) -> list[tuple[int, str, str | None]]:
        return await message_groups.members(connection, group, left=left, right=right)

    async def add_group(
        self, connection: Connection, group: Group, members: Sequence[int], *, left: int, right: int
    ) -> int:
        return await keeping.add_group(connection, group, members, left=left, right=right)

    async def change_group(
        self,
        connection: Connection,
        group: int,
        to: Group,
        members: Sequence[int] | None,
        *,
        revision: int,
        left: int,
        right: int,
    ) -> None:
        await keeping.change_group(connection, group, to, members, revision=revision, left=left, right=right)

    async def close_group(self, connection: Connection, group: int, *, revision: int) -> None:
        await keeping.close_group(connection, group, revision=revision, now=self._clock())

    async def limits(self, connection: Connection) -> Limits:
        return await message_limits.read(connection)

    async def change_limits(self, connection: Connection, to: Limits, *, revision: int) -> Limits:
        return await keeping.change_limits(connection, to, revision=revision, now=self._clock())

    async def _with_states(self, connection: Connection, rows: list[CircularRow]) -> list[Progress]:
        found = await circulars.progress(connection, [row.id for row in rows])
        return [Progress(row=row, states=found.get(row.id, {})) for row in rows]
