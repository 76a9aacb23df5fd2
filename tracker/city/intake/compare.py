"""What an import would change: by kind, what is added, what is changed, what is closed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, TypeVar

from tracker.city.intake.given import Contents
from tracker.city.intake.shapes import is_alike, size_m2
from tracker.city.model import Member, Terminal

SAMPLES: Final = 5  # of each list that a report shows

T = TypeVar("T")


class Carried(NamedTuple):
    member: str  # code
    terminal: Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Codes. What is closed: units and members end, areas go, terminals go back on the shelf."""

    kind: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    closed: tuple[str, ...]
    samples: tuple[str, ...]  # sentences about the first ones that change

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    levels: Change
    roles: Change
    units: Change
    grids: Change
    members: Change
    terminals: Change

    def all(self) -> tuple[Change, ...]:
        return (self.levels, self.roles, self.units, self.grids, self.members, self.terminals)

    def __bool__(self) -> bool:
        return any(self.all())


def compare(stored: Contents, city: Contents, *, known_terminals: Mapping[str, Any]) -> Difference:
    """Return what makes `city` of `stored`. Words of the tables of levels and roles are never taken away."""
    terminals = _change("terminals", carriers(stored), carriers(city), _told_carried)
    shelved = tuple(code for code in terminals.added if code in known_terminals)
    return Difference(
        levels=_change("levels", stored.levels, city.levels, _told_fields),
        roles=_change("roles", stored.roles, city.roles, _told_fields),
        units=_change("units", stored.units, city.units, _told_fields),
        grids=_change("grids", stored.areas, city.areas, _told_area, is_same=lambda a, b: a is b or is_alike(a, b)),
        members=_change("members", _people(stored), _people(city), _told_member),
        terminals=Change(
            kind="terminals",
            added=tuple(code for code in terminals.added if code not in known_terminals),
            changed=(*terminals.changed, *shelved),
            closed=terminals.closed,
            samples=terminals.samples,
        ),
    )


def carriers(city: Contents) -> dict[str, Carried]:
    """Return who carries what, by code of the terminal."""
    return {
        terminal.code: Carried(code, terminal) for code, member in city.members.items() for terminal in member.terminals
    }


def _people(city: Contents) -> Mapping[str, Member]:
    return city.members


def _change(
    kind: str,
    before: Mapping[str, T],
    after: Mapping[str, T],
    tell: Callable[[T, T], str],
    *,
    is_same: Callable[[T, T], bool] = lambda one, other: one == other,
) -> Change:
    changed = tuple(code for code, value in after.items() if code in before and not is_same(before[code], value))
    told = ((code, tell(before[code], after[code])) for code in changed[:SAMPLES])
    return Change(
        kind=kind,
        added=tuple(code for code in after if code not in before),
        changed=changed,
        closed=tuple(code for code in before if code not in after),
        samples=tuple(f"{code}: {what}" for code, what in told),
    )


def _told_fields(before: Any, after: Any) -> str:
    pairs = ((field.name, getattr(before, field.name), getattr(after, field.name)) for field in fields(before))
    return ", ".join(f"{name} {_short(one)} -> {_short(other)}" for name, one, other in pairs if one != other)


def _told_member(before: Member, after: Member) -> str:
    told = [
        f"{name} {_short(one)} -> {_short(other)}"
        for name in ("name", "phone", "language")
        if (one := getattr(before, name)) != (other := getattr(after, name))
    ]
    if before.posts != after.posts:
        told.append(f"posts {_posts(before)} -> {_posts(after)}")
    if before.terminals != after.terminals:
        told.append(f"terminals {_codes(before)} -> {_codes(after)}")
    return ", ".join(told)


def _told_carried(before: Carried, after: Carried) -> str:
    if before.member != after.member:
        return f"carried by {before.member} -> {after.member}"
    return _told_fields(before.terminal, after.terminal)


def _told_area(before: Any, after: Any) -> str:
    return f"{size_m2(before):,.0f} m2 -> {size_m2(after):,.0f} m2"


def _posts(member: Member) -> str:
    return " + ".join(f"{post.unit} {post.role}" for post in member.posts) or "-"


def _codes(member: Member) -> str:
    return " + ".join(terminal.code for terminal in member.terminals) or "-"


def _short(value: Any) -> str:
    text = str(value)
    return "-" if value in (None, "") else text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a line
