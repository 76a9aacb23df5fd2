"""Simulated viewers before a real dashboard: members move, viewers are slow, come back, switch, and end up right."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from dashboard import program
from dashboard.live.layout import MOST_POINTS
from simulators.ledger import FINAL, SEEN, read
from simulators.viewers.audience import watch
from simulators.viewers.plan import DIGEST, ROLL, Counts, Done, Event, Progress, Ready, Said, ViewersPlan, decode
from simulators.viewers.verdict import judge
from tests.core.simulators.test_viewers_checks import points
from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    LI,
    QIAN,
    WANG,
    WEST,
    ZHAO,
    Place,
    a_city,
    a_position,
    an_emergency,
)
from tests.integration.dashboard.running import free_port
from tracker.bus.interface import EVENTS, POSITIONS
from tracker.bus.local import LocalBus
from tracker.bus.messages import EmergencyPressed, encode

pytestmark = pytest.mark.timeout(90)
WITHIN_S = 60.0
PEOPLE = {CITY: (LI, WANG, ZHAO, QIAN), EAST: (LI, WANG, QIAN), WEST: (ZHAO,), EAST_LEAF: (LI,)}
NEWEST = np.dtype([("member", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])
FAULTS = ("out_of_order", "gaps", "strangers", "beyond_credit", "misfits")


@dataclass
class Town:
    """A dashboard on the real database that can be ended and started again, and people who move."""

    database: str
    port: int
    bus: LocalBus
    moves: int = 0
    last: dict[int, int] = field(default_factory=dict[int, int])  # longitude of each member

    @asynccontextmanager
    async def dashboard(self) -> AsyncGenerator[Place]:
        is_ready = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(
                program.run(
                    dsn=self.database,
                    bus=self.bus,
                    host="127.0.0.1",
                    port=self.port,
                    version="test",
                    link_secret=b"x",
                    ready=is_ready.set,
                )
            )
            await is_ready.wait()
            yield Place(f"127.0.0.1:{self.port}")
            running.cancel()

    async def move(self) -> None:
        """Move everybody but one, in turn, once."""
        self.moves += 1
        for member in PEOPLE[CITY]:
            if member != PEOPLE[CITY][self.moves % 4]:
                fix = a_position(member, lon=113.2 + self.moves / 10_000, age_s=0)
                self.last[member] = int(fix["lon"][0])
                await self.bus.publish(POSITIONS, fix.tobytes())

    async def headers(self, place: Place) -> dict[str, str]:
        async with place.logged_in("centre") as client:
            return {"Cookie": f"gw_session={client.cookies['gw_session']}"}


@pytest.fixture
async def town(database: str, connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[Town]:
    await a_city(connection)
    bus = LocalBus()
    yield Town(database, free_port(), bus)
    await bus.close()


def a_plan(place: Place, out: Path, **more: Any) -> ViewersPlan:
    wanted: dict[str, Any] = {
        "http": f"http://{place.address}",
        "units": [CITY, EAST, WEST, EAST_LEAF],
        "count": 20,
        "connect_within_s": 0.5,
        "duration_s": WITHIN_S,
        "starts_at": time.time(),
        "out": str(out),
        "seed": 3,
    }
    return ViewersPlan(**{**wanted, **more})


@dataclass
class Run:
    """Viewers at work beside the test."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[Event] = field(default_factory=list[Event])

    def hear(self, event: Event) -> None:
        self.said.append(decode(msgspec.json.encode(event)))

    @property
    def counts(self) -> Counts:
        return next((event.counts for event in reversed(self.said) if isinstance(event, Progress)), Counts())

    @property
    def done(self) -> Done:
        (done,) = (event for event in self.said if isinstance(event, Done))
        return done

    async def until(self, is_so: Callable[[Counts], bool], meanwhile: Callable[[], Any] | None = None) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not is_so(self.counts):
                if meanwhile is not None:
                    await meanwhile()
                await asyncio.sleep(0.1)


@asynccontextmanager
async def watching(plan: ViewersPlan) -> AsyncGenerator[Run]:
    """Stop the viewers at the end, and wait until they are done."""
    run = Run()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(plan, say=run.hear, stop=run.stop))
        try:
            yield run
        finally:
            run.stop.set()


def faults(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in FAULTS if getattr(counts, name)}


def a_roll(path: Path, people: Iterable[tuple[int, int]]) -> str:
    np.array(list(people), ROLL).tofile(path)
    return str(path)


async def test_slow_and_returning_viewers_end_up_with_the_newest_position_of_each_member(
    town: Town, tmp_path: Path
) -> None:
    roll = a_roll(tmp_path / "roll.bin", ((unit, member) for unit, members in PEOPLE.items() for member in members))
    async with town.dashboard() as place:
        plan = a_plan(
            place,
            tmp_path,
            headers=await town.headers(place),
            roll=roll,
            slow_share=0.4,
            slow_s=1.5,
            reconnect_share=0.5,
            reconnect_every_s=2.0,
            away_s=0.5,
            switch_share=0.3,
            switch_every_s=3.0,
        )
        async with watching(plan) as run:
            await run.until(
                lambda now: now.resumes >= 10 and now.switches >= 2 and now.connected >= 15, meanwhile=town.move
            )
    counts, done = run.done.counts, run.done
    assert faults(counts) == {}
    assert (done.wrong_at_end, done.wrong, counts.connected) == (0, [], 20)
    assert (counts.viewers, counts.units, counts.refused, counts.lost) == (20, 4, 0, 0)
    assert counts.slow >= 3
    assert done.members == sum(len(members) for members in PEOPLE.values())
    final, told = read(tmp_path / "final.bin", FINAL), read(tmp_path / "seen.bin", SEEN)
    assert {(row["member"], row["lon"]) for row in final[final["viewer"] == 0]} == set(town.last.items())
    newest = np.array([(member, 1, lon, 341_000_000) for member, lon in town.last.items()], NEWEST)
    assert judge(final, newest, everybody=True, until_ms=round(time.time() * 1000)).wrong == ()
    assert set(told["viewer"].tolist()) == {0, 1, 2, 3}  # those who measure
    assert set(town.last.items()) <= {(row["member"], row["lon"]) for row in told}
    digests = read(tmp_path / "digests.bin", DIGEST)
    assert len({(row["unit"], row["digest"]) for row in digests}) == 4


async def test_viewers_of_a_large_city_see_counts_by_grid_and_who_needs_help(
    town: Town, tmp_path: Path, connection: psycopg.AsyncConnection[Any]
) -> None:
    await connection.execute(
        """
        WITH crowd AS (
            INSERT INTO member (code, name) SELECT 'crowd' || n, '众' FROM generate_series(1, %s) AS n RETURNING id
        )
        INSERT INTO assignment (member, unit, role) SELECT id, %s, 'volunteer' FROM crowd
        """,
        [MOST_POINTS, EAST_LEAF],
    )
    await town.move()
    await town.move()
    async with town.dashboard() as place:
        plan = a_plan(
            place,
            tmp_path,
            headers=await town.headers(place),
            units=[CITY, EAST_LEAF],
            count=8,
            slow_share=0.5,
            slow_s=1.5,
            reconnect_share=0.5,
            reconnect_every_s=2.0,
            away_s=0.5,
        )
        async with watching(plan) as run:
            await run.until(lambda now: now.summaries >= 8, meanwhile=town.move)
            await an_emergency(connection, LI)
            await town.bus.publish(EVENTS, encode(EmergencyPressed(id=1, terminal=LI, member=LI)))
            await run.until(lambda now: now.resumes >= 4, meanwhile=town.move)
    assert faults(run.done.counts) == {}
    assert run.done.wrong_at_end == 0
    final = read(tmp_path / "final.bin", FINAL)
    assert [(row["member"], row["lon"]) for row in final[final["viewer"] == 0]] == [(LI, town.last[LI])]
    assert [(row["member"], row["lon"]) for row in final[final["viewer"] == 1]] == [(LI, town.last[LI])]


async def test_viewers_come_back_after_a_restart_and_start_anew(town: Town, tmp_path: Path) -> None:
    async with town.dashboard() as place:
        plan = a_plan(place, tmp_path, headers=await town.headers(place), count=8)
        viewers = watching(plan)
        run = await viewers.__aenter__()
        await run.until(lambda now: now.snapshots >= 8 and now.deltas >= 8, meanwhile=town.move)
    await run.until(lambda now: now.connected == 0)
    async with town.dashboard():
        await run.until(lambda now: now.reconnects == 8 and now.snapshots >= 16, meanwhile=town.move)
        await viewers.__aexit__(None, None, None)
    assert faults(run.done.counts) == {}
    assert run.done.counts.lost == 8
    assert run.done.wrong_at_end == 0
    assert any(isinstance(event, Said) and "lost the connection" in event.line for event in run.said)


async def test_who_may_not_look_is_refused_and_counted_wrong(town: Town, tmp_path: Path) -> None:
    async with town.dashboard() as place:
        plan = a_plan(place, tmp_path, headers={"Cookie": "gw_session=stolen"}, count=3, settle_s=0.5)
        async with watching(plan) as run:
            await run.until(lambda now: now.refused == 3)
    assert run.done.counts.connected == 0
    assert (run.done.wrong_at_end, run.done.wrong, run.done.away_at_end) == (3, [0, 1, 2], 3)


async def test_a_unit_that_is_not_there_is_said_and_counted(town: Town, tmp_path: Path) -> None:
    async with town.dashboard() as place:
        plan = a_plan(place, tmp_path, headers=await town.headers(place), units=[999], count=2, settle_s=0.5)
        async with watching(plan) as run:
            await run.until(lambda now: now.refused == 2)
    assert run.done.wrong_at_end == 2
    assert any(isinstance(event, Said) and "no unit 999" in event.line for event in run.said)


async def test_the_worker_says_ready_and_ends_well_at_a_signal(town: Town, tmp_path: Path) -> None:
    async with town.dashboard() as place:
        plan = a_plan(place, tmp_path / "out", headers=await town.headers(place), count=4)
        (tmp_path / "plan.json").write_bytes(msgspec.json.encode(plan))
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulators.viewers", str(tmp_path / "plan.json")),
            stdout=asyncio.subprocess.PIPE,
        )
        assert worker.stdout is not None
        events = [decode(await worker.stdout.readline())]
        while not isinstance(events[-1], Ready):
            events.append(decode(await worker.stdout.readline()))
        worker.send_signal(signal.SIGTERM)
        events += [decode(line) async for line in worker.stdout]
        assert await worker.wait() == 0
    done = events[-1]
    assert isinstance(done, Done)
    assert (done.counts.connected, done.wrong_at_end, done.counts.resumes) == (4, 0, 0)
    assert done.cpu_s > 0 < done.rss_kb


async def test_a_plan_that_is_none_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.viewers", str(tmp_path / "plan.json")),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await worker.communicate()
    assert worker.returncode == 1
    assert len(said.decode().splitlines()) == 1


async def test_a_server_that_forgets_a_row_for_one_viewer_is_found_out(tmp_path: Path) -> None:
    served: list[ServerConnection] = []
    began_s = time.monotonic()

    async def show(socket: ServerConnection) -> None:
        """Send the second who comes a first frame without one of the two members; then four quiet ticks a second."""
        served.append(socket)
        everybody = ((LI, 10, 1), (WANG, 20, 1))
        await socket.recv()
        await socket.send(points(1, *(everybody if socket is served[0] else everybody[:1]), new=True))
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(0.25 - (time.monotonic() - began_s) % 0.25)
                await socket.send(points(2 + round((time.monotonic() - began_s) * 4)))

    async with serve(show, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        plan = a_plan(Place(f"127.0.0.1:{port}"), tmp_path, units=[4], count=2, settle_s=5.0)
        async with watching(plan) as run:
            await run.until(lambda now: now.deltas >= 4)
    assert run.done.wrong_at_end == 1
    assert run.done.counts.connected == 2
