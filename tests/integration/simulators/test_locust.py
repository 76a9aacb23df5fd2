"""Locust's users against all that `gridwarden up` starts. Locust has a process of its own, because of its patches."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Running, free_port, running

SCENARIO = """
name: warned
interval_s: 2
viewers: {reconnect_every_s: 5}
events:
  - {do: warn, at_s: 3, level: orange, unit: county, headline: Water rises}
"""
USERS = ("Viewer", 3), ("Dispatcher", 1)  # the rest of twelve are terminals


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data") as started:
        yield started


def locust(*words: str, password: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "locust", "-f", "simulators/locustfile.py", "--headless", "--only-summary", *words],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "LOCUST_PASSWORD": password},
    )


def addresses(up: Running) -> tuple[str, ...]:
    roster = str(up.data / "city")
    return "--host", up.url, "--mqtt", f"mqtt://127.0.0.1:{up.mqtt_port}", "--roster", roster, "--skip", "0"


@pytest.mark.timeout(240)
def test_users_of_each_kind_work_without_a_failure(up: Running, tmp_path: Path) -> None:
    scenario = tmp_path / "warned.yaml"
    scenario.write_text(SCENARIO)
    fixed = (f'{{"user_class_name": "{name}", "fixed_count": {count}}}' for name, count in USERS)
    said = locust(
        *addresses(up),
        *(
            "--scenario",
            str(scenario),
            "--users",
            "12",
            "--spawn-rate",
            "12",
            "--run-time",
            "20s",
            "--stop-timeout",
            "30",
        ),
        *("--csv", str(tmp_path / "run"), "--config-users", *fixed),
        password=up.login[1],
    )
    assert said.returncode == 0, said.stderr
    with (tmp_path / "run_stats.csv").open() as file:
        rows = {(row["Type"], row["Name"]): row for row in csv.DictReader(file)}
    wanted = {("MQTT", "connect"), ("MQTT", "publish pos"), ("WS", "snapshot"), ("WS", "frame"), ("WS", "resume")}
    wanted |= {("GET", "/api/units"), ("POST", "/api/alerts/[alert]/issue")}
    assert wanted <= set(rows), said.stderr
    assert {key: row["Failure Count"] for key, row in rows.items() if row["Failure Count"] != "0"} == {}
    published = int(rows["MQTT", "publish pos"]["Request Count"])
    health = up.wait_for(lambda health: int(health["positions_stored"]) >= published)
    assert health["refused"] == 0


def test_a_wrong_password_is_a_failure(up: Running) -> None:
    said = locust(*addresses(up), "--users", "1", "--run-time", "5s", "Viewer", password="of somebody else")
    assert said.returncode == 1
    assert "unknown name or wrong password" in said.stderr


def test_without_a_password_it_says_where_to_find_one(up: Running) -> None:
    said = locust(*addresses(up), "--users", "1")
    assert (said.returncode, said.stderr.splitlines()[-1].startswith("locust: the password")) == (1, True), said.stderr


def test_where_nothing_runs_it_says_what_to_start() -> None:
    said = locust("--host", f"http://127.0.0.1:{free_port()}", "--mqtt", f"mqtt://127.0.0.1:{free_port()}")
    assert said.returncode == 1
    assert "start `make demo` first" in said.stderr.splitlines()[-1]
    assert "Traceback" not in said.stderr
