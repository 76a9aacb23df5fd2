"""A program of somebody else's, as a child process: started, ended politely or without warning, and heard in a log."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_STOP_S: Final = 20.0
_TAIL: Final = 1_500  # characters of a log that an error shows


class ServiceError(Exception):
    """It cannot be started, or ended by itself; the message has the end of its log."""


@dataclass(slots=True, kw_only=True)
class Service:
    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # beside our own
    _child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Raises ServiceError."""
        with self.log.open("ab") as log:
            try:
                self._child = subprocess.Popen(  # noqa: S603 - our own command lines
                    self.command,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            except OSError as error:
                raise ServiceError(f"{self.name} cannot be started: {error}") from error

    def require_running(self) -> None:
        """Raises ServiceError."""
        if self._child is None or self._child.poll() is not None:
            raise ServiceError(f"{self.name} has ended; its log says:\n{self.said[-_TAIL:]}")

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        """End it without warning, as a power cut or the kernel's memory killer does."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
