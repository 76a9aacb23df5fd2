"""SIGKILL at every point of every step, one run for each; another process goes on, and nothing may be missing or wrong.

Nobody of the audience is lost; nobody is told a version that was withdrawn before it left; what left twice is marked as
possibly so; each transition is in the audit once.
"""

import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.faultpoints import steps
from tests.faultpoints.victim import Faults, Step, Works, die, works
from tests.integration.alerts.builders import BLOCK, JINSHUI, NOON, WENHUA, a_city, a_terminal

pytestmark = [pytest.mark.faultpoints, pytest.mark.timeout(600)]

Connection = psycopg.AsyncConnection[Any]
LATER: Final = timedelta(minutes=2)  # the leases of who died have run out
AUDIENCE: Final = {100 + JINSHUI, 100 + WENHUA, 100 + BLOCK}
MOST: Final = 500  # points of a step; more is a step that never ends

# What was done before the step in which the process dies
BEFORE: Final[dict[Step, tuple[Step, ...]]] = {
    steps.issue: (),
    steps.issue_to_many: (),
    steps.finish: (steps.issue_to_many,),
    steps.dispatch: (steps.issue,),
    steps.receipt: (steps.issue, steps.dispatch),
    steps.acknowledge: (steps.issue, steps.dispatch),
    steps.escalate: (steps.issue, steps.dispatch, steps.acknowledge),
    steps.upgrade: (steps.issue, steps.dispatch),
    steps.cancel: (steps.issue, steps.dispatch),
    steps.withdraw: (steps.issue,),
}
# What there is to do afterwards, by whoever lives, until all is said
AFTER: Final = (steps.finish, steps.dispatch, steps.receipt)


@pytest.fixture
async def city(connection: Connection) -> Connection:
    await a_city(connection)
    await a_terminal(connection, 1, member=100 + WENHUA)
    return connection


@pytest.mark.parametrize("step", BEFORE, ids=lambda step: step.__name__)
async def test_a_kill_at_any_point_loses_nobody(
    city: Connection, database: str, tmp_path: Path, step: Step, record_property: Callable[[str, object], None]
) -> None:
    points: list[str] = []
    async with works(database, now=NOON, book=tmp_path / "nothing left yet", faults=Faults()) as living:
        while (where := await one_death(city, database, living, tmp_path, step, len(points))) is not None:
            points.append(where)
            assert len(points) < MOST
    assert {"before COMMIT", "after COMMIT"} <= set(points)
    record_property("points", len(points))


async def one_death(
    connection: Connection, dsn: str, living: Works, folder: Path, step: Step, fatal: int
) -> str | None:
    """Let one process die at point `fatal` of `step`, and `living` go on; return what it was, None: there is none."""
    alert, book, where = uuid4(), folder / f"left {fatal}", folder / f"where {fatal}"
    book.touch()
    living.office.book, living.clock.now = book, NOON
    for before in BEFORE[step]:
        await before(living, alert)
    now = living.clock()
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["tests.faultpoints.victim", "tests.faultpoints.steps"])
    victim = forked.Process(target=die, args=(dsn, now, book, where, step, alert, fatal))
    victim.start()
    victim.join()
    if victim.exitcode == 0:
        return None
    assert victim.exitcode == -signal.SIGKILL, f"the process ended by itself at point {fatal}"
    told_before = await kinds_told(connection, letters(book))
    living.clock.now = now + LATER
    await go_on(living, step, alert)
    try:
        await check(connection, alert, step, book, told_before)
    except AssertionError as error:
        raise AssertionError(f"killed at point {fatal}, {where.read_text()}: {error}") from error
    return where.read_text()


async def go_on(living: Works, step: Step, alert: UUID) -> None:
    await living.sweep()
    await step(living, alert)
    for after in AFTER:
        await after(living, alert)


async def check(connection: Connection, alert: UUID, step: Step, book: Path, told_before: Counter[str]) -> None:
    facts = await (
        await connection.execute("SELECT state, in_force, version FROM alert WHERE id = %s", [alert])
    ).fetchone()
    assert facts is not None
    state, in_force, _version = facts
    assert state == ("cancelled" if step in {steps.cancel, steps.withdraw} else "issued")
    rows = await deliveries(connection, alert)
    assert {row["state"] for row in rows} <= {"delivered", "expired"}, rows
    assert await members(connection, alert) == AUDIENCE
    told = {row["member"] for row in rows if row["kind"] == "telling" and row["version"] == in_force and has_left(row)}
    if step is steps.withdraw:
        assert told == set(), "told of a version that was withdrawn before it left"
        assert not told_before
    else:
        assert told == AUDIENCE, "somebody was lost"
    check_what_left(rows, book)
    await check_audit(connection, alert)


def has_left(row: dict[str, Any]) -> bool:
    return row["state"] == "delivered"


def check_what_left(rows: Sequence[dict[str, Any]], book: Path) -> None:
    """Each message that was delivered by SMS left, and none twice but where it is said to be possibly so."""
    left = Counter(letter["delivery"] for letter in letters(book))
    by_id = {row["id"]: row for row in rows}
    assert set(left) <= set(by_id)
    delivered = {row["id"] for row in rows if row["channel"] == "sms" and has_left(row)}
    assert delivered <= set(left), "delivered, and never left"
    for delivery, times in left.items():
        assert times == 1 or by_id[delivery]["is_possible_duplicate"], f"{by_id[delivery]} left {times} times, unmarked"
    by_sms = [row for row in rows if row["channel"] == "sms"]
    once = Counter((row["member"], row["version"], row["kind"], row["occasion"]) for row in by_sms)
    assert set(once.values()) == {1}


async def check_audit(connection: Connection, alert: UUID) -> None:
    cursor = await connection.execute(
        "SELECT action, detail->>'version', count(*) FROM audit WHERE subject = %s AND action LIKE %s GROUP BY 1, 2",
        [str(alert), "alert.%"],
    )
    assert {count for _action, _version, count in await cursor.fetchall()} == {1}


async def deliveries(connection: Connection, alert: UUID) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """
            SELECT id, member, version, kind, occasion, channel, state, is_possible_duplicate
            FROM delivery WHERE alert = %s ORDER BY id
            """,
            [alert],
        )
        return await cursor.fetchall()


async def members(connection: Connection, alert: UUID) -> set[int]:
    cursor = await connection.execute("SELECT member FROM audience WHERE alert = %s", [alert])
    return {row[0] for row in await cursor.fetchall()}


def letters(book: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in book.read_text().splitlines()]


async def kinds_told(connection: Connection, left_so_far: Sequence[dict[str, Any]]) -> Counter[str]:
    """Return how many messages of each kind had left."""
    left = [letter["delivery"] for letter in left_so_far]
    cursor = await connection.execute("SELECT kind FROM delivery WHERE id = ANY(%s)", [left])
    return Counter(row[0] for row in await cursor.fetchall())
