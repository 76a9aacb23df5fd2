"""A Gridwarden of one's own for as long as a script needs it: in a folder that goes with it, on free ports."""

import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

TERMINALS: Final = 300
STOP_WITHIN_S: Final = 20
LOGIN: Final = re.compile(r"login\s+(?P<name>\S+)\s+password\s+(?P<password>\S+)")
LAST_LINE: Final = "Ctrl-C stops it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is, and who may come in."""

    url: str
    name: str
    password: str


@contextmanager
def gridwarden() -> Generator[Place]:
    """Start one with a crowd that walks; stop it as Ctrl-C would."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        starting = command(Path(folder) / "data", port)
        with subprocess.Popen(starting, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own words
            try:
                name, password = read_login(process.stdout)
                yield Place(url=f"http://127.0.0.1:{port}", name=name, password=password)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=STOP_WITHIN_S)


def command(data: Path, port: int) -> list[str]:
    program = [sys.executable, "-m", "gridwarden", "up", "--data", str(data)]
    return [*program, "--port", str(port), "--mqtt-port", str(free_port()), "--simulate", str(TERMINALS)]


def read_login(lines: IO[str] | None) -> tuple[str, str]:
    """Return name and password of the first account, once everything stands."""
    said: list[str] = []
    for line in lines or ():
        said.append(line)
        if LAST_LINE in line:
            break
    found = LOGIN.search("".join(said))
    if found is None:
        raise SystemExit("gridwarden did not start:\n" + "".join(said))
    return found["name"], found["password"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
