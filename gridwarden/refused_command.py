"""`gridwarden refused`: what terminals sent and nobody believed, and why; from the database, and nothing is changed."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboard.store import refused as table
from dashboard.store.refused import DayRow, RefusedRow
from gridwarden.console import Progress
from gridwarden.options import Database, settings_of
from gridwarden.reach import reached
from gridwarden.refused_words import as_json, day_as_json, moment, payload_lines, plain, plain_day, shown, stamp
from ingest.wire.reports import Reason

Connection = AsyncConnection[Any]
Say = Callable[[str], None]

POLL_S: Final = 1.0
MOST: Final = 10_000
LOOK_BACK: Final = 1_000  # ids that are read again: of two ingests the one that came later may commit first
REASONS: Final = tuple(reason.value for reason in Reason)


class NotShownError(Exception):
    """What was asked cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be shown of which reports."""

    reason: str | None
    terminal: str | None
    since: datetime | None
    limit: int
    as_json: bool
    payload: bool

    async def page(self, connection: Connection, *, limit: int, after: int | None = None) -> list[RefusedRow]:
        return await table.page(
            connection, reason=self.reason, terminal=self.terminal, since=self.since, after=after, limit=limit
        )


def refused(
    *,
    reason: Annotated[str | None, typer.Option(help="Only with this reason, a word of docs/protocol.md")] = None,
    terminal: Annotated[str | None, typer.Option(help="Only of the terminal with this code, unknown ones too")] = None,
    since: Annotated[str | None, typer.Option(help="Not older: 15m, 6h, 3d, or 2026-11-29T08:00:00Z")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many, the newest")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the payload")] = False,
    payload: Annotated[bool, typer.Option("--payload", help="Show what was sent; a hexdump if it is no text")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="How many, by day and reason, since ever")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with those that come, until Ctrl-C")] = False,
    database: Database = None,
) -> None:
    """Show refused reports, newest first: a table at a terminal, lines with tabs in a pipe."""
    wish = Wish(
        reason=_reason(reason),
        terminal=terminal,
        since=_since(since),
        limit=limit,
        as_json=json,
        payload=payload,
    )
    if counts and (terminal or payload or follow):
        raise NotShownError("--counts are by day and reason: they go with --reason, --since, --limit and --json only")
    work = _show_counts if counts else _follow if follow else _show
    progress = Progress(to_stderr=True)
    with reached(settings_of(database=database), progress) as dsn:
        progress.done()
        try:
            asyncio.run(work(dsn, wish))
        except KeyboardInterrupt:
            return
        except BrokenPipeError:  # `| head` has seen enough; what is left in the buffer goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reason(said: str | None) -> str | None:
    if said is not None and said not in REASONS:
        raise NotShownError(f"there is no reason {said!r}; there are: {', '.join(REASONS)}")
    return said


def _since(said: str | None) -> datetime | None:
    try:
        return None if said is None else moment(said, now=datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise NotShownError(f"--since {said!r} is no duration (15m, 6h, 3d) and no time of RFC 3339") from error


async def _show_counts(dsn: str, wish: Wish) -> None:
    since = None if wish.since is None else wish.since.astimezone(UTC).date()
    async with _opened(dsn) as connection:
        rows = await table.by_day(connection, since=since, reason=wish.reason, limit=wish.limit)
    console = Console(highlight=False)
    if wish.as_json or not console.is_terminal:
        _print_lines([day_as_json(row) if wish.as_json else plain_day(row) for row in rows])
    elif rows:
        console.print(_days(rows))
    if not rows:
        _note("nothing was refused in that time")


async def _show(dsn: str, wish: Wish) -> None:
    async with _opened(dsn) as connection:
        rows = await wish.page(connection, limit=wish.limit)
    console = Console(highlight=False)
    if console.is_terminal and not wish.as_json and not wish.payload and rows:
        console.print(_reports(rows))
    else:
        _print_lines([line for row in rows for line in _lines(row, wish)])
    if not rows:
        _note("no refused report that is kept fits; --counts says what there was")


async def _follow(dsn: str, wish: Wish) -> None:
    """Print the newest, oldest of them first, then each that comes, once; run until cancelled."""
    async with _opened(dsn) as connection:
        window = await wish.page(connection, limit=max(wish.limit, LOOK_BACK))
        fresh = window[: wish.limit]
        while True:
            _print_lines([line for row in reversed(fresh) for line in _lines(row, wish)])
            seen = {row.id for row in window}
            await asyncio.sleep(POLL_S)
            window = await wish.page(connection, after=max(seen, default=0) - LOOK_BACK, limit=MOST)
            fresh = [row for row in window if row.id not in seen]


def _lines(row: RefusedRow, wish: Wish) -> list[str]:
    if wish.as_json:
        return [as_json(row)]
    return [plain(row), *(f"    {line}" for line in payload_lines(row.payload))] if wish.payload else [plain(row)]


def _reports(rows: Sequence[RefusedRow]) -> Table:
    drawn = Table("received (UTC)", "terminal", "reason", "topic", "detail", box=None, header_style="bold")
    for row in rows:
        words = (stamp(row.received_at), row.terminal or "-", row.reason, shown(row.topic), shown(row.detail))
        drawn.add_row(*(Text(word) for word in words))
    return drawn


def _days(rows: Sequence[DayRow]) -> Table:
    drawn = Table("day (UTC)", "reason", box=None, header_style="bold")
    drawn.add_column("reports", justify="right")
    for row in rows:
        drawn.add_row(str(row.day), row.reason, f"{row.reports:,}")
    return drawn


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a pipe takes no markup and no wrapping


def _note(line: str) -> None:
    typer.echo(line, err=True)


@contextlib.asynccontextmanager
async def _opened(dsn: str) -> AsyncGenerator[Connection]:
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        yield connection
