"""The contact directory: institutions and people whom somebody may have to call, and who are no members."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypedDict

import psycopg
from psycopg.rows import class_row

from tracker.model.positions import DEGREE
from tracker.organisation.errors import Conflict, Invalid, Unknown
from tracker.organisation.phones import phone_of
from tracker.organisation.texts import name_of, note_of

Kind = Literal["institution", "person"]
MOST_PHONES: Final = 20
SHORT_NUMBER: Final = range(3, 7)  # 110, 12345: services that every telephone reaches

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    unit: int  # whose directory it is in
    kind: Kind
    name: str
    title: str = ""
    organisation: str = ""
    phones: Sequence[str] = ()
    address: str = ""
    note: str = ""
    lon: float | None = None  # degrees, WGS-84
    lat: float | None = None
    revision: int = 1


class ContactChanges(TypedDict, total=False):
    """What is left out stays as it is."""

    unit: int
    kind: Kind
    name: str
    title: str
    organisation: str
    phones: Sequence[str]
    address: str
    note: str
    lon: float | None
    lat: float | None


async def find(connection: Connection, contact: int) -> Contact:
    """Return an open contact. Raises Unknown."""
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            """
            SELECT unit, kind, name, title, organisation, phones, address, note, revision,
                lon / 1e7::float8 AS lon, lat / 1e7::float8 AS lat
            FROM contact WHERE id = %(contact)s AND closed_at IS NULL FOR UPDATE
            """,
            {"contact": contact},
        )
        found = await cursor.fetchone()
    if found is None:
        raise Unknown(f"there is no contact {contact}", "没有该联系人")
    return found


async def add(connection: Connection, new: Contact) -> int:
    """Return the contact's id."""
    cursor = await connection.execute(
        """
        INSERT INTO contact (unit, kind, name, title, organisation, phones, address, note, lon, lat)
        VALUES (%(unit)s, %(kind)s, %(name)s, %(title)s, %(organisation)s, %(phones)s, %(address)s, %(note)s,
            %(lon)s, %(lat)s)
        RETURNING id
        """,
        _row(new),
    )
    found = await cursor.fetchone()
    return 0 if found is None else int(found[0])


async def change(connection: Connection, contact: int, *, revision: int, changes: ContactChanges) -> Contact:
    after = replace(await _held(connection, contact, revision), **changes)
    await connection.execute(
        """
        UPDATE contact SET unit = %(unit)s, kind = %(kind)s, name = %(name)s, title = %(title)s,
            organisation = %(organisation)s, phones = %(phones)s, address = %(address)s, note = %(note)s,
            lon = %(lon)s, lat = %(lat)s, revision = revision + 1
        WHERE id = %(contact)s
        """,
        {**_row(after), "contact": contact},
    )
    return after


async def close(connection: Connection, contact: int, *, revision: int) -> Contact:
    closed = await _held(connection, contact, revision)
    await connection.execute(
        "UPDATE contact SET closed_at = now(), revision = revision + 1 WHERE id = %(contact)s", {"contact": contact}
    )
    return closed


async def _held(connection: Connection, contact: int, revision: int) -> Contact:
    found = await find(connection, contact)
    if found.revision != revision:
        raise Conflict
    return found


def _row(contact: Contact) -> dict[str, Any]:
    if (contact.lon is None) != (contact.lat is None):
        raise Invalid("lon, lat: give both or none", "经度和纬度须同时填写", field="lat")
    return {
        "unit": contact.unit,
        "kind": contact.kind,
        "name": name_of(contact.name),
        "title": note_of(contact.title, field="title"),
        "organisation": note_of(contact.organisation, field="organisation"),
        "phones": _phones(contact.phones),
        "address": note_of(contact.address, field="address"),
        "note": note_of(contact.note),
        "lon": None if contact.lon is None else round(contact.lon * DEGREE),
        "lat": None if contact.lat is None else round(contact.lat * DEGREE),
    }


def _phones(given: Sequence[str]) -> list[str]:
    if len(given) > MOST_PHONES:
        raise Invalid(f"phones: at most {MOST_PHONES}", f"电话最多{MOST_PHONES}个", field="phones")
    return [_phone(text) for text in given if text.strip()]


def _phone(text: str) -> str:
    short = text.strip()
    if short.isascii() and short.isdecimal() and len(short) in SHORT_NUMBER:
        return short
    try:
        return phone_of(text)
    except ValueError as wrong:
        raise Invalid(str(wrong), f"电话号码有误：{text}", "bad_phone", field="phones") from wrong
