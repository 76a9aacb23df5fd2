"""Terminals through their lives. State is never written down: it follows from what happened to the terminal.

Who carried a terminal when is kept by a trigger of the database, whoever changes the carrier and however. Secrets are
tracker.organisation.provisioning's matter; here a credential is only ended (`revoked_at`).
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString, TypedDict

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from tracker.organisation import members
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.texts import note_of

CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # the MQTT user name
SHORTEST_S: Final = 1
LONGEST_S: Final = 86_400

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    id: int
    code: str
    state: str
    unit: int | None  # whose it is; None: the top's
    member: int | None  # who carries it now
    interval_s: int | None  # configured; None: learned from its fixes
    model: str
    note: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTerminal:
    unit: int
    code: str | None = None  # None: the next free one
    member: int | None = None
    interval_s: int | None = None
    model: str = ""
    note: str = ""


class TerminalChanges(TypedDict, total=False):
    """What is left out stays as it is. A code is a user name in the field and never changes."""

    unit: int
    interval_s: int | None
    model: str
    note: str


# The first that holds is the state.
_TERMINAL: LiteralString = """
    SELECT id, code, unit, member, interval_s, model, note, revision,
        CASE
            WHEN closed_at IS NOT NULL THEN 'retired'
            WHEN lost_at IS NOT NULL THEN 'lost'
            WHEN revoked_at IS NOT NULL THEN 'revoked'
            WHEN member IS NOT NULL THEN 'in_use'
            ELSE 'spare'
        END AS state
    FROM terminal
"""


async def find(connection: Connection, terminal: int) -> Terminal:
    """Return a terminal, retired ones too. Raises Unknown."""
    return await _one(connection, _TERMINAL + " WHERE id = %(terminal)s", terminal)


async def add(connection: Connection, new: NewTerminal) -> Terminal:
    """Add a terminal without a secret: it cannot log in before one is issued."""
    code = await next_code(connection) if new.code is None else _code(new.code)
    if new.member is not None:
        await members.find(connection, new.member)
    try:
        cursor = await connection.execute(
            """
            INSERT INTO terminal (code, secret_salt, secret_hash, unit, member, interval_s, model, note)
            VALUES (%(code)s, '', '', %(unit)s, %(member)s, %(interval_s)s, %(model)s, %(note)s)
            RETURNING id
            """,
            {
                "code": code,
                "unit": new.unit,
                "member": new.member,
                "interval_s": _interval(new.interval_s),
                "model": note_of(new.model, field="model"),
                "note": note_of(new.note),
            },
        )
    except UniqueViolation as taken:
        raise Conflict(f"there is a terminal {code} already", f"终端编号 {code} 已存在", "code_taken") from taken
    found = await cursor.fetchone()
    return await find(connection, 0 if found is None else int(found[0]))


async def change(connection: Connection, terminal: int, *, revision: int, changes: TerminalChanges) -> Terminal:
    after = replace(await in_service(connection, terminal, revision), **changes)
    await connection.execute(
        """
        UPDATE terminal SET unit = %(unit)s, interval_s = %(interval_s)s, model = %(model)s, note = %(note)s,
            revision = revision + 1
        WHERE id = %(terminal)s
        """,
        {
            "terminal": terminal,
            "unit": after.unit,
            "interval_s": _interval(after.interval_s),
            "model": note_of(after.model, field="model"),
            "note": note_of(after.note),
        },
    )
    return await find(connection, terminal)


async def hand(connection: Connection, terminal: int, *, revision: int, member: int | None) -> Terminal:
    """Give a terminal to a member, or (None) put it back on the shelf."""
    given = await in_service(connection, terminal, revision)
    if member is not None:
        if given.state == "lost":
            raise Conflict("it is lost: report it found first", "终端已挂失，请先解除挂失", "is_lost")
        await members.find(connection, member)
    await connection.execute(
        "UPDATE terminal SET member = %(member)s, revision = revision + 1 WHERE id = %(terminal)s",
        {"terminal": terminal, "member": member},
    )
    return await find(connection, terminal)


async def lose(connection: Connection, terminal: int, *, revision: int) -> Terminal:
    """Note that it is lost: nobody carries it, and its credential ends at once."""
    lost = await in_service(connection, terminal, revision)
    if lost.state == "lost":
        raise Conflict("it is reported lost already", "该终端已挂失", "is_lost")
    await connection.execute(
        """
        UPDATE terminal SET lost_at = now(), revoked_at = COALESCE(revoked_at, now()), member = NULL,
            revision = revision + 1
        WHERE id = %(terminal)s
        """,
        {"terminal": terminal},
    )
    return await find(connection, terminal)


async def find_again(connection: Connection, terminal: int, *, revision: int) -> Terminal:
    """Note that it was found. Its old credential stays ended: who knows who had it."""
    found = await in_service(connection, terminal, revision)
    if found.state != "lost":
        raise Conflict("it is not reported lost", "该终端未挂失", "is_not_lost")
    await connection.execute(
        "UPDATE terminal SET lost_at = NULL, revision = revision + 1 WHERE id = %(terminal)s", {"terminal": terminal}
    )
    return await find(connection, terminal)


async def revoke(connection: Connection, terminal: int, *, revision: int) -> Terminal:
    """End its credential at once; a new one brings it back."""
    await in_service(connection, terminal, revision)
    await connection.execute(
        """
        UPDATE terminal SET revoked_at = COALESCE(revoked_at, now()), revision = revision + 1
        WHERE id = %(terminal)s
        """,
        {"terminal": terminal},
    )
    return await find(connection, terminal)


async def retire(connection: Connection, terminal: int, *, revision: int) -> Terminal:
    """Take it out of service for good."""
    await in_service(connection, terminal, revision)
    await connection.execute(
        """
        UPDATE terminal SET closed_at = now(), revoked_at = COALESCE(revoked_at, now()), member = NULL,
            revision = revision + 1
        WHERE id = %(terminal)s
        """,
        {"terminal": terminal},
    )
    return await find(connection, terminal)


async def in_service(connection: Connection, terminal: int, revision: int) -> Terminal:
    """Return a terminal that is not retired, locked. Raises Unknown, or Conflict."""
    found = await _one(connection, _TERMINAL + " WHERE id = %(terminal)s FOR UPDATE", terminal)
    if found.revision != revision:
        raise Conflict
    if found.state == "retired":
        raise Conflict("it is retired", "该终端已报废", "is_retired")
    return found


async def next_code(connection: Connection) -> str:
    """Return the next free code of our own: T and a number above all that are taken."""
    cursor = await connection.execute(
        "SELECT COALESCE(max(substr(code, 2)::bigint), 0) + 1 FROM terminal WHERE code ~ '^T[0-9]{1,12}$'"
    )
    found = await cursor.fetchone()
    return f"T{1 if found is None else found[0]:06d}"


async def _one(connection: Connection, statement: LiteralString, terminal: int) -> Terminal:
    async with connection.cursor(row_factory=class_row(Terminal)) as cursor:
        await cursor.execute(statement, {"terminal": terminal})
        found = await cursor.fetchone()
    if found is None:
        raise Unknown(f"there is no terminal {terminal}", "没有该终端")
    return found


def _code(text: str) -> str:
    code = text.strip()
    if CODE.fullmatch(code) is None:
        raise Invalid(
            "code: 1 to 64 letters, digits, - and _ (it is the MQTT user name)",
            "终端编号须为1至64个字母、数字、- 或 _",
            "bad_code",
            field="code",
        )
    return code


def _interval(seconds: int | None) -> int | None:
    if seconds is not None and not SHORTEST_S <= seconds <= LONGEST_S:
        raise Invalid(
            f"interval_s: {SHORTEST_S} to {LONGEST_S} seconds",
            f"上报间隔须为{SHORTEST_S}至{LONGEST_S}秒",
            "bad_interval",
            field="interval_s",
        )
    return seconds
