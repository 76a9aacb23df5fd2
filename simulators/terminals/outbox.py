"""What one terminal has said and nobody has acknowledged yet. Pure; nothing leaves it but by acknowledgement.

Who is slow is the server, then: at most WINDOW messages are on their way, the others wait here in order.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

WINDOW: Final = 20  # messages on their way; brokers hold more back by default (Mosquitto: 20)
_LAST_ID: Final = 65_534  # 65,535 is the subscription's


class Message(NamedTuple):
    """A QoS 1 PUBLISH to be; `reports` is how many reports the payload holds (0: a status, an acknowledgement)."""

    topic: bytes
    payload: bytes
    retain: bool = False
    reports: int = 0


class Outbox:
    __slots__ = ("_last_id", "_on_the_way", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._on_the_way: dict[int, Message] = {}  # by packet identifier, oldest first
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._on_the_way)

    @property
    def has_room(self) -> bool:
        """Whether a message put now would go out at once."""
        return not self._waiting and len(self._on_the_way) < WINDOW

    def put(self, message: Message) -> None:
        """Queue a message. The owner bounds how many: it looks at `has_room` and keeps the rest as backlog."""
        self._waiting.append(message)

    def take(self) -> Iterator[tuple[int, Message]]:
        """Yield what may go out now, with the packet identifier to send it under."""
        while self._waiting and len(self._on_the_way) < WINDOW:
            message = self._waiting.popleft()
            packet_id = self._free_id()
            self._on_the_way[packet_id] = message
            yield packet_id, message

    def repeat(self) -> list[tuple[int, Message]]:
        """Return all that is on its way, oldest first: to be sent again, as duplicates, over a new connection."""
        return list(self._on_the_way.items())

    def settle(self, packet_id: int) -> Message | None:
        """Forget an acknowledged message and return it; None for an identifier that is not on its way."""
        return self._on_the_way.pop(packet_id, None)

    def _free_id(self) -> int:
        while True:
            self._last_id = self._last_id % _LAST_ID + 1
            if self._last_id not in self._on_the_way:
                return self._last_id
