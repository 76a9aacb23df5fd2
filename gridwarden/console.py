"""What a person at the terminal sees: progress while it sets up, facts when it stands, one line when it cannot.

Facts go to the log. Those about the services that everything hangs on are told at the terminal too, each once.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from structlog.typing import EventDict, WrappedLogger

HEADLINES: Final[Mapping[str, str]] = {
    "database.waiting": "waiting for the database: {reason}",
    "database.found": "the database is there",
    "database.lost": "the database does not answer, what comes waits for it: {reason}",
    "database.back": "the database is back",
    "database.died": "the embedded database died: starting it again",
    "database.restarted": "the embedded database runs again",
    "broker.waiting": "waiting for the broker at {host}:{port}: {reason}",
    "broker.connected": "connected to the broker at {host}:{port}",
    "bus.lost": "Redis does not answer, the map goes on from the database: {reason}",
    "bus.back": "Redis is back",
}
QUIET_LOGGERS: Final = ("uvicorn.access", "aiomqtt", "mqtt")


class Headlines:
    """Tells each change of a service in one line, however many programs notice it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told: dict[str, str] = {}  # what was last told of each service

    def __call__(self, _logger: WrappedLogger, _method: str, fact: EventDict) -> EventDict:
        """A processor of structlog: passes every fact on as it is."""
        event = str(fact["event"])
        service = event.partition(".")[0]
        if event in HEADLINES and self._told.get(service) != event:
            self._told[service] = event
            self._say(HEADLINES[event].format_map(fact))
        return fact


def configure_log(path: Path | None, *, say: Callable[[str], None] = lambda _line: None) -> None:
    """Write facts as JSON lines: into `path`, or to standard error when a program runs alone. `say` hears headlines."""
    stream = sys.stderr if path is None else path.open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            Headlines(say),
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
    """The steps of a start: `step` names what is being done now, `done` says how long all of it took.

    `to_stderr`: where the command's own words go into a pipe.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._console = Console(highlight=False, stderr=to_stderr)
        self._status = self._console.status("")
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._bar_of: dict[str, TaskID] = {}
        self._began = time.monotonic()
        if self._console.is_terminal:
            self._status.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def step(self, line: str) -> None:
        if self._console.is_terminal:
            self._status.update(escape(line))
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]  {escape(line)}", soft_wrap=True)

    def update(self, line: str) -> None:
        """Show `line` on the status line only: figures that change all the time."""
        self._status.update(line)

    def count(self, what: str, done: int, of: int) -> None:
        """Draw a bar for `what`: `done` of so many. Where nobody watches, the steps' lines must do."""
        if not self._console.is_terminal:
            return
        if not self._bar_of:
            self._status.stop()  # a terminal holds one live line at a time
            self._bars.start()
        if what not in self._bar_of:
            self._bar_of[what] = self._bars.add_task(escape(what), total=of)
        self._bars.update(self._bar_of[what], completed=done, total=of)

    def done(self) -> float:
        """End the progress; return the seconds since it began."""
        self._status.stop()
        if self._bar_of:
            self._bars.stop()
        return time.monotonic() - self._began

    def print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)
