"""Tables message_template and message_template_version: texts kept for sending; a version never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow:
    """A template at its newest version."""

    id: int
    unit: int
    unit_name: str
    unit_name_en: str | None
    tree_left: int
    name: str
    version: int
    revision: int
    text_zh: str
    text_en: str
    variables: Sequence[str]
    made_by: int
    made_by_name: str
    made_at: datetime
    used: int  # circulars sent with any version of it


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    version: int
    text_zh: str
    text_en: str
    variables: Sequence[str]
    made_by: int
    made_by_name: str
    made_at: datetime


_TEMPLATE: LiteralString = """
    SELECT t.id, t.unit, u.name AS unit_name, u.name_en AS unit_name_en, u.tree_left, t.name, t.version, t.revision,
        v.text_zh, v.text_en, v.variables, v.made_by, maker.name AS made_by_name, v.made_at,
        (SELECT count(*) FROM circular c WHERE c.template = t.id)::integer AS used
    FROM message_template t
    JOIN unit u ON u.id = t.unit
    JOIN message_template_version v ON (v.template, v.version) = (t.id, t.version)
    JOIN account maker ON maker.id = v.made_by
    WHERE t.closed_at IS NULL
"""


async def within(connection: Connection, *, left: int, right: int) -> list[TemplateRow]:
    async with connection.cursor(row_factory=class_row(TemplateRow)) as cursor:
        await cursor.execute(
            _TEMPLATE + " AND u.tree_left BETWEEN %(left)s AND %(right)s ORDER BY t.name, t.id",
            {"left": left, "right": right},
        )
        return await cursor.fetchall()


async def find(connection: Connection, template: int) -> TemplateRow | None:
    async with connection.cursor(row_factory=class_row(TemplateRow)) as cursor:
        await cursor.execute(_TEMPLATE + " AND t.id = %(template)s", {"template": template})
        return await cursor.fetchone()


async def lock(connection: Connection, template: int) -> TemplateRow | None:
    await connection.execute("SELECT FROM message_template WHERE id = %(it)s FOR NO KEY UPDATE", {"it": template})
    return await find(connection, template)


async def versions(connection: Connection, template: int) -> list[VersionRow]:
    """Return all that it ever said, the newest first."""
    async with connection.cursor(row_factory=class_row(VersionRow)) as cursor:
        await cursor.execute(
            """
            SELECT v.version, v.text_zh, v.text_en, v.variables, v.made_by, maker.name AS made_by_name, v.made_at
            FROM message_template_version v JOIN account maker ON maker.id = v.made_by
            WHERE v.template = %(template)s ORDER BY v.version DESC
            """,
            {"template": template},
        )
        return await cursor.fetchall()


async def add(connection: Connection, *, unit: int, name: str) -> int:
    cursor = await connection.execute(
        "INSERT INTO message_template (unit, name) VALUES (%(unit)s, %(name)s) RETURNING id",
        {"unit": unit, "name": name},
    )
    return int((await cursor.fetchone() or (0,))[0])


async def write(connection: Connection, template: int, version: VersionRow) -> None:
    """Keep a version; it stays as it is."""
    await connection.execute(
        """
        INSERT INTO message_template_version (template, version, text_zh, text_en, variables, made_by, made_at)
        VALUES (%(template)s, %(version)s, %(text_zh)s, %(text_en)s, %(variables)s, %(made_by)s, %(made_at)s)
        """,
        {
            "template": template,
            "version": version.version,
            "text_zh": version.text_zh,
            "text_en": version.text_en,
            "variables": list(version.variables),
            "made_by": version.made_by,
            "made_at": version.made_at,
        },
    )


async def change(connection: Connection, template: int, *, name: str, unit: int, version: int) -> None:
    await connection.execute(
        """
        UPDATE message_template SET name = %(name)s, unit = %(unit)s, version = %(version)s, revision = revision + 1
        WHERE id = %(template)s
        """,
        {"template": template, "name": name, "unit": unit, "version": version},
    )


async def close(connection: Connection, template: int, *, at: datetime) -> None:
    await connection.execute(
        "UPDATE message_template SET closed_at = %(at)s, revision = revision + 1 WHERE id = %(template)s",
        {"template": template, "at": at},
    )
