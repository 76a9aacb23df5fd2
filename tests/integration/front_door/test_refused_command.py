"""`gridwarden refused` against a real database."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest
from typer.testing import CliRunner

from gridwarden.cli import app
from gridwarden.refused_command import NotShownError

Run = Callable[..., list[str]]
DAY: Final = timedelta(days=1)

KEEP = """
    INSERT INTO refused_report (received_at, terminal, topic, reason, detail, payload)
    VALUES (now() - make_interval(secs => %s), %s, %s, %s, %s, %s)
"""


@pytest.fixture
def city(database: str) -> str:
    """Three reports that were refused: of a terminal of ours an hour and a minute ago, and just now of a stranger."""
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO terminal (id, code, secret_salt, secret_hash) VALUES (1, 't1', '', '')")
        connection.execute(KEEP, [3600, 1, "gw/v1/t/t1/pos", "future", "t=1", b"{}"])
        connection.execute(KEEP, [60, 1, "gw/v1/t/t1/pos", "broken json", "", b"{\xff"])
        connection.execute(KEEP, [1, None, "gw/v1/t/t10/pos", "unknown terminal", "", b"[]"])
        today = datetime.now(UTC).date()
        for day, reason, reports in ((today, "future", 5), (today, "broken json", 9), (today - 40 * DAY, "future", 2)):
            connection.execute("INSERT INTO refusal_count VALUES (%s, %s, %s)", [day, reason, reports])
    return database


@pytest.fixture
def run(city: str) -> Run:
    """Runs `gridwarden refused ...` as in a pipe and returns its lines; raises what it fails with."""

    def call(*words: str) -> list[str]:
        done = CliRunner().invoke(app, ["refused", *words, "--database", city])
        if done.exception is not None:
            raise done.exception
        return done.stdout.splitlines()

    return call


def reasons(lines: list[str]) -> list[str]:
    return [line.split("\t")[2] for line in lines]


def test_the_newest_come_first_and_no_more_than_asked_for(run: Run) -> None:
    assert reasons(run()) == ["unknown terminal", "broken json", "future"]
    assert reasons(run("--limit", "1")) == ["unknown terminal"]


def test_they_are_picked_by_reason_terminal_and_time(run: Run) -> None:
    assert reasons(run("--reason", "future")) == ["future"]
    assert reasons(run("--terminal", "t1")) == ["broken json", "future"]
    assert reasons(run("--since", "10m")) == ["unknown terminal", "broken json"]


def test_a_stranger_is_found_by_the_code_in_its_topic(run: Run) -> None:
    assert [line.split("\t")[1:4] for line in run("--terminal", "t10")] == [
        ["-", "unknown terminal", "gw/v1/t/t10/pos"]
    ]


def test_what_was_sent_is_shown_on_request(run: Run) -> None:
    assert run("--reason", "future", "--payload")[1:] == ["    {}"]
    assert run("--reason", "broken json", "--payload")[1].startswith("    00000000  7b ff ")


def test_a_program_reads_objects(run: Run) -> None:
    said: list[dict[str, Any]] = [json.loads(line) for line in run("--json")]
    assert [(one["terminal"], one.get("payload"), one.get("payload_hex")) for one in said] == [
        (None, "[]", None),
        ("t1", None, "7bff"),
        ("t1", "{}", None),
    ]


def test_counts_are_by_day_and_reason(run: Run) -> None:
    today, ago = datetime.now(UTC).date(), datetime.now(UTC).date() - 40 * DAY
    assert run("--counts") == [f"{today}\tbroken json\t9", f"{today}\tfuture\t5", f"{ago}\tfuture\t2"]
    assert run("--counts", "--since", "7d", "--reason", "future") == [f"{today}\tfuture\t5"]
    assert json.loads(run("--counts", "--json")[0]) == {"day": str(today), "reason": "broken json", "reports": 9}


def test_what_cannot_be_asked_is_said_so(run: Run) -> None:
    with pytest.raises(NotShownError, match=r"there is no reason 'bad'; there are: .*broken json"):
        run("--reason", "bad")
    with pytest.raises(NotShownError, match="--since 'soon'"):
        run("--since", "soon")
    with pytest.raises(NotShownError, match="--counts"):
        run("--counts", "--follow")


def test_trouble_is_one_line_and_exit_code_1_and_nothing_found_is_none(city: str) -> None:
    wrong, none = gridwarden("--since", "soon", database=city), gridwarden("--terminal", "nobody", database=city)
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (1, "", 1)
    assert (none.returncode, none.stdout) == (0, "")
    assert "no refused report" in none.stderr


def test_a_person_at_a_terminal_gets_a_table(city: str) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb"):
        gridwarden(database=city, stdout=theirs)
    drawn = os.read(ours, 65_536).decode()
    os.close(ours)
    assert [word in drawn for word in ("received (UTC)", "terminal", "gw/v1/t/t10/pos")] == [True] * 3
    assert "\t" not in drawn


def test_those_that_come_are_followed_each_once(city: str) -> None:
    command = [sys.executable, "-m", "gridwarden", "refused", "--follow", "--limit", "2", "--database", city]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:  # noqa: S603 - our own program
        assert following.stdout is not None
        first = [following.stdout.readline() for _ in range(2)]
        with psycopg.connect(city, autocommit=True) as connection:
            connection.execute(KEEP, [0, 1, "gw/v1/t/t1/pos", "too old", "", b"{}"])
            third = following.stdout.readline()
            connection.execute(KEEP, [0, 1, "gw/v1/t/t1/pos", "payload too large", "", b"{}"])
            fourth = following.stdout.readline()
        following.send_signal(2)
        assert following.wait() == 0
    assert reasons([*first, third, fourth]) == ["broken json", "unknown terminal", "too old", "payload too large"]


def gridwarden(*words: str, database: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gridwarden", "refused", *words, "--database", database]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
