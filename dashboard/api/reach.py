"""How far an alert came: live reach, the people to call, the final report; each cut to the viewer's subtree."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.responses import StreamingResponse

from alerts.core import evidence
from alerts.core.evidence import Evidence
from alerts.core.reach import ReachReport
from alerts.core.records import AlertHead, Call
from alerts.core.words import Words
from alerts.store.reach import Wanted
from dashboard.api import alert_shapes as shapes
from dashboard.api import report_page, report_words
from dashboard.api.alerts import Counter
from dashboard.api.answers import Id, Limit, Offset, Problem, answer, language_of
from dashboard.api.audit import BYTE_ORDER_MARK, line
from dashboard.api.reach_board import ReachBoard
from dashboard.api.units import find as find_unit
from dashboard.security.rights import CurrentViewer, Viewer
from dashboard.store import audit, city

CALLS_AT_ONCE: Final = 20_000  # of the export: each page counts the whole audience
MESSAGES_AT_ONCE: Final = 2_000
FIGURES: Final = ("audience", "told", "delivered", "acknowledged", "failed", "unknown", "queued")
Language = Literal["zh", "en"]
Word = Annotated[str | None, Query(max_length=40, pattern="^[a-z0-9_-]+$")]
Why = Literal["failed", "unknown", "overdue"]


def router(counter: Counter, *, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter(prefix="/api/alerts/{alert}")
    _add_reach(routes, counter)
    _add_calls(routes, counter, clock)
    _add_report(routes, counter, clock)
    return routes


def _add_reach(routes: APIRouter, counter: Counter) -> None:
    board = ReachBoard(counter.desk.reach, most=64)

    @routes.get("/reach")
    async def reach(viewer: CurrentViewer, alert: UUID) -> Response:
        await counter.find(viewer, alert)
        scope = viewer.account.scope
        return answer(shape((await board.reach(alert)).within(scope.left, scope.right)))


def shape(report: ReachReport) -> dict[str, Any]:
    """Units as columns: a city has 20,545 of them."""
    columns = {name: [getattr(row, name) for row in report.units] for name in FIGURES}
    return {
        "total": report.total,
        "by_level": report.by_level,
        "by_channel": report.by_channel,
        "by_answer": report.by_answer,
        "units": {"unit": [row.unit for row in report.units], **columns},
    }


def wanted(
    *,
    unit: Id | None = None,
    level: Word = None,
    why: Why | None = None,
    channel: Word = None,
    state: Word = None,
) -> Wanted:
    """Which people to call; whose, the route says."""
    return Wanted(within=None, unit=unit, level=level, why=why, channel=channel, state=state)


Asked = Annotated[Wanted, Depends(wanted)]


def _add_calls(routes: APIRouter, counter: Counter, clock: Callable[[], datetime]) -> None:
    @routes.get("/calls")
    async def calls(
        viewer: CurrentViewer, alert: UUID, asked: Asked, limit: Limit = 50, offset: Offset = 0
    ) -> Response:
        await counter.find(viewer, alert)
        found = await counter.desk.calls(alert, await mine(counter, viewer, asked), limit=limit, offset=offset)
        return answer(
            {
                "total": found.total,
                "counts": found.counts,
                "answer_within_s": None if found.answer_within is None else found.answer_within.total_seconds(),
                "people": [call_shape(call) for call in found.calls],
            }
        )

    @routes.get("/calls.csv")
    async def export(
        request: Request, viewer: CurrentViewer, alert: UUID, asked: Asked, language: Language | None = None
    ) -> Response:
        found = await counter.find(viewer, alert)
        which = await mine(counter, viewer, asked)
        await _note(counter, viewer, found, "calls.exported", at=clock())
        lines = call_lines(counter, alert, which, language or _language(request))
        return _csv(lines, f"{found.identifier or alert}-calls.csv")


async def mine(counter: Counter, viewer: Viewer, asked: Wanted) -> Wanted:
    """Return what is asked for, cut to the viewer's subtree; raises NotFound for a unit outside it."""
    if asked.unit is not None:
        async with counter.pool.connection() as connection:
            await find_unit(connection, viewer.account.scope, asked.unit)
    return replace(asked, within=viewer.account.unit)


def call_shape(call: Call) -> dict[str, Any]:
    return shapes.person(call.person) | {
        "why": call.why,
        "told_at": call.told_at,
        "superior": None if call.superior is None else {"name": call.superior, "phone": call.superior_phone},
    }


async def call_lines(counter: Counter, alert: UUID, which: Wanted, language: Language) -> AsyncGenerator[str]:
    """Yield the list as a file, a page at a time."""
    words = report_words.WORDS[language]
    yield BYTE_ORDER_MARK + line(tuple(words[f"calls/{name}"] for name in report_words.CALL_COLUMNS))
    offset = 0
    while True:
        page = await counter.desk.calls(alert, which, limit=CALLS_AT_ONCE, offset=offset)
        yield "".join(line(report_words.call_cells(call, language)) for call in page.calls)
        offset += len(page.calls)
        if len(page.calls) < CALLS_AT_ONCE:
            return


def _add_report(routes: APIRouter, counter: Counter, clock: Callable[[], datetime]) -> None:
    @routes.get("/report")
    async def page(request: Request, viewer: CurrentViewer, alert: UUID, language: Language | None = None) -> Response:
        """Return the report as a page that stands alone: to be read, printed, kept as a file."""
        found = await _evidence(counter, viewer, alert)
        async with counter.pool.connection() as connection:
            levels = {level.code: Words(level.name_zh, level.name_en) for level in await city.levels(connection)}
        written = report_page.page(
            found,
            digest=evidence.digest(evidence.document(found)),
            language=language or _language(request),
            timezone=counter.desk.timezone,
            levels=levels,
            read_at=clock(),
        )
        return HTMLResponse(written, headers={"Cache-Control": "no-store"})

    @routes.get("/report.json")
    async def document(viewer: CurrentViewer, alert: UUID) -> Response:
        """Return the canonical document, whose SHA-256 the page shows."""
        found = await _evidence(counter, viewer, alert)
        await _note(counter, viewer, await counter.find(viewer, alert), "report.exported", at=clock())
        return Response(
            evidence.document(found),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{found.identifier}-report.json"'},
        )

    @routes.get("/report.csv")
    async def messages(viewer: CurrentViewer, alert: UUID) -> Response:
        """Return every message to every person, and what became of it."""
        found = await _issued(counter, viewer, alert)
        await _note(counter, viewer, found, "report.exported", at=clock())
        return _csv(message_lines(counter, viewer, alert), f"{found.identifier}-messages.csv")


async def _issued(counter: Counter, viewer: Viewer, alert: UUID) -> AlertHead:
    found = await counter.find(viewer, alert)
    if found.issued_at is None:
        raise Problem(
            404,
            "not_found",
            "an alert that was never issued has no report: issue it first",
            zh="尚未发布的预警没有报告，请先发布",
        )
    return found


async def _evidence(counter: Counter, viewer: Viewer, alert: UUID) -> Evidence:
    await _issued(counter, viewer, alert)
    scope = viewer.account.scope
    return await counter.desk.evidence(
        alert, covers=viewer.account.unit, span=(scope.left, scope.right), is_shown=counter.shown_to(viewer)
    )


async def message_lines(counter: Counter, viewer: Viewer, alert: UUID) -> AsyncGenerator[str]:
    yield BYTE_ORDER_MARK + line(report_words.MESSAGE_COLUMNS)
    after = 0
    while True:
        found = await counter.desk.messages(alert, within=viewer.account.unit, after=after, limit=MESSAGES_AT_ONCE)
        yield "".join(line(report_words.message_cells(row)) for row in found)
        if len(found) < MESSAGES_AT_ONCE:
            return
        after = found[-1]["id"]


async def _note(counter: Counter, viewer: Viewer, alert: AlertHead, action: str, *, at: datetime) -> None:
    """Write into the audit trail that names and telephone numbers left."""
    async with counter.pool.connection() as connection:
        await audit.write(connection, at=at, viewer=viewer, action=action, subject=str(alert.id), unit=alert.unit.id)


def _csv(lines: AsyncGenerator[str], name: str) -> Response:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _language(request: Request) -> Language:
    return "zh" if language_of(request) == "zh" else "en"
