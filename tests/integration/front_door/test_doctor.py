"""`gridwarden doctor` on a real database, a real Mosquitto, real certificates and a real Redis."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from gridwarden.cli import app
from gridwarden.diagnosis import Finding, Grade
from gridwarden.doctor_database import examine as examine_database
from gridwarden.doctor_machine import (
    examine_broker,
    examine_certificate,
    examine_descriptors,
    examine_disk,
    examine_redis,
)
from gridwarden.ports import next_free
from ingest.doors.subscribe import broker_of
from tests.certificates import self_signed

NOW = datetime.now(UTC)


def of_grade(findings: list[Finding], grade: Grade) -> set[str]:
    return {finding.what for finding in findings if finding.grade is grade}


def diagnosed(database: str, *, now: datetime = NOW, options: str = "") -> list[Finding]:
    with psycopg.connect(database, autocommit=True, options=options) as connection:
        return examine_database(connection, now=now)


def test_a_migrated_database_is_well_but_for_what_tests_switch_off(database: str) -> None:
    bad = of_grade(diagnosed(database, now=datetime.now(UTC)), Grade.BAD)
    assert bad == {"database: fsync off", "database: full_page_writes off"}


def test_commits_that_do_not_wait_for_the_disk_are_bad(database: str) -> None:
    found = diagnosed(database, options="-c synchronous_commit=off")
    assert "database: synchronous_commit off" in of_grade(found, Grade.BAD)


def test_a_database_that_nobody_migrated_says_so(postgres: object, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version = '0003'")
    assert "schema: 1 migrations behind" in of_grade(diagnosed(database), Grade.BAD)


def test_days_that_are_not_made_are_told(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"DROP TABLE position_{NOW + timedelta(days=1):%Y%m%d}".encode())
    assert "schema: 1 of the next 3 days not made" in of_grade(diagnosed(database), Grade.WARN)


@pytest.mark.parametrize(("ahead_s", "grade"), [(0, Grade.OK), (15, Grade.WARN), (3_600, Grade.BAD)])
def test_a_clock_that_goes_wrong_is_told(database: str, ahead_s: float, grade: Grade) -> None:
    found = diagnosed(database, now=datetime.now(UTC) + timedelta(seconds=ahead_s))
    [clock] = [finding for finding in found if finding.what.startswith("clock")]
    assert clock.grade is grade


def test_fewer_open_files_than_terminals_are_bad() -> None:
    assert examine_descriptors(19_500, None).grade is Grade.OK
    assert examine_descriptors(19_500, 19_500).grade is Grade.OK
    assert examine_descriptors(19_500, 20_000).grade is Grade.BAD


def test_a_folder_that_is_not_there_yet_has_the_disk_of_its_parent(tmp_path: Path) -> None:
    assert str(tmp_path) in examine_disk(tmp_path / "not" / "there").what


def test_a_certificate_is_judged_by_its_dates(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)  # for a day
    now = datetime.now(UTC)
    assert examine_certificate(certificate, now=now + timedelta(minutes=1)).grade is Grade.WARN
    assert examine_certificate(certificate, now=now + timedelta(days=2)).grade is Grade.BAD
    assert examine_certificate(certificate, now=now - timedelta(days=1)).grade is Grade.BAD
    assert examine_certificate(key, now=now).grade is Grade.BAD
    assert examine_certificate(tmp_path / "none.pem", now=now).grade is Grade.BAD


@contextmanager
def a_mosquitto(folder: Path, *lines: str) -> Generator[str]:
    """Debian's broker on a free port; yields its host and port."""
    port = next_free("127.0.0.1", 21_883, option="-")
    passwords, configuration = folder / "passwords", folder / "mosquitto.conf"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "ingest", "secret"], check=True)  # noqa: S603, S607
    said = [f"listener {port} 127.0.0.1", f"password_file {passwords}", "user root", *lines]
    configuration.write_text("\n".join(said) + "\n")
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "install Debian's mosquitto"
    child = subprocess.Popen([program, "-c", str(configuration)], stderr=subprocess.DEVNULL)  # noqa: S603 - Debian's
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield f"127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(20)


def test_a_broker_that_holds_us_at_twenty_and_lets_anybody_in_is_bad(tmp_path: Path) -> None:
    with a_mosquitto(tmp_path, "allow_anonymous true") as where:
        found = examine_broker(broker_of(f"mqtt://ingest:secret@{where}"))
    assert of_grade(found, Grade.BAD) == {"broker: strangers", "broker: 20 in flight"}


def test_a_broker_set_up_as_ours_is_well(tmp_path: Path) -> None:
    with a_mosquitto(tmp_path, "allow_anonymous false", "max_inflight_messages 0") as where:
        found = examine_broker(broker_of(f"mqtt://ingest:secret@{where}"))
        refused = examine_broker(broker_of(f"mqtt://ingest:guess@{where}"))
    assert of_grade(found, Grade.BAD) == set()
    assert {finding.grade for finding in refused} == {Grade.BAD}


def test_services_that_do_not_answer_are_bad() -> None:
    port = next_free("127.0.0.1", 21_983, option="-")
    [broker] = examine_broker(broker_of(f"mqtt://ingest:secret@127.0.0.1:{port}"))
    [redis] = examine_redis(f"redis://127.0.0.1:{port}/0")
    assert (broker.grade, redis.grade) == (Grade.BAD, Grade.BAD)


def test_the_command_says_a_line_a_check_and_ends_with_1_when_something_is_bad(database: str) -> None:
    configuration = Path(__file__).parents[3] / "deploy" / "mosquitto" / "mosquitto.conf"
    words = ["doctor", "--database", database, "--mosquitto-conf", str(configuration), "--terminals", "10"]
    done = CliRunner().invoke(app, words)
    lines = done.output.splitlines()
    assert done.exit_code == 1  # the tests' cluster has fsync off
    assert {line.split()[0] for line in lines} == {"ok", "warn", "bad"}
    assert [line for line in lines if line.startswith("bad   mosquitto")] == []


def test_the_command_ends_with_0_when_nothing_is_bad(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path / "nowhere")])
    assert done.exit_code == 0
    assert "start gridwarden up" in done.output
