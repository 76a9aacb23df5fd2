"""What goes down one terminal's connection: rows of table downlink, receipts, retained messages.

A row is kept in the table until `row_delivered`; the rest is sent once, at QoS 1 while the window has room.
"""

from abc import abstractmethod
from typing import Final

from ingest.doors.listen_sessions import Session
from ingest.doors.listen_window import Window
from ingest.doors.listen_wire import Clock, Stage, Wire
from ingest.mqtt.encode import publish
from ingest.mqtt.packets import LARGEST_PACKET, Subscription
from ingest.mqtt.properties import NONE, Properties
from ingest.mqtt.topics import matches

LARGEST_WINDOW: Final = 100  # QoS 1 messages in flight to one terminal
OVERHEAD: Final = 64  # bytes of a PUBLISH beside topic and payload, at most


class Downward(Wire):
    __slots__ = ("_largest_down", "session", "window")

    def __init__(self, door: Clock) -> None:
        super().__init__(door)
        self._largest_down = LARGEST_PACKET
        self.session: Session | None = None
        self.window = Window(LARGEST_WINDOW)

    @abstractmethod
    def row_delivered(self, row: int) -> None:
        """A row of table downlink needs to be kept no longer."""

    def limit_down(self, said: Properties) -> None:
        """Keep to what the peer's CONNECT says that it can take."""
        self.window = Window(min(LARGEST_WINDOW, said.receive_maximum or LARGEST_WINDOW))
        self._largest_down = said.maximum_packet_bytes or LARGEST_PACKET

    def grant_of(self, topic: str) -> Subscription | None:
        """Return the subscription of the highest QoS that takes `topic`."""
        if self.session is None or self.stage is not Stage.OPEN:
            return None
        found = [item for pattern, item in self.session.subscriptions.items() if matches(pattern, topic)]
        return max(found, key=lambda item: item.qos, default=None)

    def send_down(self, topic: str, payload: bytes, *, qos: int, retain: bool = False, said: Properties = NONE) -> None:
        """Send what is in no table; at QoS 0 when the window is full."""
        packet_id = self.window.open() if qos else 0
        self._down(topic, payload, packet_id=packet_id, retain=retain, said=said)

    def send_row(self, row: int, topic: str, payload: bytes, *, qos: int, dup: bool) -> None:
        """Send a row of table downlink; ask `window.has_room_for` first. At QoS 0 it is delivered when written."""
        packet_id = self.window.open_row(row) if qos else 0
        self._down(topic, payload, packet_id=packet_id, dup=dup and qos > 0)
        if not qos:
            self.row_delivered(row)

    def can_take(self, topic: str, payload: bytes) -> bool:
        """Whether the peer reads, and takes packets of that size (3.1.2.11.4)."""
        return not self.is_choked and len(topic) + len(payload) + OVERHEAD <= self._largest_down

    def _down(
        self,
        topic: str,
        payload: bytes,
        *,
        packet_id: int,
        retain: bool = False,
        dup: bool = False,
        said: Properties = NONE,
    ) -> None:
        qos = 1 if packet_id else 0
        raw = publish(
            topic.encode(),
            payload,
            level=self.level,
            qos=qos,
            packet_id=packet_id,
            retain=retain,
            dup=dup,
            said=said,
        )
        self.write(raw)
