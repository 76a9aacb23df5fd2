"""Gridwarden as its users start it: the command, in a process and a folder of its own, on free ports."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

START_S = 90.0


@dataclass(slots=True)
class Running:
    """One `gridwarden up` and what it printed."""

    process: subprocess.Popen[str]
    data: Path
    output: list[str] = field(default_factory=list[str])

    def word(self, pattern: str) -> str:
        found = re.search(pattern, "\n".join(self.output))
        assert found, f"no {pattern!r} in what was printed:\n" + "\n".join(self.output)
        return found[1]

    @property
    def url(self) -> str:
        return self.word(r"map\s+(http://\S+?)/")

    @property
    def mqtt_port(self) -> int:
        return int(self.word(r"MQTT\s+mqtt://[^:]+:(\d+)"))

    @property
    def login(self) -> tuple[str, str]:
        return self.word(r"login\s+(\S+)\s+password"), self.word(r"login\s+\S+\s+password\s+(\S+)")

    def health(self) -> dict[str, int | str]:
        return httpx.get(f"{self.url}/healthz", timeout=10).json()

    def wait_for(self, wanted: Callable[[dict[str, int | str]], bool], timeout_s: float = 60.0) -> dict[str, int | str]:
        """Poll /healthz until `wanted`; the deadline is generous, because machines are shared."""
        deadline = time.monotonic() + timeout_s
        while True:
            health = self.health()
            if wanted(health):
                return health
            assert time.monotonic() < deadline, f"still {health}\n{self.log_tail()}"
            time.sleep(0.2)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def said(self) -> str:
        """Stop it, and return all that it printed."""
        assert self.process.stdout is not None
        self.stop()
        self.output += self.process.stdout.read().splitlines()
        return "\n".join(self.output)

    def log_tail(self) -> str:
        return "\n".join(self.log().splitlines()[-20:]) or "(no log)"

    def log(self) -> str:
        path = self.data / "gridwarden.log"
        return path.read_text() if path.exists() else ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def gridwarden(*words: str, has_input: bool = False) -> subprocess.Popen[str]:
    """Start the command as a user would, in a session of its own so that no signal reaches the tests."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "gridwarden", *words],
        stdin=subprocess.PIPE if has_input else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Nobody presses SOS but the test: an alarm takes the top of the screen, wherever the test is just clicking
        env={**os.environ, "PYTHONUNBUFFERED": "1", "GRIDWARDEN_SOS_PER_HOUR": "0"},
    )


@contextlib.contextmanager
def running(
    data: Path, *options: str, port: int | None = None, react: Mapping[str, Callable[[], object]] | None = None
) -> Generator[Running]:
    """Start it, stop it at the end. `react`: what to do at the first line with these words, while it starts."""
    reactions = dict(react or {})
    words = ("up", "--data", str(data), "--port", str(port or free_port()), "--mqtt-port", str(free_port()), *options)
    process = gridwarden(*words)
    started = Running(process=process, data=data)
    deadline = time.monotonic() + START_S
    assert process.stdout is not None
    for line in process.stdout:
        started.output.append(line.rstrip())
        for words in [words for words in reactions if words in line]:
            reactions.pop(words)()
        if "Ctrl-C stops it" in line:
            break
        assert time.monotonic() < deadline
    else:
        process.wait()
        process.stdout.close()
        pytest.fail("it did not start:\n" + "\n".join(started.output) + "\n" + started.log_tail())
    assert not reactions, f"never said: {', '.join(reactions)}\n" + "\n".join(started.output)
    try:
        yield started
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


def descendants(pid: int) -> set[int]:
    """Return the processes that `pid` started, and theirs."""
    listed = subprocess.run(["/bin/ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    todo = [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def one_line(process: subprocess.Popen[str]) -> str:
    """Return what a command that cannot start says; fails unless that is one line and exit code 1."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert len(output.strip().splitlines()) == 1, output
    return output
