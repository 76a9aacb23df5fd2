"""Checking and making password hashes off the event loop, a few at a time."""

import asyncio
import secrets
from typing import Final

from dashboard.security.problems import Problem
from tracker.security import hash_password, verify_password

MOST_AT_ONCE: Final = 4  # argon2 takes 64 MiB a check
SHORTEST: Final = 12  # characters; NIST SP 800-63B asks for length, not for signs


class Passwords:
    def __init__(self) -> None:
        self._checking = asyncio.Semaphore(MOST_AT_ONCE)
        self._nobodys_hash: str | None = None

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether the password is the one hashed. None (nobody, or somebody without one) costs as much time."""
        async with self._checking:
            against = stored or await self._hash_of_nobody()
            is_right = await asyncio.to_thread(verify_password, password, against)
        return is_right and stored is not None

    async def hash(self, password: str) -> str:
        async with self._checking:
            return await asyncio.to_thread(hash_password, password)

    async def _hash_of_nobody(self) -> str:
        if self._nobodys_hash is None:
            self._nobodys_hash = await asyncio.to_thread(hash_password, secrets.token_hex(16))
        return self._nobodys_hash


def check_strength(password: str, *, name: str) -> None:
    """Raise Problem for a password that is guessed too soon."""
    if len(password) < SHORTEST:
        raise Problem(
            422,
            "weak_password",
            f"choose a password of at least {SHORTEST} characters",
            zh=f"密码至少需要 {SHORTEST} 个字符",
        )
    if len(set(password)) < SHORTEST // 2 or name.casefold() in password.casefold():
        raise Problem(
            422,
            "weak_password",
            "choose a password without the account's name and with more than a few different characters",
            zh="密码不能包含账号名，也不能只由少数几个字符重复组成",
        )
