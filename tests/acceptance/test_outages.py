"""What is acknowledged is stored once, whatever is killed; what is not there is said in one line and waited for."""

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
import pytest

from gridwarden.embedded import EmbeddedPostgres
from tests.running import descendants, free_port, gridwarden, is_alive, one_line, running
from tests.strangers import Credential, Terminal, a_fix, at_the_desk, credentials, mosquitto_pub, until

PAUSE_S = 0.002  # between two packets of a publisher


class Publisher(Terminal):
    """A terminal that goes on publishing fixes at QoS 1, whatever becomes of the connection."""

    def __init__(self, port: int, credential: Credential) -> None:
        super().__init__(port, credential)
        self._said: dict[int, float] = {}  # packet identifier -> time of its fix; the test says fewer than 65,535
        self._answered: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish)
        self.client.on_publish = self._acknowledge

    def __enter__(self) -> Self:
        super().__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        super().__exit__()

    @property
    def acknowledged(self) -> list[float]:
        return [self._said[number] for number in tuple(self._answered) if number in self._said]

    def goes_on(self, count: int = 300) -> None:
        """Wait for so many further acknowledgements."""
        enough = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= enough)

    def finish(self) -> list[float]:
        """Say nothing new, wait for what is not acknowledged yet, return the times of all the fixes."""
        self._stop.set()
        self._thread.join()
        until(lambda: len(self.acknowledged) == len(self._said))
        return self.acknowledged

    def _publish(self) -> None:
        while not self._stop.wait(PAUSE_S):
            fix = a_fix()
            self._said[self.client.publish(self.own + "pos", json.dumps(fix), qos=1).mid] = fix["t"]

    def _acknowledge(self, _client: object, _data: object, number: int, *_: object) -> None:
        self._answered.append(number)


class Service:
    """A server that the test starts and kills; its port stays the same."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        out = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=out, stderr=out)  # noqa: S603 - fixed programs

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Generator[Service]:
    port = free_port()
    configuration = tmp_path / "mosquitto.conf"
    unbounded = "max_inflight_messages 0\nmax_queued_messages 0\n"  # else it holds 20 in flight and drops after 1,000
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{unbounded}")
    server = Service(["/usr/sbin/mosquitto", "-c", str(configuration)], port)
    yield server
    server.kill()


@pytest.fixture
def redis() -> Generator[Service]:
    port = free_port()
    server = Service(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], port)
    yield server
    server.kill()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Generator[EmbeddedPostgres]:
    """An operator's own PostgreSQL, stopped."""
    cluster = EmbeddedPostgres(tmp_path / "elsewhere")
    cluster.start()
    cluster.stop()
    yield cluster
    cluster.stop()


def stored(dsn: str, terminal: str) -> Counter[float]:
    """Return how often each fix of the terminal is in the table."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT extract(epoch FROM fixed_at)::float8 FROM position JOIN terminal ON terminal.id = terminal"
            " WHERE code = %s",
            [terminal],
        )
        return Counter(round(t, 3) for (t,) in found)


def assert_stored_once(dsn: str, terminal: str, times: list[float]) -> None:
    assert stored(dsn, terminal) == Counter(times)


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def is_on_the_map(desk: httpx.Client, credential: Credential, fix: dict[str, Any]) -> bool:
    unit = desk.get("/api/me").json()["unit"]["id"]
    members = desk.get(f"/api/units/{unit}/members", params={"q": credential.member}).json()["members"]
    [last] = [member["last"] for member in members if member["code"] == credential.member]
    return last is not None and round(last["lon"], 5) == round(fix["lon"], 5)


def test_a_killed_database_loses_nothing_that_was_acknowledged(data: Path) -> None:
    with running(data) as up, Publisher(up.mqtt_port, credentials(data)[0]) as publisher:
        publisher.goes_on()
        os.kill(postmaster(data), signal.SIGKILL)
        publisher.goes_on()
        os.kill(postmaster(data), signal.SIGKILL)
        publisher.goes_on()
        times = publisher.finish()
        assert_stored_once(EmbeddedPostgres(data).dsn, credentials(data)[0].terminal, times)
        said = up.said()
    assert said.count("the embedded database died") == 2
    assert said.count("the embedded database runs again") == 2


def test_a_killed_gridwarden_loses_nothing_and_starts_again_on_its_folder(data: Path) -> None:
    mqtt = ("--mqtt-port", str(free_port()))
    with running(data, *mqtt) as first, Publisher(first.mqtt_port, credentials(data)[0]) as publisher:
        publisher.goes_on()
        family = descendants(first.process.pid)
        assert family
        first.process.kill()
        first.process.wait()
        until(lambda: not any(is_alive(pid) for pid in family))
        before = publisher.acknowledged
        with running(data, *mqtt):
            dsn, terminal = EmbeddedPostgres(data).dsn, credentials(data)[0].terminal
            assert not Counter(before) - stored(dsn, terminal)
            publisher.goes_on()
            assert_stored_once(dsn, terminal, publisher.finish())


def test_a_start_right_after_the_kill_waits_for_the_old_database_to_end(data: Path) -> None:
    with running(data, "--simulate", "50") as first:
        first.wait_for(lambda health: int(health["positions_stored"]) >= 50)
        first.process.kill()
        first.process.wait()
        with running(data, "--simulate", "50") as second:
            second.wait_for(lambda health: int(health["positions_stored"]) >= 50)


def test_a_broker_that_is_not_there_yet_is_waited_for_and_may_be_killed(data: Path, broker: Service) -> None:
    address = f"mqtt://127.0.0.1:{broker.port}"
    with running(data, "--broker", address, react={"waiting for the broker": broker.start}) as up:
        dsn, own = EmbeddedPostgres(data).dsn, credentials(data)[0]
        with Publisher(broker.port, own) as publisher:
            until(lambda: len(stored(dsn, own.terminal)) >= 100)
            broker.kill()
            broker.start()
            enough = len(stored(dsn, own.terminal)) + 100
            until(lambda: len(stored(dsn, own.terminal)) >= enough)
            publisher.finish()
        assert mosquitto_pub(broker.port, own, "gw/v1/t/nobody/pos", "{}") == 0
        until(lambda: int(up.health()["refused"]) == 1)
        with at_the_desk(up.url, up.login) as desk:
            assert desk.get("/api/ingest").json()["refusals"] == [{"reason": "unknown terminal", "reports": 1}]
        said = up.said()
    assert said.count(f"connected to the broker at 127.0.0.1:{broker.port}") == 2
    assert said.count("waiting for the broker") == 2


def test_a_database_that_is_not_there_yet_is_waited_for_and_may_be_killed(
    data: Path, elsewhere: EmbeddedPostgres
) -> None:
    options = ("--database", elsewhere.dsn)
    with running(data, *options, react={"waiting for the database": elsewhere.start}) as up:
        own = credentials(data)[0]
        with Publisher(up.mqtt_port, own) as publisher:
            publisher.goes_on()
            assert elsewhere.pid
            os.kill(elsewhere.pid, signal.SIGKILL)
            elsewhere.start()
            publisher.goes_on()
            assert_stored_once(elsewhere.dsn, own.terminal, publisher.finish())
        assert up.said().count("waiting for the database") == 1


def test_redis_may_be_missing_and_may_be_killed_and_the_map_goes_on(data: Path, redis: Service) -> None:
    with running(data, "--redis", f"redis://127.0.0.1:{redis.port}") as up:
        assert "Redis does not answer" in "\n".join(up.output)
        own = credentials(data)[0]
        with Terminal(up.mqtt_port, own) as terminal, at_the_desk(up.url, up.login) as desk:
            lost, back = "bus.lost", "bus.back"
            changes = ((lambda: None, lost, 1), (redis.start, back, 1), (redis.kill, lost, 2), (redis.start, back, 2))
            for number, (change, event, times) in enumerate(changes):
                change()
                fix = a_fix(lon=113.6253 + number * 1e-5)  # a step of a metre: a leap would not be believed
                terminal.say("pos", fix)
                until(lambda fix=fix: is_on_the_map(desk, own, fix))
                until(lambda event=event, times=times: up.log().count(event) == times)
        said = up.said()
    assert said.count("Redis does not answer") == 2
    assert said.count("Redis is back") == 2


WRONG = {
    "a broker of another scheme": ("--broker", "http://127.0.0.1:1883", "write mqtt://host:1883"),
    "a broker without host": ("--broker", "mqtt://", "write mqtt://host:1883"),
    "a broker with a port in words": ("--broker", "mqtt://127.0.0.1:door", "broker URL"),
    "a database of another scheme": ("--database", "http://127.0.0.1/x", "connection"),
    "a database with a port in words": ("--database", "postgresql://127.0.0.1:door/x", "port"),
    "a Redis of another scheme": ("--redis", "http://127.0.0.1:6379", "write redis://host:6379/0"),
    "a Redis with a port in words": ("--redis", "redis://127.0.0.1:door", "write redis://host:6379/0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_url_is_refused_in_one_line(data: Path, name: str) -> None:
    option, url, hint = WRONG[name]
    line = one_line(gridwarden("up", "--data", str(data), "--port", str(free_port()), option, url))
    assert line.startswith("gridwarden: ")
    assert hint in line
