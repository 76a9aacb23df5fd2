"""Simulated and replayed terminals against Debian's Mosquitto, watched by a client that is not ours."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest

from simulators.fleet.summary import Summary
from simulators.program import replay, simulate
from simulators.replay import RefusedError
from simulators.roster import Credential, RosterError
from simulators.terminals.connector import AddressError

SIDE = 0.005  # degrees


class Broker:
    """A Mosquitto on a port of its own, that can be frozen, killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port: int = taken.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, password_file: Path | None = None) -> None:
        rule = f"password_file {password_file}" if password_file else "allow_anonymous true"
        self._config.write_text(f"listener {self.port} 127.0.0.1\n{rule}\nmax_queued_messages 0\nuser root\n")
        command = ["/usr/sbin/mosquitto", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - all ours
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
        raise TimeoutError("Mosquitto did not start")

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass
class Observer:
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    def said(self, word: str) -> list[tuple[str, Any]]:
        """(terminal, report) of every report on a topic that ends so; arrays taken apart."""
        found: list[tuple[str, Any]] = []
        for topic, payload in self.messages:
            if topic.endswith(f"/{word}"):
                said = json.loads(payload)
                found += [(topic.split("/")[3], each) for each in (said if isinstance(said, list) else [said])]
        return found


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path)
    yield started
    started.kill()


@contextlib.asynccontextmanager
async def observing(broker: Broker) -> AsyncGenerator[Observer]:
    observer = Observer()

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            observer.messages.append((message.topic.value, message.payload))

    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("#", qos=1)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen(client))
            yield observer
            listening.cancel()


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.02)


def a_roster(folder: Path, terminals: int) -> Path:
    places = [(column, row) for column in range(3) for row in range(3)]
    features: list[dict[str, Any]] = []
    for x, y in places:
        west, south = 113.6 + SIDE * x, 34.7 + SIDE * y
        ring = [[west + SIDE * a, south + SIDE * b] for a, b in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
        properties = {"code": f"G{x}{y}", "level": "grid-3"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    rows = [f"T{at:03d},secret-{at},M{at},G{at % 3}{at // 3 % 3}" for at in range(terminals)]
    (folder / "terminals.csv").write_text("\n".join(["terminal,secret,member,unit", *rows]))
    (folder / "grids.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder


class Watch:
    """Keeps the figures of a run while it runs."""

    def __init__(self) -> None:
        self.figures: Summary | None = None
        self.lines: list[str] = []
        self.is_ready = False

    def progress(self, figures: Summary) -> None:
        self.figures = figures

    def ready(self) -> None:
        self.is_ready = True

    @property
    def counts(self) -> Any:
        assert self.figures
        return self.figures.counts


async def test_every_terminal_connects_and_all_that_is_published_is_acknowledged(
    broker: Broker, tmp_path: Path
) -> None:
    broker.start()
    watch = Watch()
    async with observing(broker) as observer:
        summary = await simulate(
            roster=a_roster(tmp_path, 60),
            url=broker.url,
            terminals=60,
            interval_s=0.5,
            seed=1,
            duration_s=3.0,
            say=watch.lines.append,
            ready=watch.ready,
        )
        counts = summary.counts
        await until(lambda: len(observer.said("pos")) == counts.published)
    assert (counts.most_connected, counts.connections, counts.connected) == (60, 60, 0)
    assert counts.messages == counts.messages_acknowledged > 60 * 5
    assert counts.published == counts.acknowledged
    assert (summary.counts.unsettled, counts.reconnects, watch.lines, watch.is_ready) == (0, 0, [], True)
    assert {terminal for terminal, _ in observer.said("pos")} == {f"T{at:03d}" for at in range(60)}


async def test_a_clean_stop_leaves_every_terminal_offline(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    await simulate(roster=a_roster(tmp_path, 5), url=broker.url, terminals=5, interval_s=1.0, seed=1, duration_s=1.0)
    async with observing(broker) as observer:
        await until(lambda: len(observer.messages) == 5)
    assert dict(observer.messages) == {f"gw/v1/t/T{at:03d}/status": b"offline" for at in range(5)}


async def test_the_same_seed_publishes_the_same_positions(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    roster = a_roster(tmp_path, 10)
    runs = [await _published(broker, roster) for _ in range(2)]
    both = runs[0].keys() & runs[1].keys()
    assert len(both) > 20
    assert all(runs[0][key] == runs[1][key] for key in both)


async def _published(broker: Broker, roster: Path) -> dict[tuple[str, int], tuple[float, float]]:
    """Place by terminal and number of the report, of a short run."""
    async with observing(broker) as observer:
        summary = await simulate(roster=roster, url=broker.url, terminals=10, interval_s=0.5, seed=9, duration_s=2.0)
        await until(lambda: len(observer.said("pos")) == summary.counts.published)
    return {(who, fix["seq"]): (fix["lon"], fix["lat"]) for who, fix in observer.said("pos")}


async def test_unacknowledged_reports_are_sent_again_after_the_broker_was_killed(
    broker: Broker, tmp_path: Path
) -> None:
    broker.start()
    watch = Watch()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            simulate(
                roster=a_roster(tmp_path, 10),
                url=broker.url,
                terminals=10,
                interval_s=0.5,
                seed=1,
                duration_s=12.0,
                say=watch.lines.append,
                progress=watch.progress,
            )
        )
        await until(lambda: watch.figures is not None and watch.counts.messages_acknowledged > 10)
        broker.freeze()
        await until(lambda: watch.counts.messages > watch.counts.messages_acknowledged + 10)
        broker.kill()
        await until(lambda: watch.counts.connected == 0)
        broker.start()
        await until(lambda: watch.counts.connected == 10)
    summary = await running
    assert summary.counts.resent > 0
    assert summary.counts.reconnects == 10
    assert summary.counts.messages == summary.counts.messages_acknowledged
    assert summary.counts.unsettled == 0
    assert any("trying again" in line for line in watch.lines)


async def test_what_could_not_be_sent_leaves_as_an_array(broker: Broker, tmp_path: Path) -> None:
    watch = Watch()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            simulate(
                roster=a_roster(tmp_path, 3),
                url=broker.url,
                terminals=3,
                interval_s=0.2,
                seed=1,
                duration_s=6.0,
                say=watch.lines.append,
            )
        )
        await until(lambda: bool(watch.lines))
        broker.start()
        async with observing(broker) as observer:
            await until(lambda: any(payload.startswith(b"[") for _, payload in observer.messages))
            await running
            await until(lambda: len({(who, fix["seq"]) for who, fix in observer.said("pos")}) >= 3 * 25)
    assert "Connection refused; trying again" in watch.lines[0]
    assert running.result().counts.batches >= 1
    assert running.result().counts.dropped == 0


async def test_people_acknowledge_an_alert_that_wants_it_once(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    alert = {"alert": str(uuid4()), "version": 2, "kind": "issue", "level": "orange", "headline": "暴雨橙色预警"}
    watch = Watch()
    async with observing(broker) as observer, asyncio.TaskGroup() as group:
        running = group.create_task(
            simulate(
                roster=a_roster(tmp_path, 20),
                url=broker.url,
                terminals=20,
                interval_s=1.0,
                seed=1,
                duration_s=4.0,
                ready=watch.ready,
                answer_s=(0.0, 0.5),
            )
        )
        await until(lambda: watch.is_ready)
        async with aiomqtt.Client("127.0.0.1", broker.port) as desk:
            for _ in range(2):
                for at in range(20):
                    await desk.publish(f"gw/v1/t/T{at:03d}/alert", json.dumps(alert), qos=1)
            lift = alert | {"version": 3, "kind": "lift", "acknowledge": False}
            await desk.publish("gw/v1/t/T000/alert", json.dumps(lift), qos=1)
        counts = (await running).counts
        await until(lambda: len(observer.said("ack")) == counts.alerts_answered)
    assert counts.alerts_heard == 41
    assert 5 < counts.alerts_answered <= 20
    answers = observer.said("ack")
    assert len({terminal for terminal, _ in answers}) == len(answers)
    assert all(answer == {"alert": alert["alert"], "version": 2} for _, answer in answers)


async def test_the_emergency_button_has_its_own_topic_and_ids(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    async with observing(broker) as observer:
        summary = await simulate(
            roster=a_roster(tmp_path, 10),
            url=broker.url,
            terminals=10,
            interval_s=0.5,
            seed=1,
            duration_s=2.0,
            sos_per_hour=2_000.0,
        )
        await until(lambda: len(observer.said("sos")) == summary.counts.sos > 0)
    presses = [press for _, press in observer.said("sos")]
    assert len({press["id"] for press in presses}) == len(presses)
    assert all({"id", "t", "lon", "lat"} <= press.keys() for press in presses)


async def test_a_refused_terminal_is_said_and_counted(broker: Broker, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    broker.start(password_file=passwords)
    lines: list[str] = []
    summary = await simulate(
        roster=a_roster(tmp_path, 1),
        url=broker.url,
        terminals=1,
        interval_s=1.0,
        seed=1,
        duration_s=1.0,
        say=lines.append,
    )
    assert summary.counts.logins_refused >= 1
    assert summary.counts.messages == 0
    assert "terminal T000: the server does not let this terminal in; trying again" in lines[0]
    assert "secret-0" not in lines[0]


async def test_a_roster_that_is_too_small_and_an_address_of_nothing_are_refused(tmp_path: Path) -> None:
    roster = a_roster(tmp_path, 2)
    with pytest.raises(RosterError, match="2 terminals in it, 3 wanted"):
        await simulate(roster=roster, url="mqtt://127.0.0.1:1", terminals=3, interval_s=1.0, seed=1, duration_s=1.0)
    with pytest.raises(AddressError, match="wanted mqtt://host:port"):
        await simulate(roster=roster, url="127.0.0.1:1883", terminals=1, interval_s=1.0, seed=1, duration_s=1.0)


def a_walk(folder: Path) -> Path:
    path = folder / "walk.gpx"
    points = "\n".join(
        f'<trkpt lat="34.7" lon="{113.6 + at / 1000:.4f}"><time>2026-05-01T08:00:{at:02d}Z</time></trkpt>'
        for at in range(0, 50, 10)
    )
    path.write_text(f'<gpx><trk><trkseg>\n{points}\n<trkpt lat="95" lon="1"/></trkseg></trk></gpx>')
    return path


def a_phone(folder: Path) -> Path:
    path = folder / "2026-05.rec"
    said = [{"_type": "location", "tst": 1_777_622_400 + at, "lat": 34.7, "lon": 113.6} for at in (0, 20)]
    lines = [f"2026-05-01T08:00:00Z\t*                 \t{json.dumps(each)}" for each in said]
    path.write_text("\n".join([*lines, "not a line", ""]))
    return path


async def test_a_replay_moves_times_to_its_own_end_and_reports_bad_lines(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    lines: list[str] = []
    async with observing(broker) as observer:
        summary = await replay(
            files=[a_walk(tmp_path), a_phone(tmp_path), tmp_path / "gone.gpx"],
            url=broker.url,
            roster=a_roster(tmp_path, 4),
            skip=1,
            speed=40.0,
            say=lines.append,
        )
        ended_at = time.time()
        await until(lambda: len(observer.messages) >= 5 + 2 + 4)
    walk, phone = summary.files
    assert (walk.terminal, walk.read, walk.bad_lines, walk.published, walk.acknowledged) == ("T001", 5, 1, 5, 5)
    assert (phone.terminal, phone.read, phone.bad_lines, phone.published, phone.acknowledged) == ("T002", 2, 1, 2, 2)
    assert summary.unreadable == (f"{tmp_path / 'gone.gpx'}: No such file or directory",)
    assert f"{tmp_path / 'walk.gpx'}:7: a point without a time" in lines
    assert any(line.startswith(f"{tmp_path / '2026-05.rec'}:3: no recorder line") for line in lines)
    times = [fix["t"] for _, fix in observer.said("pos")]
    assert [later - times[0] for later in times] == [0, 10, 20, 30, 40]
    assert 0 <= ended_at - times[-1] < 5
    phones = [json.loads(payload)["tst"] for topic, payload in observer.messages if topic == "owntracks/T002/replay"]
    assert phones[1] - phones[0] == 20


async def test_a_replay_as_recorded_keeps_dates_and_says_which_are_old(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    lines: list[str] = []
    path = tmp_path / "old.gpx"
    path.write_text(a_walk(tmp_path).read_text().replace("2026-", "2016-"))
    async with observing(broker) as observer:
        await replay(
            files=[path],
            url=broker.url,
            credentials=[Credential(terminal="T9", secret="s")],
            speed=400.0,
            as_recorded=True,
            say=lines.append,
        )
        await until(lambda: len(observer.said("pos")) == 5)
    assert observer.said("pos")[0][1]["t"] == 1_462_089_600.0
    assert any("5 fixes are older than 90 days" in line for line in lines)


async def test_a_replay_that_is_not_let_in_ends_with_a_clear_word(broker: Broker, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    broker.start(password_file=passwords)
    with pytest.raises(RefusedError, match="the server refuses terminal T9"):
        await replay(
            files=[a_walk(tmp_path)], url=broker.url, credentials=[Credential(terminal="T9", secret="s")], speed=400.0
        )
