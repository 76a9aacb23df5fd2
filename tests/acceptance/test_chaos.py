"""A short `make chaos` at both doors, and what it says when something really is lost."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN_S = 240.0  # 18 s at the listening door, 49 s at the broker, where one other run of tests goes on beside
pytestmark = pytest.mark.timeout(2 * RUN_S)


def chaos(*words: str, folder: Path) -> tuple[int, str]:
    """Run it to its end; return the exit code and what it said."""
    command = [sys.executable, "-m", "tests.chaos", "--keep", str(folder), *words]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=RUN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate()
        pytest.fail(f"it did not end:\n{output}")
    return process.returncode, output


def figures(output: str) -> dict[str, int]:
    """Read the last line."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", output.splitlines()[-1])}


@pytest.mark.parametrize(("door", "seed"), [("listen", 4), ("broker", 5)])
def test_nothing_is_lost_or_doubled_while_everything_is_killed_stopped_cut_and_full(
    door: str, seed: int, tmp_path: Path
) -> None:
    words = ("--for", "9", "--seed", str(seed), "--door", door, "--terminals", "100")
    code, output = chaos(*words, folder=tmp_path)
    found = figures(output)
    assert code == 0, output
    assert list(found) == ["published", "acknowledged", "receipted", "stored", "duplicated", "lost"]
    assert found["published"] == found["acknowledged"] == found["stored"] > 0
    assert found["duplicated"] == found["lost"] == 0
    assert 0 < found["receipted"] <= found["published"]


def test_a_row_that_vanished_is_found_and_gives_exit_code_1(tmp_path: Path) -> None:
    words = ("--for", "2", "--terminals", "10", "--sabotage", "row", "--only", "sql_delayed")
    code, output = chaos(*words, folder=tmp_path)
    assert code == 1, output
    assert figures(output)["lost"] == 1


def test_an_ingest_that_acknowledges_before_commit_is_found_out(tmp_path: Path) -> None:
    words = ("--for", "6", "--terminals", "60", "--interval", "0.3", "--sabotage", "early", "--only", "ingest_killed")
    code, output = chaos(*words, folder=tmp_path)
    assert code == 1, output
    assert figures(output)["lost"] > 0
