"""Rules of every kind over the reference city: what a round costs when all begins, and when little changed.

270,342 members, all with a terminal: three quarters on-line, a quarter silent, each in their own grid; some hundred out
of their grids, some presses. One rule of each kind watches the whole city. `first_round_s` takes in everything at once;
then, in each minute, one in two hundred of them changes. Times are of the program's own `judge_due`, its drafts and its
cases included, on a cluster with fsync; `nothing_due_s` is a tick at which no rule is due.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

import psycopg

from alerts.core.levels import Level
from alerts.core.rules import Does, Kind, Measure, Rule
from alerts.rule_watch import RuleWatch
from alerts.store import rules
from benchmarks.cluster import a_cluster, an_issuer
from tracker.bus.local import LocalBus
from tracker.city.generator import REFERENCE, generate
from tracker.city.load import load_city
from tracker.database.migrate import migrate
from tracker.database.partitions import ensure_partitions
from tracker.database.pool import open_pool

SEED: Final = 7
ROUNDS: Final = 7
MINUTE: Final = timedelta(seconds=61)

Connection = psycopg.AsyncConnection[Any]


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        await load_city(cluster.dsn, generate(SEED, REFERENCE), folder=cluster.folder / "roster")
        now = datetime.now(UTC)
        async with await Connection.connect(cluster.dsn, autocommit=True) as connection:
            await ensure_partitions(connection, now.date())
            city = await an_issuer(connection)
            await _people_the_city(connection, now)
            for rule in _rules(city):
                made = await rules.add(connection, rule)
                await rules.note_version(connection, made, rule, account=1, at=now)
                await rules.switch(connection, made, is_on=True, account=1, at=now)
            await connection.execute("VACUUM (ANALYZE)")
            async with await open_pool(cluster.dsn, name="bench", size=4) as pool:
                moment = now
                watch = RuleWatch(pool, LocalBus(), lambda: moment)
                first = await _judge_s(watch)
                idle = median([await _judge_s(watch) for _ in range(ROUNDS)])
                usual: list[float] = []
                for number in range(ROUNDS):
                    moment = now + MINUTE * (number + 1)
                    await _let_a_minute_pass(connection, number, moment)
                    usual.append(await _judge_s(watch))
            figures = await _counted(connection)
    return {
        **figures,
        "first_round_s": first,
        "nothing_due_s": idle,
        "round_s": median(usual),
        "round_worst_s": max(usual),
    }


def _rules(city: int) -> list[Rule]:
    def rule(kind: Kind, **more: Any) -> Rule:
        return Rule(unit=city, name=kind.value, kind=kind, level=Level.BLUE, does=Does.CASE, **more)

    return [
        rule(Kind.SOS, hold_min=0),
        rule(Kind.SILENT, together="grid-2"),
        rule(Kind.OUTSIDE),
        rule(Kind.GRID_EMPTY, at_level="grid-3", together="grid-1"),
        rule(Kind.CROWDING, at_level="grid-3", bound=20),
        rule(Kind.COUNT, measure=Measure.ONLINE, is_below=True, bound=40, at_level="grid-2", together="county"),
    ]


async def _people_the_city(connection: Connection, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO terminal_state (terminal, fixed_at, received_at, lon, lat, grid, speed_dmps, heading_deg,
            accuracy_dm, altitude_m, battery_pct, interval_s, confirmed_grid, candidate_grid, candidate_count,
            is_silent)
        SELECT t.id, %(now)s - late, %(now)s - late, 1136000000, 347000000, a.unit, 0, 0, 50, 100, 80, 30, a.unit, -1,
            0, is_silent
        FROM terminal t JOIN assignment a ON a.member = t.member AND a.is_primary
        CROSS JOIN LATERAL (SELECT t.id %% 4 = 0 AS is_silent) AS who
        CROSS JOIN LATERAL (
            SELECT CASE WHEN is_silent THEN interval '30 min' ELSE t.id %% 30 * interval '1 s' END AS late
        ) AS heard
        WHERE t.closed_at IS NULL
        """,
        {"now": now},
    )
    await connection.execute(
        """
        INSERT INTO presence_event (terminal, at, kind, grid, member, grid_set)
        SELECT terminal, received_at, CASE WHEN is_silent THEN 'silent' ELSE 'online' END, confirmed_grid, member, 1
        FROM terminal_state JOIN terminal ON terminal.id = terminal
        """
    )
    await connection.execute(
        """
        INSERT INTO outing (member, since, opened_at, terminal, grid)
        SELECT DISTINCT ON (member) member, %(now)s - interval '20 min', %(now)s - interval '15 min', id, 0
        FROM terminal WHERE id %% 1000 = 1 AND member IS NOT NULL
        """,
        {"now": now},
    )
    await connection.execute(
        """
        INSERT INTO emergency (terminal, sos_id, member, pressed_at, received_at)
        SELECT id, 'press', member, %(now)s, %(now)s FROM terminal WHERE id %% 10000 = 2 AND member IS NOT NULL
        """,
        {"now": now},
    )


async def _let_a_minute_pass(connection: Connection, number: int, moment: datetime) -> None:
    """Everybody who is on-line is heard; one in two hundred falls silent, or is heard again."""
    await connection.execute(
        """
        UPDATE terminal_state
        SET is_silent = is_silent <> (terminal %% 200 = %(number)s), received_at = %(moment)s - interval '1 s'
        WHERE NOT is_silent OR terminal %% 200 = %(number)s
        """,
        {"number": number, "moment": moment},
    )
    await connection.execute(
        """
        INSERT INTO presence_event (terminal, at, kind, grid, member, grid_set)
        SELECT terminal, received_at, CASE WHEN is_silent THEN 'silent' ELSE 'online' END, confirmed_grid, member, 1
        FROM terminal_state JOIN terminal ON terminal.id = terminal WHERE terminal %% 200 = %(number)s
        """,
        {"number": number},
    )


async def _judge_s(watch: RuleWatch) -> float:
    began = time.perf_counter()
    await watch.judge_due()
    return time.perf_counter() - began


async def _counted(connection: Connection) -> dict[str, float]:
    cursor = await connection.execute(
        """
        SELECT (SELECT count(*) FROM terminal_state)::float, (SELECT count(*) FROM rule_case)::float,
            (SELECT count(*) FROM rule_spell)::float
        """
    )
    row = await cursor.fetchone() or (0.0, 0.0, 0.0)
    return dict(zip(("terminals", "cases", "spells"), row, strict=True))
