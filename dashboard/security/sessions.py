"""Logging in and staying so: a cookie of 256 random bits, of which the database keeps only the hash.

The order of a log-in is: how often was it tried, the password, the second factor, the session. An unknown name goes
the same way as a known one.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.security.failures import Failures
from dashboard.security.passwords import Passwords
from dashboard.security.rights import Viewer
from dashboard.security.seal import Seal
from dashboard.security.second_factor import SecondFactor
from dashboard.security.throttle import Throttle
from dashboard.store import accounts, audit, tokens
from dashboard.store import sessions as session_table

Connection = AsyncConnection[Any]

COOKIE: Final = "gw_session"
LIFETIME: Final = timedelta(hours=12)  # one shift; the next one logs in under its own name
MARK_OF_PROGRAMS: Final = "gw_"  # API tokens begin so: scanners for leaked secrets know them by it
TOUCH_AFTER: Final = timedelta(minutes=1)  # a program may ask a hundred times a second


class WrongPassword(Exception):  # noqa: N818 - an answer, not an accident
    """Unknown name or wrong password: the two are not told apart."""


class CodeNeeded(Exception):  # noqa: N818 - an answer, not an accident
    """The password is right; a code of the second factor is missing (`is_wrong`: it was wrong, or used before)."""

    def __init__(self, *, is_wrong: bool) -> None:
        super().__init__("second factor")
        self.is_wrong = is_wrong


class TooManyTries(Exception):  # noqa: N818 - told to the user as it is
    """Too many wrong passwords or codes of late; try again in `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong passwords or codes: try again in {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a log-in comes from."""

    address: str
    user_agent: str = ""


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """Opens, finds and closes sessions. `clock` returns the time now, aware UTC; `secret` is the installation's."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        *,
        clock: Callable[[], datetime],
        secret: bytes,
        needs_second_factor: bool = False,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self.needs_second_factor = needs_second_factor
        self.seal = Seal(secret)
        self.second_factor = SecondFactor(self.seal)
        self.passwords = Passwords()
        self.throttle = Throttle()
        self._failures = Failures()

    async def open(self, *, name: str, password: str, code: str | None = None, caller: Caller) -> str:
        """Return a new session's token; raises WrongPassword, CodeNeeded or TooManyTries."""
        self.count_try(name, caller.address)
        async with self._pool.connection() as connection:
            found = await accounts.credentials_of(connection, name)
        is_right = await self.passwords.is_right(password, None if found is None else found.password_hash)
        if found is None or not is_right:
            await self._note_failure(name, caller, found, why="password")
            raise WrongPassword
        factor = await self._pass_second_factor(found, name, code, caller) if found.has_totp else None
        self.throttle.succeeded(name=name, address=caller.address)
        return await self.begin(found.id, name, caller, via="password", factor=factor, unit=found.unit)

    async def open_with_code(self, *, account: int, name: str, code: str, caller: Caller, via: str) -> str:
        """Return a new session's token for who has proved the first factor elsewhere; raises as `open` does."""
        self.count_try(name, caller.address)
        async with self._pool.connection() as connection:
            found = await accounts.credentials_of(connection, name)
        if found is None or found.id != account:
            raise WrongPassword
        factor = await self._pass_second_factor(found, name, code, caller)
        self.throttle.succeeded(name=name, address=caller.address)
        return await self.begin(account, name, caller, via=via, factor=factor, unit=found.unit)

    def count_try(self, name: str, address: str) -> None:
        """Count a try before it is judged; raises TooManyTries.

        Tries sent at once must not all pass while the first is still being checked.
        """
        now_s = self._clock().timestamp()
        wait_s = self.throttle.wait_s(name=name, address=address, now_s=now_s)
        if wait_s > 0:
            raise TooManyTries(wait_s)
        self.throttle.failed(name=name, address=address, now_s=now_s)

    async def find(self, token: str, *, address: str = "") -> Viewer | None:
        """Return who is behind a session's token; None for any other."""
        return await self._read(hash_of(token), is_api_token=False, address=address)

    async def find_bearer(self, token: str, *, address: str = "") -> Viewer | None:
        """Return who is behind an API token; None for any other."""
        return await self._read(hash_of(token), is_api_token=True, address=address)

    async def renew(self, viewer: Viewer) -> Viewer | None:
        """Return the same viewer, read afresh; None when the session or token has ended."""
        return await self._read(viewer.session, is_api_token=viewer.token is not None, address=viewer.address)

    async def holds_still(self, viewer: Viewer) -> bool:
        """Whether the tree is numbered as it was when the viewer was read; False too when nobody can say."""
        try:
            async with self._pool.connection() as connection:
                return await accounts.is_numbered(connection, viewer.numbering)
        except psycopg.OperationalError:
            return False

    async def close(self, viewer: Viewer) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await session_table.close(connection, token_hash=viewer.session)
            await audit.write(
                connection,
                at=self._clock(),
                viewer=viewer,
                action="account.logged_out",
                subject=viewer.account.name,
                unit=viewer.account.unit,
            )

    async def begin(
        self, account: int, name: str, caller: Caller, *, via: str, factor: str | None, unit: int | None
    ) -> str:
        """Open a session for somebody who has proved who they are, and return its token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        async with self._pool.connection() as connection, connection.transaction():
            await session_table.close_expired(connection, now=now)
            await session_table.add(
                connection,
                token_hash=hash_of(token),
                account=account,
                expires_at=now + LIFETIME,
                second_factor_at=None if factor is None else now,
                address=caller.address,
                user_agent=caller.user_agent,
                via=via,
            )
            await accounts.note_login(connection, account, at=now)
            await audit.write(
                connection,
                at=now,
                account=account,
                address=caller.address,
                action="account.logged_in",
                subject=name,
                unit=unit,
                detail={"via": via} | ({} if factor is None else {"second_factor": factor}),
            )
        return token

    async def note_stranger(self, name: str, caller: Caller) -> None:
        """Write down that somebody came by single sign-on whom no account is for."""
        await self._note_failure(name, caller, None, why="single_sign_on")

    async def _pass_second_factor(
        self, found: accounts.Credentials, name: str, code: str | None, caller: Caller
    ) -> str:
        if not code:
            # Nothing was guessed; but the tries before stay counted, or a known password would set the count back.
            self.throttle.forgive(name=name, address=caller.address)
            raise CodeNeeded(is_wrong=False)
        async with self._pool.connection() as connection, connection.transaction():
            factor = await self.second_factor.accept(connection, found.id, code, at=self._clock())
        if factor is None:
            await self._note_failure(name, caller, found, why="second_factor")
            raise CodeNeeded(is_wrong=True)
        return factor

    async def _read(self, token_hash: bytes, *, is_api_token: bool, address: str) -> Viewer | None:
        now = self._clock()
        async with self._pool.connection() as connection:
            if not is_api_token:
                found = await accounts.account_of_session(connection, token_hash=token_hash, now=now)
            else:
                found = await accounts.account_of_token(connection, token_hash=token_hash, now=now)
            if found is not None and found.token is not None and _is_old(found.last_used_at, now):
                await tokens.touch(connection, found.token, at=now)
        if found is None:
            return None
        return Viewer(
            account=found.account,
            numbering=found.numbering,
            session=token_hash,
            token=found.token,
            token_roles=found.token_roles,
            address=address,
            has_second_factor=found.has_second_factor,
            needs_second_factor=self.needs_second_factor,
        )

    async def _note_failure(self, name: str, caller: Caller, found: accounts.Credentials | None, *, why: str) -> None:
        """Write a failed log-in down; of a flood only the first of a minute, and how many there were."""
        now = self._clock()
        detail = self._failures.detail_of(now.timestamp())
        if detail is None:
            return
        async with self._pool.connection() as connection:
            await audit.write(
                connection,
                at=now,
                account=None if found is None else found.id,
                address=caller.address,
                action="account.login_failed",
                subject=name,
                unit=None if found is None else found.unit,
                detail={"why": why} | detail,
            )


def _is_old(used_at: datetime | None, now: datetime) -> bool:
    return used_at is None or now - used_at >= TOUCH_AFTER
