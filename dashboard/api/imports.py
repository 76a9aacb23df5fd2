"""A whole city in and out as files; for administrators of the whole city."""

import asyncio
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from psycopg_pool import AsyncConnectionPool
from starlette.background import BackgroundTask
from starlette.datastructures import FormData, UploadFile
from starlette.responses import FileResponse

from dashboard.api.answers import answer, language_of
from dashboard.api.import_desk import ImportDesk, Kept, report_of
from dashboard.security.problems import Problem
from dashboard.security.rights import TopAdministrator
from dashboard.store import audit
from tracker.bus import messages
from tracker.bus.interface import CITY, Bus
from tracker.bus.messages import CityChanged
from tracker.city.export import Format
from tracker.city.intake.child import ExportJob, ImportJob
from tracker.city.intake.tables import FILE_BYTES

MOST_FILES: Final = 20  # a Shapefile alone has five
MOST_BYTES: Final = 2 * FILE_BYTES  # of all files of an import together
UNSAFE: Final = re.compile(r"[^\w.-]+")


def router(pool: AsyncConnectionPool, bus: Bus, desk: ImportDesk) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/imports")
    async def bring(viewer: TopAdministrator, request: Request) -> Response:
        _check_size(request)
        folder = desk.folder()
        try:
            async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
                paths = await _saved(form, folder)
                job = _job(desk.dsn, paths, form)
            kept = await desk.judge(job, folder, account=viewer.account.id)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return answer(_shape(kept, request), 201)

    @routes.get("/api/imports/{number}")
    async def look(viewer: TopAdministrator, request: Request, number: str) -> Response:
        return answer(_shape(desk.find(number, account=viewer.account.id), request))

    @routes.post("/api/imports/{number}/apply")
    async def apply(viewer: TopAdministrator, request: Request, number: str) -> Response:
        kept = desk.find(number, account=viewer.account.id)
        credentials = await desk.apply(kept)
        await bus.publish(CITY, messages.encode(CityChanged()))
        response = answer({**_shape(kept, request), "credentials": credentials})
        response.background = BackgroundTask(desk.tidy_up)  # the secrets leave first: there is no other copy
        return response

    @routes.get("/api/exports/city.zip")
    async def export(viewer: TopAdministrator, form: Annotated[Format, Query(alias="format")] = "geojson") -> Response:
        folder = desk.folder()
        try:
            path = await desk.export(ExportJob(dsn=desk.dsn, folder=str(folder), form=form))
            async with pool.connection() as connection, connection.transaction():
                await audit.write(
                    connection,
                    at=desk.clock(),
                    viewer=viewer,
                    action="city.exported",
                    subject="city",
                    unit=viewer.account.unit,
                    detail={"format": form},
                )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        return FileResponse(path, media_type="application/zip", filename="city.zip", background=gone)

    return routes


def _check_size(request: Request) -> None:
    said = request.headers.get("content-length", "")
    if not said.isdecimal():
        raise Problem(411, "length_required", "say how long the files are", zh="请求缺少长度")
    if int(said) > MOST_BYTES:
        mib = MOST_BYTES >> 20
        raise Problem(413, "too_large", f"the files may have {mib} MiB together", zh=f"文件总大小上限 {mib} MiB")


async def _saved(form: FormData, folder: Path) -> tuple[Path, ...]:
    """Write the files under the names they were sent with; those are only what a report calls them."""
    paths: list[Path] = []
    for _, value in form.multi_items():
        if isinstance(value, UploadFile):
            name = UNSAFE.sub("_", Path(value.filename or "").name).lstrip(".") or "file"
            path = folder / name[-100:]
            if path.exists():
                raise Problem(422, "given_twice", f"{path.name} comes twice", zh=f"{path.name} 重复上传")
            await asyncio.to_thread(_copy, value, path)
            paths.append(path)
    if not paths:
        raise Problem(422, "no_files", "choose at least one file", zh="请至少选择一个文件")
    return tuple(paths)


def _copy(uploaded: UploadFile, path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(uploaded.file, file)


class _Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The options of a form, as text."""

    encoding: Literal["auto", "utf-8", "gbk"] = "auto"
    crs: Annotated[str, msgspec.Meta(max_length=100)] = ""
    code_column: Annotated[str, msgspec.Meta(max_length=100)] = "code"
    gcj02: bool = False
    tolerance_m: Annotated[float, msgspec.Meta(ge=0.01, le=50)] = 1.0
    takes_effect_at: datetime | None = None


def _job(dsn: str, paths: tuple[Path, ...], form: FormData) -> ImportJob:
    texts = {name: value for name, value in form.items() if isinstance(value, str) and value}
    try:
        wishes = msgspec.convert(texts, _Wishes, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(422, "bad_request", str(error)) from error
    return ImportJob(
        dsn=dsn,
        paths=tuple(map(str, paths)),
        encoding=wishes.encoding,
        crs=wishes.crs or None,
        code_column=wishes.code_column,
        is_gcj02=wishes.gcj02,
        tolerance_m=wishes.tolerance_m,
        takes_effect_at=wishes.takes_effect_at,
    )


def _shape(kept: Kept, request: Request) -> dict[str, Any]:
    report = report_of(kept, language_of(request))
    return {"id": kept.id, "report": report, "applied_at": kept.applied_at}
