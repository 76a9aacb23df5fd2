"""A Gridwarden of one's own for as long as a script needs it: in a folder that goes with it, on free ports.

With a simulated operator beside it, so that phones can write to it.
"""

import os
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
GATEWAYS: Final = """gateways: [{{name: mobile, kind: smpp, host: 127.0.0.1, port: {port}, system_id: gridwarden,
    password_env: SMS_PASSWORD}}]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is, and who may come in."""

    url: str
    name: str
    password: str
    phones: IO[str] | None = None  # lines NUMBER TEXT: that phone writes; None: a running one has its own operator


@contextmanager
def gridwarden() -> Generator[Place]:
    """Start one with a crowd that walks; stop it as Ctrl-C would."""
    with tempfile.TemporaryDirectory(prefix="gridwarden-", ignore_cleanup_errors=True) as folder:
        port, sms_port = free_port(), free_port()
        gateways = Path(folder) / "gateways.yaml"
        gateways.write_text(GATEWAYS.format(port=sms_port))
        environment = os.environ | {"GRIDWARDEN_SMS_GATEWAYS": str(gateways), "SMS_PASSWORD": "secret"}
        with (
            subprocess.Popen(operator(sms_port), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as sms,  # noqa: S603 - our own words
            subprocess.Popen(  # noqa: S603 - our own words
                command(Path(folder) / "data", port), stdout=subprocess.PIPE, text=True, env=environment
            ) as process,
        ):
            try:
                name, password = read_login(process.stdout)
                yield Place(url=f"http://127.0.0.1:{port}", name=name, password=password, phones=sms.stdin)
            finally:
                for one in (process, sms):
                    one.send_signal(signal.SIGINT)
                    one.wait(timeout=STOP_WITHIN_S)


def operator(port: int) -> list[str]:
    return [sys.executable, "-m", "gridwarden", "sms-centre", "--port", str(port), "--phones"]


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
