"""Logging in and staying so: a cookie of 256 random bits, of which the database keeps only the hash."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from psycopg_pool import AsyncConnectionPool

from dashboard.security.rights import Viewer
from dashboard.security.throttle import Throttle
from dashboard.store import accounts, audit
from tracker.security import hash_password, verify_password

COOKIE: Final = "gw_session"
LIFETIME: Final = timedelta(hours=12)  # one shift; the next one logs in under its own name
MOST_AT_ONCE: Final = 4  # argon2 takes 64 MiB a check


class WrongPassword(Exception):  # noqa: N818 - an answer, not an accident
    """Unknown name or wrong password: the two are not told apart."""


class TooManyTries(Exception):  # noqa: N818 - told to the user as it is
    """Too many wrong passwords of late; try again in `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong passwords: try again in {wait_s:.0f} s")
        self.wait_s = wait_s


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """Opens, finds and closes sessions. `clock` returns the time now, aware UTC."""

    def __init__(self, pool: AsyncConnectionPool, *, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock
        self._throttle = Throttle()
        self._checking = asyncio.Semaphore(MOST_AT_ONCE)
        self._nobodys_hash: str | None = None

    async def open(self, *, name: str, password: str, address: str) -> str:
        """Return a new session's token; raises WrongPassword or TooManyTries."""
        wait_s = self._throttle.wait_s(name=name, address=address, now_s=self._clock().timestamp())
        if wait_s > 0:
            raise TooManyTries(wait_s)
        # Counted before the check: tries sent at once must not all pass while the first is still being checked.
        self._throttle.failed(name=name, address=address, now_s=self._clock().timestamp())
        account = await self._account(name, password)
        if account is None:
            raise WrongPassword
        self._throttle.succeeded(name=name, address=address)
        return await self._begin(account, name)

    async def find(self, token: str, *, address: str = "") -> Viewer | None:
        return await self.renew(hash_of(token), address=address)

    async def renew(self, session: bytes, *, address: str = "") -> Viewer | None:
        """Return who is behind a session's hash, read afresh; None when it has ended."""
        async with self._pool.connection() as connection:
            found = await accounts.account_of_session(connection, token_hash=session, now=self._clock())
        if found is None:
            return None
        return Viewer(
            account=found.account, session=session, address=address, has_second_factor=found.has_second_factor
        )

    async def close(self, viewer: Viewer) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await accounts.close_session(connection, token_hash=viewer.session)
            await audit.write(
                connection,
                at=self._clock(),
                viewer=viewer,
                action="account.logged_out",
                subject=viewer.account.name,
                unit=viewer.account.unit,
            )

    async def _begin(self, account: int, name: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock()
        async with self._pool.connection() as connection, connection.transaction():
            await accounts.close_expired_sessions(connection, now=now)
            await accounts.open_session(
                connection, token_hash=hash_of(token), account=account, expires_at=now + LIFETIME
            )
            await audit.write(connection, at=now, account=account, action="account.logged_in", subject=name)
        return token

    async def _account(self, name: str, password: str) -> int | None:
        """Return the account's id when the password is right. An unknown name costs as much time as a known one."""
        async with self._pool.connection() as connection:
            found = await accounts.password_hash_of(connection, name)
        async with self._checking:
            account, stored = found or (None, await self._hash_of_nobody())
            is_right = await asyncio.to_thread(verify_password, password, stored)
        return account if is_right else None

    async def _hash_of_nobody(self) -> str:
        if self._nobodys_hash is None:
            self._nobodys_hash = await asyncio.to_thread(hash_password, secrets.token_hex(16))
        return self._nobodys_hash
