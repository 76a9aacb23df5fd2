"""Terminals at a broker: who may log in there, and which topics are his. For Mosquitto as files, for EMQX as answers.

One table of grants, docs/protocol.md's topics; deploy/mosquitto/acl says the same in Mosquitto's words.
"""

import base64
import re
from collections.abc import AsyncIterator
from typing import Any, Final, Literal, NamedTuple

import psycopg
from psycopg.rows import class_row

from tracker.security import SALT_BYTES, hash_secret, verify

FETCH: Final = 5_000
HASH_BYTES: Final = 64
CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Action = Literal["publish", "subscribe"]
Connection = psycopg.AsyncConnection[Any]

# %u is the terminal's code; + one level of a topic
GRANTS: Final[tuple[tuple[Action, str], ...]] = (
    *(("publish", f"gw/v1/t/%u/{word}") for word in ("pos", "nmea", "sos", "status", "ack")),
    ("publish", "owntracks/%u/+"),
    ("publish", "owntracks/%u/+/+"),
    *(("subscribe", f"gw/v1/t/%u/{word}") for word in ("stored", "alert", "cmd")),
    ("subscribe", "gw/v1/g/+/alert"),
    ("subscribe", "owntracks/%u/+"),
    ("subscribe", "owntracks/%u/+/+"),
)


def may(code: str, action: Action, topic: str) -> bool:
    """Whether the terminal may publish to a topic, or subscribe to a filter: all that it matches must be granted."""
    return any(does == action and _covers(pattern.replace("%u", code), topic) for does, pattern in GRANTS)


def _covers(pattern: str, topic: str) -> bool:
    levels, asked = pattern.split("/"), topic.split("/")
    return len(levels) == len(asked) and all(
        level == word or (level == "+" and word != "#") for level, word in zip(levels, asked, strict=True)
    )


def emqx_rules(code: str) -> list[dict[str, str]]:
    """Return the grants as EMQX (5.8 and later) takes them with a log-in, so that it need not ask for each message."""
    allowed = [
        {"permission": "allow", "action": does, "topic": pattern.replace("%u", code)} for does, pattern in GRANTS
    ]
    return [*allowed, {"permission": "deny", "action": "all", "topic": "#"}]


def mosquitto_line(user: str, *, salt: bytes, secret_hash: bytes) -> str:
    """Return a line of a Mosquitto password file: `$6$` is SHA-512(password || salt)."""
    return f"{user}:$6${base64.b64encode(salt).decode()}${base64.b64encode(secret_hash).decode()}\n"


def mosquitto_user(user: str, password: str, salt: bytes) -> str:
    return mosquitto_line(user, salt=salt, secret_hash=hash_secret(password, salt))


class Hashed(NamedTuple):
    """An admitted terminal and what its secret is checked by."""

    code: str
    secret_salt: bytes
    secret_hash: bytes

    @property
    def is_for_brokers(self) -> bool:
        """Whether a password file can hold it; secrets of an earlier release must be rotated first."""
        return len(self.secret_salt) == SALT_BYTES and len(self.secret_hash) == HASH_BYTES


async def admitted(connection: Connection) -> AsyncIterator[list[Hashed]]:
    """Yield all that may log in, some thousands at a time, in the order of their codes; inside a transaction."""
    async with connection.cursor("admitted", row_factory=class_row(Hashed), binary=True) as cursor:
        await cursor.execute(
            """
            SELECT code, secret_salt, secret_hash FROM terminal
            WHERE closed_at IS NULL AND revoked_at IS NULL AND lost_at IS NULL AND secret_hash <> ''
            ORDER BY code COLLATE "C"
            """
        )
        while rows := await cursor.fetchmany(FETCH):
            yield rows


async def is_admitted(connection: Connection, code: str) -> bool | None:
    """Whether the terminal may use a broker at all; None when nobody has this code."""
    if CODE.fullmatch(code) is None:
        return None
    cursor = await connection.execute(
        "SELECT closed_at IS NULL AND revoked_at IS NULL AND lost_at IS NULL FROM terminal WHERE code = %(code)s",
        {"code": code},
    )
    found: Any = await cursor.fetchone()
    return None if found is None else bool(found[0])


async def knows(connection: Connection, code: str, secret: str) -> bool | None:
    """Whether the terminal may log in with `secret`; None when nobody has this code. One index lookup."""
    if CODE.fullmatch(code) is None:
        return None
    cursor = await connection.execute(
        """
        SELECT secret_salt, secret_hash, closed_at IS NULL AND revoked_at IS NULL AND lost_at IS NULL
        FROM terminal WHERE code = %(code)s
        """,
        {"code": code},
        binary=True,
    )
    found: Any = await cursor.fetchone()
    if found is None:
        return None
    salt, secret_hash, is_admitted = found
    return verify(secret, salt=salt, secret_hash=secret_hash) and bool(is_admitted)
