"""`gridwarden account ...`: for the operator, who holds the database anyway; so nobody is ever locked out for good."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection

from dashboard.security.passwords import Passwords
from dashboard.security.problems import Problem
from dashboard.security.rights import Right
from dashboard.security.staff import Changes, Done, NewAccount, Staff
from dashboard.shapes import Scope
from dashboard.store import staff as staff_table
from dashboard.store.staff import StaffRow
from gridwarden.console import Progress
from gridwarden.options import Database, settings_of
from gridwarden.reach import reached
from tracker.organisation.errors import Refused

Connection = AsyncConnection[Any]
Work = Callable[[Connection, Staff], Awaitable[Sequence[str]]]  # returns the lines to print

MOST_LISTED: Final = 10_000
UNIT_OF_CODE: Final = "SELECT id FROM unit WHERE code = %(code)s"

account_app = typer.Typer(no_args_is_help=True, help="Who may log in, and what they may do.")

Name = Annotated[str, typer.Argument(help="What the account logs in with")]
UnitCode = Annotated[str, typer.Option("--unit", help="Code of the unit whose subtree it sees")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="dispatcher, issuer, approver or administrator; for a part only: issuer=UNIT_CODE"),
]


class AccountError(Exception):
    """What was asked cannot be done; the message says why."""


@account_app.command(name="add")
def add_account(
    *,
    name: Name,
    unit: UnitCode,
    role: Roles = None,
    display_name: Annotated[str, typer.Option(help="The person's name")] = "",
    database: Database = None,
) -> None:
    """Make an account, and print its first password."""

    async def work(connection: Connection, staff: Staff) -> Sequence[str]:
        home = await _unit(connection, unit)
        roles = await _roles(connection, role or [], home)
        new = NewAccount(name=name, display_name=display_name, unit=home, roles=roles)
        done = await staff.add(connection, None, new)
        return [f"{name}   {done.password}   (to be changed at the first log-in)"]

    _run(database, work)


@account_app.command(name="list")
def list_accounts(*, database: Database = None) -> None:
    """Show all accounts, the closed ones too."""

    async def work(connection: Connection, _staff: Staff) -> Sequence[str]:
        scope = Scope.everywhere()
        rows = await staff_table.page(connection, scope, words="", closed=True, limit=MOST_LISTED, offset=0)
        return [_line(row) for row in rows]

    _run(database, work)


@account_app.command(name="roles")
def set_roles(*, name: Name, role: Roles = None, unit: UnitCode = "", database: Database = None) -> None:
    """Let an account hold these roles and no others; with --unit it also moves to another unit."""

    async def work(connection: Connection, staff: Staff) -> Sequence[str]:
        account = await _account(connection, name)
        row = await staff.find(connection, None, account)
        home = await _unit(connection, unit) if unit else row.unit
        changes = Changes(unit=home, roles=await _roles(connection, role or [], home))
        await staff.change(connection, None, account, changes, revision=None)
        return [_line(await staff.find(connection, None, account))]

    _run(database, work)


@account_app.command(name="password")
def renew_password(*, name: Name, database: Database = None) -> None:
    """Give an account a new password, print it, and end its sessions."""

    async def work(connection: Connection, staff: Staff) -> Sequence[str]:
        done = await staff.renew_password(connection, None, await _account(connection, name))
        return [f"{name}   {done.password}   (to be changed at the next log-in)"]

    _run(database, work)


@account_app.command(name="reset-second-factor")
def reset_second_factor(*, name: Name, database: Database = None) -> None:
    """Take an account's second factor away, for a telephone that was lost, and end its sessions."""
    _run(database, _one(name, Staff.reset_second_factor, "has no second factor any more"))


@account_app.command(name="close")
def close_account(*, name: Name, database: Database = None) -> None:
    """Let nobody in by this account any more; what it did stays on record."""
    _run(database, _one(name, Staff.close, "is closed"))


@account_app.command(name="reopen")
def reopen_account(*, name: Name, database: Database = None) -> None:
    """Let a closed account in again."""
    _run(database, _one(name, Staff.reopen, "is open again"))


def _one(name: str, move: Callable[[Staff, Connection, None, int], Awaitable[Done]], said: str) -> Work:
    async def work(connection: Connection, staff: Staff) -> Sequence[str]:
        await move(staff, connection, None, await _account(connection, name))
        return [f"{name} {said}"]

    return work


def _run(database: str | None, work: Work) -> None:
    progress = Progress()
    settings = settings_of(database=database)
    with reached(settings, progress) as dsn:
        lines = asyncio.run(_done(dsn, settings.oidc_issuer, work))
    progress.done()
    for line in lines:
        progress.print(line)


async def _done(dsn: str, issuer: str | None, work: Work) -> Sequence[str]:
    staff = Staff(Passwords(), issuer=issuer, clock=lambda: datetime.now(UTC))
    try:
        async with await AsyncConnection.connect(dsn) as connection, connection.transaction():
            return await work(connection, staff)
    except (Problem, Refused) as refused:
        raise AccountError(str(refused)) from refused


async def _account(connection: Connection, name: str) -> int:
    found = await staff_table.id_of(connection, name)
    if found is None:
        raise AccountError(f"there is no account {name}: see gridwarden account list")
    return found


async def _unit(connection: Connection, code: str) -> int:
    found = await connection.execute(UNIT_OF_CODE, {"code": code})
    row = await found.fetchone()
    if row is None:
        raise AccountError(f"there is no unit with the code {code}")
    return int(row[0])


async def _roles(connection: Connection, given: Sequence[str], home: int) -> dict[str, int]:
    """Return role to unit of words like `issuer` and `issuer=410102`."""
    roles: dict[str, int] = {}
    for word in given:
        role, _, code = word.partition("=")
        if role not in set(Right):
            raise AccountError(f"there is no role {role}: choose from {', '.join(Right)}")
        roles[role] = await _unit(connection, code) if code else home
    return roles


def _line(row: StaffRow) -> str:
    roles = ", ".join(role if held.id == row.unit else f"{role} of {held.name}" for role, held in row.roles.items())
    marks = [word for word, is_so in (("second factor", row.second_factor), ("CLOSED", row.closed_at)) if is_so]
    return "   ".join([row.name, row.unit_name, roles, *marks])
