"""What the files say, by code; and what the database holds, in the same form, so that the two can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shapely.geometry.base import BaseGeometry

from tracker.city.intake.findings import DATABASE, Place
from tracker.city.model import Member, Terminal, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    code: str
    rank: int  # 0 at the top
    name_zh: str
    name_en: str
    role_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    code: str
    name_zh: str
    name_en: str
    is_leader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A whole city by codes; areas are (Multi)Polygons of degrees (lon, lat)."""

    levels: Mapping[str, Level] = field(default_factory=dict[str, Level])
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    units: Mapping[str, Unit] = field(default_factory=dict[str, Unit])
    areas: Mapping[str, BaseGeometry] = field(default_factory=dict[str, BaseGeometry])
    members: Mapping[str, Member] = field(default_factory=dict[str, Member])


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What files say: None for a kind that no file was given of. A column that a file lacks says nothing."""

    levels: Mapping[str, Level] | None = None
    roles: Mapping[str, Role] | None = None
    units: Mapping[str, Unit] | None = None
    areas: Mapping[str, BaseGeometry] | None = None
    members: Mapping[str, Member] | None = None
    unit_columns: frozenset[str] = frozenset()
    member_columns: frozenset[str] = frozenset()
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict[tuple[str, str], Place])  # (kind, code)

    def place(self, kind: str, code: str) -> Place:
        """Return where `code` of a kind (unit, grid, member) was said; the database for what was said nowhere."""
        return self.places.get((kind, code), DATABASE)

    def over(self, stored: Contents) -> Contents:
        """Return the city as it would be: what files say is the whole of its kind, the rest stays as it is.

        Without a file of areas or of people, those of units that are gone go with them.
        """
        units = stored.units if self.units is None else _filled(self.units, stored.units, self.unit_columns)
        areas, members = self.areas, self.members
        if areas is None:
            areas = {code: area for code, area in stored.areas.items() if code in units}
        if members is None:
            members = {code: _within(member, units) for code, member in stored.members.items()}
        else:
            members = _filled_members(members, stored.members, self.member_columns)
        return Contents(
            levels={**stored.levels, **(self.levels or {})},
            roles={**stored.roles, **(self.roles or {})},
            units=units,
            areas=areas,
            members=members,
        )


def _filled(units: Mapping[str, Unit], stored: Mapping[str, Unit], columns: frozenset[str]) -> Mapping[str, Unit]:
    unsaid = [name for name in ("name_en", "attributes", "role_set") if name not in columns]
    if not unsaid:
        return units
    return {
        code: replace(unit, **{name: getattr(stored[code], name) for name in unsaid}) if code in stored else unit
        for code, unit in units.items()
    }


def _filled_members(
    members: Mapping[str, Member], stored: Mapping[str, Member], columns: frozenset[str]
) -> Mapping[str, Member]:
    terminals = {terminal.code: terminal for member in stored.values() for terminal in member.terminals}
    return {code: _filled_member(member, stored.get(code), terminals, columns) for code, member in members.items()}


def _filled_member(
    member: Member, known: Member | None, terminals: Mapping[str, Terminal], columns: frozenset[str]
) -> Member:
    if known is not None and "language" not in columns:
        member = replace(member, language=known.language)
    if known is not None and "terminal" not in columns:
        return replace(member, terminals=known.terminals)
    unsaid = [name for name in ("interval_s", "model") if name not in columns]
    if not unsaid or not any(terminal.code in terminals for terminal in member.terminals):
        return member
    carried = (
        replace(terminal, **{name: getattr(terminals[terminal.code], name) for name in unsaid})
        if terminal.code in terminals
        else terminal
        for terminal in member.terminals
    )
    return replace(member, terminals=tuple(carried))


def _within(member: Member, units: Mapping[str, Unit]) -> Member:
    if all(post.unit in units for post in member.posts):
        return member
    return replace(member, posts=tuple(post for post in member.posts if post.unit in units))


def canonical(member: Member) -> Member:
    """Return the member with the posts behind the primary one, and the terminals, in the order of their codes."""
    if len(member.posts) <= 2 and len(member.terminals) <= 1:  # noqa: PLR2004 - nothing to order
        return member
    others = sorted(member.posts[1:], key=lambda post: (post.unit, post.role))
    terminals = sorted(member.terminals, key=lambda terminal: terminal.code)
    return replace(member, posts=(*member.posts[:1], *others), terminals=tuple(terminals))
