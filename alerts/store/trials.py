"""Table rule_trial: a trial is asked for, worked on under a lease, and kept with what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    id: int
    rule: int
    revision: int
    since: datetime
    until: datetime
    asked_at: datetime
    pieces: int
    done: int
    finished_at: datetime | None
    result: Mapping[str, Any] | None


async def ask(
    connection: Connection, rule: int, *, revision: int, since: datetime, until: datetime, account: int, at: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO rule_trial (rule, revision, since, until, asked_by, asked_at)
        VALUES (%(rule)s, %(revision)s, %(since)s, %(until)s, %(account)s, %(at)s)
        """,
        {"rule": rule, "revision": revision, "since": since, "until": until, "account": account, "at": at},
    )


async def newest(connection: Connection, rules: list[int]) -> dict[int, TrialRow]:
    """Return the newest trial of each rule that has one."""
    async with connection.cursor(row_factory=class_row(TrialRow)) as cursor:
        await cursor.execute(
            """
            SELECT DISTINCT ON (rule) id, rule, revision, since, until, asked_at, pieces, done, finished_at, result
            FROM rule_trial WHERE rule = ANY(%(rules)s) ORDER BY rule, id DESC
            """,
            {"rules": rules},
        )
        return {row.rule: row for row in await cursor.fetchall()}


async def claim(connection: Connection, *, now: datetime, lease_until: datetime) -> TrialRow | None:
    """Take the oldest that nobody works on, and begin it anew."""
    async with connection.cursor(row_factory=class_row(TrialRow)) as cursor:
        await cursor.execute(
            """
            UPDATE rule_trial SET lease_until = %(lease)s, done = 0, pieces = 0
            WHERE id = (
                SELECT id FROM rule_trial
                WHERE finished_at IS NULL AND coalesce(lease_until < %(now)s, true)
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, rule, revision, since, until, asked_at, pieces, done, finished_at, result
            """,
            {"now": now, "lease": lease_until},
        )
        return await cursor.fetchone()


async def progress(connection: Connection, trial: int, *, done: int, pieces: int, lease_until: datetime) -> None:
    await connection.execute(
        "UPDATE rule_trial SET done = %(done)s, pieces = %(pieces)s, lease_until = %(lease)s WHERE id = %(id)s",
        {"id": trial, "done": done, "pieces": pieces, "lease": lease_until},
    )


async def finish(connection: Connection, trial: int, result: Mapping[str, Any], *, at: datetime) -> None:
    await connection.execute(
        "UPDATE rule_trial SET finished_at = %(at)s, result = %(result)s, done = pieces WHERE id = %(id)s",
        {"id": trial, "at": at, "result": Jsonb(dict(result))},
    )
