"""The second factor of an account: set up, asked at log-in, taken away.

The caller throttles: six digits are guessed in a day by who may try without end.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from dashboard.security import totp
from dashboard.security.problems import Problem
from dashboard.security.seal import Seal
from dashboard.store import factors

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an authenticator app needs, shown once."""

    secret: str
    uri: str
    qr_svg: str


class SecondFactor:
    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    async def offer(self, connection: Connection, account: int, *, name: str) -> Offer:
        """Make a secret that waits for its first code; raises Problem when one is in use."""
        secret = totp.new_secret()
        sealed = self._seal.close(secret.encode(), purpose=_of_totp(account))
        if not await factors.offer(connection, account, sealed=sealed):
            raise _in_use()
        uri = totp.uri_of(secret, account=name)
        return Offer(secret=secret, uri=uri, qr_svg=totp.qr_svg(uri))

    async def confirm(self, connection: Connection, account: int, code: str, *, at: datetime) -> list[str] | None:
        """Put the offered secret into use and return the recovery codes; None for a wrong code."""
        found = await factors.find(connection, account)
        if found is None or found.totp_confirmed_at is not None:
            raise _in_use()
        step = self._step(account, found, code, at=at)
        if step is None:
            return None
        codes = totp.new_recovery_codes()
        digests = [self._digest(account, one) for one in codes]
        if not await factors.confirm(connection, account, step=step, recovery_codes=digests, at=at):
            raise _in_use()
        return codes

    async def accept(self, connection: Connection, account: int, code: str, *, at: datetime) -> str | None:
        """Take a code, once; return which kind it was (totp, recovery_code), None when it is wrong or used up."""
        found = await factors.find(connection, account)
        if found is None or found.totp_confirmed_at is None:
            return None
        step = self._step(account, found, code, at=at)
        if step is not None:
            return "totp" if await factors.use_step(connection, account, step=step) else None
        digest = self._digest(account, code)
        return "recovery_code" if await factors.use_recovery_code(connection, account, digest=digest) else None

    def _step(self, account: int, found: factors.Factor, code: str, *, at: datetime) -> int | None:
        secret = self._seal.open(found.totp_secret or b"", purpose=_of_totp(account))
        if secret is None:  # none is offered, or the installation's secret was changed
            return None
        return totp.accepted_step(secret.decode(), totp.plain(code), at=at, last_step=found.totp_last_step)

    def _digest(self, account: int, code: str) -> bytes:
        return self._seal.digest(totp.plain(code), purpose=f"recovery code of account {account}")


def _of_totp(account: int) -> str:
    return f"totp of account {account}"


def _in_use() -> Problem:
    return Problem(
        409,
        "second_factor_in_use",
        "a second factor is in use already: remove it first",
        zh="已绑定验证器，请先解除绑定",
    )
