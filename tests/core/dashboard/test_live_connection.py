"""One viewer's connection to the live map, at the ASGI interface: what comes while a frame is being sent."""

import asyncio
import struct
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, cast

from psycopg_pool import AsyncConnectionPool
from starlette.websockets import WebSocket

from dashboard.live.board import Board
from dashboard.live.hub import Hub
from dashboard.live.layout import MOST_POINTS, Branch, Person, lay_out
from dashboard.live.socket import Connection, serve
from dashboard.security.rights import Viewer
from dashboard.security.sessions import Sessions
from dashboard.store.accounts import Account

CITY, LEAF = 1, 2
SNAPSHOT, COUNTS, POINTS = 1, 3, {1, 2}
BRANCHES = (
    Branch(id=CITY, name="city", left=1, right=4, is_leaf=False, is_high=True),
    Branch(id=LEAF, name="leaf", left=2, right=3, is_leaf=True, is_high=False),
)
COMMANDER = Account(
    id=1,
    name="commander",
    display_name="",
    member=None,
    must_change_password=False,
    has_totp=False,
    unit=CITY,
    tree_left=1,
    tree_right=4,
    grants={},
)


WATCH = '{"op":"watch","unit":1}'


def a_crowd(size: int) -> list[Person]:
    return [Person(id=number, name="", left=2, is_leader=False) for number in range(1, size + 1)]


def a_hub() -> Hub:
    """A city so large that viewers of it are sent counts by grid."""
    hub = Hub(Board(lay_out(BRANCHES, a_crowd(MOST_POINTS + 1)), epoch=7), clock=lambda: datetime.now(UTC))
    hub.pulse()
    return hub


async def frames_sent(
    hub: Hub, *, frames: int, meanwhile: Callable[[], None], watch: str = WATCH
) -> list[tuple[int, int]]:
    """Return (type, tick) of the first frames; `meanwhile` happens while each frame of counts is being sent."""
    sent: list[tuple[int, int]] = []
    requests: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    requests.put_nowait({"type": "websocket.connect"})
    requests.put_nowait({"type": "websocket.receive", "text": watch})

    async def send(message: MutableMapping[str, Any]) -> None:
        data = message.get("bytes")
        if data is None:
            return
        _magic, kind, _version, _zero, _epoch, tick = struct.unpack_from("<4sBBHII", data)
        sent.append((kind, tick))
        if kind == COUNTS:
            meanwhile()
        requests.put_nowait({"type": "websocket.receive", "text": f'{{"op":"ack","tick":{tick}}}'})
        if len(sent) == frames:
            requests.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {"type": "websocket", "headers": [], "path": "/api/live"}
    socket = WebSocket(scope, receive=requests.get, send=send)
    await socket.accept()
    sessions = cast("Any", None)  # looked at after 30 s
    async with asyncio.timeout(30):
        await Connection(socket, hub, sessions, Viewer(account=COMMANDER)).run()
    return sent[:frames]


async def test_counts_and_those_in_need_are_of_one_tick_though_another_begins_meanwhile() -> None:
    hub = a_hub()
    sent = await frames_sent(hub, frames=6, meanwhile=hub.pulse)
    kinds, ticks = [kind for kind, _ in sent], [tick for _, tick in sent]
    assert kinds[::2] == [COUNTS] * 3
    assert set(kinds[1::2]) <= POINTS
    assert ticks[::2] == ticks[1::2] == sorted(set(ticks))


async def test_a_unit_that_is_closed_while_its_counts_are_sent_ends_the_connection_in_order() -> None:
    hub = a_hub()
    smaller = lay_out(BRANCHES[1:], [])
    sent = await frames_sent(hub, frames=2, meanwhile=lambda: hub.board.change_layout(smaller, epoch=8))
    assert [kind for kind, _ in sent] == [COUNTS, 1]


async def test_a_viewer_who_left_before_being_refused_troubles_nobody() -> None:
    requests: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    requests.put_nowait({"type": "websocket.connect"})
    tried: list[str] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        tried.append(message["type"])
        if message["type"] == "websocket.close":
            raise OSError("the peer is gone")  # what ASGI asks of a server in this case

    scope = {"type": "websocket", "headers": [], "path": "/api/live"}
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(open=False)  # a database that is away
    sessions = Sessions(pool, clock=lambda: datetime.now(UTC), secret=b"x")
    await serve(WebSocket(scope, receive=requests.get, send=send), hub=a_hub(), sessions=sessions)
    assert tried == ["websocket.accept", "websocket.close"]


async def test_a_viewer_who_comes_back_to_another_form_is_sent_a_snapshot() -> None:
    hub = a_hub()
    hub.pulse()
    hub.board.change_layout(lay_out(BRANCHES, a_crowd(MOST_POINTS)), epoch=8)
    hub.pulse()
    watch = f'{{"op":"watch","unit":1,"epoch":{hub.board.epoch},"tick":2}}'
    assert await frames_sent(hub, frames=1, meanwhile=hub.pulse, watch=watch) == [(SNAPSHOT, 3)]
