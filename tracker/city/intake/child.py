"""An import or export in a process of its own: files of a whole city cost the one that asked neither time nor memory.

One job as JSON on standard input, one result as JSON on standard output. Run as `python -m tracker.city.intake.child`.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
import psycopg

from tracker.city.export import Format, NothingToExportError, export
from tracker.city.intake.apply import Handover
from tracker.city.intake.handover import as_text
from tracker.city.intake.reading import Options
from tracker.city.intake.run import prepare, take_in
from tracker.organisation.errors import Conflict, Refused

Connection = psycopg.AsyncConnection[Any]


class ImportJob(msgspec.Struct, frozen=True, kw_only=True, tag="import"):
    """`mark` and `account` are given when it is to be applied: what the report was made from, and who asked."""

    dsn: str
    paths: tuple[str, ...]
    encoding: str = "auto"
    crs: str | None = None
    code_column: str = "code"
    is_gcj02: bool = False
    tolerance_m: float = 1.0
    takes_effect_at: datetime | None = None
    mark: str | None = None
    account: int | None = None

    @property
    def options(self) -> Options:
        return Options(
            code_column=self.code_column,
            crs=self.crs,
            encoding=self.encoding,
            is_gcj02=self.is_gcj02,
            tolerance_m=self.tolerance_m,
            takes_effect_at=self.takes_effect_at,
        )


class ExportJob(msgspec.Struct, frozen=True, kw_only=True, tag="export"):
    dsn: str
    folder: str
    form: Format


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`refused` is (word, English, Chinese) of why nothing was done."""

    report_en: dict[str, Any] = {}
    report_zh: dict[str, Any] = {}
    mark: str = ""
    credentials: str | None = None  # terminals.csv
    path: str | None = None  # of the archive
    refused: tuple[str, str, str] | None = None


async def work(job: ImportJob | ExportJob) -> Result:
    try:
        async with await Connection.connect(job.dsn, autocommit=True) as connection:
            if isinstance(job, ExportJob):
                return await _export(connection, job)
            return await _import(connection, job)
    except Refused as refused:
        return Result(refused=(refused.word, refused.en, refused.zh))
    except NothingToExportError as nothing:
        return Result(refused=("no_city", str(nothing), "数据库中还没有城市"))


async def _import(connection: Connection, job: ImportJob) -> Result:
    prepared = await prepare(connection, [Path(path) for path in job.paths], job.options)
    handover: tuple[Handover, ...] = ()
    if job.mark is not None:
        if prepared.stored.mark != job.mark:
            raise Conflict(
                "the city was changed since the report: upload the files again",
                "报告生成后城市数据已变更，请重新上传文件",
                "city_changed",
            )
        handover = (await take_in(connection, prepared, job.options, account=job.account)).handover
    return Result(
        report_en=prepared.report.shape("en"),
        report_zh=prepared.report.shape("zh"),
        mark=prepared.stored.mark,
        credentials=as_text(handover) if handover else None,
    )


async def _export(connection: Connection, job: ExportJob) -> Result:
    folder = Path(job.folder) / "city"
    await export(connection, folder, form=job.form)
    return Result(path=str(await asyncio.to_thread(_zipped, folder)))


def _zipped(folder: Path) -> Path:
    archive = folder.with_suffix(".zip")
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=5) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    return archive


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=ImportJob | ExportJob)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(work(asked))))
