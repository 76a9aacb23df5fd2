"""The files a city comes in: units.csv, grids.geojson and members.csv in one folder, UTF-8, codes instead of ids.

Reading stops at the first thing that cannot be used, with file and line. Nothing is repaired.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from tracker.city.model import City, Member, Post, Terminal, Unit

UNITS: Final = "units.csv"
GRIDS: Final = "grids.geojson"
MEMBERS: Final = "members.csv"
UNIT_COLUMNS: Final = ("code", "name", "name_en", "level", "parent", "attributes")
UNIT_OPTIONS: Final = ("role_set",)
MEMBER_COLUMNS: Final = ("code", "name", "phone", "unit", "role", "terminal")
MEMBER_OPTIONS: Final = ("primary", "language", "interval_s", "model")

NO_POST: Final = Post(unit="", role="")
NO_TERMINAL: Final = Terminal(code="")

T = TypeVar("T")


class CityFileError(Exception):
    """A file cannot be used; the message says which, where and why."""


def write_city(city: City, folder: Path) -> None:
    """Write the three files into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(city, folder)
    with (folder / GRIDS).open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        file.write(",\n".join(_features(city)))
        file.write("\n]}\n")


def write_tables(city: City, folder: Path) -> None:
    """Write units.csv and members.csv into `folder`."""
    units = map(unit_row, city.units)
    write_table(folder / UNITS, (*UNIT_COLUMNS, *UNIT_OPTIONS), units)
    members = (row for member in city.members for row in member_rows(member))
    write_table(folder / MEMBERS, (*MEMBER_COLUMNS, *MEMBER_OPTIONS), members)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def read_city(folder: Path) -> City:
    """Read the three files. Raises CityFileError."""
    units = tuple(_rows(folder / UNITS, UNIT_COLUMNS, _unit))
    codes = {unit.code for unit in units}
    members = _merged(_rows(folder / MEMBERS, MEMBER_COLUMNS, lambda row: _member(row, codes)))
    return City(units=units, areas=_areas(folder / GRIDS, codes), members=tuple(members))


def unit_row(unit: Unit) -> tuple[str, ...]:
    """Return the fields of UNIT_COLUMNS and UNIT_OPTIONS."""
    attributes = json.dumps(unit.attributes, ensure_ascii=False)
    return (unit.code, unit.name, unit.name_en, unit.level, unit.parent or "", attributes, unit.role_set or "")


def member_rows(member: Member) -> Iterator[tuple[str, ...]]:
    """Yield rows of MEMBER_COLUMNS and MEMBER_OPTIONS: one for each post and each terminal, side by side.

    Where there are more terminals than posts, the first post is said again.
    """
    for place in range(max(len(member.posts), len(member.terminals), 1)):
        post = member.posts[place] if place < len(member.posts) else (member.posts[0] if member.posts else NO_POST)
        terminal = member.terminals[place] if place < len(member.terminals) else NO_TERMINAL
        yield (
            member.code,
            member.name,
            member.phone,
            post.unit,
            post.role,
            terminal.code,
            "1" if member.posts and post == member.posts[0] else "",
            member.language,
            "" if terminal.interval_s is None else str(terminal.interval_s),
            terminal.model,
        )


def _features(city: City) -> Iterator[str]:
    """Yield one feature a line; coordinates are written to the bit."""
    for unit in city.units:
        area = city.areas.get(unit.code)
        if area is None:
            continue
        facts = {"code": unit.code, "name": unit.name, "level": unit.level, "parent": unit.parent}
        properties = json.dumps(facts, ensure_ascii=False)
        yield f'{{"type":"Feature","properties":{properties},"geometry":{shapely.to_geojson(area)}}}'


def _rows(path: Path, columns: tuple[str, ...], parse: Callable[[Mapping[str, str]], T]) -> Iterator[T]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [column for column in columns if column not in (rows.fieldnames or ())]
            if missing:
                raise CityFileError(f"{path}:1: the header lacks {', '.join(missing)}")
            for row in rows:
                yield _parsed(row, parse, f"{path}:{rows.line_num}")
    except OSError as error:
        raise CityFileError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CityFileError(f"{path}: {error}") from error


def _parsed(row: Mapping[str, Any], parse: Callable[[Mapping[str, str]], T], where: str) -> T:
    if None in row or None in row.values():
        raise CityFileError(f"{where}: not as many fields as the header has")
    try:
        return parse(row)
    except ValueError as error:
        raise CityFileError(f"{where}: {error}") from error


def _unit(row: Mapping[str, str]) -> Unit:
    if not (row["code"] and row["name"] and row["level"]):
        raise ValueError("a unit needs a code, a name and a level")
    attributes: Any = json.loads(row["attributes"] or "{}")
    if not isinstance(attributes, dict):
        raise ValueError("attributes are a JSON object")  # noqa: TRY004 - what a file holds is a value
    return Unit(
        code=row["code"],
        name=row["name"],
        name_en=row["name_en"],
        level=row["level"],
        parent=row["parent"] or None,
        attributes=attributes,
        role_set=row.get("role_set") or None,
    )


def _member(row: Mapping[str, str], units: set[str]) -> tuple[Member, bool]:
    """Return what one row says of a member, and whether its post is the primary one."""
    if not (row["code"] and row["name"] and row["role"]):
        raise ValueError("a member needs a code, a name and a role")
    if row["unit"] not in units:
        raise ValueError(f"there is no unit {row['unit']}")
    interval = row.get("interval_s")
    terminal = Terminal(
        code=row["terminal"], interval_s=int(interval) if interval else None, model=row.get("model") or ""
    )
    said = Member(
        code=row["code"],
        name=row["name"],
        phone=row["phone"],
        posts=(Post(unit=row["unit"], role=row["role"]),),
        terminals=(terminal,) if terminal.code else (),
        language=row.get("language") or "zh",
    )
    return said, bool(row.get("primary"))


def _merged(rows: Iterable[tuple[Member, bool]]) -> Iterable[Member]:
    """Return one member for all rows of a code, in the order of the first of them."""
    members: dict[str, Member] = {}
    for said, is_primary in rows:
        known = members.get(said.code)
        members[said.code] = said if known is None else merge(known, said, is_primary=is_primary)
    return members.values()


def merge(known: Member, said: Member, *, is_primary: bool) -> Member:
    """Return `known` with the posts and terminals of one more row; a primary post goes to the front."""
    posts = (*said.posts, *known.posts) if is_primary else (*known.posts, *said.posts)
    terminals = (*known.terminals, *said.terminals)
    return replace(known, posts=tuple(dict.fromkeys(posts)), terminals=tuple(dict.fromkeys(terminals)))


def _areas(path: Path, units: set[str]) -> dict[str, BaseGeometry]:
    try:
        said: Any = json.loads(path.read_text("utf-8-sig"))
        features: list[Any] = said["features"]
        return {feature["properties"]["code"]: _area(feature, units) for feature in features}
    except OSError as error:
        raise CityFileError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError) as error:
        raise CityFileError(f"{path}: not a FeatureCollection of areas with the property code ({error})") from error
    except (ValueError, GEOSException) as error:
        raise CityFileError(f"{path}: {error}") from error


def _area(feature: Mapping[str, Any], units: set[str]) -> BaseGeometry:
    code = feature["properties"]["code"]
    area = shapely.from_geojson(json.dumps(feature["geometry"]))
    if code not in units:
        raise ValueError(f"there is no unit {code}")
    if area.geom_type not in {"Polygon", "MultiPolygon"} or area.is_empty or not area.is_valid:
        raise ValueError(f"the area of {code} is no valid Polygon or MultiPolygon: {shapely.is_valid_reason(area)}")
    return area
