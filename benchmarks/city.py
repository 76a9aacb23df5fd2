"""The city at full size: making it, loading it, placing points in its grids, finding its units and its people.

Placing is CPU time of this process, beside the bare query of the same tree and a loop over the same points. Latencies
are of the database's answers as a program sees them, on a cluster with fsync; cold means after its restart.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import psycopg
import shapely

from benchmarks.cluster import a_cluster
from gridwarden.embedded import EmbeddedPostgres
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.city.model import City
from tracker.database.migrate import migrate
from tracker.geometry.fences import Fences
from tracker.store import city as cities
from tracker.store.search import count_members, find_members

SEED: Final = 7
BATCH: Final = 200  # points: what arrives in 22 ms
BATCHES: Final = 300
LOOPED: Final = 20  # of the batches: the loop is slow
PAGE: Final = 50
ROUNDS: Final = 5
# What people type: each kind of hit, the most frequent surname, whatever finds nothing, and what finds everybody
TYPED: Final = (
    *("王", "晓红", "王晓红", "欧阳"),
    *("027", "27034", "10010270342", "+86 100 1027 0342"),
    *("m270342", "m2703", "m", "t000123", "t0001"),
    *("wangxiaohong", "wang xiao hong", "wangx", "wxh", "wx", "w"),
    *("王 138", "qqqqq"),
)
LEVELS: Final = ("city", "county", "grid-1", "grid-2", "grid-3")

Connection = psycopg.AsyncConnection[Any]
Points = tuple[np.typing.NDArray[np.float64], np.typing.NDArray[np.float64]]


async def measure() -> Mapping[str, float]:
    began = time.perf_counter()
    city = generate(SEED, REFERENCE)
    figures = {"generate_s": time.perf_counter() - began, **_placing(city)}
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        began = time.perf_counter()
        await load_city(cluster.dsn, city, folder=cluster.folder / "roster")
        figures["load_s"] = time.perf_counter() - began
        return figures | await _looking(cluster)


def _placing(city: City) -> dict[str, float]:
    leaves = sorted(unit.code for unit in city.units if unit.level == "grid-3")
    areas = [city.areas[code] for code in leaves]
    fences, tree = Fences(units=range(1, len(leaves) + 1), areas=areas), shapely.STRtree(areas)
    spent = {"place": 0.0, "bare": 0.0, "loop": 0.0}
    for number, (lon, lat) in enumerate(_points(city)):
        points = shapely.points(lon, lat)
        ways: dict[str, Callable[[], object]] = {
            "place": lambda lon=lon, lat=lat: fences.place(lon, lat),
            "bare": lambda points=points: tree.query(points, predicate="intersects"),
        }
        if number < LOOPED:
            ways["loop"] = lambda lon=lon, lat=lat: [
                min(tree.query(shapely.Point(*spot), predicate="intersects"), default=-1)
                for spot in zip(lon.tolist(), lat.tolist(), strict=True)
            ]
        # Whoever comes second finds the polygons in the processor's cache: they take turns
        for way, run in sorted(ways.items(), reverse=bool(number % 2)):
            marked = time.process_time()
            run()
            spent[way] += time.process_time() - marked
    each = {way: seconds / (BATCH * (LOOPED if way == "loop" else BATCHES)) for way, seconds in spent.items()}
    return {
        "points_per_second_per_core": 1 / each["place"],
        "place_ratio_to_bare_query": each["bare"] / each["place"],  # 1 would be as fast as the tree alone
        "place_ratio_to_loop": each["loop"] / each["place"],  # so many times faster
    }


def _points(city: City) -> Iterator[Points]:
    """Yield batches of points near where people are: inside a grid, or a few hundred metres beside it."""
    rng = np.random.default_rng(SEED)
    inside = [city.areas[unit.code].representative_point() for unit in city.units if unit.level == "grid-3"]
    homes = shapely.get_coordinates(inside)
    for _ in range(BATCHES):
        spots = homes[rng.integers(0, len(homes), BATCH)] + rng.normal(0, 2e-3, (BATCH, 2))
        yield spots[:, 0].copy(), spots[:, 1].copy()


async def _looking(cluster: EmbeddedPostgres) -> dict[str, float]:
    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        scopes = await _scopes(connection)
        units = [
            await _ms(lambda unit=unit: cities.subtree(connection, unit)) for unit, *_ in scopes for _ in range(ROUNDS)
        ]
        warm = [ms for _ in range(ROUNDS) for ms in await _searches(connection, scopes)]
        listed = await _ms(lambda: _by_reading_all(connection, "晓红"))
        found = min([await _ms(lambda: find(connection, scopes[0], "晓红")) for _ in range(ROUNDS)])
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start)
    async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
        cold = await _searches(connection, scopes)
    return {
        "subtree_of_units_p50_ms": float(np.percentile(units, 50)),
        "subtree_of_units_p99_ms": float(np.percentile(units, 99)),
        "search_p50_ms": float(np.percentile(warm, 50)),
        "search_p99_ms": float(np.percentile(warm, 99)),
        "search_cold_p50_ms": float(np.percentile(cold, 50)),
        "search_cold_p99_ms": float(np.percentile(cold, 99)),
        "search_ratio_to_reading_all": listed / found,  # so many times faster
    }


async def _scopes(connection: Connection) -> Sequence[tuple[int, int, int]]:
    """Return id, left and right of the last unit of each level: the whole city first, a few blocks last."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT ON (level) id, tree_left, tree_right, level FROM unit
        WHERE level = ANY(%s) ORDER BY level, tree_left DESC
        """,
        [list(LEVELS)],
    )
    rows = await cursor.fetchall()
    return [row[:3] for row in sorted(rows, key=lambda row: LEVELS.index(row[3]))]


async def _searches(connection: Connection, scopes: Sequence[tuple[int, int, int]]) -> list[float]:
    """Return milliseconds of finding a page, and of counting, for all that is typed in all scopes."""
    return [
        await _ms(lambda look=look, scope=scope, words=words: look(connection, scope, words))
        for words in TYPED
        for scope in scopes
        for look in (find, count)
    ]


async def find(connection: Connection, scope: tuple[int, int, int], words: str) -> object:
    return await find_members(connection, left=scope[1], right=scope[2], words=words, limit=PAGE)


async def count(connection: Connection, scope: tuple[int, int, int], words: str) -> object:
    return await count_members(connection, left=scope[1], right=scope[2], words=words)


async def _by_reading_all(connection: Connection, words: str) -> object:
    cursor = await connection.execute("SELECT id FROM member WHERE strpos(name, %s) > 0 ORDER BY id LIMIT 50", [words])
    return await cursor.fetchall()


async def _ms(run: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await run()
    return (time.perf_counter() - began) * 1e3
