"""Messages of other services (CAP): brought as files, listed, read beside what they would be here, and settled.

A message belongs to the unit that it was brought to; whoever may issue for a unit above it sees it. What they read of
units is cut by the search itself: only units below the role's own are looked at.
"""

from pathlib import PurePath
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from starlette.datastructures import FormData, UploadFile

from alerts.core import cap
from alerts.core.cap_states import MessageState
from alerts.core.errors import BadDocument
from alerts.core.records import Actor
from alerts.core.xml_in import MOST_BYTES, TOO_LARGE
from alerts.intake import Intake, Outcome
from alerts.store.cap_messages import MessageRow
from dashboard.api import cap_shapes as shapes
from dashboard.api.alert_requests import Asked, Draft
from dashboard.api.alerts import Counter
from dashboard.api.answers import NO_NUL, Limit, NotFound, Problem, answer, language_of
from dashboard.security.rights import Issuer, Right, Viewer

MOST_FILES: Final = 10
ENVELOPE: Final = 4_096  # bytes of the form around a file
Message = Annotated[int, Path(ge=1, le=2**31 - 1)]
Block = Annotated[int, Query(ge=0, le=10_000)]
STOPPED: Final = {"X-Content-Type-Options": "nosniff"}


class Join(Asked):
    alert: UUID


class Dismiss(Asked):
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=NO_NUL)]


class Office:
    """The intake seen by one viewer at a time."""

    def __init__(self, intake: Intake, counter: Counter) -> None:
        self.intake = intake
        self.counter = counter

    async def find(self, viewer: Viewer, message: int) -> MessageRow:
        """Return a message that the viewer's role covers; raises UnknownMessage, NotFound, or Problem 403."""
        row = await self.intake.find(message)
        viewer.check(Right.ISSUE, row.tree_left, "message")
        return row

    def actor(self, viewer: Viewer) -> Actor:
        return self.counter.actor(viewer)

    async def bring(self, viewer: Viewer, name: str, content: bytes, *, is_only: bool) -> list[Outcome]:
        """Return what became of a file; raises BadDocument for one that came alone, which is then the answer."""
        try:
            return await self.intake.bring(content, source=name, by=self.actor(viewer))
        except BadDocument as bad:
            if is_only:
                raise
            return [Outcome(refused=bad.reason)]

    async def read(self, viewer: Viewer, message: int, language: str, block: int | None = None) -> dict[str, Any]:
        row = await self.find(viewer, message)
        try:
            found = await self.intake.read(row, by=self.actor(viewer), within=viewer.account.unit, info=block)
        except IndexError as absent:
            raise NotFound("part of this message") from absent
        return shapes.reading(found, language)


def router(intake: Intake, counter: Counter) -> APIRouter:
    routes = APIRouter(prefix="/api/cap/messages")
    office = Office(intake, counter)
    _add_bringing(routes, office)
    _add_reading(routes, office)
    _add_settling(routes, office)
    return routes


def _add_bringing(routes: APIRouter, office: Office) -> None:
    @routes.post("")
    async def bring(viewer: Issuer, request: Request) -> Response:
        """Take files, each a CAP document or a feed with documents in it; of each file what became of it."""
        _check_size(request)
        language = language_of(request)
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FILES) as form:
            files = await _files(form)
        brought = [
            (name, await office.bring(viewer, name, content, is_only=len(files) == 1)) for name, content in files
        ]
        is_new = any(one.received is not None and one.received.is_new for _, found in brought for one in found)
        return answer(
            {"files": [shapes.brought(name, found, language) for name, found in brought]}, 201 if is_new else 200
        )


def _add_reading(routes: APIRouter, office: Office) -> None:
    @routes.get("")
    async def listing(
        viewer: Issuer, request: Request, state: MessageState | None = None, limit: Limit = 100
    ) -> Response:
        """Return messages, the last to come first; the feeds with them, for who issues for the whole city."""
        scope, language = viewer.scope(Right.ISSUE), language_of(request)
        rows = await office.intake.list(left=scope.left, right=scope.right, state=state, limit=limit)
        feeds = await office.intake.feeds() if await office.intake.is_top(scope.unit) else []
        return answer(
            {"messages": [shapes.row(one) for one in rows], "feeds": [shapes.feed(one, language) for one in feeds]}
        )

    @routes.get("/{message}")
    async def card(viewer: Issuer, request: Request, message: Message, block: Block | None = None) -> Response:
        return answer(await office.read(viewer, message, language_of(request), block))

    @routes.get("/{message}/document")
    async def document(viewer: Issuer, message: Message) -> Response:
        """Return the message as it came, to be kept; a browser is not to show a stranger's XML as a page of ours."""
        await office.find(viewer, message)
        return Response(
            await office.intake.document(message),
            media_type=cap.MEDIA_TYPE,
            headers={"Content-Disposition": f'attachment; filename="cap-{message}.xml"', **STOPPED},
        )


def _add_settling(routes: APIRouter, office: Office) -> None:
    intake, counter = office.intake, office.counter

    @routes.post("/{message}/draft")
    async def draft(viewer: Issuer, message: Message, given: Draft) -> Response:
        """Make a draft of a message; the answer is the draft."""
        await office.find(viewer, message)
        counter.check_targets(viewer, given.targets)
        is_new = await intake.draft(message, given.id, by=office.actor(viewer), content=given.content())
        found = await counter.get(viewer, given.id)
        return answer(counter.shape(viewer, found), 201 if is_new else 200)

    @routes.post("/{message}/join")
    async def join(viewer: Issuer, request: Request, message: Message, given: Join) -> Response:
        """Note that a message changed a warning that is there."""
        await office.find(viewer, message)
        await counter.find(viewer, given.alert)
        await intake.join(message, given.alert, by=office.actor(viewer))
        return answer(await office.read(viewer, message, language_of(request)))

    @routes.post("/{message}/dismiss")
    async def dismiss(viewer: Issuer, request: Request, message: Message, given: Dismiss) -> Response:
        await office.find(viewer, message)
        await intake.dismiss(message, by=office.actor(viewer), reason=given.reason)
        return answer(await office.read(viewer, message, language_of(request)))

    @routes.post("/{message}/reopen")
    async def reopen(viewer: Issuer, request: Request, message: Message) -> Response:
        await office.find(viewer, message)
        await intake.reopen(message, by=office.actor(viewer))
        return answer(await office.read(viewer, message, language_of(request)))


def _check_size(request: Request) -> None:
    said = request.headers.get("content-length", "")
    if not said.isdecimal():
        raise Problem(411, "length_required", "say how long the files are", zh="请求缺少长度")
    if int(said) > MOST_FILES * (MOST_BYTES + ENVELOPE):
        raise Problem(413, "too_large", TOO_LARGE.en, zh=TOO_LARGE.zh)


async def _files(form: FormData) -> list[tuple[str, bytes]]:
    """Return (name, content) of each file; one that is too large is cut where the reader refuses it."""
    found = [
        (PurePath(value.filename or "file").name[:200], await value.read(MOST_BYTES + 1))
        for _, value in form.multi_items()
        if isinstance(value, UploadFile)
    ]
    if not found:
        raise Problem(422, "no_files", "choose at least one file", zh="请至少选择一个文件")
    return found
