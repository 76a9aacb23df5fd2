"""`gridwarden terminal ...`: terminals through their lives, for the operator; each change is audited and told."""

import io
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final

import segno
import typer

from gridwarden.options import Database, Redis, settings_of
from gridwarden.password_file import Written, write_passwords
from gridwarden.terminal_desk import (
    ID_OF_MEMBER,
    ID_OF_UNIT,
    Desk,
    Lines,
    TerminalError,
    id_of,
    run,
)
from tracker.organisation import terminals
from tracker.organisation.provisioning import Credential
from tracker.organisation.terminals import NewTerminal, Terminal

Step = Callable[..., Awaitable[Terminal]]

SECRET_MODE: Final = 0o600
NAMED: Final = 20  # terminals that a line names before it says how many more
LISTED: Final = """
    SELECT terminal.id, terminal.code, coalesce(member.code, ''), coalesce(member.name, ''), coalesce(unit.name, '')
    FROM terminal
    LEFT JOIN member ON member.id = terminal.member
    LEFT JOIN unit ON unit.id = terminal.unit
    WHERE (%(unit)s::text IS NULL OR unit.code = %(unit)s) AND terminal.code > %(after)s
    ORDER BY terminal.code LIMIT %(most)s
"""
CARRIERS: Final = """
    SELECT member.code, member.name, since, until FROM terminal_carrier JOIN member ON member.id = member
    WHERE terminal = %(terminal)s ORDER BY since DESC
"""

terminal_app = typer.Typer(no_args_is_help=True, help="Terminals: credentials, carriers, loss and retirement.")

Code = Annotated[str, typer.Argument(help="The terminal's code: its MQTT user name")]
Url = Annotated[str | None, typer.Option("--url", help="Where terminals connect: mqtts://gps.example.org:8883")]
Otrc = Annotated[Path | None, typer.Option("--otrc", help="Write the OwnTracks app's configuration into this file")]
Config = Annotated[
    Path | None, typer.Option("--config", help="Write a generic terminal's configuration into this file")
]
Qr = Annotated[bool, typer.Option("--qr", help="Draw the OwnTracks configuration as a QR code")]


@terminal_app.command(name="add")
def add_terminal(
    *,
    code: Annotated[str | None, typer.Option("--code", help="Its code.  [default: the next free one]")] = None,
    unit: Annotated[str, typer.Option("--unit", help="Code of the unit that owns it")],
    member: Annotated[str | None, typer.Option("--member", help="Code of the member who carries it")] = None,
    interval_s: Annotated[int | None, typer.Option("--interval", help="Seconds between two reports")] = None,
    model: Annotated[str, typer.Option(help="Make and model")] = "",
    otrc: Otrc = None,
    config: Config = None,
    qr: Qr = False,
    url: Url = None,
    database: Database = None,
    redis: Redis = None,
) -> None:
    """Add a terminal and show its credential, once."""

    async def work(desk: Desk) -> Lines:
        new = NewTerminal(
            unit=await id_of(desk.connection, ID_OF_UNIT, unit, "unit"),
            code=code,
            member=None if member is None else await id_of(desk.connection, ID_OF_MEMBER, member, "member"),
            interval_s=interval_s,
            model=model,
        )
        return _hand_out(
            await desk.issue("terminal.added", await terminals.add(desk.connection, new)), otrc, config, qr=qr
        )

    run(settings_of(database=database, redis=redis, terminal_url=url), work)


@terminal_app.command(name="rotate")
def rotate_terminal(
    *,
    code: Code,
    otrc: Otrc = None,
    config: Config = None,
    qr: Qr = False,
    url: Url = None,
    database: Database = None,
    redis: Redis = None,
) -> None:
    """Give a terminal a new secret and show it, once; the old one ends, and its connection with it."""

    async def work(desk: Desk) -> Lines:
        terminal = await desk.find(code)
        if terminal.state == "lost":
            raise TerminalError(f"{code} is reported lost: report it found first")
        return _hand_out(await desk.issue("terminal.rotated", terminal), otrc, config, qr=qr)

    run(settings_of(database=database, redis=redis, terminal_url=url), work)


@terminal_app.command(name="list")
def list_terminals(
    *,
    unit: Annotated[str | None, typer.Option("--unit", help="Code of a unit: only its own terminals")] = None,
    after: Annotated[str, typer.Option(help="Go on behind this code")] = "",
    most: Annotated[int, typer.Option(min=1, help="How many")] = 100,
    database: Database = None,
) -> None:
    """List terminals by code, with their state, carrier and unit."""

    async def work(desk: Desk) -> Lines:
        rows = await desk.connection.execute(LISTED, {"unit": unit, "after": after, "most": most})
        lines: list[str] = []
        for number, code, member, name, of in await rows.fetchall():
            state = (await terminals.find(desk.connection, number)).state
            lines.append("   ".join(word for word in (code, state, member, name, of) if word))
        return lines

    run(settings_of(database=database), work)


@terminal_app.command(name="show")
def show_terminal(*, code: Code, database: Database = None) -> None:
    """Show a terminal, and who carried it when."""

    async def work(desk: Desk) -> Lines:
        terminal = await desk.find(code)
        rows = await desk.connection.execute(CARRIERS, {"terminal": terminal.id})
        carried = [
            f"  {member} {name}   since {since:%Y-%m-%d %H:%M}" + (f" until {until:%Y-%m-%d %H:%M}" if until else "")
            for member, name, since, until in await rows.fetchall()
        ]
        about = [word for word in (terminal.model, terminal.note) if word]
        return ["   ".join([terminal.code, terminal.state, *about]), *carried]

    run(settings_of(database=database), work)


@terminal_app.command(name="hand")
def hand_terminal(
    *,
    code: Code,
    member: Annotated[
        str | None, typer.Option("--member", help="Code of the member; without: back to the shelf")
    ] = None,
    database: Database = None,
    redis: Redis = None,
) -> None:
    """Hand a terminal to another member; its connection stays."""

    async def work(desk: Desk) -> Lines:
        found = await desk.find(code)
        to = None if member is None else await id_of(desk.connection, ID_OF_MEMBER, member, "member")
        handed = await terminals.hand(desk.connection, found.id, revision=found.revision, member=to)
        await desk.note("terminal.handed", handed, member=to)
        return [f"{code} is now with {member or 'nobody'}"]

    run(settings_of(database=database, redis=redis), work)


def _add_step(name: str, action: str, step: Step, said: str, about: str) -> None:
    @terminal_app.command(name=name, help=about)
    def take(*, code: Code, database: Database = None, redis: Redis = None) -> None:
        async def work(desk: Desk) -> Lines:
            found = await desk.find(code)
            await desk.note(action, await step(desk.connection, found.id, revision=found.revision))
            return [f"{code} {said}"]

        run(settings_of(database=database, redis=redis), work)


_add_step(
    "revoke", "terminal.revoked", terminals.revoke, "cannot log in any more", "End a terminal's credential at once."
)
_add_step(
    "lost",
    "terminal.lost",
    terminals.lose,
    "is lost, and cannot log in",
    "Report a terminal lost; its credential ends.",
)
_add_step(
    "found", "terminal.found", terminals.find_again, "is found: rotate its secret", "Report a lost terminal found."
)
_add_step("retire", "terminal.retired", terminals.retire, "is retired", "Take a terminal out of service for good.")


@terminal_app.command(name="passwords")
def write_password_file(
    *,
    out: Annotated[Path, typer.Option("--out", help="The file, as mosquitto.conf names it in password_file")],
    broker: Annotated[
        str | None, typer.Option(help="URL with ingest's own user and password, as ingest gets it")
    ] = None,
    reload: Annotated[
        int | None, typer.Option("--reload", help="Process id of Mosquitto: it reads the file again")
    ] = None,
    database: Database = None,
) -> None:
    """Write Mosquitto's password file: all terminals that may log in."""
    settings = settings_of(database=database)
    if broker is not None:
        settings = settings.model_copy(update={"broker": broker})

    async def work(desk: Desk) -> Lines:
        return _said(await write_passwords(desk.connection, out, broker=settings.broker), out)

    run(settings, work)
    if reload is not None:
        try:
            os.kill(reload, signal.SIGHUP)
        except OSError as error:
            raise TerminalError(f"there is no process {reload} of ours to reload: {error.strerror}") from error


def _said(written: Written, out: Path) -> Lines:
    lines = [f"{written.terminals:,} terminals in {out}"]
    if written.earlier:
        rest = len(written.earlier) - NAMED
        names = ", ".join(written.earlier[:NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
        lines.append(f"left out, their secrets are of an earlier release and need rotation: {names}")
    return lines


def _hand_out(credential: Credential, otrc: Path | None, config: Path | None, *, qr: bool) -> Lines:
    """Write the files that were asked for, and return what is shown; the secret is in it once."""
    lines = [
        f"terminal  {credential.terminal}",
        f"secret    {credential.secret}   (shown once: the database keeps a hash)",
        f"connect   {credential.url}",
        f"phone     {credential.otrc_url}",
    ]
    for path, content in ((otrc, credential.otrc), (config, credential.config)):
        if path is not None:
            path.unlink(missing_ok=True)
            path.touch(mode=SECRET_MODE)
            path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            lines.append(f"written   {path}")
    if qr:
        drawn = io.StringIO()
        segno.make(credential.otrc_url, error="l", boost_error=False).terminal(drawn, compact=True)
        lines.append(drawn.getvalue())
    return lines
