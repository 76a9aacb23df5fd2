"""examples/terminal_journal.py, killed in the middle: every fix that it took ends in the table, once."""

import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg

from gridwarden.embedded import EmbeddedPostgres
from tests.running import Running, running
from tests.strangers import Credential, credentials, until

PROGRAM = Path(__file__).parents[2] / "examples" / "terminal_journal.py"
KILLS = 3
FIXES = 30  # taken before each kill, at least


def started(up: Running, own: Credential, journal: Path, interval_s: float) -> subprocess.Popen[str]:
    words = ["127.0.0.1", str(up.mqtt_port), own.terminal, own.secret]
    options = ["--journal", str(journal), "--interval", str(interval_s)]
    command = [sys.executable, str(PROGRAM), *words, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own example


def taken_until_killed(up: Running, own: Credential, journal: Path) -> list[str]:
    """Let it publish, kill it after so many fixes and a receipt; return the times that it said it took."""
    with started(up, own, journal, 0.02) as process:
        assert process.stdout is not None
        taken, is_receipted = list[str](), False
        for line in process.stdout:
            taken += [line.split()[1]] if line.startswith("took ") else []
            is_receipted = is_receipted or line.startswith("receipted")
            if len(taken) >= FIXES and is_receipted:
                break
        process.kill()
        return taken + [line.split()[1] for line in process.stdout.read().splitlines() if line.startswith("took ")]


def kept(journal: Path) -> int:
    with sqlite3.connect(journal) as file:
        return file.execute("SELECT count(*) FROM kept").fetchone()[0]


def stored(dsn: str, terminal: str) -> Counter[str]:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT extract(epoch FROM fixed_at)::numeric(14, 3)::text FROM position"
            " JOIN terminal ON terminal.id = terminal WHERE code = %s",
            [terminal],
        )
        return Counter(t for (t,) in found)


def test_every_fix_that_a_killed_terminal_took_is_stored_once(data: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with running(data) as up:
        own = credentials(data)[0]
        taken = [t for _ in range(KILLS) for t in taken_until_killed(up, own, journal)]
        with started(up, own, journal, 3600.0) as process:
            until(lambda: kept(journal) == 0)
            process.kill()
        found = stored(EmbeddedPostgres(data).dsn, own.terminal)
    assert not Counter(taken) - found
    assert max(found.values()) == 1
    assert len(found) <= len(taken) + KILLS + 1  # one that was kept and not said yet, before each end
