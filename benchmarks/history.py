"""History at 100 million rows: how long a member's day takes, and who was in an area, on plain PostgreSQL.

The reference city's terminals speak every 30 s, all of them for about three hours, which is as dense as rows by grid
and time become; a thousand of them for the whole day. The table is filled by the server, in order of time, unlogged and
without fsync, and gets its indexes afterwards; then the server is started again with its usual settings. Figures are of
the dashboard's own functions. "Again" means after another restart of the server: its own cache is empty then, the
kernel's is not.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import psycopg
import shapely
from psycopg import sql

from benchmarks.cluster import a_cluster
from dashboard.shapes import Scope
from dashboard.store import hours, members, visits
from dashboard.store.visits import Span
from gridwarden.embedded import EmbeddedPostgres
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions
from tracker.geometry.cover import Cover, cover
from tracker.model.positions import DEGREE, METRES_PER_DEGREE

SEED: Final = 7
ROWS: Final = int(os.environ.get("HISTORY_ROWS", "100_000_000"))
INTERVAL_S: Final = 30
STEPS_A_DAY: Final = 86_400 // INTERVAL_S
FIRST_STEP: Final = 9 * 3600 // INTERVAL_S  # everybody from nine o'clock on
ALL_DAY: Final = 1_000  # terminals that speak from midnight to midnight
MOST_FIXES: Final = 500_000
LOADING: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "maintenance_work_mem": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}

Connection = psycopg.AsyncConnection[Any]


async def measure() -> Mapping[str, float]:
    day = datetime.now(UTC).date() - timedelta(days=1)
    with a_cluster(LOADING) as cluster:
        migrate(cluster.dsn)
        await load_city(cluster.dsn, generate(SEED, REFERENCE), folder=cluster.folder / "roster")
        figures = await _fill(cluster, day)
        cluster.settings = {}
        await _restart(cluster)
        figures |= {f"{name}_ms": value for name, value in (await _looking(cluster, day)).items()}
        await _restart(cluster)
        return figures | {f"{name}_again_ms": value for name, value in (await _looking(cluster, day)).items()}


async def _restart(cluster: EmbeddedPostgres) -> None:
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start)


async def _fill(cluster: EmbeddedPostgres, day: date) -> dict[str, float]:
    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        await ensure_partitions(connection, datetime.now(UTC).date())
        terminals = await _walkers(connection)
        began = time.perf_counter()
        steps = max(1, (ROWS - ALL_DAY * STEPS_A_DAY) // terminals)
        await _steps(cluster, day, steps)
        written_s = time.perf_counter() - began
        print(f"history: rows written in {written_s:.0f} s", flush=True)
        await _attach(connection, day)
        filled_s = time.perf_counter() - began
        sizes = sql.SQL("SELECT count(*), pg_table_size({name}), pg_indexes_size({name}) FROM {table}")
        cursor = await connection.execute(sizes.format(name=sql.Literal(_name(day)), table=sql.Identifier(_name(day))))
        rows, table, indexes = await cursor.fetchone() or (0, 0, 0)
    print(f"history: {rows:,} rows with indexes in {filled_s:.0f} s", flush=True)
    return {
        "rows": float(rows),
        "write_s": written_s,
        "write_and_index_s": filled_s,
        "bytes_a_row": table / rows,
        "index_bytes_a_row": indexes / rows,
    }


async def _walkers(connection: Connection) -> int:
    """Give each terminal a circle well inside its leaf, and one in the next leaf, where it is a tenth of the time."""
    cursor = await connection.execute("SELECT unit, area FROM grid WHERE is_leaf ORDER BY unit")
    leaves = await cursor.fetchall()
    polygons = shapely.from_wkb(np.array([area for _, area in leaves], object))
    spots = shapely.point_on_surface(polygons)
    radius = shapely.distance(spots, shapely.boundary(polygons)) * 0.7
    columns = np.column_stack([shapely.get_coordinates(spots), radius]) * DEGREE
    await connection.execute(
        "CREATE UNLOGGED TABLE home (place integer PRIMARY KEY, unit integer, lon integer, lat integer, span integer)"
    )
    async with connection.cursor() as cursor, cursor.copy("COPY home FROM STDIN") as stream:
        for place, ((unit, _), spot) in enumerate(zip(leaves, np.rint(columns).astype(int).tolist(), strict=True)):
            await stream.write_row([place, unit, *spot])
    await connection.execute(
        """
        CREATE UNLOGGED TABLE walker AS
        SELECT terminal.id AS terminal, member, row_number() OVER (ORDER BY hashint4(terminal.id)) AS rank,
            (terminal.id * 37) % 100 AS phase, own.unit AS grid, own.lon, own.lat, greatest(own.span / 50, 1) AS span,
            next.unit AS next_grid, next.lon AS next_lon, next.lat AS next_lat, greatest(next.span / 50, 1) AS next_span
        FROM terminal
        JOIN assignment USING (member)
        LEFT JOIN home AS assigned ON assigned.unit = assignment.unit  -- the others: over all leaves
        JOIN home AS own ON own.place = coalesce(assigned.place, terminal.id % (SELECT count(*) FROM home))
        JOIN home AS next ON next.place = (own.place + 1) % (SELECT count(*) FROM home)
        WHERE is_primary
        ORDER BY rank
        """
    )
    cursor = await connection.execute("SELECT count(*) FROM walker")
    return int((await cursor.fetchone() or (0,))[0])


# A step is 1.4 m/s at most on a circle of this size, there and back along two axes of different periods
_WALK: Final = """
    INSERT INTO made
    SELECT timestamptz {day} + step * interval '30 seconds' + rank * interval '1 millisecond' * (30000.0 / {count}),
        terminal, 900,
        CASE WHEN away THEN next_lon ELSE lon END
            + (abs((step + phase) % 200 - 100) - 50) * CASE WHEN away THEN next_span ELSE span END,
        CASE WHEN away THEN next_lat ELSE lat END
            + (abs((step * 3 + phase) % 200 - 100) - 50) * CASE WHEN away THEN next_span ELSE span END,
        CASE WHEN away THEN next_grid ELSE grid END,
        12, 90, 80, -32768, 70, 16, member, 12, 30
    FROM generate_series({first}, {last}) AS step
    CROSS JOIN LATERAL (SELECT *, (terminal + step / 20) % 10 = 0 AS away FROM walker WHERE rank <= {most}) AS walker
    ORDER BY step
"""


async def _steps(cluster: EmbeddedPostgres, day: date, steps: int) -> None:
    """Fill the table `made`, two connections taking turns; within a step rows come in order of time."""
    numbers = iter(range(FIRST_STEP, FIRST_STEP + steps))

    async def work() -> None:
        async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
            for step in numbers:
                await connection.execute(_walk(day, step, step, most=2**31 - 1))

    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        await connection.execute("CREATE UNLOGGED TABLE made (LIKE position INCLUDING DEFAULTS)")
        await connection.execute(_walk(day, 0, FIRST_STEP - 1, most=ALL_DAY))
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(work())
        await connection.execute(_walk(day, FIRST_STEP + steps, STEPS_A_DAY - 1, most=ALL_DAY))


def _walk(day: date, first: int, last: int, *, most: int) -> sql.Composed:
    return sql.SQL(_WALK).format(
        day=sql.Literal(f"{day} 00:00+00"), count=sql.Literal(271_000), first=first, last=last, most=most
    )


async def _attach(connection: Connection, day: date) -> None:
    """Index the table, and put it in the place of the empty day."""
    name = sql.Identifier(_name(day))
    limits = [sql.Literal(f"{limit} 00:00+00") for limit in (day, day + timedelta(days=1))]
    await connection.execute("CREATE UNIQUE INDEX ON made (terminal, fixed_at)")
    await connection.execute("CREATE INDEX ON made (grid, fixed_at) INCLUDE (terminal, lon, lat, flags)")
    await connection.execute(sql.SQL("DROP TABLE {}").format(name))
    await connection.execute(sql.SQL("ALTER TABLE made RENAME TO {}").format(name))
    attach = sql.SQL("ALTER TABLE position ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    await connection.execute(attach.format(name, *limits))
    await connection.execute("VACUUM (ANALYZE) position")


def _name(day: date) -> str:
    return f"position_{day:%Y%m%d}"


async def _looking(cluster: EmbeddedPostgres, day: date) -> dict[str, float]:
    rng = np.random.default_rng(SEED)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    nine = midnight + timedelta(hours=9)
    whole_day = Span(midnight, midnight + timedelta(days=1))
    hour, two_hours = Span(nine, nine + timedelta(hours=1)), Span(nine, nine + timedelta(hours=2))
    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        people = await _picked(connection, "SELECT member FROM walker WHERE rank <= 1000", rng, 100)
        grids = await _picked(connection, "SELECT unit FROM home", rng, 60)
        streets = await _picked(connection, "SELECT id FROM unit WHERE level = 'grid-1'", rng, 20)
        places = await _picked(connection, "SELECT place FROM home", rng, 40)
        squares = [await _square(connection, place) for place in places]
        asked: dict[str, list[Callable[[], Awaitable[object]]]] = {
            "member_day": [lambda who=who: _day(connection, who, whole_day) for who in people],
            "member_hours": [lambda who=who: _hours(connection, who, whole_day) for who in people],
            "grid_1h": [lambda unit=unit: _unit(connection, unit, hour) for unit in grids],
            "street_1h": [lambda unit=unit: _unit(connection, unit, hour) for unit in streets],
            "square_km_2h": [lambda square=square: _area(connection, square, two_hours) for square in squares],
        }
        found: dict[str, float] = {}
        for name, looks in asked.items():
            spent = [await _ms(look) for look in looks]
            for part in (50, 99):
                found[f"{name}_p{part}"] = float(np.percentile(spent, part))
    return found


async def _picked(connection: Connection, statement: Any, rng: np.random.Generator, count: int) -> list[int]:
    cursor = await connection.execute(statement)
    found = sorted(value for (value,) in await cursor.fetchall())
    return rng.choice(found, min(count, len(found)), replace=False).tolist()


async def _square(connection: Connection, place: int) -> shapely.Polygon:
    """Return a square kilometre round a home."""
    cursor = await connection.execute("SELECT lon / 1e7::float8, lat / 1e7::float8 FROM home WHERE place = %s", [place])
    lon, lat = await cursor.fetchone() or (0.0, 0.0)
    north = 500 / METRES_PER_DEGREE
    east = north / float(np.cos(np.radians(lat)))
    return shapely.box(lon - east, lat - north, lon + east, lat + north)


async def _day(connection: Connection, member: int, span: Span) -> Sequence[object]:
    found = await members.track(connection, member, since=span.since, until=span.until, limit=20_000)
    if len(found) < STEPS_A_DAY - 1:
        raise RuntimeError(f"a day of {len(found)} fixes")
    return found


async def _hours(connection: Connection, member: int, span: Span) -> Sequence[object]:
    return await hours.of_member(connection, Scope.everywhere(), member, span)


async def _unit(connection: Connection, unit: int, span: Span) -> Sequence[object]:
    async with connection.transaction():
        cursor = await connection.execute("SELECT tree_left, tree_right FROM unit WHERE id = %s", [unit])
        left, right = await cursor.fetchone() or (0, 0)
        leaves = await visits.leaves_of(connection, Scope(unit=unit, left=left, right=right), span)
        return await _found(connection, Cover(tuple(leaves), ()), span, None)


async def _area(connection: Connection, area: shapely.Polygon, span: Span) -> Sequence[object]:
    async with connection.transaction():
        covered = cover(area, await visits.leaves_near(connection, area, span))
        return await _found(connection, covered, span, area)


async def _found(
    connection: Connection, covered: Cover, span: Span, area: shapely.Polygon | None
) -> Sequence[visits.Stay]:
    """Return a page of a hundred, with the places they were first and last at, as the endpoint does."""
    found = await visits.stays(connection, covered, span, area=area, most=MOST_FIXES)
    ours = await visits.in_scope(connection, Scope.everywhere(), [stay.member for stay in found])
    page = [stay for stay in found if stay.member in ours][:100]
    await visits.places(connection, [end for stay in page for end in (stay.first, stay.last)], span)
    if not page:
        raise RuntimeError("nobody was there")
    return page


async def _ms(run: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await run()
    return (time.perf_counter() - began) * 1e3
