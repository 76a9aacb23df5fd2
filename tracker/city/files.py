"""The files a city comes in: units.csv, grids.geojson and members.csv in one folder, UTF-8, codes instead of ids.

Reading stops at the first thing that cannot be used, with file and line. Nothing is repaired.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from tracker.city.model import City, Member, Unit

UNITS: Final = "units.csv"
GRIDS: Final = "grids.geojson"
MEMBERS: Final = "members.csv"
UNIT_COLUMNS: Final = ("code", "name", "name_en", "level", "parent", "attributes")
MEMBER_COLUMNS: Final = ("code", "name", "phone", "unit", "role", "terminal")

T = TypeVar("T")


class CityFileError(Exception):
    """A file cannot be used; the message says which, where and why."""


def write_city(city: City, folder: Path) -> None:
    """Write the three files into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / UNITS).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(UNIT_COLUMNS)
        rows.writerows(_unit_row(unit) for unit in city.units)
    with (folder / MEMBERS).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(MEMBER_COLUMNS)
        rows.writerows((m.code, m.name, m.phone, m.unit, m.role, m.terminal or "") for m in city.members)
    with (folder / GRIDS).open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        file.write(",\n".join(_features(city)))
        file.write("\n]}\n")


def read_city(folder: Path) -> City:
    """Read the three files. Raises CityFileError."""
    units = tuple(_rows(folder / UNITS, UNIT_COLUMNS, _unit))
    codes = {unit.code for unit in units}
    members = tuple(_rows(folder / MEMBERS, MEMBER_COLUMNS, lambda row: _member(row, codes)))
    return City(units=units, areas=_areas(folder / GRIDS, codes), members=members)


def _unit_row(unit: Unit) -> tuple[str, ...]:
    attributes = json.dumps(unit.attributes, ensure_ascii=False)
    return (unit.code, unit.name, unit.name_en, unit.level, unit.parent or "", attributes)


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
    )


def _member(row: Mapping[str, str], units: set[str]) -> Member:
    if not (row["code"] and row["name"] and row["role"]):
        raise ValueError("a member needs a code, a name and a role")
    if row["unit"] not in units:
        raise ValueError(f"there is no unit {row['unit']}")
    return Member(
        code=row["code"],
        name=row["name"],
        phone=row["phone"],
        unit=row["unit"],
        role=row["role"],
        terminal=row["terminal"] or None,
    )


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
