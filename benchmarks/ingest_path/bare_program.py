"""The ceiling as a program: listen, decode, one geofence query, COPY, COMMIT, PUBACK, and nothing else.

python -m benchmarks.ingest_path.bare_program PORT [DSN]

No accounts, sessions, screening, tracks, presence, receipts, bus or metrics. Without DSN it acknowledges what it reads
at once: the listener alone. Bare, but not naive: batches of 20 ms, columns all the way, one COPY and one commit each.
"""

import asyncio
import gc
import sys
from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
import uvloop

from benchmarks.ingest_path import bare
from ingest.rules.packets import Packet, Route
from ingest.store.terminals import load
from tracker.geometry.fences import Fences
from tracker.store import grid_sets

GATHER_S: Final = 0.02
_CONNACK: Final = b"\x20\x02\0\0"
_CONNECT, _PUBLISH = 1, 3
_LONG: Final = 0x80


@dataclass(slots=True)
class Door:
    """What all connections share: who may come, and what waits for the next batch."""

    ids: dict[str, int]
    waiting: list[Packet]
    settles_at_once: bool


class Peer(asyncio.Protocol):
    __slots__ = ("_door", "_out", "_rest", "_terminal", "_transport")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._rest = b""
        self._terminal = 0
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, size = 0, len(data)
        while size - at > 1:
            length, body = data[at + 1], at + 2
            if length >= _LONG:
                if size - at < 3:
                    break
                length, body = length & 0x7F | data[at + 2] << 7, at + 3
            end = body + length
            if end > size:
                break
            self._take(data, data[at] >> 4, body, end)
            at = end
        self._rest = data[at:]

    def settle(self, token: int) -> None:
        self._transport.write((0x40020000 | token).to_bytes(4, "big"))

    def _take(self, data: bytes, kind: int, body: int, end: int) -> None:
        if kind == _PUBLISH:
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            token = data[topic_end] << 8 | data[topic_end + 1]
            if self._door.settles_at_once:
                self.settle(token)
            else:
                packet = Packet(self, token, self._terminal, "", Route.POS, data[topic_end + 2 : end], 0)
                self._door.waiting.append(packet)
        elif kind == _CONNECT:
            start = body + 10
            code = data[start + 2 : start + 2 + (data[start] << 8 | data[start + 1])].decode()
            self._terminal = self._door.ids.get(code, 0)
            self._transport.write(_CONNACK)


async def serve(port: int, dsn: str | None) -> None:
    door = Door({}, [], settles_at_once=dsn is None)
    connection = None if dsn is None else await psycopg.AsyncConnection[Any].connect(dsn, autocommit=True)
    fences: Fences | None = None
    if connection is not None:
        door.ids.update({terminal.code: terminal.id for terminal in (await load(connection)).terminals})
        fences = await grid_sets.fences(connection, (await grid_sets.eras(connection))[0].version)
    server = await asyncio.get_running_loop().create_server(lambda: Peer(door), "127.0.0.1", port, backlog=4096)
    gc.collect()
    gc.freeze()
    async with server:
        while True:
            await asyncio.sleep(GATHER_S)
            if door.waiting and connection is not None and fences is not None:
                batch, door.waiting = door.waiting, []
                await bare.dispose(connection, batch, fences)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
