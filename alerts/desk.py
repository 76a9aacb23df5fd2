"""The desk: everything people do with alerts. Each method that changes something is one transaction.

Whoever calls gets a Refusal (alerts.core.errors) with words for the user, or an answer that is committed. Doorbells
ring after the commit, and nothing depends on their being heard. It never sends anything itself: the dispatcher does.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts.changes import (
    answering,
    approving,
    bulletins,
    calls,
    drafting,
    ending,
    evidence,
    issuing,
    previewing,
    views,
)
from alerts.core.cap import Bulletin
from alerts.core.errors import UnknownAlert
from alerts.core.evidence import Evidence
from alerts.core.levels import Level
from alerts.core.policy import Policy
from alerts.core.reach import Reached
from alerts.core.records import (
    Actor,
    Alert,
    AlertHead,
    AudiencePreview,
    Calls,
    Content,
    Passing,
    People,
    Reach,
    Version,
)
from alerts.core.states import AlertMove
from alerts.store import evidence as rows
from alerts.store import passings, reading
from alerts.store import reach as counting
from alerts.store.reach import Wanted
from tracker.bus.interface import ALERTS, DELIVERIES, DOWNLINK, Bus

Connection = AsyncConnection[Any]
Clock = Callable[[], datetime]


class Desk:
    """`clock` returns aware UTC. `within` is the viewer's unit: what it may not see is UnknownAlert."""

    def __init__(self, pool: AsyncConnectionPool[Any], bus: Bus, clock: Clock, policy: Policy | None = None) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._policy = policy or Policy()

    @property
    def timezone(self) -> ZoneInfo:
        """The city's, in which its texts and reports tell times."""
        return self._policy.timezone

    async def draft(self, alert_id: UUID, by: Actor, content: Content) -> tuple[Alert, bool]:
        """Return the draft, and whether it is new: the same id again by the same account returns what is there."""
        async with self._transaction() as connection:
            is_new = await drafting.draft(connection, alert_id, by=by, content=content, now=self._clock())
        return await self._changed(alert_id), is_new

    async def edit(self, alert_id: UUID, by: Actor, expected_version: int, content: Content) -> Alert:
        async with self._transaction() as connection:
            await drafting.edit(
                connection, alert_id, by=by, expected_version=expected_version, content=content, now=self._clock()
            )
        return await self._changed(alert_id)

    async def submit(self, alert_id: UUID, by: Actor, expected_version: int) -> Alert:
        """Ask for a second person's approval."""
        async with self._transaction() as connection:
            await drafting.submit(connection, alert_id, by=by, expected_version=expected_version, now=self._clock())
        return await self._changed(alert_id)

    async def approve(self, alert_id: UUID, by: Actor, expected_version: int) -> Alert:
        """Issue, or let a proposed level be, as the second person."""
        async with self._transaction() as connection:
            waiting = await approving.approve(
                connection,
                alert_id,
                by=by,
                expected_version=expected_version,
                policy=self._policy,
                now=self._clock(),
            )
        return await self._changed(alert_id, waiting)

    async def decline(self, alert_id: UUID, by: Actor, expected_version: int, note: str) -> Alert:
        """Send a draft back, or turn a proposed level down, as the second person, with the reason."""
        async with self._transaction() as connection:
            await approving.decline(
                connection, alert_id, by=by, expected_version=expected_version, note=note, now=self._clock()
            )
        return await self._changed(alert_id)

    async def propose_level(self, alert_id: UUID, by: Actor, expected_version: int, level: Level, note: str) -> Alert:
        """Ask a second person for another level of an alert in force."""
        async with self._transaction() as connection:
            await approving.propose_level(
                connection,
                alert_id,
                by=by,
                expected_version=expected_version,
                level=level,
                note=note,
                now=self._clock(),
            )
        return await self._changed(alert_id)

    async def issue(
        self, alert_id: UUID, by: Actor, expected_version: int, override_reason: str | None = None
    ) -> Alert:
        """Issue; orange and red only with a logged `override_reason` (else `submit` and another's `approve`)."""
        async with self._transaction() as connection:
            waiting = await issuing.issue(
                connection,
                alert_id,
                by=by,
                expected_version=expected_version,
                override_reason=override_reason,
                policy=self._policy,
                now=self._clock(),
            )
        return await self._changed(alert_id, waiting)

    async def change_level(
        self,
        alert_id: UUID,
        by: Actor,
        expected_version: int,
        level: Level,
        *,
        note: str = "",
        override_reason: str | None = None,
    ) -> Alert:
        """Tell the audience of a new level; to orange or red only with an `override_reason` (else `propose_level`)."""
        async with self._transaction() as connection:
            await issuing.change_level(
                connection,
                alert_id,
                by=by,
                expected_version=expected_version,
                level=level,
                note=note,
                override_reason=override_reason,
                policy=self._policy,
                now=self._clock(),
            )
        return await self._changed(alert_id)

    async def lift(self, alert_id: UUID, by: Actor, expected_version: int, note: str = "") -> Alert:
        """The danger is over: everybody who had been told is told so, and nobody else."""
        return await self._end(alert_id, AlertMove.LIFT, by, expected_version, note)

    async def cancel(self, alert_id: UUID, by: Actor, expected_version: int, note: str = "") -> Alert:
        """It was issued in error: everybody who had been told is told so. A draft is withdrawn silently."""
        return await self._end(alert_id, AlertMove.CANCEL, by, expected_version, note)

    async def expire(self, alert_id: UUID) -> Alert:
        """Let an alert whose time ran out end; one that has ended already stays as it is."""
        async with self._transaction() as connection:
            await ending.expire(connection, alert_id, now=self._clock())
        return await self._changed(alert_id)

    async def acknowledge(self, alert_id: UUID, member: int, channel: str, account: int | None = None) -> bool:
        """Record one person's answer (channel: link, phone, push, terminal, sms, desk); False when it was there."""
        async with self._transaction() as connection:
            is_first = await answering.acknowledge(
                connection, alert_id, member=member, channel=channel, account=account, now=self._clock()
            )
        await self._bus.publish(ALERTS, str(alert_id).encode())
        return is_first

    async def preview(self, by: Actor, content: Content) -> AudiencePreview:
        """Say who would be told now and whether the account may do so; nothing is stored."""
        async with self._transaction() as connection:
            return await previewing.preview(connection, by=by, content=content, policy=self._policy, now=self._clock())

    async def find(self, alert_id: UUID, within: int | None = None) -> AlertHead:
        """Return what was said and may be done, without counting who was reached."""
        async with self._pool.connection() as connection:
            return await self._find(connection, alert_id, within)

    async def get(self, alert_id: UUID, within: int | None = None) -> Alert:
        async with self._transaction() as connection:
            found = await self._find(connection, alert_id, within)
            await counting.make_room(connection)
            return await views.counted(connection, found)

    async def list(self, within: int | None = None, state: str | None = None, limit: int = 50) -> list[AlertHead]:
        """Return alerts, newest first."""
        async with self._pool.connection() as connection:
            return await views.heads(connection, within=within, state=state, limit=limit)

    async def reach_total(self, alert_id: UUID) -> Reach:
        """Return the reach in all; of an alert that nobody was told of, zeros."""
        async with self._transaction() as connection:
            await counting.make_room(connection)
            return await counting.total(connection, alert_id)

    async def versions(self, alert_id: UUID) -> tuple[Version, ...]:
        """Return the alert's history, oldest first."""
        async with self._pool.connection() as connection:
            return tuple(await reading.versions(connection, alert_id))

    async def passings(self, alert_id: UUID) -> tuple[Passing, ...]:
        """Return who passed the alert down, with which words, oldest first."""
        async with self._pool.connection() as connection:
            return tuple(await passings.of_alert(connection, alert_id))

    async def bulletins(
        self, alerts: Sequence[UUID], *, sender: str, is_shown: Callable[[int], bool]
    ) -> dict[UUID, Bulletin]:
        """Return what was told of each of `alerts`, for other systems; of those nobody heard of, nothing."""
        async with self._pool.connection() as connection:
            return await bulletins.read(connection, alerts, sender=sender, policy=self._policy, is_shown=is_shown)

    async def reach(self, alert_id: UUID) -> Reached:
        """Return the reach whole; whoever shows it cuts it to the viewer's subtree."""
        async with self._transaction() as connection:
            await counting.make_room(connection)
            return await views.reach(connection, alert_id)

    async def calls(self, alert_id: UUID, wanted: Wanted, *, limit: int = 50, offset: int = 0) -> Calls:
        """Return a page of those to be called by telephone."""
        async with self._transaction() as connection:
            alert = await self._find(connection, alert_id, wanted.within)
            await counting.make_room(connection)
            return await calls.read(
                connection, alert, wanted, policy=self._policy, now=self._clock(), limit=limit, offset=offset
            )

    async def evidence(
        self, alert_id: UUID, *, covers: int, span: tuple[int, int], is_shown: Callable[[int], bool]
    ) -> Evidence:
        """Return the final report for the subtree of unit `covers`, whose interval is `span`; of one moment."""
        async with self._transaction() as connection:
            await rows.freeze_view(connection)
            alert = await self._find(connection, alert_id, covers)
            await counting.make_room(connection)
            reach = (await views.reach(connection, alert_id)).within(*span)
            return await evidence.read(
                connection,
                alert,
                covers=covers,
                reach=reach,
                is_shown=is_shown,
                policy=self._policy,
                now=self._clock(),
            )

    async def messages(self, alert_id: UUID, *, within: int, after: int, limit: int) -> Sequence[dict[str, Any]]:
        """Return the next messages of an alert behind the id `after`, with their people and answers."""
        async with self._pool.connection() as connection:
            return await rows.messages(connection, alert_id, within=within, after=after, limit=limit)

    async def audience(self, alert_id: UUID, within: int | None = None, limit: int = 50, offset: int = 0) -> People:
        """Return a page of the frozen audience: people told for units inside `within`, with reasons and deliveries."""
        async with self._pool.connection() as connection:
            return await views.people(connection, alert_id, within=within, limit=limit, offset=offset)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    async def _find(self, connection: Connection, alert_id: UUID, within: int | None) -> AlertHead:
        found = await views.heads(connection, within=within, only=alert_id, limit=1)
        if not found:
            raise UnknownAlert(alert_id)
        return found[0]

    async def _end(self, alert_id: UUID, move: AlertMove, by: Actor, expected_version: int, note: str) -> Alert:
        async with self._transaction() as connection:
            await ending.end(
                connection,
                alert_id,
                move=move,
                by=by,
                expected_version=expected_version,
                note=note,
                policy=self._policy,
                now=self._clock(),
            )
        return await self._changed(alert_id)

    async def _changed(self, alert_id: UUID, waiting: int | None = None) -> Alert:
        """Ring, and return what it is now; of people who wait to be told (`issuing.put_out`) none is told yet."""
        for stream in (DELIVERIES, DOWNLINK, ALERTS):
            await self._bus.publish(stream, str(alert_id).encode())
        if waiting is None:
            return await self.get(alert_id)
        return views.reached(await self.find(alert_id), Reach(audience=waiting, queued=waiting))
