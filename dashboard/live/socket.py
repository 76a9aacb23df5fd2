"""The WebSocket: one connection watches one unit at a time.

Three tasks a connection: it listens, it sends, it looks now and then whether its session still holds. Sending never
waits in a queue: when its two unacknowledged frames are out, the connection simply asks for its next frame later, and
that one frame then holds everything. Its end is an exception of one of the three, which ends the other two.
"""

import asyncio
from collections import deque
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg
from fastapi import WebSocket, WebSocketDisconnect

from dashboard.live.hub import Hub, News, Subscriber
from dashboard.live.messages import Ack, CountsNews, Hello, Ping, Pong, Trouble, Watch, decode
from dashboard.security.guard import viewer_of
from dashboard.security.rights import Right, Viewer
from dashboard.security.sessions import Sessions
from dashboard.shapes import Counts, encode

CREDIT: Final = 2  # frames on the way; without it 11 stale ones lay in the kernel's buffers of a slow viewer
SEND_TIMEOUT_S: Final = 30.0
RECHECK_S: Final = 30.0
TRY_LATER: Final = 1013  # RFC 6455 registry
NOT_LOGGED_IN: Final = 4401
NOT_FOUND: Final = 4404
NOT_UNDERSTOOD: Final = 4400


class Over(Exception):  # noqa: N818 - the ordinary end of a connection
    """The connection ends; with `code` we are the ones who end it."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def serve(socket: WebSocket, *, hub: Hub, sessions: Sessions) -> None:
    """Serve one connection to its end. A page of another origin is refused before the handshake."""
    try:
        if not is_same_origin(socket):
            await socket.close()
            return
        await socket.accept()
        over = await _watched(socket, hub=hub, sessions=sessions)
        if over.code is not None:
            await socket.close(over.code, over.reason)
    except WebSocketDisconnect:
        return  # gone before it could be told; on a busy machine some wait long for their session


async def _watched(socket: WebSocket, *, hub: Hub, sessions: Sessions) -> Over:
    """Return how a connection ended, or why it may not begin."""
    try:
        viewer = await viewer_of(sessions, socket.scope)
    except psycopg.OperationalError:
        return Over(TRY_LATER, "the database is away: try again in a few seconds")
    if viewer is None:
        return Over(NOT_LOGGED_IN, "log in first")
    return await Connection(socket, hub, sessions, viewer).run()


def is_same_origin(socket: WebSocket) -> bool:
    """Whether the page that asks is ours; a client that is no browser sends no Origin."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")


class Connection:
    def __init__(self, socket: WebSocket, hub: Hub, sessions: Sessions, viewer: Viewer) -> None:
        self._socket = socket
        self._hub = hub
        self._sessions = sessions
        self._viewer = viewer
        self._scope = viewer.scope(Right.LOOK)  # every message is judged by it: there is none that changes anything
        self._me = Subscriber(viewer.session)
        self._unit: int | None = None
        self._epoch = hub.board.epoch
        self._since = 0
        self._is_summary = False
        self._unacknowledged: deque[int] = deque()
        self._counts: tuple[int, Counts] | None = None
        self._news_number = hub.news_count

    async def run(self) -> Over:
        """Return how it ended."""
        self._hub.subscribers.add(self._me)
        ends: list[Over] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name="viewer listens")
                group.create_task(self._send(), name="viewer is sent")
                group.create_task(self._recheck(), name="viewer's session")
        except* Over as over:
            ends = [end for end in over.exceptions if isinstance(end, Over)]
        finally:
            self._hub.subscribers.discard(self._me)
        return ends[0]

    async def _listen(self) -> None:
        while True:
            try:
                text = await self._socket.receive_text()
            except (WebSocketDisconnect, KeyError) as gone:  # KeyError: a binary message
                raise Over from gone
            try:
                request = decode(text)
            except msgspec.DecodeError as misfit:
                raise Over(NOT_UNDERSTOOD, str(misfit)[:100]) from misfit
            await self._heed(request)

    async def _heed(self, request: Watch | Ack | Ping) -> None:
        if isinstance(request, Watch):
            await self._watch(request)
        elif isinstance(request, Ack):
            while self._unacknowledged and self._unacknowledged[0] <= request.tick:
                self._unacknowledged.popleft()
            self._me.wake.set()
        else:
            await self._say(Pong(self._hub.now_ms()))

    async def _watch(self, request: Watch) -> None:
        place = self._hub.board.layout.places.get(request.unit)
        if place is None or not self._hub.own(self._scope).holds(place.left):
            await self._say(Trouble("not_found", f"there is no unit {request.unit} that you may watch"))
            return
        self._unit = request.unit
        self._is_summary = self._hub.board.layout.is_summary(request.unit)
        self._begin(self._hub.board.start_of(request.unit, epoch=request.epoch, tick=request.tick))
        self._me.wake.set()

    def _begin(self, since: int) -> None:
        self._epoch, self._since, self._counts = self._hub.board.epoch, since, None
        self._unacknowledged.clear()

    async def _send(self) -> None:
        await self._say(Hello(self._hub.board.epoch, self._hub.now_ms()))
        while True:
            await self._me.wake.wait()
            self._me.wake.clear()
            if self._me.is_over:
                raise Over(NOT_LOGGED_IN, "the session was closed")
            await self._send_news()
            await self._send_frames()

    async def _send_news(self) -> None:
        news = self._hub.news_since(self._news_number)
        self._news_number = self._hub.news_count
        for item in news:
            if self._concerns(item):
                await self._send_text(item.text(self._scope))

    def _concerns(self, news: News) -> bool:
        place = self._hub.board.layout.places.get(self._unit or 0)
        if not news.is_local:
            own = self._hub.own(self._scope)
            return news.touches(own.left, own.right)
        return place is not None and news.touches(place.left, place.right)

    async def _send_frames(self) -> None:
        """Send what changed since the last frame, unless nothing can have or two are still on their way."""
        board = self._hub.board
        if not self._may_send():
            return
        if self._since:  # the first frame comes at once, the others in the unit's turn
            await asyncio.sleep(self._hub.delay_s(self._unit or 0))
        unit = self._still_there()
        if unit is None or not self._may_send():
            return
        summary = board.layout.is_summary(unit)
        if board.epoch != self._epoch or summary != self._is_summary:
            self._begin(0)
        since, self._since, self._is_summary = self._since, board.tick, summary
        self._unacknowledged.append(board.tick)
        for frame in self._frames(unit, since):
            await self._send_bytes(frame)
        await self._send_counts(unit)

    def _frames(self, unit: int, since: int) -> tuple[bytes, ...]:
        """Return what belongs together, made at once: while the first is sent, another tick or city may come."""
        board = self._hub.board
        if board.layout.is_summary(unit):
            return board.counts_frame(unit, since), board.sos_frame(unit, since)
        return (board.frame(unit, since),)

    def _may_send(self) -> bool:
        is_new = self._since < self._hub.board.tick or self._epoch != self._hub.board.epoch
        return self._unit is not None and is_new and len(self._unacknowledged) < CREDIT

    def _still_there(self) -> int | None:
        """Return the unit watched; a changed city may have closed it or moved it away."""
        place = self._hub.board.layout.places.get(self._unit or 0)
        if place is None or not self._hub.own(self._scope).holds(place.left):
            raise Over(NOT_FOUND, "the unit is not there any more")
        return place.id

    async def _send_counts(self, unit: int) -> None:
        counts = self._hub.counts(unit)
        if self._counts == (unit, counts):
            return
        self._counts = (unit, counts)
        await self._say(
            CountsNews(
                unit=unit,
                online=counts.online,
                silent=counts.silent,
                offline=counts.offline,
                total=counts.total,
                sos=counts.sos,
                on_duty=counts.on_duty,
                server_time_ms=self._hub.now_ms(),
            )
        )

    async def _recheck(self) -> None:
        """End with the session: it expires, its account is closed or moved to another unit."""
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                viewer = await self._sessions.renew(self._viewer)
            except psycopg.OperationalError:
                continue  # a database that is away ends nobody's map
            if viewer is None or viewer.scope(Right.LOOK).unit != self._scope.unit:
                raise Over(NOT_LOGGED_IN, "the session has ended")
            self._viewer, self._scope = viewer, viewer.scope(Right.LOOK)

    async def _say(self, message: Any) -> None:
        await self._send_text(encode(message).decode())

    async def _send_text(self, text: str) -> None:
        await self._deliver({"type": "websocket.send", "text": text})

    async def _send_bytes(self, frame: bytes) -> None:
        await self._deliver({"type": "websocket.send", "bytes": frame})

    async def _deliver(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send(message)
        except (WebSocketDisconnect, RuntimeError) as gone:  # RuntimeError: sent after the close was
            raise Over from gone
        except TimeoutError as stuck:
            raise Over from stuck
