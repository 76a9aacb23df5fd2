"""What a person at the terminal sees: progress while it sets up, facts when it stands, one line when it cannot."""

import logging
import sys
import time
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console

QUIET_LOGGERS: Final = ("uvicorn.access", "aiomqtt", "mqtt")


def configure_log(path: Path | None) -> None:
    """Write facts as JSON lines: into `path`, or to standard error when a program runs alone."""
    stream = sys.stderr if path is None else path.open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


class Progress:
    """The steps of a start: `step` names what is being done now, `done` says how long all of it took."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._status = self._console.status("")
        self._began = time.monotonic()
        if self._console.is_terminal:
            self._status.start()

    def step(self, line: str) -> None:
        if self._console.is_terminal:
            self._status.update(line)
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]  {line}")

    def update(self, line: str) -> None:
        """Show `line` on the status line only: figures that change all the time."""
        self._status.update(line)

    def done(self) -> float:
        """End the progress; return the seconds since it began."""
        self._status.stop()
        return time.monotonic() - self._began

    def print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)
