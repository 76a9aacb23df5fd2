"""The database as a witness of a load run: asked before and after the load, never during it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import psycopg
from psycopg import sql

from simulators.load.witness import CROSSED, NEWEST, PLACED, STORED, Rows
from simulators.viewers.plan import ROLL

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_2000_US: Final = 946_684_800_000_000  # PostgreSQL's times count from there
_HALF_MS: Final = timedelta(microseconds=500)
_SLICES: Final = 200  # at most, of the range that is read
_SLICE_MS: Final = 60_000  # at least: at 27,000 positions a second 1.6 million rows, 60 MB
# COPY's binary format: 19 bytes of header, rows of 38 (number of columns, length and value of each), -1 at the end
_HEADER: Final = 19
_END: Final = 2
_ROW: Final = np.dtype(
    [
        ("columns", ">i2"),
        ("terminal_bytes", ">i4"),
        ("terminal", ">i4"),
        ("fixed_at_bytes", ">i4"),
        ("fixed_at", ">i8"),
        ("lon_bytes", ">i4"),
        ("lon", ">i4"),
        ("lat_bytes", ">i4"),
        ("lat", ">i4"),
    ]
)
_KEPT: Final = sql.SQL(
    "COPY (SELECT terminal, fixed_at, lon, lat FROM position WHERE fixed_at >= {since} AND fixed_at < {until})"
    " TO STDOUT (FORMAT binary)"
)
_COUNT: Final = """
    SELECT count(*) FROM position
    WHERE fixed_at >= %(since)s AND fixed_at < %(until)s AND terminal = ANY(%(terminals)s)
"""
_TERMINALS: Final = "SELECT id, code, coalesce(member, -1) FROM terminal"
# The bits that keep a fix from moving its member on the map: suspect, late, old, inaccurate
_NEWEST: Final = """
    SELECT known.id, coalesce(known.member, -1), extract(epoch FROM newest.fixed_at), newest.lon, newest.lat
    FROM terminal AS known, LATERAL (
        SELECT fixed_at, lon, lat FROM position
        WHERE terminal = known.id AND fixed_at >= %(since)s AND fixed_at < %(until)s AND flags & 15 = 0
        ORDER BY fixed_at DESC LIMIT 1
    ) AS newest
"""
_CROSSINGS: Final = """
    SELECT crossing.terminal, extract(epoch FROM crossing.fixed_at), crossing.kind = 'enter', unit.code
    FROM crossing JOIN unit ON unit.id = crossing.grid
    WHERE crossing.superseded_at IS NULL AND crossing.fixed_at >= %(since)s AND crossing.fixed_at < %(until)s
"""
_ROLL: Final = """
    SELECT shown.id, member.id
    FROM unit AS shown
    JOIN unit AS own ON own.tree_left BETWEEN shown.tree_left AND shown.tree_right AND own.closed_at IS NULL
    JOIN assignment ON assignment.unit = own.id AND is_primary
    JOIN member ON member.id = assignment.member AND member.closed_at IS NULL
    WHERE shown.id = ANY(%(units)s)
"""
_PLACED: Final = """
    SELECT terminal, coalesce(unit.code, '') FROM terminal_state LEFT JOIN unit ON unit.id = confirmed_grid
    WHERE confirmed_grid >= 0
"""
_REFUSED: Final = "SELECT reason, sum(reports)::bigint FROM refusal_count GROUP BY reason"
_EMERGENCIES: Final = """
    SELECT count(*) FROM emergency
    WHERE pressed_at >= %(since)s AND pressed_at < %(until)s AND terminal = ANY(%(terminals)s)
"""
_VERSION: Final = "SHOW server_version"


class DatabaseWitness:
    """Answers for the terminals with these codes, which are known by their place among them."""

    def __init__(self, dsn: str, codes: Sequence[str]) -> None:
        self._dsn: Final = dsn
        self._place_of_code: Final = {code: place for place, code in enumerate(codes)}
        self._codes: Final = len(codes)

    async def about(self) -> str:
        return str((await self._ask(_VERSION))[0][0])

    async def count(self, *, since_ms: int, until_ms: int) -> int:
        return int((await self._ask(_COUNT, **_range(since_ms, until_ms), terminals=await self._ids()))[0][0])

    async def stored(self, *, since_ms: int, until_ms: int) -> AsyncIterator[Rows]:
        places = await self._places()
        step = max(_SLICE_MS, -(-(until_ms - since_ms) // _SLICES))
        for begin_ms in range(since_ms, until_ms, step):
            found = await asyncio.to_thread(self._copy, begin_ms, min(begin_ms + step, until_ms))
            rows = np.empty(len(found), STORED)
            rows["terminal"] = _place(places, found["terminal"])
            rows["said_ms"] = (found["fixed_at"].astype(np.int64) + _EPOCH_2000_US + 500) // 1000
            rows["lon"], rows["lat"] = found["lon"], found["lat"]
            yield rows

    async def members(self) -> Rows | None:
        members = np.full(self._codes, -1, np.int32)
        for _, code, member in await self._ask(_TERMINALS):
            if code in self._place_of_code:
                members[self._place_of_code[code]] = member
        return members

    async def newest(self, *, since_ms: int, until_ms: int) -> Rows | None:
        places = await self._places()
        rows = [
            (places.get(number, -1), member, round(float(at_s) * 1000), lon, lat)
            for number, member, at_s, lon, lat in await self._ask(_NEWEST, **_range(since_ms, until_ms))
        ]
        return np.array(rows, NEWEST)

    async def crossings(self, *, since_ms: int, until_ms: int) -> Rows | None:
        places = await self._places()
        rows = [
            (places[number], round(float(at_s) * 1000), enters, grid)
            for number, at_s, enters, grid in await self._ask(_CROSSINGS, **_range(since_ms, until_ms))
            if number in places
        ]
        return np.array(rows, CROSSED)

    async def placed(self) -> Rows | None:
        places = await self._places()
        rows = [(places[number], grid) for number, grid in await self._ask(_PLACED) if number in places]
        return np.array(rows, PLACED)

    async def roll(self, units: Sequence[int]) -> Rows:
        """Return who is to be seen in which of these units: ROLL."""
        return np.array(await self._ask(_ROLL, units=list(units)), ROLL)

    async def refused(self) -> Mapping[str, int] | None:
        return {str(reason): int(reports) for reason, reports in await self._ask(_REFUSED)}

    async def emergencies(self, *, since_ms: int, until_ms: int) -> int | None:
        found = await self._ask(_EMERGENCIES, **_range(since_ms, until_ms), terminals=await self._ids())
        return int(found[0][0])

    async def _places(self) -> dict[int, int]:
        """Return the place in the roster of each terminal's number."""
        known = self._place_of_code
        return {number: known[code] for number, code, _ in await self._ask(_TERMINALS) if code in known}

    async def _ids(self) -> list[int]:
        return list(await self._places())

    async def _ask(self, statement: str, **given: Any) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(self._fetch, statement, given)

    def _fetch(self, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            return connection.execute(statement.encode(), given).fetchall()

    def _copy(self, since_ms: int, until_ms: int) -> Rows:
        span = {name: sql.Literal(moment) for name, moment in _range(since_ms, until_ms).items()}
        packed = bytearray()
        with (
            psycopg.connect(self._dsn, autocommit=True) as connection,
            connection.cursor() as cursor,
            cursor.copy(_KEPT.format(**span)) as copy,
        ):
            for data in copy:
                packed += data
        return np.frombuffer(packed, _ROW, offset=_HEADER, count=(len(packed) - _HEADER - _END) // _ROW.itemsize)


def _range(since_ms: int, until_ms: int) -> dict[str, datetime]:
    """Return the moments that round to these milliseconds."""
    since, until = (_EPOCH + timedelta(milliseconds=moment) - _HALF_MS for moment in (since_ms, until_ms))
    return {"since": since, "until": until}


def _place(places: Mapping[int, int], numbers: Rows) -> Rows:
    table = np.full(max(max(places, default=0), int(numbers.max()) if len(numbers) else 0) + 1, -1, np.int32)
    table[list(places)] = list(places.values())
    return table[numbers]
