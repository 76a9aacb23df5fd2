"""A small city by hand: two counties, streets, communities, blocks; leaders, members, terminals, accounts."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import shapely

from alerts.core.levels import Level
from alerts.core.records import Actor, Alert, Content
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.link_maker import LinkMaker
from tracker.model.positions import Flag

Connection = psycopg.AsyncConnection[Any]
NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)  # 12:00 in the city
SECRET = b"0123456789abcdef"
LINKS = LinkMaker(secret=SECRET, public_url="https://grid.example/")
CITY, WEST, EAST, JINSHUI, HUAYUAN, WENHUA, BLOCK, EAST_STREET = range(1, 9)

# id, code, name, English name, level, parent, tree_left, tree_right
UNITS = [
    (CITY, "410100", "郑州市", "Zhengzhou", "city", None, 1, 16),
    (WEST, "410105", "金水区", "Jinshui district", "county", CITY, 2, 11),
    (JINSHUI, "410105001", "经八路街道", "Jingbalu street", "grid-1", WEST, 3, 8),
    (WENHUA, "410105001001", "文化社区", "Wenhua community", "grid-2", JINSHUI, 4, 7),
    (BLOCK, "410105001001001", "文化一格", "Wenhua block 1", "grid-3", WENHUA, 5, 6),
    (HUAYUAN, "410105002", "花园路街道", "Huayuanlu street", "grid-1", WEST, 9, 10),
    (EAST, "410104", "管城区", "Guancheng district", "county", CITY, 12, 15),
    (EAST_STREET, "410104001", "东大街街道", "Dongdajie street", "grid-1", EAST, 13, 14),
]


@dataclass
class Clock:
    """The only fake: a clock that stands until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class City:
    """The accounts, by the unit they sit in; a second one where two persons are needed."""

    mayor: Actor = field(default_factory=lambda: Actor(account=1, unit=CITY))
    county: Actor = field(default_factory=lambda: Actor(account=2, unit=WEST))
    deputy: Actor = field(default_factory=lambda: Actor(account=3, unit=WEST))
    street: Actor = field(default_factory=lambda: Actor(account=4, unit=JINSHUI))
    east: Actor = field(default_factory=lambda: Actor(account=5, unit=EAST))


async def a_city(connection: Connection) -> City:
    """Insert the units, one leader each (member id = 100 + unit id), and the accounts."""
    async with connection.transaction():
        for unit in UNITS:
            await connection.execute(
                """
                INSERT INTO unit (id, code, name, name_en, level, parent, tree_left, tree_right)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
                """,
                unit,
            )
            if unit[0] != CITY:
                await a_member(connection, 100 + unit[0], unit=unit[0], role="leader")
        for account, unit in enumerate((CITY, WEST, WEST, JINSHUI, EAST), start=1):
            await connection.execute(
                "INSERT INTO account (id, name, password_hash, unit, member) VALUES (%s, %s, '', %s, %s)",
                [account, f"account-{account}", unit, 100 + WEST if account == 2 else None],
            )
    return City()


async def a_member(
    connection: Connection, member: int, *, unit: int, role: str = "volunteer", phone: str | None = "own"
) -> int:
    """Insert a member with a phone of their own unless told otherwise."""
    number = f"+86138{member:08d}" if phone == "own" else phone
    await connection.execute(
        "INSERT INTO member (id, code, name, phone) VALUES (%s, %s, %s, %s)",
        [member, f"m{member}", f"张{member}", number],
    )
    await connection.execute("INSERT INTO assignment (member, unit, role) VALUES (%s, %s, %s)", [member, unit, role])
    return member


async def a_terminal(connection: Connection, terminal: int, *, member: int) -> str:
    """Insert a terminal in somebody's hand; return its code."""
    await connection.execute(
        "INSERT INTO terminal (id, code, secret_salt, secret_hash, member) VALUES (%s, %s, '', '', %s)",
        [terminal, f"t{terminal}", member],
    )
    return f"t{terminal}"


async def a_last_fix(connection: Connection, terminal: int, *, lon: float, lat: float, at: datetime, grid: int) -> None:
    """Say where a terminal was last seen."""
    await connection.execute(
        """
        INSERT INTO terminal_state (terminal, fixed_at, received_at, lon, lat, grid, speed_dmps, heading_deg,
                                    accuracy_dm, altitude_m, battery_pct, interval_s, confirmed_grid, candidate_grid,
                                    candidate_count)
        VALUES (%(terminal)s, %(at)s, %(at)s, %(lon)s, %(lat)s, %(grid)s, 0, 0, 0, 0, 0, 30, %(grid)s, -1, 0)
        ON CONFLICT (terminal) DO UPDATE SET fixed_at = excluded.fixed_at, received_at = excluded.received_at,
                                             lon = excluded.lon, lat = excluded.lat, grid = excluded.grid
        """,
        {"terminal": terminal, "at": at, "lon": round(lon * 1e7), "lat": round(lat * 1e7), "grid": grid},
    )


async def a_position(
    connection: Connection, terminal: int, *, lon: float, lat: float, at: datetime, grid: int, flag: Flag
) -> None:
    """Store a position that no checkpoint knows of yet."""
    await connection.execute(
        """
        INSERT INTO position (fixed_at, terminal, delay_ms, lon, lat, grid, speed_dmps, heading_deg, accuracy_dm,
                              altitude_m, battery_pct, flags)
        VALUES (%s, %s, 0, %s, %s, %s, 0, 0, 0, 0, 0, %s)
        """,
        [at, terminal, round(lon * 1e7), round(lat * 1e7), grid, flag.value],
    )


def a_square(*, west: float, south: float, side: float = 0.01) -> bytes:
    return shapely.to_wkb(shapely.box(west, south, west + side, south + side))


async def a_team(connection: Connection, id_: int, *, unit: int, members: Iterable[int]) -> None:
    await connection.execute(
        "INSERT INTO work_team (id, code, name, unit) VALUES (%s, %s, %s, %s)", [id_, f"w{id_}", f"team {id_}", unit]
    )
    for member in members:
        await connection.execute("INSERT INTO work_team_member (team, member) VALUES (%s, %s)", [id_, member])


def a_content(**changes: Any) -> Content:
    """A yellow rainstorm for the street of Jingbalu, unless told otherwise."""
    given: dict[str, Any] = {
        "level": Level.YELLOW,
        "event": "rainstorm",
        "headline": "未来6小时强降雨",
        "description": "预计降雨量超过100毫米",
        "instruction": "请转移低洼处居民",
        "targets": (JINSHUI,),
    }
    return Content(**{**given, **changes})


def an_id() -> uuid.UUID:
    return uuid.uuid4()


async def all_of(connection: Connection, query: LiteralString) -> list[Any]:
    """Return all rows; those of one column as plain values."""
    cursor = await connection.execute(query)
    return [row[0] if len(row) == 1 else row for row in await cursor.fetchall()]


async def issued(desk: Desk, city: City, **changes: Any) -> Alert:
    """Draft and issue by the county, with an override where a second person would be needed."""
    draft, _ = await desk.draft(an_id(), city.county, a_content(**changes))
    return await desk.issue(draft.id, city.county, draft.version, override_reason="the tests are in a hurry")


async def drain(dispatcher: Dispatcher) -> int:
    """Send until nothing is queued in the dispatcher's lane."""
    total = 0
    while sent := await dispatcher.round():
        total += sent
    return total
