"""A city out of its database into the files that an import reads: exported and imported again, nothing changes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import psycopg
import shapely
from pyogrio import raw

from tracker.city.files import write_city, write_table, write_tables
from tracker.city.intake.given import Contents
from tracker.city.intake.rows import KNOWN
from tracker.city.intake.stored import read_stored
from tracker.city.model import City, Unit

Format = Literal["geojson", "fgb", "shp"]

DRIVERS: Final[Mapping[str, str]] = {"fgb": "FlatGeobuf", "shp": "ESRI Shapefile"}
LEVELS: Final = "levels.csv"
ROLES: Final = "roles.csv"

Connection = psycopg.AsyncConnection[Any]


class NothingToExportError(Exception):
    """The database holds no city."""


async def export(connection: Connection, folder: Path, *, form: Format = "geojson") -> City:
    """Write units.csv, grids in a format, members.csv, levels.csv and roles.csv into `folder`; return what was written.

    Raises NothingToExportError.
    """
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        stored = await read_stored(connection)
    if not stored.contents.units:
        raise NothingToExportError("this database holds no city")
    return await asyncio.to_thread(write, stored.contents, folder, form=form)


def write(contents: Contents, folder: Path, *, form: Format) -> City:
    folder.mkdir(parents=True, exist_ok=True)
    areas = {code: shapely.orient_polygons(area) for code, area in contents.areas.items()}  # RFC 7946
    city = City(units=tuple(contents.units.values()), areas=areas, members=tuple(contents.members.values()))
    if form == "geojson":
        write_city(city, folder)
    else:
        write_tables(city, folder)
        _write_grids(city, folder / f"grids.{form}", DRIVERS[form])
    _write_words(contents, folder)
    return city


def _write_words(contents: Contents, folder: Path) -> None:
    levels = contents.levels.values()
    write_table(
        folder / LEVELS,
        KNOWN["levels"],
        ((level.code, str(level.rank), level.name_zh, level.name_en, level.role_set or "") for level in levels),
    )
    roles = contents.roles.values()
    write_table(
        folder / ROLES,
        KNOWN["roles"],
        ((role.code, role.name_zh, role.name_en, "1" if role.is_leader else "") for role in roles),
    )


def _write_grids(city: City, path: Path, driver: str) -> None:
    units = [unit for unit in city.units if unit.code in city.areas]
    areas = np.array([city.areas[unit.code] for unit in units], object)
    raw.write(
        path,
        shapely.to_wkb(areas),
        field_data=_columns(units),
        fields=["code", "name", "level", "parent"],
        geometry_type="Unknown" if driver == "FlatGeobuf" else "Polygon",
        crs="EPSG:4326",
        driver=driver,
        encoding="UTF-8",
    )


def _columns(units: list[Unit]) -> list[Any]:
    rows = ((unit.code, unit.name, unit.level, unit.parent or "") for unit in units)
    return [np.array(column, object) for column in zip(*rows, strict=True)] or [np.empty(0, object)] * 4
