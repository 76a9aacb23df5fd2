"""The roster folder: which terminals there are (terminals.csv), and where the grids are (grids.geojson).

The files are an interface, so they are read here from scratch; what is wrong with them is said with file and line.
terminals.csv holds secrets: nothing here logs a row.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import shapely
from shapely.geometry.base import BaseGeometry

TERMINALS: Final = "terminals.csv"
GRIDS: Final = "grids.geojson"
_COLUMNS: Final = ("terminal", "secret", "member", "unit")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_AREAS: Final = frozenset({"Polygon", "MultiPolygon"})


class RosterError(Exception):
    """A file of the roster cannot be used; the message names file, line (or feature) and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    terminal: str  # the code: MQTT user name, part of every topic
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """One row of terminals.csv: a credential, who carries it, and that member's unit (codes)."""

    credential: Credential
    member: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    code: str
    level: str
    area: BaseGeometry  # Polygon or MultiPolygon, WGS-84 degrees, longitude first


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    handsets: tuple[Handset, ...]  # in the order of the file
    grids: Mapping[str, Grid]  # by code


def read_roster(folder: Path) -> Roster:
    """Read both files of `folder`. Raises RosterError."""
    return Roster(handsets=read_handsets(folder / TERMINALS), grids=read_grids(folder / GRIDS))


def read_handsets(path: Path, *, first: int = 0, count: int | None = None) -> tuple[Handset, ...]:
    """Read terminals.csv, or `count` of its terminals from number `first` on, to save the memory of the others.

    Raises RosterError on the first row, of those, that cannot be used.
    """
    rows = csv.reader(_text(path).splitlines())
    header = next(rows, [])
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise RosterError(f"{path}:1: the header lacks {', '.join(missing)}; wanted: {','.join(_COLUMNS)}")
    places = [header.index(column) for column in _COLUMNS]
    handsets: list[Handset] = []
    seen: dict[str, int] = {}
    for row in islice(filter(None, rows), first, None if count is None else first + count):
        handset = _handset(path, rows.line_num, row, places)
        first = seen.setdefault(handset.credential.terminal, rows.line_num)
        if first != rows.line_num:
            raise RosterError(f"{path}:{rows.line_num}: terminal {handset.credential.terminal} is on line {first} too")
        handsets.append(handset)
    return tuple(handsets)


def read_grids(path: Path) -> Mapping[str, Grid]:
    """Read grids.geojson: a FeatureCollection whose features have the properties code and level."""
    try:
        said: Any = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise RosterError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    if not isinstance(said, dict) or not isinstance(said.get("features"), list):
        raise RosterError(f"{path}:1: not a GeoJSON FeatureCollection")
    grids: dict[str, Grid] = {}
    for grid in _grids(path, said["features"]):
        if grid.code in grids:
            raise RosterError(f"{path}: grid {grid.code} is there twice")
        grids[grid.code] = grid
    if not grids:
        raise RosterError(f"{path}: no grids in it")
    return grids


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise RosterError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RosterError(f"{path}: not UTF-8 at byte {error.start}") from error


def _handset(path: Path, line: int, row: list[str], places: list[int]) -> Handset:
    if len(row) <= max(places):
        raise RosterError(f"{path}:{line}: {len(row)} columns, wanted {','.join(_COLUMNS)}")
    terminal, secret, member, unit = (row[place].strip() for place in places)
    if not _CODE.fullmatch(terminal):
        raise RosterError(f"{path}:{line}: a terminal's code is 1 to 64 of A-Z a-z 0-9 _ -, not {terminal[:80]!r}")
    if not secret:
        raise RosterError(f"{path}:{line}: terminal {terminal} has no secret")
    return Handset(credential=Credential(terminal=terminal, secret=secret), member=member, unit=unit)


def _grids(path: Path, features: list[Any]) -> Iterator[Grid]:
    for number, feature in enumerate(features, start=1):
        try:
            properties = cast("dict[str, Any]", feature["properties"])
            code, level = str(properties["code"]), str(properties["level"])
            area = shapely.geometry.shape(feature["geometry"])
        except (KeyError, TypeError, AttributeError, ValueError, shapely.errors.ShapelyError) as error:
            raise RosterError(f"{path}: feature {number} is no grid with code, level and area: {error!r}") from error
        if area.geom_type not in _AREAS or area.is_empty:
            raise RosterError(f"{path}: feature {number}, grid {code}: wanted an area, not {area.geom_type}")
        yield Grid(code=code, level=level, area=area)
