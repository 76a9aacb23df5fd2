"""One connection of a client: bytes in, PDUs by the session's table, bytes out, and who has to answer whom until when.

Nothing is awaited here. What a client asks for is the clerk's; what the centre has for the client comes by `deliver`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from simulators.sms_centre import codec, sessions
from simulators.sms_centre.agenda import Agenda
from simulators.sms_centre.commands import RESPONSE, VERSION, Command, Status, Tag, answer_to
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.pdus import Bind, Body, Bound, Broken, MessageId, Nothing, Pdu
from simulators.sms_centre.records import Delivery, Session
from simulators.sms_centre.sessions import State
from simulators.sms_centre.stream import Stream

_LAST_SEQUENCE: Final = 0x7FFFFFFF
_LONGEST_TICK_S: Final = 1.0
_TICKS: Final = 4  # in the shortest of the times that are watched
_REFUSED: Final[Mapping[Command, Body]] = {Command.SUBMIT_SM: MessageId(), Command.DELIVER_SM: MessageId()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    bind_s: float = 10.0  # from the TCP connection to the bind
    enquire_after_s: float = 30.0  # without a word of the client
    answer_s: float = 10.0  # to enquire_link, deliver_sm and unbind
    deliveries: int = 500  # without an answer at once; the rest waits


class Owner(Protocol):
    """What a link tells; nothing of it may raise."""

    def opened(self, link: "Link") -> None: ...
    def bound(self, link: "Link", bind: Bind) -> Status: ...
    def serve(self, link: "Link", pdu: Pdu) -> None: ...
    def went_up(self, link: "Link") -> None: ...
    def answered(self, delivery: Delivery, status: int) -> None: ...
    def sent(self, delivery: Delivery) -> None: ...
    def unanswered(self, delivery: Delivery) -> None: ...
    def ended(self, link: "Link", left: list[Delivery]) -> None: ...


class Link(asyncio.Protocol):
    def __init__(self, owner: Owner, *, agenda: Agenda, counts: Counts, timing: Timing, name: str) -> None:
        """`name` is what the centre calls itself in the answer to a bind."""
        self._owner: Final = owner
        self._agenda: Final = agenda
        self._counts: Final = counts
        self._timing: Final = timing
        self._name: Final = name
        self._loop: Final = asyncio.get_running_loop()
        self._stream: Final = Stream()
        self._transport: asyncio.Transport | None = None
        self._out: Final[list[bytes]] = []
        self._is_flushing = False
        self._is_choked = False
        self._is_deaf = False
        self._sequence = 0
        self._opened_s = self._heard_s = self._loop.time()
        self._enquired_s: float | None = None
        self._unbound_s: float | None = None
        self._in_flight: Final[dict[int, tuple[Delivery, float]]] = {}
        self._queue: Final[deque[Delivery]] = deque()
        self._handlers: Final[Mapping[Command, Callable[[Pdu], None]]] = {
            **dict.fromkeys(sessions.BINDS, self._bind),
            Command.UNBIND: self._leave,
            Command.ENQUIRE_LINK: self.answer,
            Command.ENQUIRE_LINK_RESP: self._alive,
            Command.DELIVER_SM_RESP: self._settled,
            Command.GENERIC_NACK: self._settled,
            Command.UNBIND_RESP: self._left,
        }
        self.state = State.OPEN
        self.system_id = ""
        self.version = VERSION
        self.peer = ""
        self.submitted = 0
        self.unanswered = 0  # the clerk counts them

    @property
    def receives(self) -> bool:
        return self.state in sessions.RECEIVERS and not self._is_deaf and self._unbound_s is None

    @property
    def session(self) -> Session:
        return Session(self.peer, self.system_id, self.state, self.submitted, self.unanswered, len(self._in_flight))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of asyncio's
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = f"{host}:{port}"
        self._counts.connections += 1
        self._owner.opened(self)
        self._tend()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - both ways of ending are one to us
        self._transport, self.state = None, State.CLOSED
        left = [delivery for delivery, _ in self._in_flight.values()] + list(self._queue)
        self._in_flight.clear()
        self._queue.clear()
        self._owner.ended(self, left)

    def pause_writing(self) -> None:
        """Read no more from a client that does not read."""
        self._is_choked = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_choked = False
        if self._transport is not None:
            self._transport.resume_reading()
        self._send_more()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._heard_s = self._loop.time()
        for received in self._stream.feed(data):
            if self._is_deaf or self.state is State.CLOSED:  # since the PDU before
                return
            if isinstance(received, Broken):
                self._refuse(received)
            else:
                self._obey(received)

    def deliver(self, delivery: Delivery) -> None:
        """Send a deliver_sm, now or when those before it are answered."""
        self._queue.append(delivery)
        self._send_more()

    def answer(self, pdu: Pdu, status: int = Status.ESME_ROK, body: Body = Nothing()) -> None:  # noqa: B008 - immutable
        self.say(self.answer_to(pdu, status, body))

    def answer_to(self, pdu: Pdu, status: int, body: Body) -> bytes:
        return codec.write(Pdu(answer_to(pdu.command), pdu.sequence, body, status))

    def request(self, command: Command, body: Body = Nothing()) -> int:  # noqa: B008
        """Send a request of ours, return its sequence number."""
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        self.say(codec.write(Pdu(command, self._sequence, body)))
        return self._sequence

    def say(self, octets: bytes) -> None:
        """Write bytes as they are; all of one turn of the event loop leave together."""
        self._out.append(octets)
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    def drop(self) -> None:
        """End the connection without a word; what was not written yet is lost."""
        self._out.clear()
        self.state = State.CLOSED
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End the connection once all is written."""
        self._flush()
        self.state = State.CLOSED
        if self._transport is not None:
            self._transport.close()

    def unbind(self) -> None:
        """Ask the client to end; without its answer the connection ends all the same."""
        if self.state in sessions.BOUND and self._unbound_s is None:
            self._unbound_s = self._loop.time()
            self.request(Command.UNBIND)

    def fall_silent(self) -> None:
        """Stay connected, and neither listen nor speak any more."""
        self._flush()
        self._is_deaf = True

    def _obey(self, pdu: Pdu) -> None:
        status = sessions.verdict(self.state, pdu.command)
        if status:
            self._counts.illegal += 1
            if pdu.command < RESPONSE:
                self.answer(pdu, status, _REFUSED.get(pdu.command, Nothing()))
            return
        handler = self._handlers.get(pdu.command)
        if handler is None:
            self._owner.serve(self, pdu)
        else:
            handler(pdu)

    def _refuse(self, broken: Broken) -> None:
        """Say what is wrong; a response that cannot be read is nothing that can be answered."""
        self._counts.broken += 1
        command = broken.command
        if command is None or command < RESPONSE:
            answer = Command.GENERIC_NACK if command is None else answer_to(command)
            self.say(codec.write(Pdu(answer, broken.sequence, Nothing(), broken.status)))
        if broken.is_fatal:
            self._counts.given_up += 1
            self.close()

    def _bind(self, pdu: Pdu) -> None:
        bind = cast("Bind", pdu.body)
        status = self._owner.bound(self, bind)
        if status:
            self._counts.binds_refused += 1
            self.answer(pdu, status, Bound())
            return
        self._counts.binds += 1
        self.state = sessions.after(self.state, pdu.command)
        self.system_id, self.version = bind.system_id, bind.interface_version
        tlvs = ((int(Tag.SC_INTERFACE_VERSION), bytes((VERSION,))),) if self.version >= VERSION else ()
        self.answer(pdu, Status.ESME_ROK, Bound(self._name, tlvs))
        self._owner.went_up(self)

    def _leave(self, pdu: Pdu) -> None:
        self.answer(pdu)
        self.close()

    def _left(self, _pdu: Pdu) -> None:
        if self._unbound_s is not None:
            self.close()

    def _alive(self, _pdu: Pdu) -> None:
        self._enquired_s = None

    def _settled(self, pdu: Pdu) -> None:
        found = self._in_flight.pop(pdu.sequence, None)
        if found is not None:
            status = pdu.status or (Status.ESME_ROK if pdu.command is Command.DELIVER_SM_RESP else Status.ESME_RSYSERR)
            self._owner.answered(found[0], status)
            self._send_more()

    def _send_more(self) -> None:
        while self._queue and len(self._in_flight) < self._timing.deliveries and self.receives and not self._is_choked:
            delivery = self._queue.popleft()
            self._owner.sent(delivery)
            sequence = self.request(Command.DELIVER_SM, delivery.message)
            self._in_flight[sequence] = (delivery, self._loop.time())

    def _flush(self) -> None:
        self._is_flushing = False
        if self._out and self._transport is not None and not self._is_deaf:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _tend(self) -> None:
        """Look at what is overdue, again and again."""
        if self._transport is None or self._is_deaf:
            return
        timing, now_s = self._timing, self._loop.time()
        tick_s = min(timing.bind_s, timing.enquire_after_s, timing.answer_s) / _TICKS
        self._agenda.after(min(_LONGEST_TICK_S, tick_s), self._tend)
        long_ago = now_s - timing.answer_s
        is_dead = any(since is not None and since < long_ago for since in (self._enquired_s, self._unbound_s))
        if is_dead or (self.state is State.OPEN and self._opened_s < now_s - timing.bind_s):
            self._counts.given_up += 1
            self.drop()
            return
        if self.state in sessions.BOUND and self._enquired_s is None and self._heard_s < now_s - timing.enquire_after_s:
            self._enquired_s = now_s
            self.request(Command.ENQUIRE_LINK)
        overdue = [sequence for sequence, (_, since) in self._in_flight.items() if since < long_ago]
        for sequence in overdue:
            self._owner.unanswered(self._in_flight.pop(sequence)[0])
        self._send_more()
