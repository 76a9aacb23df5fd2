"""Rows of units, members, levels and roles to values. What is wrong with one row is found here, not between rows."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tracker.city.files import MEMBER_COLUMNS, MEMBER_OPTIONS, UNIT_COLUMNS, UNIT_OPTIONS
from tracker.city.intake.findings import Findings, Place
from tracker.city.intake.given import Level, Role, canonical
from tracker.city.intake.tables import Row, Table
from tracker.city.model import Member, Post, Terminal, Unit
from tracker.organisation.phones import phone_of

TERMINAL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
YES: Final = frozenset({"1", "yes", "true", "y", "是"})
NOBODY: Final = Terminal(code="")
# What each kind of table must have; the first that a header has all of is what the table is.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "members": ("code", "name", "phone", "unit", "role"),
    "units": ("code", "name", "level", "parent"),
    "levels": ("code", "rank", "name_zh", "name_en"),
    "roles": ("code", "name_zh", "name_en", "is_leader"),
}
KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "members": (*MEMBER_COLUMNS, *MEMBER_OPTIONS),
    "units": (*UNIT_COLUMNS, *UNIT_OPTIONS),
    "levels": ("code", "rank", "name_zh", "name_en", "role_set"),
    "roles": NEEDED["roles"],
}

Places = dict[tuple[str, str], Place]


def kind_of(table: Table, findings: Findings) -> str | None:
    """Return which kind of table it is: by its header, else by its name; columns that are missing are found."""
    columns = set(table.columns)
    for kind, needed in NEEDED.items():
        if columns.issuperset(needed):
            return _known(kind, table, findings)
    named = next((kind for kind in NEEDED if table.name.lower().startswith(kind)), None)
    if named is None:
        findings.add("not_recognised", Place(table.name, 1))
        return None
    missing = [column for column in NEEDED[named] if column not in columns]
    findings.add("header", Place(table.name, 1), columns=", ".join(missing))
    return None


def _known(kind: str, table: Table, findings: Findings) -> str:
    for column in table.columns:
        if column not in KNOWN[kind]:
            findings.add("column_ignored", Place(table.name, 1), column=column)
    return kind


def read_units(table: Table, places: Places, findings: Findings) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for row in _whole(table, ("code", "name", "level"), findings):
        code = row.fields["code"]
        if _is_first("unit", code, row.place, places, findings):
            units[code] = Unit(
                code=code,
                name=row.fields["name"],
                name_en=row.fields.get("name_en", ""),
                level=row.fields["level"],
                parent=row.fields["parent"] or None,
                attributes=_attributes(row, findings),
                role_set=row.fields.get("role_set") or None,
            )
    return units


def read_levels(table: Table, places: Places, findings: Findings) -> dict[str, Level]:
    levels: dict[str, Level] = {}
    for row in _whole(table, ("code", "rank", "name_zh", "name_en"), findings):
        code = row.fields["code"]
        if _is_first("level", code, row.place, places, findings):
            levels[code] = Level(
                code=code,
                rank=_number(row, "rank", 0, findings) or 0,
                name_zh=row.fields["name_zh"],
                name_en=row.fields["name_en"],
                role_set=row.fields.get("role_set") or None,
            )
    return levels


def read_roles(table: Table, places: Places, findings: Findings) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for row in _whole(table, ("code", "name_zh", "name_en"), findings):
        code = row.fields["code"]
        if _is_first("role", code, row.place, places, findings):
            roles[code] = Role(
                code=code,
                name_zh=row.fields["name_zh"],
                name_en=row.fields["name_en"],
                is_leader=row.fields["is_leader"].lower() in YES,
            )
    return roles


@dataclass(slots=True)
class _Person:
    """A member while further rows of the same code come."""

    member: Member
    place: Place
    has_primary: bool
    posts: list[Post] = field(default_factory=list[Post])
    terminals: list[Terminal] = field(default_factory=list[Terminal])

    def member_now(self) -> Member:
        posts, terminals = tuple(dict.fromkeys(self.posts)), tuple(dict.fromkeys(self.terminals))
        return canonical(replace(self.member, posts=posts, terminals=terminals))


def read_members(table: Table, places: Places, findings: Findings) -> dict[str, Member]:
    """Return one member for all rows of a code."""
    people: dict[str, _Person] = {}
    carriers: dict[str, str] = {}
    for row in _whole(table, ("code", "name"), findings):
        code = row.fields["code"]
        person = people.get(code)
        if person is None:
            person = people[code] = _person(row, findings)
            places["member", code] = row.place
        else:
            _agrees(person, row, findings)
        _add_post(person, row, findings)
        _add_terminal(person, row, carriers, places, findings)
    return {code: person.member_now() for code, person in people.items()}


def _person(row: Row, findings: Findings) -> _Person:
    fields = row.fields
    member = Member(
        code=fields["code"],
        name=fields["name"],
        phone=_phone(row, findings),
        posts=(),
        language=fields.get("language") or "zh",
    )
    return _Person(member, row.place, has_primary=False)


def _agrees(person: _Person, row: Row, findings: Findings) -> None:
    known = person.member
    said = {
        "name": row.fields["name"],
        "phone": _phone(row, findings) if row.fields["phone"] else known.phone,
        "language": row.fields.get("language") or known.language,
    }
    for column, text in said.items():
        if text != getattr(known, column):
            findings.add("rows_disagree", row.place, code=known.code, column=column, first=person.place.row)


def _add_post(person: _Person, row: Row, findings: Findings) -> None:
    unit, role = row.fields["unit"], row.fields["role"]
    if not unit and not role:
        return
    if not (unit and role):
        columns = ", ".join(column for column in ("unit", "role") if not row.fields[column])
        findings.add("missing", row.place, columns=columns)
        return
    post = Post(unit=unit, role=role)
    if row.fields.get("primary", "").lower() not in YES:
        person.posts.append(post)
        return
    if person.has_primary and person.posts[0] != post:
        findings.add("two_primaries", row.place, code=person.member.code)
    person.has_primary = True
    person.posts.insert(0, post)


def _add_terminal(person: _Person, row: Row, carriers: dict[str, str], places: Places, findings: Findings) -> None:
    code = row.fields.get("terminal", "")
    if not code:
        return
    if TERMINAL.fullmatch(code) is None:
        findings.add("terminal_code", row.place, terminal=code)
        return
    other = carriers.setdefault(code, person.member.code)
    if other != person.member.code:
        first = places["terminal", code].row
        findings.add("terminal_twice", row.place, terminal=code, other=other, first=first)
        return
    places.setdefault(("terminal", code), row.place)
    interval = _number(row, "interval_s", 1, findings)
    person.terminals.append(Terminal(code=code, interval_s=interval, model=row.fields.get("model", "")))


def _whole(table: Table, needed: Iterable[str], findings: Findings) -> Iterator[Row]:
    """Yield the rows that have something in each of the needed columns."""
    for row in table.rows(findings):
        missing = [column for column in needed if not row.fields[column]]
        if missing:
            findings.add("missing", row.place, columns=", ".join(missing))
            continue
        yield row


def _is_first(kind: str, code: str, place: Place, places: Places, findings: Findings) -> bool:
    first = places.setdefault((kind, code), place)
    if first is not place:
        findings.add("duplicate_code", place, code=code, first=first.row)
    return first is place


def _attributes(row: Row, findings: Findings) -> dict[str, Any]:
    text = row.fields.get("attributes", "")
    if not text:
        return {}
    try:
        said: Any = json.loads(text)
    except ValueError as error:
        findings.add("attributes", row.place, reason=str(error))
        return {}
    if not isinstance(said, dict):
        findings.add("attributes", row.place, reason=text[:40])
        return {}
    return said


def _number(row: Row, column: str, least: int, findings: Findings) -> int | None:
    text = row.fields.get(column, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= 2**15):
        findings.add("number", row.place, column=column, text=text, least=least)
        return None
    return int(text)


def _phone(row: Row, findings: Findings) -> str:
    text = row.fields["phone"]
    if not text:
        return ""
    try:
        phone = phone_of(text)
    except ValueError as error:
        findings.add("phone", row.place, name=row.fields["name"], phone=text, reason=str(error))
        return ""
    if phone != text:
        findings.add("phone_form", row.place, phone=text, kept=phone)
    return phone
