"""`gridwarden load` as its users run it: an answer and its exit code, or one line on why there is none."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import descendants, gridwarden

RUN_S = 110.0


def load(*words: str) -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it said."""
    process = gridwarden("load", *words)
    try:
        output, _ = process.communicate(timeout=RUN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate()
        pytest.fail(f"it did not end:\n{output}")
    return process.returncode, output


def report_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text())


def test_a_small_fleet_holds_on_a_system_of_its_own(tmp_path: Path) -> None:
    unhurried = tmp_path / "unhurried.yaml"  # what is stored counts here, not how fast this machine is
    unhurried.write_text("name: unhurried\ngoals: {lag_s: null, connected_share: null}\n")
    words = ("--up", "--scenario", str(unhurried), "--terminals", "50", "--interval", "1", "--for", "8")
    code, output = load(*words, "--viewers", "5", "--report", str(tmp_path))
    assert code == 0, output
    report = report_in(tmp_path)
    counts = report["counts"]
    assert counts["published"] > 0
    assert counts["stored"] == counts["acknowledged"] == counts["published"]
    assert (counts["lost"], counts["duplicated"], counts["refused"]) == (0, 0, 0)
    assert report["latency"]["frame"]["count"] > 0
    assert {process["name"] for process in report["processes"]} >= {"fleet", "viewers", "up", "postgres"}
    assert (report["viewers"]["viewers"], report["viewers"]["wrong_at_end"]) == (5, 0)
    assert "<html" in (tmp_path / "index.html").read_text()
    assert not (tmp_path / "ledger").exists()


def test_several_ingests_store_what_one_would(tmp_path: Path, redis: str) -> None:
    words = ("--up", "--redis", redis, "--ingests", "2", "--terminals", "60", "--connections", "40", "--interval", "1")
    code, output = load(*words, "--for", "6", "--report", str(tmp_path))
    assert code in {0, 1}, output  # a slow machine may miss a goal of time
    report = report_in(tmp_path)
    counts = report["counts"]
    assert counts["stored"] == counts["acknowledged"] == counts["published"] > 0
    assert (counts["lost"], counts["duplicated"], counts["refused"]) == (0, 0, 0)
    assert {process["name"] for process in report["processes"]} >= {"ingest", "ingest-2", "dashboard", "postgres"}
    assert report["connections"]["gateway"] == 32


def test_a_goal_that_cannot_hold_gives_exit_code_1(tmp_path: Path) -> None:
    scenario = tmp_path / "impossible.yaml"
    scenario.write_text("name: impossible\ngoals: {ack_p99_s: 0.000001}\n")
    words = ("--up", "--scenario", str(scenario), "--terminals", "5", "--interval", "1", "--for", "3")
    code, output = load(*words, "--report", str(tmp_path / "report"))
    assert code == 1, output
    assert "MISSED" in output
    assert report_in(tmp_path / "report")["held"] is False


def test_a_sigterm_while_the_system_starts_leaves_no_process_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with gridwarden("load", "--up", "--terminals", "5", "--report", str(tmp_path / "report")) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "starting up" in line:
                break
        started = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=RUN_S)
    assert process.returncode == 130, output
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert list(tmp_path.glob("gridwarden-load-*")) == []


def test_a_system_that_does_not_start_gives_exit_code_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "gridwarden.log").mkdir()  # where `up` has to write its log
    code, output = load("--up", "--data", str(data), "--terminals", "5", "--report", str(tmp_path / "report"))
    assert code == 1, output
    assert "up ended while it started" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give --up to start a system"),
        (("--up", "--url", "mqtt://127.0.0.1:1"), "leave out --url, or --up"),
        (("--url", "mqtt://127.0.0.1:1"), "give --roster"),
        (("--up", "--scenario", "no-such"), "no-such"),
        (("--up", "--watch", "mosquitto"), "write name=PID"),
        (("--up", "--beside", "no-such.json"), "no-such.json"),
        (("--url", "mqtt://127.0.0.1:1", "--roster", "no-such"), "no-such"),
        (("--up", "--terminals", "5", "--connections", "5", "--report", "/dev/null/x"), "--report"),
    ],
)
def test_a_run_that_cannot_be_is_refused_in_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    options = words if "--report" in words else (*words, "--report", str(tmp_path / "report"))
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "gridwarden", "load", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr
