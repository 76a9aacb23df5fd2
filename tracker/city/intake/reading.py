"""Files of any kind, told apart by what they hold, to what they say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from tracker.city.intake.findings import Findings, Place
from tracker.city.intake.given import Given
from tracker.city.intake.rows import Places, kind_of, read_levels, read_members, read_roles, read_units
from tracker.city.intake.shapes import sound
from tracker.city.intake.tables import read_table
from tracker.city.intake.vectors import MAGIC, read_areas

TABLES: Final = frozenset((".csv", ".txt", ".tsv"))
# What lies beside a .shp and is read with it
BESIDE_SHAPEFILE: Final = frozenset((".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".xml", ".qix"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    code_column: str = "code"  # of vector files
    crs: str | None = None  # instead of what the vector file declares
    encoding: str = "auto"  # or utf-8, gbk
    is_gcj02: bool = False
    tolerance_m: float = 1.0
    takes_effect_at: datetime | None = None  # of new borders; None: ten seconds after they are written


def read_files(
    paths: Sequence[Path], options: Options, stored_areas: Mapping[str, BaseGeometry], findings: Findings
) -> Given:
    """Read each file as what it is; a kind that comes twice is an error."""
    places: Places = {}
    said: dict[str, Any] = {}
    columns: dict[str, frozenset[str]] = {}
    source: dict[str, str] = {}
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in BESIDE_SHAPEFILE:
            continue
        if suffix in MAGIC:
            kind = "areas"
            value: Any = _grids(path, options, stored_areas, places, findings)
        elif suffix in TABLES:
            kind, value, columns_here = _table(path, options, places, findings)
            columns[kind] = columns_here
        else:
            findings.add("not_recognised", Place(path.name))
            continue
        if kind in source:
            findings.add("given_twice", Place(path.name), kind=kind, other=source[kind])
        source[kind] = path.name
        said[kind] = value
    return Given(
        levels=said.get("levels"),
        roles=said.get("roles"),
        units=said.get("units"),
        areas=said.get("areas"),
        members=said.get("members"),
        unit_columns=columns.get("units", frozenset()),
        member_columns=columns.get("members", frozenset()),
        places=places,
    )


def _grids(
    path: Path,
    options: Options,
    stored: Mapping[str, BaseGeometry],
    places: Places,
    findings: Findings,
) -> dict[str, BaseGeometry]:
    areas = read_areas(
        path,
        findings,
        code_column=options.code_column,
        crs=options.crs,
        encoding=options.encoding,
        is_gcj02=options.is_gcj02,
    )
    return sound(areas, path.name, stored, places, findings)


def _table(
    path: Path, options: Options, places: Places, findings: Findings
) -> tuple[str, Mapping[str, Any] | None, frozenset[str]]:
    table = read_table(path, encoding=options.encoding, findings=findings)
    kind = None if table is None else kind_of(table, findings)
    if table is None or kind is None:
        return path.name, None, frozenset()
    readers: Mapping[str, Any] = {
        "units": read_units,
        "members": read_members,
        "levels": read_levels,
        "roles": read_roles,
    }
    return kind, readers[kind](table, places, findings), frozenset(table.columns)
