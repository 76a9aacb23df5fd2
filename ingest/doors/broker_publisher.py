"""Our messages to a broker at QoS 1: as many on their way as it takes, in order, each answered for.

One task sends at a time. Nothing is kept between two connections: whoever sends knows what was not answered.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog

from ingest.doors.broker_link import BrokerLink, Login, name_of
from ingest.mqtt.decoder import Received
from ingest.mqtt.encode import publish
from ingest.mqtt.packets import Code, Connack, Level, Puback
from ingest.mqtt.properties import NONE, Properties

LARGEST_WINDOW: Final = 1_000  # what is on its way when the connection breaks is sent twice
PACKET_IDS: Final = 65_535

log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger()


class Down(NamedTuple):
    """A message for the broker."""

    topic: str
    payload: bytes
    is_retained: bool = False
    said: Properties = NONE


class BrokerGoneError(Exception):
    """The connection is over, with the reason in words; what was not answered for may have arrived."""


class BrokerPublisher(BrokerLink):
    """Ready once let in."""

    def __init__(self, login: Login) -> None:
        super().__init__(login, said=NONE, clean_start=True)
        self._window = LARGEST_WINDOW
        self._last_id = 0
        self._sending: Sequence[Down] = ()
        self._begun = 0  # of them are on their way or answered
        self._places: dict[int, int] = {}  # packet identifiers on their way: places in `_sending`
        self._is_taken: list[bool] = []
        self._refusals: Counter[str] = Counter()
        self._is_done: asyncio.Future[None] | None = None
        self._answered_at = 0.0

    async def send(self, messages: Sequence[Down]) -> Sequence[bool]:
        """Publish in order; return for each whether the broker took it. Raises BrokerGoneError."""
        if not messages:
            return ()
        if self._transport is None or self.ended.done():
            raise BrokerGoneError(self.ended.result() if self.ended.done() else "not connected")
        self._sending, self._begun, self._is_taken = messages, 0, [False] * len(messages)
        self._is_done, self._answered_at = self._loop.create_future(), self._loop.time()
        self._fill()
        await self._is_done
        if self._refusals:
            log.warning("broker.refused", messages=self._refusals.total(), reasons=", ".join(self._refusals))
            self._refusals.clear()
        return self._is_taken

    def greeted(self, connack: Connack) -> None:
        self._window = min(LARGEST_WINDOW, connack.properties.receive_maximum or LARGEST_WINDOW)
        self.is_ready.set()

    def heard(self, packet: Received) -> None:
        if isinstance(packet, Puback):
            self._answer(packet)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._fill()

    def beat(self) -> None:
        """Give up on a broker that answers pings and none of our messages, too."""
        if self._places and self._loop.time() - self._answered_at > 2 * self._login.keep_alive_s:
            self.close("the broker answers for no message")
        else:
            super().beat()

    def _answer(self, puback: Puback) -> None:
        self._answered_at = self._loop.time()
        place = self._places.pop(puback.packet_id, None)
        if place is None:
            return
        if puback.code < Code.UNSPECIFIED_ERROR:
            self._is_taken[place] = True
        else:
            self._refusals[name_of(puback.code)] += 1

    def _fill(self) -> None:
        """Write as much as the window has room for, in one go; say when all is answered."""
        room = min(self._window - len(self._places), len(self._sending) - self._begun)
        if room > 0 and self._transport is not None:
            self._transport.write(b"".join([self._packet() for _ in range(room)]))
        elif self._begun == len(self._sending) and not self._places and self._is_done and not self._is_done.done():
            self._is_done.set_result(None)

    def _packet(self) -> bytes:
        place, self._begun = self._begun, self._begun + 1
        self._last_id = self._last_id % PACKET_IDS + 1
        self._places[self._last_id] = place
        topic, payload, is_retained, said = self._sending[place]
        return publish(
            topic.encode(), payload, level=Level.V5, qos=1, packet_id=self._last_id, retain=is_retained, said=said
        )

    def _end(self, why: str) -> None:
        super()._end(why)
        if self._is_done is not None and not self._is_done.done():
            self._is_done.set_exception(BrokerGoneError(why))
