"""`gridwarden account ...`, as the operator types it."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from typer.testing import CliRunner

from gridwarden.account_commands import AccountError, account_app
from gridwarden.settings import Settings
from gridwarden.sign_on import SignOnError, single_sign_on
from tests.integration.dashboard.builders import EAST, a_city
from tracker.security import verify_password

Type = Callable[..., Awaitable[str]]


@pytest.fixture
def typed(database: str) -> Type:
    """Types a command; returns what it prints, raises what it raises."""

    async def run(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, account_app, [*words, "--database", database])
        if done.exception is not None:
            raise done.exception
        return done.output

    return run


@pytest.fixture
async def city(connection: psycopg.AsyncConnection) -> psycopg.AsyncConnection:
    await a_city(connection)
    return connection


async def test_an_account_made_here_gets_its_roles_and_a_password(city: psycopg.AsyncConnection, typed: Type) -> None:
    said = await typed("add", "chen", "--unit", "410102", "--role", "dispatcher", "--role", "issuer=410102001")
    row = await (await city.execute("SELECT password_hash, unit FROM account WHERE name = 'chen'")).fetchone()
    password = re.search(r"chen\s+([0-9a-f-]{27})", said)
    assert row is not None
    assert row[1] == EAST
    assert password is not None
    assert verify_password(password[1], row[0])
    listed = await typed("list")
    assert re.search(r"chen\s+东区\s+.*issuer of 东街", listed), listed


async def test_whoever_lost_everything_is_let_in_again(city: psycopg.AsyncConnection, typed: Type) -> None:
    await city.execute("UPDATE account SET totp_secret = 'x', totp_confirmed_at = now(), closed_at = now()")
    assert "centre" in await typed("password", "centre")
    assert "no second factor" in await typed("reset-second-factor", "centre")
    assert "open again" in await typed("reopen", "centre")
    row = await city.execute("SELECT totp_confirmed_at, closed_at FROM account WHERE name = 'centre'")
    assert await row.fetchone() == (None, None)
    written = await city.execute("SELECT action, account, detail->>'by' FROM audit ORDER BY id")
    assert await written.fetchall() == [
        ("account.password_reset", None, "command line"),
        ("account.second_factor_reset", None, "command line"),
        ("account.reopened", None, "command line"),
    ]


async def test_roles_are_replaced_whole(city: psycopg.AsyncConnection, typed: Type) -> None:
    said = await typed("roles", "east", "--role", "approver")
    assert re.search(r"east\s+东区\s+(approver, viewer|viewer, approver)", said), said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("add", "chen", "--unit", "999"), "no unit with the code 999"),
        (("add", "east", "--unit", "410102"), "taken"),
        (("add", "chen", "--unit", "410102", "--role", "king"), "no role king: choose from viewer"),
        (("add", "chen", "--unit", "410102", "--role", "issuer=4101"), "no further than what the account sees"),
        (("close", "nobody"), "no account nobody"),
        (("close", "centre"), "last administrator"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_line(
    city: psycopg.AsyncConnection, typed: Type, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(AccountError, match=message):
        await typed(*words)


def test_single_sign_on_set_up_by_half_is_told_so() -> None:
    with pytest.raises(SignOnError, match="CLIENT_ID"):
        single_sign_on(Settings(oidc_issuer="https://id.example"), public_url="https://map.example")
    with pytest.raises(SignOnError, match="https"):
        single_sign_on(Settings(oidc_issuer="http://id.example", oidc_client_id="x"), public_url="https://map.example")
    found = single_sign_on(Settings(oidc_issuer="https://id.example", oidc_client_id="x"), public_url="https://m/")
    assert found is not None
    assert found.redirect == "https://m/api/login/oidc/callback"
