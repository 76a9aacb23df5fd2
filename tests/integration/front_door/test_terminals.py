"""Terminals from the command line: provisioned, handed out, withdrawn; and at a real Mosquitto."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiomqtt
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from gridwarden.cli import app
from gridwarden.password_file import PasswordFileError
from gridwarden.terminal_desk import TerminalError
from ingest.doors.subscribe import BrokerUrlError
from tracker.organisation.errors import Conflict
from tracker.security import hash_secret, new_salt, verify

ACL: Final = Path(__file__).parents[3] / "deploy/mosquitto/acl"
INGEST: Final = ("gridwarden-ingest", "in")
BEHIND: Final = "gw/v1/t/T2/cmd"
Run = Callable[..., str]


@pytest.fixture
def city(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO unit (id, code, name, level, parent) VALUES (1, '990100', 'city', 'city', NULL)"
        )
        connection.execute("INSERT INTO member (id, code, name) VALUES (7, 'm7', '张三'), (8, 'm8', '李四')")
    return database


@pytest.fixture
def run(city: str) -> Run:
    """Runs `gridwarden terminal ...` and returns what it prints; raises what it fails with."""

    def call(*words: str) -> str:
        done = CliRunner().invoke(app, ["terminal", *words, "--database", city])
        if done.exception is not None:
            raise done.exception
        return done.output

    return call


def row(dsn: str, code: str) -> dict[str, Any]:
    with psycopg.connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("SELECT * FROM terminal WHERE code = %s", [code]).fetchone()
        assert found is not None
        return found


def secret_in(said: str) -> str:
    return next(line.split()[1] for line in said.splitlines() if line.startswith("secret"))


def actions(dsn: str) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT action, subject, account FROM audit ORDER BY id").fetchall()


def test_a_new_terminal_s_secret_is_said_once_and_kept_as_a_hash(run: Run, city: str) -> None:
    said = run("add", "--code", "T1", "--unit", "990100", "--member", "m7", "--url", "mqtts://gps.example.org")
    kept = row(city, "T1")
    assert verify(secret_in(said), salt=kept["secret_salt"], secret_hash=kept["secret_hash"])
    assert (kept["member"], len(kept["secret_hash"])) == (7, 64)
    assert "mqtts://gps.example.org:8883" in said
    assert actions(city) == [("terminal.added", "T1", None)]


def test_the_files_of_a_new_terminal_are_for_their_owner_only(run: Run, tmp_path: Path) -> None:
    otrc, config = tmp_path / "phone.otrc", tmp_path / "terminal.json"
    said = run("add", "--code", "T1", "--unit", "990100", "--otrc", str(otrc), "--config", str(config))
    assert json.loads(otrc.read_text())["password"] == secret_in(said)
    assert json.loads(config.read_text())["publish"]["pos"] == "gw/v1/t/T1/pos"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (otrc, config)] == [0o600, 0o600]


def test_a_qr_code_is_drawn_at_the_terminal(run: Run) -> None:
    assert "█" in run("add", "--unit", "990100", "--qr")


def test_a_rotated_secret_ends_the_old_one_and_a_revocation(run: Run, city: str) -> None:
    old = secret_in(run("add", "--code", "T1", "--unit", "990100"))
    run("revoke", "T1")
    assert row(city, "T1")["revoked_at"] is not None
    new = secret_in(run("rotate", "T1"))
    kept = row(city, "T1")
    assert kept["revoked_at"] is None
    assert not verify(old, salt=kept["secret_salt"], secret_hash=kept["secret_hash"])
    assert verify(new, salt=kept["secret_salt"], secret_hash=kept["secret_hash"])
    assert [action for action, _, _ in actions(city)] == ["terminal.added", "terminal.revoked", "terminal.rotated"]


def test_a_terminal_s_life_is_listed_and_its_carriers_are_remembered(run: Run) -> None:
    run("add", "--code", "T1", "--unit", "990100", "--member", "m7")
    run("hand", "T1", "--member", "m8")
    assert "T1   in_use   m8   李四" in run("list")
    run("lost", "T1")
    with pytest.raises(TerminalError, match="report it found first"):
        run("rotate", "T1")
    run("found", "T1")
    run("retire", "T1")
    shown = run("show", "T1")
    assert shown.startswith("T1   retired")
    assert "m7 张三" in shown
    assert "m8 李四" in shown


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("revoke", "T9"), TerminalError, "no terminal with the code T9"),
        (("add", "--unit", "410100"), TerminalError, "no unit with the code 410100"),
        (("add", "--unit", "990100", "--member", "m9"), TerminalError, "no member with the code m9"),
        (("add", "--unit", "990100", "--code", "T1"), Conflict, "there is a terminal T1 already"),
        (("passwords", "--out", "/nowhere/passwords"), PasswordFileError, "/nowhere/passwords: No such file"),
        (("passwords", "--out", "x", "--broker", "http://b"), BrokerUrlError, "write mqtt://host:1883"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    run: Run, words: tuple[str, ...], error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run("add", "--code", "T1", "--unit", "990100")
    with pytest.raises(error, match=said):
        run(*words)


def test_secrets_of_an_earlier_release_are_named(run: Run, city: str, tmp_path: Path) -> None:
    run("add", "--code", "T1", "--unit", "990100")
    with psycopg.connect(city) as connection:
        connection.execute(
            "INSERT INTO terminal (code, secret_salt, secret_hash) VALUES ('old', %s, %s)", [bytes(16)] * 2
        )
    said = run("passwords", "--out", str(tmp_path / "passwords"))
    assert "1 terminals in" in said
    assert "need rotation: old" in said


@contextmanager
def mosquitto(folder: Path, passwords: Path) -> Generator[tuple[int, int]]:
    """Debian's broker with our list of grants; yields its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nacl_file {ACL}\nuser root\n"
    )
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "install Debian's mosquitto"
    child = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)  # noqa: S603 - Debian's
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield port, child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def heard(port: int, topic: str, *, by: tuple[str, str], said_by: tuple[str, str]) -> bool:
    """Whether `by` hears what `said_by` publishes, before what ingest says behind it."""

    async def hear() -> bool:
        async with aiomqtt.Client("127.0.0.1", port, username=by[0], password=by[1]) as listener:
            await listener.subscribe([(topic, 1), (BEHIND, 1)])
            await asyncio.to_thread(publish, port, topic, said_by)
            await asyncio.to_thread(publish, port, BEHIND, INGEST)
            async with asyncio.timeout(20):
                first = await anext(aiter(listener.messages))
        return str(first.topic) == topic

    return asyncio.run(hear())


def publish(port: int, topic: str, login: tuple[str, str]) -> int:
    """Return mosquitto_pub's exit code: 5 for a log-in that was refused."""
    words = ["mosquitto_pub", "-p", str(port), "-u", login[0], "-P", login[1], "-q", "1", "-t", topic]
    return subprocess.run([*words, "-m", "x"], capture_output=True, check=False).returncode  # noqa: S603 - Debian's


def test_mosquitto_knows_terminals_by_the_generated_file_and_forgets_a_revoked_one(run: Run, tmp_path: Path) -> None:
    one = ("T1", secret_in(run("add", "--code", "T1", "--unit", "990100")))
    two = ("T2", secret_in(run("add", "--code", "T2", "--unit", "990100")))
    passwords = tmp_path / "passwords"
    write = ("passwords", "--out", str(passwords), "--broker", "mqtt://gridwarden-ingest:in@broker")
    assert "2 terminals in" in run(*write)
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    with mosquitto(tmp_path, passwords) as (port, pid):
        assert heard(port, "gw/v1/t/T1/pos", by=INGEST, said_by=one)
        assert not heard(port, "gw/v1/t/T1/pos", by=INGEST, said_by=two)  # no terminal writes as another
        assert heard(port, "gw/v1/t/T1/alert", by=one, said_by=INGEST)
        assert publish(port, "gw/v1/t/T1/pos", ("T1", "guess")) == 5
        run("revoke", "T1")
        run(*write, "--reload", str(pid))
        deadline = time.monotonic() + 20
        while publish(port, "gw/v1/t/T1/pos", one) != 5:
            assert time.monotonic() < deadline, "still let in"
        assert publish(port, "gw/v1/t/T2/pos", two) == 0


def test_a_list_of_a_whole_city_is_streamed(city: str, run: Run, tmp_path: Path) -> None:
    with psycopg.connect(city) as connection:
        salt = new_salt()
        connection.execute(
            """
            INSERT INTO terminal (code, secret_salt, secret_hash)
            SELECT 'W' || n, %s, %s FROM generate_series(1, 12001) AS n
            """,
            [salt, hash_secret("s", salt)],
        )
    passwords = tmp_path / "passwords"
    assert "12,001 terminals in" in run("passwords", "--out", str(passwords))
    assert len(passwords.read_text().splitlines()) == 12_001
