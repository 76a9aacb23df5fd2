"""`gridwarden city ...`: a city made up, loaded, imported and exported as files."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gridwarden.city_exchange import Encoding, GridFormat, Wish, export_city, import_city, options_of
from gridwarden.console import Progress
from gridwarden.first_city import keep_roster
from gridwarden.options import Database, Redis, run, settings_of
from gridwarden.reach import reached
from tracker.city.files import read_city, write_city
from tracker.city.generator import DEMO, REFERENCE, generate
from tracker.city.load import HANDOVER, load_city

city_app = typer.Typer(no_args_is_help=True, help="Cities as files: made up, loaded, imported, exported.")

Seed = Annotated[int, typer.Option(help="Same seed, same city")]


@city_app.command(name="generate")
def city_generate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write units.csv, grids.geojson and members.csv into")],
    seed: Seed = 7,
    small: Annotated[bool, typer.Option("--small", help="204 grids and 640 members, to try things in")] = False,
    reference: Annotated[bool, typer.Option("--reference", hidden=True)] = False,  # the default, once an option
) -> None:
    """Make an example city (division code 99xxxx) as files: 198 / 2,997 / 17,350 grids, 270,342 members."""
    with Progress() as progress:
        progress.step("generating a city")
        city = generate(seed=seed, sizes=DEMO if small and not reference else REFERENCE, count=progress.count)
        progress.step(f"writing it into {out}")
        write_city(city, out)
    progress.print(f"{len(city.units):,} units and {len(city.members):,} members ({progress.done():.1f} s)")


@city_app.command(name="load")
def city_load(*, folder: Path, database: Database = None) -> None:
    """Load a city's files into an empty database; writes terminals.csv, the new credentials, into the folder."""
    settings = settings_of(database=database)
    with Progress() as progress, reached(settings, progress) as dsn:
        progress.step(f"reading {folder}")
        city = read_city(folder)
        run(load_city(dsn, city, folder=folder, say=progress.step, count=progress.count))
    if settings.database is None:
        keep_roster(folder, settings.data)
    progress.print(f"loaded in {progress.done():.1f} s; the terminals' secrets are in {folder / HANDOVER}")


@city_app.command(name="import")
def city_import(
    *,
    files: Annotated[list[Path], typer.Argument(help="units.csv, grids.geojson|fgb|shp, members.csv: any of them")],
    database: Database = None,
    redis: Redis = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this, only report")] = False,
    gcj02: Annotated[bool, typer.Option("--gcj02", help="The areas are in GCJ-02")] = False,
    crs: Annotated[
        str | None, typer.Option(help="Coordinate system of the areas, in place of the declared one")
    ] = None,
    encoding: Annotated[Encoding, typer.Option(help="Of tables and .dbf")] = Encoding.AUTO,
    code_column: Annotated[str, typer.Option(help="Property of the areas that holds the code")] = "code",
    tolerance_m: Annotated[float, typer.Option(min=0.01, max=50, help="Slivers up to this width are snapped")] = 1.0,
    takes_effect_at: Annotated[datetime | None, typer.Option(help="When new borders count, local time")] = None,
    out: Annotated[Path, typer.Option(help="Folder for terminals.csv, the new credentials")] = Path(),
    json: Annotated[Path | None, typer.Option(help="Write the report here too")] = None,
) -> None:
    """Say what files would change in the city of a database, and with --apply change it: all of it or nothing."""
    options = options_of(
        code_column=code_column, crs=crs, encoding=encoding, gcj02=gcj02, tolerance_m=tolerance_m, at=takes_effect_at
    )
    wish = Wish(files=files, options=options, is_to_be_applied=apply, out=out, json=json)
    settings = settings_of(database=database, redis=redis)
    with Progress() as progress, reached(settings, progress) as dsn:
        run(import_city(dsn, settings.redis, wish))


@city_app.command(name="export")
def city_export(
    *,
    folder: Path,
    database: Database = None,
    form: Annotated[GridFormat, typer.Option("--format", help="Of the areas")] = GridFormat.GEOJSON,
) -> None:
    """Write the city of a database as files that import reads."""
    with Progress() as progress, reached(settings_of(database=database), progress) as dsn:
        run(export_city(dsn, folder, form))
