"""Terminals that are not ours: paho-mqtt as firmware would use it, and the people at the desk as HTTP clients."""

import csv
import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

ANSWER_S = 30.0
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Credential:
    terminal: str
    secret: str
    member: str = ""  # the code of who carries it


def credentials(data: Path) -> list[Credential]:
    with (data / "city" / "terminals.csv").open() as file:
        return [Credential(row["terminal"], row["secret"], row["member"]) for row in csv.DictReader(file)]


def a_fix(**fields: Any) -> dict[str, Any]:
    """A good fix of an instant that no other call names."""
    t = round(time.time() - 1000 + next(_numbers) * 0.01, 3)
    return {"t": t, "lon": 113.6253, "lat": 34.7466, "acc": 5} | fields


class Terminal:
    """One connection of a terminal. `say` returns when the packet was acknowledged."""

    def __init__(
        self,
        port: int,
        credential: Credential,
        *,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
        client_id: str | None = None,
    ) -> None:
        name = client_id or f"{credential.terminal}-{next(_numbers)}"
        kept = None if version is MQTTProtocolVersion.MQTTv5 else False  # paho's word for MQTT 5 is another
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=version, clean_session=kept)
        self.client.username_pw_set(credential.terminal, credential.secret)
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(100)
        self.client.on_message = self._hear
        self.client.on_subscribe = self._granted
        self.own = f"gw/v1/t/{credential.terminal}/"
        self.heard: list[paho.MQTTMessage] = []
        self._subscribed = threading.Event()
        self._port = port

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self._port, keepalive=30)
        self.client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, word: str, payload: bytes | str | dict[str, Any] | list[Any], *, qos: int = 1) -> None:
        """Publish on an own topic, or on any other when `word` holds a slash; return at the PUBACK."""
        topic = word if "/" in word else self.own + word
        body = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        info = self.client.publish(topic, body, qos=qos)
        info.wait_for_publish(ANSWER_S)
        assert info.is_published(), f"no acknowledgement for {topic}"

    def subscribe(self, word: str) -> None:
        self._subscribed.clear()
        self.client.subscribe(self.own + word, qos=1)
        assert self._subscribed.wait(ANSWER_S)

    def hears(self, count: int) -> list[paho.MQTTMessage]:
        until(lambda: len(self.heard) >= count)
        return self.heard

    def _granted(self, *_: object) -> None:
        self._subscribed.set()

    def _hear(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.heard.append(message)


def until(holds: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Wait for a condition in another process; fails the test when it does not come true in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def mosquitto_pub(port: int, credential: Credential, topic: str, payload: str) -> int:
    """Publish at QoS 1 with Mosquitto's client; return its exit code."""
    who = ["-u", credential.terminal, "-P", credential.secret]
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), *who, "-q", "1", "-t", topic, "-m", payload]
    return subprocess.run(command, capture_output=True, check=False, timeout=ANSWER_S).returncode  # noqa: S603


@contextmanager
def at_the_desk(url: str, login: tuple[str, str]) -> Generator[httpx.Client]:
    """Somebody who has logged in."""
    said = {"X-Requested-With": "gridwarden"}
    with httpx.Client(base_url=url, headers=said, timeout=30) as desk:
        answer = desk.post("/api/login", json={"name": login[0], "password": login[1]})
        assert answer.status_code == 200, answer.text
        yield desk
