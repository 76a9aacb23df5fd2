"""A whole exercise against the simulators: simulated people answer at their terminals, and no SMS leaves."""

import time
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Running, running
from tests.strangers import at_the_desk

PATIENCE_S = 240.0  # simulated people take up to a minute to answer
MEMBERS = 200


@pytest.fixture
def up(data: Path) -> Generator[Running]:
    with running(data, "--simulate", str(MEMBERS)) as started:
        started.wait_for(lambda health: int(health["positions_stored"]) >= MEMBERS)
        yield started


@pytest.fixture
def desk(up: Running) -> Generator[httpx.Client]:
    with at_the_desk(up.url, up.login) as logged_in:
        yield logged_in


def wait_for(what: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while (found := what()) is None:
        assert time.monotonic() < deadline, "nobody answered"
        time.sleep(1)
    return found


def issue_a_drill(desk: httpx.Client) -> str:
    units = desk.get("/api/units").json()["units"]
    targets = [unit["id"] for unit in units if unit["level"] == "grid-1"]
    identity = str(uuid.uuid4())
    said = {"id": identity, "level": "blue", "event": "flood", "headline": "防汛演练", "targets": targets}
    draft = desk.post("/api/alerts", json={**said, "is_drill": True})
    assert draft.status_code == 201, draft.text
    issued = desk.post(f"/api/alerts/{identity}/issue", json={"expected_version": 1})
    assert issued.status_code == 200, issued.text
    return identity


@pytest.mark.timeout(400)
def test_an_exercise_runs_against_simulated_terminals_and_sends_no_sms(desk: httpx.Client) -> None:
    drill = issue_a_drill(desk)

    def answered() -> dict[str, Any] | None:
        reach = desk.get(f"/api/alerts/{drill}/reach").json()
        return reach if reach["by_answer"].get("terminal", 0) > 0 else None

    reach = wait_for(answered)
    assert set(reach["by_channel"]) <= {"outbox", "terminal", "none"}
    assert reach["by_channel"]["outbox"]["delivered"] > 0
    messages = desk.get("/api/outbox", params={"alert": drill}).json()["messages"]
    assert [one["body"] for one in messages if "演练" not in one["body"] and "DRILL" not in one["body"]] == []
    assert {one["delivery"]["channel"] for one in messages} == {"outbox"}
