"""A warning to everybody who leads in the reference city: from the button to queued messages, and what is asked then.

The issue is the desk's own: audience found and frozen, an SMS for each, timers, audit, in one transaction on a cluster
with fsync; the other channels follow in the next one, of the watch, which the first one's doorbell wakes. Its
peer is the same number of people and SMS copied into bare tables of the same columns and keys, without foreign keys.
Then the messages are given the states of a busy first minute by one UPDATE, and everything that the screens ask about
such a warning is asked. Times are of this process, with its own work on the rows; each is the median of some rounds.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from alerts.core import evidence
from alerts.core.levels import Level
from alerts.core.records import Actor, Alert, Content
from alerts.desk import Desk
from alerts.escalation import Watch
from alerts.store.reach import Wanted
from benchmarks.cluster import a_cluster, an_issuer
from tracker.bus.interface import DELIVERIES, Bus
from tracker.bus.local import LocalBus
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions
from tracker.database.pool import open_pool

SEED: Final = 7
ISSUES: Final = 5
ROUNDS: Final = 5
REST_S: Final = 2.0  # the watch then reads the statistics anew
OVERRIDE: Final = "measured"

Connection = psycopg.AsyncConnection[Any]


class Watched:
    """A bus that notes when doorbells for the dispatcher rang: what they ring for is committed then."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.rang_s: asyncio.Queue[float] = asyncio.Queue()

    async def publish(self, stream: str, payload: bytes) -> None:
        if stream == DELIVERIES:
            self.rang_s.put_nowait(time.perf_counter())
        await self._bus.publish(stream, payload)

    def read(self, *streams: str, after: str | None = None) -> Any:
        return self._bus.read(*streams, after=after)

    async def close(self) -> None:
        await self._bus.close()


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        await load_city(cluster.dsn, generate(SEED, REFERENCE), folder=cluster.folder / "roster")
        async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
            await ensure_partitions(connection, datetime.now(UTC).date())
            city = await an_issuer(connection)
            bus = Watched(LocalBus())
            async with await open_pool(cluster.dsn, name="bench", size=4) as pool:
                desk = Desk(pool, bus, lambda: datetime.now(UTC))
                alert, figures = await _issuing(desk, pool, bus, connection, city)
                figures["bare_copy_s"] = await _bare_copy(connection, alert.id)
                figures["issue_ratio_to_bare_copy"] = figures["bare_copy_s"] / figures["issue_to_queued_s"]
                await _happen(connection, alert.id)
                return figures | await _asking(desk, pool, alert.id, city)


async def _issuing(
    desk: Desk, pool: AsyncConnectionPool[Any], bus: Watched, connection: Connection, city: int
) -> tuple[Alert, dict[str, float]]:
    """Issue several whole-city warnings; return the last one, and the figures of all."""
    actor = Actor(account=1, unit=city, may_issue=True)
    content = Content(
        level=Level.RED,
        event="rainstorm",
        headline="暴雨红色预警",
        description="预计未来三小时降雨量将达一百毫米以上。",
        instruction="请立即转移低洼地带人员并回复确认。",
        targets=(city,),
    )
    issued: list[Alert] = []
    previews, queued, answered, all_queued = [], [], [], []
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(Watch(pool, bus, lambda: datetime.now(UTC)).run(), name="watch")
        for _ in range(ISSUES):
            began = time.perf_counter()
            await desk.preview(actor, content)
            previews.append(time.perf_counter() - began)
            draft, _ = await desk.draft(uuid.uuid4(), actor, content)
            while not bus.rang_s.empty():
                bus.rang_s.get_nowait()
            began = time.perf_counter()
            issued.append(await desk.issue(draft.id, actor, draft.version, OVERRIDE))
            answered.append(time.perf_counter() - began)
            queued.append(await bus.rang_s.get() - began)
            all_queued.append(await bus.rang_s.get() - began)
            await asyncio.sleep(REST_S)
        watching.cancel()
    alert = issued[-1]
    cursor = await connection.execute(
        "SELECT channel, count(*)::float FROM delivery WHERE alert = %s GROUP BY channel ORDER BY channel", [alert.id]
    )
    channels = {f"messages_{channel}": count for channel, count in await cursor.fetchall()}
    return alert, {
        "audience": float(alert.reach.audience),
        "preview_s": median(previews),
        "issue_to_queued_s": median(queued),
        "issue_to_queued_worst_s": max(queued),
        "issue_to_answer_s": median(answered),
        "issue_to_all_channels_queued_s": median(all_queued),
        **channels,
    }


async def _bare_copy(connection: Connection, alert: UUID) -> float:
    """Return the seconds of writing the same messages and people by COPY, into tables with the same keys."""
    rows: dict[str, bytes] = {}
    for table in ("delivery", "audience"):
        which = sql.SQL("AND channel = 'sms'" if table == "delivery" else "")
        names = {"bare": sql.Identifier(f"bare_{table}"), "table": sql.Identifier(table)}
        await connection.execute(sql.SQL("CREATE TABLE {bare} (LIKE {table} INCLUDING ALL)").format(**names))
        out = sql.SQL("COPY (SELECT * FROM {table} WHERE alert = {alert} {which}) TO STDOUT (FORMAT binary)").format(
            table=names["table"], alert=sql.Literal(alert), which=which
        )
        async with connection.cursor() as cursor, cursor.copy(out) as stream:
            rows[table] = b"".join([bytes(piece) async for piece in stream])
    began = time.perf_counter()
    async with connection.transaction():
        for table, copied in rows.items():
            into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(f"bare_{table}"))
            async with connection.cursor() as cursor, cursor.copy(into) as stream:
                await stream.write(copied)
    return time.perf_counter() - began


async def _happen(connection: Connection, alert: UUID) -> None:
    """Let most be delivered, some sent, queued, failed or unheard of, and half of the people answer."""
    await connection.execute(
        """
        UPDATE delivery d
        SET state = s.state,
            sent_at = CASE WHEN s.state NOT IN ('queued', 'failed') THEN queued_at + id %% 60 * interval '1 s' END,
            settled_at = CASE WHEN s.state IN ('delivered', 'failed', 'unknown') THEN queued_at + interval '2 min' END
        FROM (VALUES (0, 'queued'), (1, 'failed'), (2, 'unknown'), (3, 'sent')) AS s(rest, state)
        WHERE d.alert = %(alert)s AND d.member %% 10 = s.rest
        """,
        {"alert": alert},
    )
    await connection.execute(
        """
        UPDATE delivery SET state = 'delivered', sent_at = queued_at + id %% 60 * interval '1 s',
            settled_at = queued_at + interval '2 min'
        WHERE alert = %s AND member %% 10 > 3
        """,
        [alert],
    )
    await connection.execute(
        """
        INSERT INTO acknowledgement (alert, version, member, channel, at)
        SELECT a.id, a.in_force, p.member, 'link', a.issued_at + p.member %% 300 * interval '1 s'
        FROM alert a JOIN audience p ON p.alert = a.id WHERE a.id = %s AND p.member %% 2 = 0
        """,
        [alert],
    )
    await connection.execute("VACUUM (ANALYZE) delivery, audience, acknowledgement")


async def _asking(desk: Desk, pool: AsyncConnectionPool[Any], alert: UUID, city: int) -> dict[str, float]:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT tree_left, tree_right FROM unit WHERE id = %s", [city])
        left, right = await cursor.fetchone() or (0, 0)

    async def report() -> object:
        found = await desk.evidence(alert, covers=city, span=(left, right), is_shown=lambda _unit: True)
        return evidence.digest(evidence.document(found))

    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "find": lambda: desk.find(alert, within=city),
        "reach_total": lambda: desk.reach_total(alert),
        "reach": lambda: desk.reach(alert),
        "people": lambda: desk.audience(alert, within=city),
        "calls": lambda: desk.calls(alert, Wanted(within=city)),
        "calls_narrowed": lambda: desk.calls(alert, Wanted(within=city, why="failed", channel="sms", state="failed")),
        "report": report,
    }
    return {f"{name}_s": median([await _s(ask) for _ in range(ROUNDS)]) for name, ask in asked.items()}


async def _s(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return time.perf_counter() - began
