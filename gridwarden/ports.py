"""Ports are looked at before anything is started, so that a taken one costs a line and not a minute."""

import errno
import socket
from typing import Final

TRIES: Final = 100
MQTT_PORT: Final = 1883
MQTTS_PORT: Final = 8883  # both are IANA's


class PortTakenError(Exception):
    """Somebody else listens there; the message names the option to change."""


def want_free(host: str, port: int, *, option: str) -> int:
    """Return `port` when it is free at `host`; raises PortTakenError when not."""
    if not _is_free(host, port):
        raise PortTakenError(f"port {port} at {host} is taken: choose another with {option}")
    return port


def next_free(host: str, port: int, *, option: str) -> int:
    """Return the first free port at `host` from `port` on."""
    for candidate in range(port, port + TRIES):
        if _is_free(host, candidate):
            return candidate
    raise PortTakenError(f"ports {port} to {port + TRIES - 1} at {host} are all taken: choose another with {option}")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise  # no such host, not allowed: another port would not help
        return True
