"""A warning issued at the desk arrives at a leader's terminal, is answered there, and the desk sees the answer."""

import json
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Running, running
from tests.strangers import Credential, Terminal, a_fix, at_the_desk, credentials, until


@pytest.fixture
def up(data: Path) -> Generator[Running]:
    with running(data) as started:
        yield started


@pytest.fixture
def desk(up: Running) -> Generator[httpx.Client]:
    with at_the_desk(up.url, up.login) as logged_in:
        yield logged_in


def leaders_terminal(desk: httpx.Client, data: Path) -> tuple[dict[str, Any], Credential]:
    """Return a leader of a first-level grid who carries a terminal, and its credential."""
    by_code = {credential.terminal: credential for credential in credentials(data)}
    units = [unit for unit in desk.get("/api/units").json()["units"] if unit["level"].startswith("grid-1")]
    for unit in units:
        for leader in desk.get(f"/api/units/{unit['id']}").json()["leaders"]:
            if leader["terminal"] is not None:
                return leader, by_code[leader["terminal"]["code"]]
    raise AssertionError("no leader of the example city carries a terminal")


def issue(desk: httpx.Client, unit: int) -> str:
    identity = str(uuid.uuid4())
    said = {"id": identity, "level": "blue", "event": "暴雨", "headline": "暴雨蓝色预警", "targets": [unit]}
    draft = desk.post("/api/alerts", json=said)
    assert draft.status_code == 201, draft.text
    issued = desk.post(f"/api/alerts/{identity}/issue", json={"expected_version": draft.json()["version"]})
    assert issued.status_code == 200, issued.text
    return identity


def audience(desk: httpx.Client, alert: str) -> list[dict[str, Any]]:
    return desk.get(f"/api/alerts/{alert}/audience", params={"limit": 500}).json()["people"]


def states(desk: httpx.Client, alert: str, member: int) -> set[str]:
    """Return the states of what was sent to the member's terminal."""
    [who] = [person for person in audience(desk, alert) if person["member"]["id"] == member]
    return {sent["state"] for sent in who["delivery"] if sent["channel"] == "terminal"}


def test_a_leader_is_told_at_the_terminal_and_answers_there(up: Running, desk: httpx.Client, data: Path) -> None:
    leader, credential = leaders_terminal(desk, data)
    with Terminal(up.mqtt_port, credential) as terminal:
        terminal.subscribe("alert")
        alert = issue(desk, leader["unit"]["id"])
        [message] = terminal.hears(1)
        said = json.loads(message.payload)
        assert (said["alert"], said["level"], said["headline"]) == (alert, "blue", "暴雨蓝色预警")
        assert message.qos == 1
        terminal.say("ack", {"alert": alert, "version": said["version"]})
        until(lambda: desk.get(f"/api/alerts/{alert}").json()["reach"]["acknowledged"] == 1)
        until(lambda: states(desk, alert, leader["id"]) == {"delivered"})
        [answered] = [who for who in audience(desk, alert) if who["acknowledged_at"] is not None]
    assert answered["member"]["id"] == leader["id"]


def test_a_warning_waits_for_a_terminal_that_is_away(up: Running, desk: httpx.Client, data: Path) -> None:
    leader, credential = leaders_terminal(desk, data)
    with Terminal(up.mqtt_port, credential, client_id="firmware") as terminal:
        terminal.subscribe("alert")
    alert = issue(desk, leader["unit"]["id"])
    with Terminal(up.mqtt_port, credential, client_id="firmware") as terminal:
        [message] = terminal.hears(1)
    assert json.loads(message.payload)["alert"] == alert


def test_a_press_without_a_place_is_put_where_the_terminal_was_last(
    up: Running, desk: httpx.Client, data: Path
) -> None:
    with Terminal(up.mqtt_port, credentials(data)[0]) as terminal:
        fix = a_fix()
        terminal.say("pos", fix)
        terminal.say("sos", {"id": "p1", "note": "fire"})
        [pressed] = desk.get("/api/emergencies?open=1").json()["emergencies"]
    assert (round(pressed["lon"], 4), round(pressed["lat"], 4)) == (fix["lon"], fix["lat"])
    assert pressed["grid"] is None or pressed["grid"]["id"]
