"""Alerts for other systems: the Atom feed, and CAP 1.2 documents. Who may see an alert may fetch it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Response

from alerts.core import atom, cap
from alerts.core.atom import Entry
from alerts.core.cap import Bulletin
from alerts.core.records import AlertHead
from alerts.core.states import AlertState
from alerts.desk import Desk
from dashboard.api.answers import NotFound
from dashboard.security.rights import CurrentViewer, Viewer
from dashboard.shapes import Whereabouts

TITLE: Final = "网格预警"
ENDED_FOR: Final = timedelta(hours=24)  # so long the end of an alert stays in the feed
MOST: Final = 500
Number = Annotated[int, Query(ge=1, le=10_000)]


def router(desk: Desk, whereabouts: Whereabouts, *, public_url: str, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter(prefix="/api/cap")
    base, sender = public_url.rstrip("/"), urlsplit(public_url).hostname or "gridwarden"

    async def read(viewer: Viewer, alerts: list[UUID]) -> dict[UUID, Bulletin]:
        scope = viewer.account.scope
        return await desk.bulletins(
            alerts,
            sender=sender,
            is_shown=lambda unit: whereabouts.is_inside(unit, scope) or whereabouts.is_above(unit, scope),
        )

    @routes.get("")
    async def feed(viewer: CurrentViewer) -> Response:
        """Alerts in force, and those that ended within a day, newest first."""
        now = clock()
        listed = await desk.list(within=viewer.account.unit, limit=MOST)
        current = [alert.id for alert in listed if _is_current(alert, now)]
        bulletins = await read(viewer, current)
        entries = [
            Entry(alert=alert, message=messages[-1], link=f"{base}/api/cap/{alert}?message={len(messages)}")
            for alert in current
            for messages in [cap.messages(bulletins[alert])]
        ]
        document = atom.feed(entries, address=f"{base}/api/cap", title=TITLE, read_at=now)
        return Response(document, media_type=atom.MEDIA_TYPE)

    @routes.get("/{alert}")
    async def document(viewer: CurrentViewer, alert: UUID, message: Number | None = None) -> Response:
        """Return one message of an alert; the newest, if not said which."""
        found = await desk.find(alert, within=viewer.account.unit)
        bulletin = (await read(viewer, [alert])).get(alert)
        if bulletin is None:
            raise NotFound("issued alert")
        number = len(bulletin.notices) if message is None else message
        if number > len(bulletin.notices):
            raise NotFound("message of this alert")
        name = f"{found.identifier}-{number}.xml"
        return Response(
            cap.document(bulletin, number - 1),
            media_type=cap.MEDIA_TYPE,
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    return routes


def _is_current(alert: AlertHead, now: datetime) -> bool:
    if alert.state is AlertState.ISSUED:
        return True
    return alert.issued_at is not None and alert.ended_at is not None and alert.ended_at > now - ENDED_FOR
