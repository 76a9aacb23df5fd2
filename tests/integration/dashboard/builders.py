"""A city of two counties with a street each, its people, and somebody at a screen of it."""

import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import msgspec
import numpy as np
import psycopg
import shapely
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tracker.model.positions import POSITION, UNSAID, Positions
from tracker.security import hash_password

PASSWORD = "correct horse battery"
OURS = {"X-Requested-With": "gridwarden", "Accept-Language": "en"}
CITY, EAST, EAST_STREET, EAST_BLOCK, EAST_LEAF, EAST_LEAF_2 = 1, 2, 3, 4, 5, 6
WEST, WEST_STREET, WEST_BLOCK, WEST_LEAF = 7, 8, 9, 10
# id, code, name, level, parent, left, right, west edge, east edge (degrees of longitude)
UNITS = (
    (CITY, "4101", "测试市", "city", None, 1, 20, 113.0, 113.4),
    (EAST, "410102", "东区", "county", CITY, 2, 11, 113.2, 113.4),
    (EAST_STREET, "410102001", "东街", "grid-1", EAST, 3, 10, 113.2, 113.4),
    (EAST_BLOCK, "410102001001", "东社区", "grid-2", EAST_STREET, 4, 9, 113.2, 113.4),
    (EAST_LEAF, "410102001001001", "东格一", "grid-3", EAST_BLOCK, 5, 6, 113.2, 113.3),
    (EAST_LEAF_2, "410102001001002", "东格二", "grid-3", EAST_BLOCK, 7, 8, 113.3, 113.4),
    (WEST, "410103", "西区", "county", CITY, 12, 19, 113.0, 113.2),
    (WEST_STREET, "410103001", "西街", "grid-1", WEST, 13, 18, 113.0, 113.2),
    (WEST_BLOCK, "410103001001", "西社区", "grid-2", WEST_STREET, 14, 17, 113.0, 113.2),
    (WEST_LEAF, "410103001001001", "西格一", "grid-3", WEST_BLOCK, 15, 16, 113.0, 113.2),
)
# id, name, unit, role; the terminal of member n is terminal n
LI, WANG, ZHAO, QIAN = 101, 102, 103, 104
PEOPLE = (
    (LI, "李东", EAST_LEAF, "leader"),
    (WANG, "王东", EAST_LEAF_2, "volunteer"),
    (ZHAO, "赵西", WEST_LEAF, "leader"),
    (QIAN, "钱街", EAST_STREET, "leader"),
)
ACCOUNTS = (("centre", CITY), ("east", EAST), ("west", WEST))


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


async def a_city(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute("INSERT INTO grid_set DEFAULT VALUES")
    for id_, code, name, level, parent, left, right, west, east in UNITS:
        await connection.execute(
            "INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right) VALUES (%s,%s,%s,%s,%s,%s,%s)",
            [id_, code, name, level, parent, left, right],
        )
        await connection.execute(
            "INSERT INTO grid VALUES (1, %s, %s, %s, %s, 34.0, %s, 34.2)",
            [id_, level == "grid-3", shapely.to_wkb(shapely.box(west, 34.0, east, 34.2)), west, east],
        )
    for id_, name, unit, role in PEOPLE:
        await a_member(connection, id_, name=name, unit=unit, role=role)
    await connection.execute(
        """
        SELECT setval(pg_get_serial_sequence('unit', 'id'), 1000), setval(pg_get_serial_sequence('member', 'id'), 1000),
            setval(pg_get_serial_sequence('terminal', 'id'), 1000)
        """
    )
    for name, unit in ACCOUNTS:
        await connection.execute(
            "INSERT INTO account (name, password_hash, unit) VALUES (%s, %s, %s)", [name, _password_hash(), unit]
        )
    await connection.execute(
        """
        INSERT INTO account_role (account, role, unit)
        SELECT id, role, unit
        FROM account, unnest(ARRAY['viewer', 'dispatcher', 'issuer', 'approver', 'administrator']) AS role
        """
    )


async def a_member(
    connection: psycopg.AsyncConnection[Any], id_: int, *, name: str, unit: int, role: str = "volunteer"
) -> None:
    await connection.execute(
        "INSERT INTO member (id, code, name, phone) VALUES (%s, %s, %s, %s)",
        [id_, f"m{id_}", name, f"+8613800000{id_}"],
    )
    await connection.execute("INSERT INTO assignment (member, unit, role) VALUES (%s, %s, %s)", [id_, unit, role])
    await connection.execute(
        "INSERT INTO terminal (id, code, secret_salt, secret_hash, member) VALUES (%s, %s, '', '', %s)",
        [id_, f"t{id_}", id_],
    )


def now() -> datetime:
    return datetime.now(UTC)


def a_position(
    member: int, *, lon: float = 113.25, lat: float = 34.1, grid: int = EAST_LEAF, age_s: float = 1.0
) -> Positions:
    """A fix made and heard `age_s` ago, battery 80 %."""
    at_us = int((now() - timedelta(seconds=age_s)).timestamp() * 1_000_000)
    rows = np.zeros(1, POSITION)
    rows["fixed_at_us"] = rows["received_at_us"] = at_us
    rows["terminal"] = rows["member"] = member
    rows["lon"], rows["lat"], rows["grid"], rows["interval_s"] = round(lon * 1e7), round(lat * 1e7), grid, 10
    for unsaid in ("speed_dmps", "heading_deg", "accuracy_dm", "altitude_m"):
        rows[unsaid] = UNSAID
    rows["battery_pct"] = 80
    return rows


async def a_checkpoint(connection: psycopg.AsyncConnection[Any], positions: Positions) -> None:
    """What ingest writes every few seconds."""
    for row in positions:
        at = datetime.fromtimestamp(int(row["fixed_at_us"]) / 1e6, UTC)
        await connection.execute(
            """
            INSERT INTO terminal_state
            VALUES (%s, %s, %s, %s, %s, %s, -32768, -32768, -32768, -32768, 80, 10, %s, -1, 0)
            """,
            [int(row["terminal"]), at, at, int(row["lon"]), int(row["lat"]), int(row["grid"]), int(row["grid"])],
        )


async def an_outing(connection: psycopg.AsyncConnection[Any], member: int, *, grid: int, is_over: bool = False) -> None:
    """A member out of their own grids, for ten minutes; if over, they came back a minute ago."""
    kinds = ["online", "out_of_grid", *(["back_in_grid"] if is_over else [])]
    await connection.execute(
        """
        INSERT INTO outing (member, since, opened_at, closed_at, terminal, grid)
        VALUES (%(member)s, now() - interval '10 minutes', now() - interval '5 minutes',
                CASE WHEN %(is_over)s THEN now() - interval '1 minute' END, %(member)s, %(grid)s)
        """,
        {"member": member, "grid": grid, "is_over": is_over},
    )
    await connection.execute(
        """
        INSERT INTO presence_event (terminal, at, kind, grid, member, grid_set)
        SELECT %(member)s, now() - interval '9 minutes' + number * interval '4 minutes', kind, %(grid)s, %(member)s, 1
        FROM unnest(%(kinds)s::text[]) WITH ORDINALITY AS event (kind, number)
        """,
        {"member": member, "grid": grid, "kinds": kinds},
    )


async def an_emergency(connection: psycopg.AsyncConnection[Any], member: int, *, sos_id: str = "1") -> int:
    cursor = await connection.execute(
        """
        INSERT INTO emergency (terminal, sos_id, member, pressed_at, received_at, lon, lat, grid)
        VALUES (%(member)s, %(sos)s, %(member)s, now(), now(), 1132500000, 341000000, 5) RETURNING id
        """,
        {"member": member, "sos": sos_id},
    )
    return int((await cursor.fetchone() or (0,))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    kind: int
    epoch: int
    tick: int
    server_time_ms: float
    unit: int
    rows: dict[int, dict[str, int]]


def read_frame(raw: bytes) -> Frame:
    """Decode a frame of points by the contract's words alone: nothing of ours is used."""
    magic, kind, version, zero, epoch, tick, time_ms, count, unit = struct.unpack_from("<4sBBHIIdII", raw)
    assert (magic, version, zero) == (b"GWLF", 1, 0)
    assert kind in {1, 2}
    offset, columns = 32, {}
    for name, code, size in (
        ("member", "I", 4),
        ("lon", "i", 4),
        ("lat", "i", 4),
        ("received_at_s", "I", 4),
        ("interval_s", "H", 2),
        ("battery", "b", 1),
        ("state", "B", 1),
    ):
        columns[name] = struct.unpack_from(f"<{count}{code}", raw, offset)
        offset += (count * size + 3) // 4 * 4
    assert offset == len(raw)
    rows = {
        member: {name: column[row] for name, column in columns.items()} for row, member in enumerate(columns["member"])
    }
    return Frame(kind=kind, epoch=epoch, tick=tick, server_time_ms=time_ms, unit=unit, rows=rows)


class Screen:
    """A viewer's WebSocket. Acknowledges each frame it takes unless told otherwise."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, **message: object) -> None:
        await self.send(msgspec.json.encode(message).decode())

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)

    async def watch(self, unit: int, **since: int) -> None:
        await self.say(op="watch", unit=unit, **since)

    async def frame(self, *, acknowledge: bool = True) -> Frame:
        """Return the next frame, whatever is said between."""
        while True:
            message = await self._socket.recv()
            if isinstance(message, bytes):
                break
        frame = read_frame(message)
        if acknowledge:
            await self.say(op="ack", tick=frame.tick)
        return frame

    async def frame_with(self, member: int) -> Frame:
        """Return the next frame that speaks of a member."""
        while True:
            frame = await self.frame()
            if member in frame.rows:
                return frame

    async def message(self, kind: str) -> dict[str, Any]:
        """Return the next JSON message of a kind, acknowledging frames on the way."""
        while True:
            message = await self._socket.recv()
            if isinstance(message, bytes):
                await self.say(op="ack", tick=read_frame(message).tick)
                continue
            decoded: dict[str, Any] = msgspec.json.decode(message)
            if decoded["kind"] == kind:
                return decoded

    async def kinds_until_pong(self) -> set[str]:
        """Return the kinds of all that is said until we know that the server has listened."""
        await self.say(op="ping")
        kinds: set[str] = set()
        while "pong" not in kinds:
            message = await self._socket.recv()
            if isinstance(message, bytes):
                await self.say(op="ack", tick=read_frame(message).tick)
            else:
                kinds.add(msgspec.json.decode(message)["kind"])
        return kinds

    async def closed(self) -> int:
        """Return the code the server closes with."""
        with suppress(ConnectionClosed):
            while True:
                await self._socket.recv()
        return self._socket.close_code or 0


@dataclass(frozen=True, slots=True)
class Place:
    """A running dashboard."""

    address: str  # host:port

    def client(self, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://{self.address}", headers=OURS, cookies=cookies, timeout=20)

    @asynccontextmanager
    async def logged_in(self, name: str) -> AsyncGenerator[httpx.AsyncClient]:
        async with self.client() as client:
            answer = await client.post("/api/login", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    @asynccontextmanager
    async def screen(self, name: str) -> AsyncGenerator[Screen]:
        async with self.logged_in(name) as client, self.screen_of(client.cookies["gw_session"]) as screen:
            yield screen

    @asynccontextmanager
    async def screen_of(self, token: str) -> AsyncGenerator[Screen]:
        async with self.screen_with({"Cookie": f"gw_session={token}"}) as screen:
            yield screen

    @asynccontextmanager
    async def screen_with(self, headers: dict[str, str]) -> AsyncGenerator[Screen]:
        async with connect(f"ws://{self.address}/api/live", additional_headers=headers, compression=None) as socket:
            yield Screen(socket)
