"""A lean MQTT 3.1.1 client on a `Line`: it keeps what it published until that is acknowledged, over many connections.

The common case, a PUBACK alone in a read, is four bytes looked at by hand; all else goes through ingest's codec, one
decoder for all sessions, which is given whole packets only.
"""

from collections import OrderedDict, deque
from typing import Final, Protocol

from ingest.mqtt import encode, fields, packets
from simulators.terminals.line import Exchange, Line, Stage
from simulators.terminals.parser import LEVEL, Parser, whole

SUBSCRIBE_ID: Final = 65_535  # of what a terminal subscribes to
ASIDE_ID: Final = 65_534  # of whatever else its owner asks for
_LAST_ID: Final = ASIDE_ID - 1  # publications count up to here
_LOGIN_S: Final = 30.0  # from dialling to CONNACK; a city that comes back at once makes a server slow
_PING_SHARE: Final = 0.5  # of the keep-alive without a word of ours, then PINGREQ
_SILENCE_SHARE: Final = 2.0  # of the keep-alive without a word of theirs, then the connection is given up
_GATHERED_S: Final = 0.01  # at least, before what is gathered leaves: small writes cost both ends more
_PUBACK: Final = 0x40
_ALONE: Final = 4  # bytes of a PUBACK
_DUP: Final = 0x08
_HEADS: Final = [b"\x32" + fields.varint(length) for length in range(1024)]  # PUBLISH, QoS 1, by remaining length

_RETURNS: Final[dict[int, str]] = {
    packets.ConnectReturn.UNACCEPTABLE_VERSION: "the server does not speak MQTT 3.1.1",
    packets.ConnectReturn.IDENTIFIER_REJECTED: "the server does not take this client id",
    packets.ConnectReturn.SERVER_UNAVAILABLE: "the server says that it is unavailable",
    packets.ConnectReturn.BAD_USER_NAME_OR_PASSWORD: "the server does not know this terminal or its secret",
    packets.ConnectReturn.NOT_AUTHORIZED: "the server does not let this terminal in",
}

# What is on its way: the packet, the first of its rows in the ledger (-1: none), how many fixes, and the owner's mark.
OnTheWay = tuple[bytes, int, int, int]


class Draft(tuple[bytes, bytes, bool]):
    """What waits to be published: topic (with its length in front), payload, whether it is retained."""

    __slots__ = ()


class Owner(Protocol):
    """What a session tells; nothing of it may raise."""

    def login(self, session: "Session") -> packets.Connect: ...
    def topics(self, session: "Session") -> tuple[str, ...]: ...
    def greeted(self, session: "Session") -> None: ...
    def settled(self, message: OnTheWay) -> None: ...
    def has_room(self, session: "Session") -> None: ...
    def heard(self, session: "Session", topic: str, payload: bytes) -> None: ...
    def granted(self, session: "Session", packet_id: int, codes: tuple[int, ...]) -> None: ...
    def went_down(self, session: "Session", why: str, *, was_up: bool, was_refused: bool) -> None: ...


class Session(Line):
    """`number` is the owner's. At most `window` messages are on their way; what is `behind` waits for room there."""

    __slots__ = (
        "_flushed_s",
        "_heard_at_s",
        "_last_id",
        "_owner",
        "_parser",
        "_partial",
        "_spoke_at_s",
        "_was_refused",
        "behind",
        "failures",
        "flight",
        "is_known",
        "is_up",
        "is_wanted",
        "keep_alive_s",
        "number",
        "out",
        "waiting",
        "window",
    )

    def __init__(
        self,
        exchange: Exchange,
        owner: Owner,
        parser: Parser,
        *,
        number: int,
        window: int,
        keep_alive_s: int,
        gathers: bool = False,
    ) -> None:
        """`gathers`: what is published leaves at `flush`, in one piece."""
        super().__init__(exchange)
        self._owner: Final = owner
        self._parser: Final = parser
        self._partial = b""
        self._last_id = 0
        self._heard_at_s = self._spoke_at_s = self._flushed_s = 0.0
        self._was_refused = False
        self.number: Final = number
        self.window: Final = window
        self.keep_alive_s: Final = keep_alive_s
        self.flight: Final[dict[int, OnTheWay]] = {}
        self.waiting: deque[Draft] | None = None
        # In order, and ordered so that its first is at hand: a dict looks for it past all that left before.
        self.behind: OrderedDict[int, None] | None = None
        self.out: list[bytes] | None = [] if gathers else None
        self.is_up = False
        self.is_wanted = False
        self.is_known = False  # to the server: it has let us in before
        self.failures = 0  # attempts to connect since the last that worked

    @property
    def now_s(self) -> float:
        """The exchange's clock."""
        return self._exchange.now_s

    @property
    def unsettled(self) -> int:
        return len(self.flight) + (len(self.waiting) if self.waiting else 0)

    @property
    def has_room(self) -> bool:
        """Whether what is published now leaves now."""
        return self.is_up and self._unsent is None and len(self.flight) < self.window and self.stage is Stage.OPEN

    def publish(  # noqa: PLR0917 - by position: the hottest call
        self, topic: bytes, payload: bytes, row: int, fixes: int, mark: int, first: int = 0
    ) -> None:
        """Send at QoS 1; `topic` with its length in front; `first` is added to the packet's first byte (retain)."""
        flight = self.flight
        packet_id = self._last_id % _LAST_ID + 1
        while packet_id in flight:
            packet_id = packet_id % _LAST_ID + 1
        self._last_id = packet_id
        length = len(topic) + 2 + len(payload)
        head = _HEADS[length] if length < len(_HEADS) else b"\x32" + fields.varint(length)
        packet = b"%b%b%c%c%b" % (head, topic, packet_id >> 8, packet_id & 255, payload)
        if first:
            packet = bytes((packet[0] | first,)) + packet[1:]
        flight[packet_id] = (packet, row, fixes, mark)
        self._spoke_at_s = self._exchange.now_s
        if self.out is None:
            self.write(packet)
        else:
            self.out.append(packet)

    def say(self, topic: bytes, payload: bytes, *, retain: bool = False) -> None:
        """Publish as soon as there is room, before whatever is behind."""
        if self.has_room and not self.waiting:
            self.publish(topic, payload, -1, 0, 0, int(retain))
            return
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(Draft((topic, payload, retain)))

    def say_waiting(self) -> None:
        """Publish of what waits as much as there is room for."""
        while self.waiting and self.has_room:
            topic, payload, retain = self.waiting.popleft()
            self.publish(topic, payload, -1, 0, 0, int(retain))

    def flush(self) -> None:
        """Write what is gathered, if it has been for long enough."""
        if self.out and self.now_s - self._flushed_s >= _GATHERED_S:
            self._flushed_s = self.now_s
            out, self.out = self.out, []
            self.write(b"".join(out))

    def send(self, packet: packets.Packet) -> None:
        self.write(encode.encode(packet, LEVEL))

    def tend(self, now_s: float) -> None:
        """Ping when silent, give up when the peer is; to be called every few seconds."""
        if self.stage is Stage.CLOSED:
            return
        silent_s = now_s - self._heard_at_s
        if silent_s > (_SILENCE_SHARE * self.keep_alive_s if self.is_up else _LOGIN_S):
            self.vanish(f"nothing heard from the server for {silent_s:.0f} s")
        elif self.is_up and now_s - self._spoke_at_s > _PING_SHARE * self.keep_alive_s:
            self._spoke_at_s = now_s
            self.write(encode.PINGREQ)

    def bid_farewell(self) -> None:
        """Leave cleanly."""
        self.send(packets.Disconnect())
        self.leave()

    # What the line tells.

    def dial(self) -> None:
        self._heard_at_s = self._spoke_at_s = self._exchange.now_s
        self._was_refused = False
        super().dial()

    def opened(self) -> None:
        self.send(self._owner.login(self))

    def drained(self) -> None:
        self._owner.has_room(self)

    def received(self, data: bytes) -> None:
        self._heard_at_s = self._exchange.now_s
        if len(data) == _ALONE and data[0] == _PUBACK and not self._partial:
            message = self.flight.pop(data[2] << 8 | data[3], None)
            if message is not None:
                self._owner.settled(message)
        else:
            self._take(data)
        if self.waiting or self.behind:
            self._owner.has_room(self)

    def ended(self, why: str) -> None:
        was_up, self.is_up = self.is_up, False
        self._partial = b""
        if self.out:
            self.out = []  # on their way, to be sent again
        self._owner.went_down(self, why, was_up=was_up, was_refused=self._was_refused)

    def _take(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        at, size, flight, settled = 0, len(data), self.flight, self._owner.settled
        while size - at >= _ALONE and data[at] == _PUBACK and data[at + 1] == 2:  # noqa: PLR2004 - a PUBACK's length
            message = flight.pop(data[at + 2] << 8 | data[at + 3], None)
            if message is not None:
                settled(message)
            at += _ALONE
        end = whole(data, at)
        self._partial = data[end:]
        if end > at:
            for packet in self._parser.feed(data[at:end]):
                self._deal_with(packet)

    def _deal_with(self, packet: packets.Packet | packets.Fault) -> None:
        match packet:
            case packets.Puback():
                message = self.flight.pop(packet.packet_id, None)
                if message is not None:
                    self._owner.settled(message)
            case packets.Publish():
                if packet.qos:  # we subscribe with QoS 1, so it is never 2
                    self.write(encode.puback(packet.packet_id))
                self._owner.heard(self, packet.topic, packet.payload)
            case packets.Connack():
                self._logged_in(packet)
            case packets.Fault():
                self.vanish(f"the server broke the protocol: {packet.detail}")
            case packets.Suback():
                self._owner.granted(self, packet.packet_id, packet.codes)
            case _:
                pass

    def _logged_in(self, connack: packets.Connack) -> None:
        if connack.code != packets.ConnectReturn.ACCEPTED:
            self._was_refused = True
            self.vanish(_RETURNS.get(connack.code, f"CONNACK {connack.code}"))
            return
        self.is_up = True
        self.failures = 0
        topics = tuple(packets.Subscription(topic, qos=1) for topic in self._owner.topics(self))
        if topics:
            self.send(packets.Subscribe(packet_id=SUBSCRIBE_ID, subscriptions=topics))
        self._owner.greeted(self)

    def repeat(self) -> int:
        """Send again, as duplicates, all that is on its way; return how many messages."""
        again = [bytes((message[0][0] | _DUP,)) + message[0][1:] for message in self.flight.values()]
        if again:
            self.write(b"".join(again))
        return len(again)
