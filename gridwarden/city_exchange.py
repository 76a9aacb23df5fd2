"""A city's files into its database, and out of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
import typer
from psycopg import AsyncConnection
from rich.markup import escape

from gridwarden.console import Progress
from tracker.bus import connect as bus
from tracker.bus.interface import CITY
from tracker.city.export import export
from tracker.city.intake import handover
from tracker.city.intake.apply import Handover
from tracker.city.intake.reading import Options
from tracker.city.intake.run import Prepared, prepare, take_in, tidy_up

Connection = AsyncConnection[Any]


class Encoding(StrEnum):
    AUTO = "auto"
    UTF_8 = "utf-8"
    GBK = "gbk"


class GridFormat(StrEnum):
    GEOJSON = "geojson"
    FGB = "fgb"
    SHP = "shp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an import is asked to do."""

    files: Sequence[Path]
    options: Options
    is_to_be_applied: bool
    out: Path
    json: Path | None


async def import_city(dsn: str, redis: str | None, wish: Wish) -> None:
    """Print the report, and apply it if that is asked for; raises typer.Exit(1) when it cannot be applied."""
    progress = Progress()
    async with await Connection.connect(dsn, autocommit=True) as connection:
        prepared = await prepare(connection, wish.files, wish.options, say=progress.step)
        progress.done()
        _tell(prepared, wish, progress)
        if not prepared.report.is_applicable:
            raise typer.Exit(1)
        if not wish.is_to_be_applied:
            progress.print("a dry run: nothing was changed; say --apply to apply it")
            return
        await _apply(connection, redis, prepared, wish)


async def export_city(dsn: str, folder: Path, form: GridFormat) -> None:
    progress = Progress()
    async with await Connection.connect(dsn, autocommit=True) as connection:
        city = await export(connection, folder, form=form.value)
    seconds = progress.done()
    progress.print(f"{len(city.units):,} units and {len(city.members):,} members in {folder} ({seconds:.1f} s)")


def options_of(
    *, code_column: str, crs: str | None, encoding: Encoding, gcj02: bool, tolerance_m: float, at: datetime | None
) -> Options:
    return Options(
        code_column=code_column,
        crs=crs,
        encoding=encoding.value,
        is_gcj02=gcj02,
        tolerance_m=tolerance_m,
        takes_effect_at=None if at is None else at.astimezone(),  # what is typed is local time
    )


def _tell(prepared: Prepared, wish: Wish, progress: Progress) -> None:
    for line in prepared.report.lines():
        progress.print(escape(line))
    if wish.json is not None:
        wish.json.write_text(json.dumps(prepared.report.shape(), ensure_ascii=False, indent=1), "utf-8")


async def _apply(connection: Connection, redis: str | None, prepared: Prepared, wish: Wish) -> None:
    progress = Progress()
    kept: list[Path] = []

    def keep(credentials: tuple[Handover, ...]) -> None:
        if credentials:
            kept.append(handover.keep(credentials, wish.out))

    try:
        await take_in(connection, prepared, wish.options, say=progress.step, before_commit=keep)
    except psycopg.OperationalError:
        raise  # the connection went, perhaps after COMMIT: the only copy of the secrets stays
    except psycopg.Error:
        for path in kept:
            path.unlink()
        raise
    progress.print("applied")
    for path in kept:
        progress.print(f"the new terminals' secrets are in {path}")
    await _ring(redis)
    progress.step("tidying up the search index")
    await tidy_up(connection)
    progress.print(f"done in {progress.done():.1f} s")


async def _ring(redis: str | None) -> None:
    """Tell the programs that run: each looks at the tables again. In another process there is nobody to hear it."""
    line = bus.connect(redis)
    try:
        await line.publish(CITY, b"")
    finally:
        await line.close()
