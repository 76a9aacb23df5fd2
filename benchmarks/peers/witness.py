"""What a peer has in its table `position`, for the audit; both peers name its columns alike."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from simulators.load.witness import STORED, Rows

ARRIVED: Final = np.dtype([("terminal", "<i4"), ("said_ms", "<i8"), ("at_us", "<i8")])
_CHUNK: Final = 50_000
_E7: Final = 10_000_000


class PeerWitness:
    """`codes`: the roster's terminals in its order. Peers know no members, crossings, refusals or emergencies."""

    def __init__(self, dsn: str, *, codes: Sequence[str]) -> None:
        self._dsn: Final = dsn
        self._places: Final = {code: place for place, code in enumerate(codes)}

    async def about(self) -> str:
        async with await AsyncConnection[TupleRow].connect(self._dsn) as connection:
            return f"PostgreSQL {connection.info.parameter_status('server_version')}"

    async def count(self, *, since_ms: int, until_ms: int) -> int:
        """Return how many different fixes are there: what a peer stores twice must not pass for what it still lacks."""
        async with await AsyncConnection[TupleRow].connect(self._dsn) as connection:
            if not await _has_table(connection):
                return 0
            cursor = await connection.execute(
                """
                SELECT count(*) FROM (
                    SELECT DISTINCT terminal, said_ms
                    FROM (SELECT terminal, round(extract(epoch FROM fixed_at) * 1000) AS said_ms FROM position) AS said
                    WHERE said_ms >= %s AND said_ms < %s
                ) AS fixes
                """,
                [since_ms, until_ms],
            )
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def stored(self, *, since_ms: int, until_ms: int) -> AsyncIterator[Rows]:
        """Yield what is there; times are rounded to the ms, since Telegraf carries them as floating point."""
        async for rows in self._rows(since_ms, until_ms):
            stored = [
                (self._places.get(code, -1), said_ms, round(lon * _E7), round(lat * _E7))
                for code, said_ms, lon, lat, _ in rows
            ]
            yield np.array(stored, STORED)

    async def arrived(self, *, since_ms: int, until_ms: int) -> Rows:
        """Return when each row was inserted (its transaction committed a moment later): ARRIVED."""
        parts = [
            np.array([(self._places.get(code, -1), said_ms, at_us) for code, said_ms, _, _, at_us in rows], ARRIVED)
            async for rows in self._rows(since_ms, until_ms)
        ]
        return np.concatenate(parts) if parts else np.empty(0, ARRIVED)

    async def members(self) -> Rows | None:
        return None

    async def newest(self, *, since_ms: int, until_ms: int) -> Rows | None:
        del since_ms, until_ms

    async def crossings(self, *, since_ms: int, until_ms: int) -> Rows | None:
        del since_ms, until_ms

    async def placed(self) -> Rows | None:
        return None

    async def refused(self) -> Mapping[str, int] | None:
        return None

    async def emergencies(self, *, since_ms: int, until_ms: int) -> int | None:
        del since_ms, until_ms

    async def _rows(self, since_ms: int, until_ms: int) -> AsyncIterator[list[tuple[Any, ...]]]:
        async with await AsyncConnection[TupleRow].connect(self._dsn) as connection:
            if not await _has_table(connection):
                return
            async with connection.cursor(name="positions") as cursor:
                await cursor.execute(
                    """
                    SELECT terminal, said_ms::bigint, lon, lat, (extract(epoch FROM stored_at) * 1000000)::bigint
                    FROM (SELECT *, round(extract(epoch FROM fixed_at) * 1000) AS said_ms FROM position) AS said
                    WHERE said_ms >= %s AND said_ms < %s
                    """,
                    [since_ms, until_ms],
                )
                while rows := await cursor.fetchmany(_CHUNK):
                    yield rows


async def _has_table(connection: AsyncConnection[TupleRow]) -> bool:
    cursor = await connection.execute("SELECT to_regclass('position') IS NOT NULL")
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
