"""Mosquitto between the fleet and who stores the positions: on a port of its own, the same for every column."""

import shutil
import socket
import time
from pathlib import Path
from typing import Final

from benchmarks.peers.service import Service, ServiceError, free_port

_CONFIGURATION: Final = Path(__file__).parent / "mosquitto.conf"
_START_S: Final = 10.0
_LOOK_S: Final = 0.05
_SYSTEM_FOLDER: Final = "/usr/sbin"  # Debian's place for it, seldom in a user's PATH


def configuration(port: int, *, as_installed: bool) -> str:
    """Return mosquitto.conf; `as_installed`: with its own limits, which drop what a slow subscriber has waiting."""
    limits = "" if as_installed else _CONFIGURATION.read_text()
    log = "log_type error\nlog_type warning\nlog_type notice\nconnection_messages false\n"
    return f"{limits}listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n{log}"


def start_broker(folder: Path, *, as_installed: bool = False) -> tuple[Service, int]:
    """Start a broker with its files in `folder`; return it and its port. Raises ServiceError."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SYSTEM_FOLDER)
    if program is None:
        raise ServiceError("mosquitto is not installed: apt-get install mosquitto")
    port = free_port()
    written = folder / "mosquitto.conf"
    written.write_text(configuration(port, as_installed=as_installed))
    broker = Service(name="mosquitto", command=[program, "-c", str(written)], log=folder / "mosquitto.log")
    broker.start()
    until = time.monotonic() + _START_S
    while not _answers(port):
        broker.require_running()
        if time.monotonic() > until:
            broker.kill()
            raise ServiceError(f"mosquitto does not answer; its log says:\n{broker.said}")
        time.sleep(_LOOK_S)
    return broker, port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
