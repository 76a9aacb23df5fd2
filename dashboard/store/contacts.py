"""The contact directory of one subtree."""

from typing import Any, LiteralString

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dashboard.shapes import Named, Scope
from dashboard.store.units import within

Connection = AsyncConnection[Any]


class Contact(Struct, frozen=True, kw_only=True):
    id: int
    unit: Named
    kind: str
    name: str
    title: str
    organisation: str
    phones: list[str]
    address: str
    note: str
    lon: float | None
    lat: float | None
    revision: int


_CONTACT: LiteralString = """
    SELECT
        contact.id, kind, contact.name, title, organisation, phones, address, note, contact.revision,
        lon / 1e7::float8 AS lon, lat / 1e7::float8 AS lat,
        unit.id AS unit, unit.name AS unit_name, unit.name_en AS unit_name_en
    FROM contact
    JOIN unit ON unit.id = contact.unit
"""
_COUNT: LiteralString = "SELECT count(*) FROM contact JOIN unit ON unit.id = contact.unit"
_WANTED: LiteralString = """
    WHERE contact.closed_at IS NULL AND tree_left BETWEEN %(left)s AND %(right)s
        AND (%(kind)s::text IS NULL OR kind = %(kind)s)
        AND (%(words)s = '' OR strpos(
            lower(concat_ws(' ', contact.name, title, organisation, address, array_to_string(phones, ' '))),
            lower(%(words)s)) > 0)
"""


async def page(
    connection: Connection, scope: Scope, *, words: str, kind: str | None, limit: int, offset: int
) -> tuple[list[Contact], int]:
    """Return contacts by name, and how many there are in all."""
    wanted = {**within(scope), "words": words.strip(), "kind": kind, "limit": limit, "offset": offset}
    counted = await connection.execute(_COUNT + _WANTED, wanted)
    total = int((await counted.fetchone() or (0,))[0])
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            _CONTACT + _WANTED + " ORDER BY contact.name, contact.id LIMIT %(limit)s OFFSET %(offset)s", wanted
        )
        return [_contact(row) async for row in cursor], total


async def find(connection: Connection, contact: int) -> Contact | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            _CONTACT + " WHERE contact.id = %(contact)s AND contact.closed_at IS NULL", {"contact": contact}
        )
        row = await cursor.fetchone()
    return None if row is None else _contact(row)


def _contact(row: dict[str, Any]) -> Contact:
    unit = Named(row.pop("unit"), row.pop("unit_name"), row.pop("unit_name_en"))
    return Contact(**row, unit=unit)
