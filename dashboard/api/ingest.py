"""How ingest does, for people: its runs and their pulse, and what was refused. Only for accounts of the whole city."""

import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from dashboard.api.answers import Limit, Problem, answer
from dashboard.security.rights import CurrentViewer
from dashboard.store import operation, pulse, refused, units
from dashboard.store.pulse import SampleRow, WorkerRow
from dashboard.store.refused import RefusedRow

MOST_RUNS: Final = 20
COLUMNS: Final = SampleRow._fields[1:]  # a sample travels as a row of these; its run is the worker it stands under


def router(pool: AsyncConnectionPool) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/ingest")
    async def ingest(viewer: CurrentViewer, limit: Limit = 100) -> Response:
        async with pool.connection() as connection:
            await _only_the_top(connection, viewer.account.unit)
            runs = await operation.runs(connection, limit=MOST_RUNS)
            refusals = await refused.counts(connection)
            newest = await refused.page(connection, limit=limit)
        return answer(
            {
                "runs": [row._asdict() for row in runs],
                "refusals": [row._asdict() for row in refusals],
                "refused": [report(row) for row in newest],
            }
        )

    @routes.get("/api/ingest/pulse")
    async def beating(viewer: CurrentViewer) -> Response:
        async with pool.connection() as connection:
            await _only_the_top(connection, viewer.account.unit)
            workers = await pulse.workers(connection)
            samples = await pulse.samples(connection)
            recent = await pulse.recent_reasons(connection)
            today = await pulse.reasons_of_today(connection)
        return answer(
            {
                "at_ms": round(time.time() * 1000),
                "shown_s": pulse.SHOWN_S,
                "columns": COLUMNS,
                "workers": [worker(row, samples) for row in workers],
                "reasons": {
                    "recent": [row._asdict() for row in recent],
                    "today": [row._asdict() for row in today],
                },
            }
        )

    @routes.get("/api/ingest/refused")
    async def reports(
        viewer: CurrentViewer,
        reason: str | None = None,
        terminal: str | None = None,
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Limit = 50,
    ) -> Response:
        """Those that are kept, newest first; `before` is the id of the last one that is known already."""
        async with pool.connection() as connection:
            await _only_the_top(connection, viewer.account.unit)
            rows = await refused.page(connection, reason=reason, terminal=terminal, before=before, limit=limit)
        return answer({"refused": [report(row) for row in rows]})

    return routes


async def _only_the_top(connection: AsyncConnection[Any], unit: int) -> None:
    if not await units.is_top(connection, unit):
        raise Problem(
            403,
            "not_allowed",
            "only accounts of the whole city see ingest: refused reports have no unit",
            zh="被拒收的报告不属于任何组织，只有全市账号可以查看",
        )


def worker(row: WorkerRow, samples: list[SampleRow]) -> dict[str, object]:
    return {**row._asdict(), "samples": [sample[1:] for sample in samples if sample.run == row.id]}


def report(row: RefusedRow) -> dict[str, object]:
    return {**row._asdict(), "payload": readable(row.payload)}


def readable(payload: bytes) -> str:
    """Return what a terminal sent as text, bytes that are none as escapes."""
    return payload.decode(errors="backslashreplace")
