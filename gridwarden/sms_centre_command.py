"""`gridwarden sms-centre`: a simulated operator for gateways under test, with its figures at the terminal."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from gridwarden.console import Progress
from gridwarden.options import run
from gridwarden.ports import want_free
from gridwarden.signals import until_stopped
from gridwarden.tls import door_tls
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.faults import profiles, read_faults
from simulators.sms_centre.records import Originated

_LOOK_S: Final = 0.5
_LONGEST_PASSWORD: Final = 8  # SMPP 3.4; a longer one no client could send
_LONGEST_SYSTEM_ID: Final = 15
_LONGEST_LINE: Final = 1 << 16  # bytes of what somebody types: 255 parts of an SMS and more
_ALWAYS: Final = ("opened", "submitted", "sent")  # shown even when there was none


class SmsCentreError(Exception):
    """What was asked for cannot be simulated; the message says why."""


def sms_centre(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen at; 0: any that is free")] = 2775,
    host: Annotated[str, typer.Option(help="Address to listen at")] = "127.0.0.1",
    faults: Annotated[
        str, typer.Option(help=f"What it does wrong: a YAML file, or one of {', '.join(profiles())}")
    ] = "calm",
    seed: Annotated[int, typer.Option(help="Same seed and same messages, same fate of each")] = 1,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Messages a second; more are throttled")] = None,
    system_id: Annotated[str, typer.Option(help="Whom it lets in")] = "gridwarden",
    password: Annotated[str, typer.Option(help="With which password, of 8 characters at most")] = "secret",  # noqa: S107 - of a simulation
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file: clients connect over TLS")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its key, if that is not in the same file")] = None,
    phones: Annotated[bool, typer.Option("--phones", help="Lines NUMBER TEXT on standard input: that phone writes")] = (
        False
    ),
    for_s: Annotated[float | None, typer.Option("--for", min=0, help="Stop by itself after so many seconds")] = None,
) -> None:
    """Simulated mobile operator, SMPP 3.4: takes messages, sends receipts, and makes trouble as asked."""
    if not password.isascii() or not system_id.isascii() or len(system_id) > _LONGEST_SYSTEM_ID:
        raise SmsCentreError(
            f"--system-id and --password are ASCII in SMPP 3.4, the former of {_LONGEST_SYSTEM_ID} characters at most"
        )
    if len(password) > _LONGEST_PASSWORD:
        raise SmsCentreError(f"--password of {len(password)} characters: SMPP 3.4 has room for {_LONGEST_PASSWORD}")

    if port:
        want_free(host, port, option="--port")

    async def work() -> None:
        centre = SmsCentre(
            host=host,
            port=port,
            accounts={system_id: password},
            faults=read_faults(faults),
            seed=seed,
            rate_per_s=rate,
            tls=door_tls(tls_certificate, tls_key),
        )
        await _show(centre, f"as {system_id}, faults: {faults}, seed {seed}", for_s, has_phones=phones)

    run(work())


async def _show(centre: SmsCentre, how: str, for_s: float | None, *, has_phones: bool) -> None:
    """Listen until the time is over or Ctrl-C, with the figures on one line; then print the summary."""
    with Progress() as progress:
        async with centre:
            progress.step(f"SMPP 3.4 at {centre.host}:{centre.port} {how}   Ctrl-C stops it")
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_update(centre, progress), name="figures of the SMS centre")]
                if has_phones:
                    tasks.append(group.create_task(_let_phones_write(centre, progress), name="phones"))
                await until_stopped(for_s)
                for task in tasks:
                    task.cancel()
    for line in summary(centre.counts):
        progress.print(line)


async def _let_phones_write(centre: SmsCentre, progress: Progress) -> None:
    """Read NUMBER TEXT, a line a message, until the input ends; what is no such line is said and passed over."""
    lines = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while not lines.at_eof():
        try:
            line = await lines.readline()
        except ValueError:
            progress.print(f"a line of more than {_LONGEST_LINE} bytes: no phone writes that much")
            continue
        if line.strip():
            progress.print(escape(_written(centre, line.decode("utf-8", "replace").strip())))


def _written(centre: SmsCentre, line: str) -> str:
    """Let a phone write; return what to say of it."""
    number, _, text = line.partition(" ")
    digits = number.removeprefix("+")
    if not digits.isdigit() or not text:
        return f"not a line NUMBER TEXT: {number}"
    try:
        parts = len(centre.deliver(Originated(digits, "10690001", text)))
    except ValueError as why:
        return f"{digits} cannot write that: {why}"
    return f"{digits} wrote, in {parts} part{'s' if parts > 1 else ''}"


async def _update(centre: SmsCentre, progress: Progress) -> None:
    before = 0
    while True:
        counts = centre.counts
        rate_per_s, before = (counts.submitted - before) / _LOOK_S, counts.submitted
        progress.update(
            f"{len(centre.sessions)} connections   {counts.submitted:,} submitted ({rate_per_s:,.0f}/s)   "
            f"{counts.taken:,} taken   {counts.refused.total():,} refused   "
            f"receipts {counts.receipts_acknowledged:,} of {counts.receipts_sent:,} acknowledged"
        )
        await asyncio.sleep(_LOOK_S)


def summary(counts: Counts) -> list[str]:
    """Return the figures, a line each subject; those of trouble only where there was any."""
    refused = {status.name: count for status, count in counts.refused.most_common()}
    lines: Mapping[str, Mapping[str, int]] = {
        "connections": {
            "opened": counts.connections,
            "bound": counts.binds,
            "refused": counts.binds_refused,
            "dropped": counts.links_dropped,
            "unbound": counts.links_unbound,
            "silent": counts.links_silent,
            "cut": counts.links_cut,
            "given up": counts.given_up,
        },
        "messages": {
            "submitted": counts.submitted,
            "taken": counts.taken,
            "duplicates": counts.duplicates,
            "done": counts.done,
            "late answers": counts.late,
            "without an answer": counts.unanswered,
            "ignored": counts.ignored,
            **refused,
        },
        "receipts": {
            "sent": counts.receipts_sent,
            "acknowledged": counts.receipts_acknowledged,
            "refused": counts.receipts_refused,
            "tried again": counts.receipts_retried,
            "lost": counts.receipts_lost,
            "repeated": counts.receipts_repeated,
            "early": counts.receipts_early,
        },
        "client": {"unreadable PDUs": counts.broken, "commands out of place": counts.illegal},
    }
    shown = {subject: {what: n for what, n in each.items() if n or what in _ALWAYS} for subject, each in lines.items()}
    return [
        f"{subject:<12} " + ", ".join(f"{count:,} {what}" for what, count in figures.items())
        for subject, figures in shown.items()
        if figures
    ]
