"""What is wrong between rows: the tree, the words they use, codes that look like national ones."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tracker.city.intake.findings import Findings
from tracker.city.intake.given import Contents, Given
from tracker.city.model import Unit

NAMED: Final = 10  # codes in one finding
# GB/T 2260: the first two digits are a province, counted within its part of the country; 99 is our example cities'
IN_REGION: Final = {1: 5, 2: 3, 3: 7, 4: 6, 5: 4, 6: 5, 7: 1}
PROVINCES: Final = frozenset(
    [f"{region}{number}" for region, count in IN_REGION.items() for number in range(1, count + 1)]
    + ["50", "81", "82", "99"]
)
NATIONAL: Final = re.compile(r"\d{6}|\d{9}|\d{12}|\d{15}", re.ASCII)
DIVISION: Final = 6  # digits of a county's code; a city's ends in 00


def check_tree(units: Mapping[str, Unit], given: Given, findings: Findings) -> bool:
    """Find unknown parents, rings, and more or less than one top; return whether the units are a tree."""
    wrong = [unit for unit in units.values() if unit.parent is not None and unit.parent not in units]
    for unit in wrong:
        findings.add("unknown_parent", given.place("unit", unit.code), code=unit.code, parent=unit.parent)
    tops = [unit.code for unit in units.values() if unit.parent is None]
    if units and not tops:
        findings.add("no_top", given.place("unit", next(iter(units))))
    if len(tops) > 1:
        codes = ", ".join(tops[:NAMED]) + (", ..." if len(tops) > NAMED else "")
        findings.add("two_cities", given.place("unit", tops[1]), count=len(tops), codes=codes)
    rings = list(_rings(units))
    for ring in rings:
        findings.add("cycle", given.place("unit", ring[0]), ring=" > ".join((*ring[:NAMED], ring[0])))
    return not wrong and len(tops) <= 1 and not rings


def _rings(units: Mapping[str, Unit]) -> Iterator[list[str]]:
    """Yield each ring once, from its lowest code."""
    done: set[str] = set()
    for start in sorted(units):
        path: dict[str, None] = {}
        code: str | None = start
        while code is not None and code in units and code not in done and code not in path:
            path[code] = None
            code = units[code].parent
        if code in path:
            way = list(path)
            yield way[way.index(code) :]
        done.update(path)


def check_words(city: Contents, role_sets: Collection[str], given: Given, findings: Findings) -> None:
    """Find levels, roles and role sets that are not known, in what was given."""
    levels, roles, sets = (", ".join(sorted(known)) for known in (city.levels, city.roles, role_sets))
    for unit in (given.units or {}).values():
        place = given.place("unit", unit.code)
        if unit.level not in city.levels:
            findings.add("unknown_level", place, level=unit.level, known=levels)
        if unit.role_set is not None and unit.role_set not in role_sets:
            findings.add("unknown_role_set", place, role_set=unit.role_set, known=sets)
    for level in (given.levels or {}).values():
        if level.role_set is not None and level.role_set not in role_sets:
            findings.add("unknown_role_set", given.place("level", level.code), role_set=level.role_set, known=sets)
    for member in (given.members or {}).values():
        for post in member.posts:
            if post.role not in city.roles:
                findings.add("unknown_role", given.place("member", member.code), role=post.role, known=roles)


def check_members(city: Contents, stored: Contents, given: Given, findings: Findings) -> None:
    """Find members of units that are not there, and those whose last unit goes."""
    for code, member in city.members.items():
        place = given.place("member", code)
        for post in member.posts:
            if post.unit not in city.units:
                findings.add("unknown_unit", place, code=code, unit=post.unit)
        known = stored.members.get(code)
        if member.posts or (known is not None and not known.posts):
            continue
        if given.members is not None:
            findings.add("missing", place, columns="unit, role")
        elif known is not None:
            findings.add("no_post", place, code=code, name=member.name, unit=known.posts[0].unit)


def check_grids(city: Contents, given: Given, findings: Findings) -> None:
    for code in given.areas or {}:
        if code not in city.units:
            findings.add("unknown_grid", given.place("grid", code), code=code)


def hint_codes(city: Contents, given: Given, findings: Findings) -> None:
    """Hint at codes that look like GB/T 2260 and 15-digit grid codes, but do not lie under their parent's."""
    for unit in (given.units or {}).values():
        place = given.place("unit", unit.code)
        above = city.units.get(unit.parent or "")
        if above is None:
            _hint_division(unit, given, findings)
            continue
        if NATIONAL.fullmatch(unit.code) and NATIONAL.fullmatch(above.code):
            prefix = _prefix(above.code) if len(unit.code) > DIVISION or len(above.code) == DIVISION else ""
            if not unit.code.startswith(prefix):
                findings.add("code_prefix", place, code=unit.code, prefix=prefix, parent=above.code)
        levels = (city.levels.get(unit.level), city.levels.get(above.level))
        if unit.code in city.areas and levels[0] and levels[1] and levels[0].rank <= levels[1].rank:
            findings.add("level_order", place, code=unit.code, level=unit.level, above=above.level, parent=above.code)


def _prefix(code: str) -> str:
    """Return what codes below this one begin with: a city's 410100 stands for 4101, a province's 410000 for 41."""
    return re.sub(r"(00){1,2}$", "", code) if len(code) == DIVISION else code


def _hint_division(unit: Unit, given: Given, findings: Findings) -> None:
    if len(unit.code) == DIVISION and NATIONAL.fullmatch(unit.code) and unit.code[:2] not in PROVINCES:
        findings.add("code_division", given.place("unit", unit.code), code=unit.code, prefix=unit.code[:2])
