"""For those who know Locust: terminals (MQTT), viewers (WebSocket) and dispatchers (HTTP) as its users.

`make locust` opens its web page. The people move as in `gridwarden load`, by the same scenarios; how many there are is
Locust's to say. Of a scenario's events the people follow theirs (everybody_moves, lose_signal, sos), the dispatchers
issue its warnings; restarts, storms and firmware that misbehaves are the fleet's alone.

Locust patches the standard library when it starts: nothing but Locust may import this module.
"""

import json
import random
import socket
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import gevent
import httpx
import paho.mqtt.client as paho
from locust import HttpUser, User, between, events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.mqtt import MqttClient
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner
from websockets.exceptions import WebSocketException

from simulators.dispatchers.answers import Alert, DispatcherError, MemberPage, Preview, Units
from simulators.dispatchers.dispatcher import MARK, SEVERE, WHY_ALONE, content, draft, read, unit_of
from simulators.dispatchers.session import Session, open_session
from simulators.movement.cast import Cast
from simulators.roster import Handset, RosterError
from simulators.scenario.events import Warn
from simulators.scenario.reading import ScenarioError, read_scenario
from simulators.viewers.frames import BadFrameError
from simulators.viewers.window import OutOfOrderError, Window

HOST: Final = "http://127.0.0.1:8000"
PATIENCE_S: Final = 30.0  # for a CONNACK, a PUBACK, an answer
BACKLOG: Final = 500  # fixes kept without a signal, and the most in one array
WATCHED: Final = "grid-1"  # what most people look at: a street

Shape = TypeVar("Shape")


class Stage:
    """What the users of one process share: the people, the scenario's warnings, one session for all viewers."""

    def __init__(self, options: Any) -> None:
        """Raises RosterError, ScenarioError."""
        self.options: Final = options
        self.mqtt: Final = urlsplit(options.mqtt)
        self.scenario: Final = read_scenario(options.scenario)
        where, seed = Path(options.roster), options.seed
        self.cast: Final = Cast(where, self.scenario, skip=options.skip, most=options.terminals, seed=seed)
        self._session: Session | None = None
        self._lock: Final = threading.Lock()
        self._warnings: list[Warn] = []

    def begin(self, worker: int) -> None:
        """Start from the beginning. Of several workers the first issues the warnings."""
        self.cast.begin(worker)
        warnings = [] if worker else [event for event in self.scenario.events if isinstance(event, Warn)]
        self._warnings = sorted(warnings, key=lambda event: event.at_s, reverse=True)

    def due_warning(self) -> Warn | None:
        """Return a warning of the scenario whose moment has come, once."""
        is_due = self._warnings and self._warnings[-1].at_s <= time.time() - self.cast.started_at
        return self._warnings.pop() if is_due else None

    def session(self, host: str) -> Session:
        """Raises DispatcherError."""
        with self._lock:
            if self._session is None:
                self._session = open_session(host, self.options.account, self.options.password)
            return self._session


def stage_of(environment: Environment) -> Stage:
    return environment.stage  # pyright: ignore[reportAttributeAccessIssue] - set by `_set_up`


@events.init_command_line_parser.add_listener
def _add_options(parser: LocustArgumentParser) -> None:
    for name, default, words in (
        ("roster", ".gridwarden/city", "Folder of terminals.csv and grids.geojson"),
        ("scenario", "steady", "A shipped scenario's name, or a file"),
        ("mqtt", "mqtt://127.0.0.1:1883", "Where terminals connect"),
        ("account", "commander", "Who looks at the map and issues warnings"),
        ("skip", 500, "Leave out so many of the roster: those that are simulated"),
        ("terminals", 1000, "The most of one process"),
        ("seed", 1, "Same seed, same walks"),
    ):
        parser.add_argument(
            f"--{name}",
            type=type(default),
            default=default,
            env_var=f"LOCUST_{name.upper()}",
            help=words,
            include_in_web_ui=False,
        )
    parser.add_argument(
        "--password", default="", env_var="LOCUST_PASSWORD", is_secret=True, help="As `gridwarden up` prints it"
    )


@events.init.add_listener
def _set_up(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    environment.host = environment.host or HOST
    try:
        httpx.get(f"{environment.host}/healthz", timeout=PATIENCE_S).raise_for_status()
        mqtt = urlsplit(options.mqtt)
        socket.create_connection((mqtt.hostname or "", mqtt.port or 1883), PATIENCE_S).close()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        where = f"{environment.host} and {options.mqtt}"
        _leave(f"nothing to load at {where} ({error}): start `make demo` first, or say where (PORT=, MQTT_PORT=)")
    if options.headless and not options.password:
        _leave(f"the password of {options.account} is missing (PASSWORD=): `make demo` has printed it")
    try:
        environment.stage = Stage(options)  # pyright: ignore[reportAttributeAccessIssue] - read by `stage_of`
    except (RosterError, ScenarioError) as error:
        _leave(str(error))


@events.test_start.add_listener
def _begin(environment: Environment, **_: Any) -> None:
    if not isinstance(environment.runner, MasterRunner):
        stage_of(environment).begin(getattr(environment.runner, "worker_index", 0))


def _leave(why: str) -> NoReturn:
    print(f"locust: {' '.join(why.split())}", file=sys.stderr)  # noqa: T201
    sys.exit(1)


class Told(User):
    """A user whose requests Locust does not see by itself."""

    abstract = True
    kind = ""

    def tell(self, name: str, began_at: float, *, length: int = 0, trouble: Exception | None = None) -> None:
        """Report what began at `began_at` (epoch s) and has ended now."""
        self.environment.events.request.fire(
            request_type=self.kind,
            name=name,
            response_time=max(0.0, time.time() - began_at) * 1e3,
            response_length=length,
            exception=trouble,
            context={},
        )


class Terminal(Told):
    """One person's terminal. A message's time runs from the moment it was due to its PUBACK."""

    weight = 90
    kind = "MQTT"

    def on_start(self) -> None:
        stage = stage_of(self.environment)
        found = stage.cast.next_person()
        if found is None:
            raise StopUser
        self._who, handset = found
        self._cast = stage.cast
        self._prefix = f"gw/v1/t/{handset.credential.terminal}/"
        self._kept: deque[dict[str, float]] = deque(maxlen=BACKLOG)
        self._is_pressed = False
        self._connected = threading.Event()
        self._client = _client(self.environment, handset, self._connected)
        began_at = time.time()
        self._client.connect_async(stage.mqtt.hostname or "", stage.mqtt.port or 1883, keepalive=60)
        self._client.loop_start()
        is_up = self._connected.wait(PATIENCE_S)
        self.tell("connect", began_at, trouble=None if is_up else ConnectionError("no CONNACK, or a refusal"))
        if not is_up:
            raise StopUser

    def on_stop(self) -> None:
        if hasattr(self, "_client"):
            self._client.disconnect()
            self._client.loop_stop()

    @task
    def report(self) -> None:
        said = self._cast.next_report(self._who)
        late_s = time.time() - said.due_at
        if late_s > self._cast.scenario.interval_s:
            return  # it was due before this person came
        gevent.sleep(max(0.0, -late_s))
        self._is_pressed = self._is_pressed or said.is_emergency
        if said.fix is not None:
            self._kept.append(said.fix)
            if said.has_signal:
                self._say(said.fix, said.due_at)

    def _say(self, fix: dict[str, float], due_at: float) -> None:
        """Publish what was kept, and the press of the button."""
        said = list(self._kept)
        self._kept.clear()
        self._publish("pos", said[0] if len(said) == 1 else said, due_at)
        if self._is_pressed:
            self._is_pressed = False
            self._publish("sos", {"id": f"locust-{fix['seq']}-{int(self._cast.started_at)}", **fix}, due_at)

    def _publish(self, word: str, said: object, due_at: float) -> None:
        payload = json.dumps(said, separators=(",", ":")).encode()
        trouble: Exception | None = None
        try:
            # Not the client's own way, which tells Locust of each topic apart
            message = paho.Client.publish(self._client, self._prefix + word, payload, qos=1)
            message.wait_for_publish(PATIENCE_S)
            if not message.is_published():
                trouble = TimeoutError(f"no PUBACK within {PATIENCE_S:.0f} s")
        except (RuntimeError, ValueError) as error:  # paho's, when there is no connection or no room
            trouble = error
        self.tell(f"publish {word}", due_at, length=len(payload), trouble=trouble)


def _client(environment: Environment, handset: Handset, connected: threading.Event) -> MqttClient:
    """Return a client of Locust's kind, since its loop holds more than 340 connections, without its events."""

    def came(_client: paho.Client, _data: Any, _flags: Any, code: int) -> None:
        if not code:
            connected.set()

    name = handset.credential.terminal
    client = MqttClient(environment=environment, client_id=f"locust-{name}", use_loop_selectors=True)
    client.on_publish = client.on_disconnect = None
    client.on_connect = came
    client.reconnect_delay_set(1, 60)
    client.username_pw_set(name, handset.credential.secret)
    return client


class Viewer(Told):
    """One browser at the live map of a street. A frame's time runs from the server's clock in it to its arrival."""

    weight = 8
    kind = "WS"

    def on_start(self) -> None:
        stage, host = stage_of(self.environment), str(self.host)
        began_at = time.time()
        try:
            session = stage.session(host)
        except DispatcherError as error:
            self.tell("log in", began_at, trouble=error)
            raise StopUser from error
        streets = [unit for unit in session.units if unit.level == WATCHED] or list(session.units)
        self._window = Window(host, headers=session.headers, unit=random.choice(streets).id)
        self._habits = stage.scenario.viewers
        self._is_slow = random.random() < self._habits.slow_share

    @task
    def watch(self) -> None:
        """One connection, until the scenario wants another."""
        name = "snapshot" if self._window.last is None else "resume"
        began_at, stays_s = time.time(), self._habits.reconnect_every_s or float("inf")
        try:
            with self._window.open():
                first = self._window.next_frame()
                self.tell(name, began_at, length=first.rows)
                while time.time() - began_at < stays_s:
                    frame = self._window.next_frame()
                    self.tell("frame", frame.server_time_ms / 1e3, length=frame.rows)
                    gevent.sleep(self._habits.slow_s if self._is_slow else 0)
        except (WebSocketException, OSError, BadFrameError, OutOfOrderError) as error:  # TimeoutError is an OSError
            self.tell("watch", began_at, trouble=error)
            gevent.sleep(1)


class Dispatcher(HttpUser):
    """One person at the desk: looks at units and warnings, previews one; issues those of the scenario."""

    weight = 2
    wait_time = between(1, 5)

    def on_start(self) -> None:
        self.client.headers.update(MARK)
        options = stage_of(self.environment).options
        said = {"name": options.account, "password": options.password}
        if self._ask("POST", "/api/login", object, said) is None:
            raise StopUser
        found = self._ask("GET", "/api/units", Units)
        self._units = () if found is None else found.units

    @task
    def work(self) -> None:
        warning = stage_of(self.environment).due_warning()
        if warning is not None:
            self._warn(warning)
        random.choice((self._look_at_people, self._look_at_alerts, self._preview))()

    def _look_at_people(self) -> None:
        unit = random.choice(self._units)
        self._ask("GET", f"/api/units/{unit.id}/members?limit=50", MemberPage, name="/api/units/[unit]/members")

    def _look_at_alerts(self) -> None:
        self._ask("GET", "/api/alerts", object)

    def _preview(self) -> None:
        street = unit_of(self._units, "street")
        if street is not None:
            self._ask("POST", "/api/alerts/preview", Preview, content("blue", street.id, "Load test"))

    def _warn(self, warning: Warn) -> None:
        unit = unit_of(self._units, warning.unit)
        if unit is None:
            return
        said = content(warning.level, unit.id, warning.headline)
        self._ask("POST", "/api/alerts/preview", Preview, said)
        made = self._ask("POST", "/api/alerts", Alert, draft(said))
        if made is not None:
            why = {"override_reason": WHY_ALONE} if warning.level in SEVERE else {}
            body = {"expected_version": made.version, **why}
            self._ask("POST", f"/api/alerts/{made.id}/issue", Alert, body, name="/api/alerts/[alert]/issue")

    def _ask(
        self, method: str, path: str, shape: type[Shape], body: dict[str, Any] | None = None, *, name: str | None = None
    ) -> Shape | None:
        """Return the answer; None when it was a refusal, which Locust then counts as a failure."""
        with self.client.request(method, path, json=body, name=name or path, catch_response=True) as response:
            try:
                return read(f"{method} {path}", response.status_code, response.content or b"", shape)
            except DispatcherError as error:
                response.failure(error)
                return None
