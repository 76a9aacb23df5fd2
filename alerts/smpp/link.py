"""One connection to an SMS centre: a window of submissions, answers, time-outs, enquire_link both ways.

No task and no future of a single message: a read of the socket handles all its PDUs, and what may leave then leaves in
one write. Every segment that is handed over gets an Answer, whatever happens to the connection. A deliver_sm is handed
on and is acknowledged by whoever stored it, not here.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import structlog

from alerts.core.verdicts import Verdict
from alerts.smpp import pdus
from alerts.smpp.batches import Batch, Tag
from alerts.smpp.commands import RESPONSE, Command, Status, status_name
from alerts.smpp.gateway import Gateway
from alerts.smpp.pdus import HEADER, Deliver, ProtocolError
from alerts.smpp.states import BINDS, LINK_MOVES, SENDS, TAKES, LinkMove, LinkState, Role, link_after
from alerts.smpp.stream import Frames
from alerts.smpp.window import Window

LAST_SEQUENCE: Final = 0x7FFF_FFFF

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Whom a link tells: of each deliver_sm; of an answer that came after its time-out; that there is room again."""

    delivered: "Callable[[Link, Deliver], None]"
    late: Callable[[Tag, str], None]


class BindRefused(Exception):  # noqa: N818 - the centre's answer
    def __init__(self, status: int) -> None:
        super().__init__(status_name(status))
        self.status = status


class LinkEnded(Exception):  # noqa: N818 - it may have been asked for
    """The connection is over; the message says why."""


class Link(asyncio.Protocol):
    def __init__(self, gateway: Gateway, listeners: Listeners, *, tick: Callable[[], float] = time.monotonic) -> None:
        self.state = LinkState.OPEN
        self.ended = asyncio.Event()
        self.reason = ""
        self._gateway = gateway
        self._timing = gateway.timing
        self._listeners = listeners
        self._tick = tick
        self._frames = Frames()
        self._numbers = itertools.cycle(range(1, LAST_SEQUENCE + 1))
        self._window = Window(gateway, numbers=self._numbers, late=listeners.late, now_s=tick())
        self._asked: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._heard_s = tick()
        self._enquired_s: float | None = None
        self._is_full = False  # the socket's buffer
        self._is_listening = True
        self._transport: asyncio.Transport | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def is_sending(self) -> bool:
        return self.state in SENDS

    @property
    def per_s(self) -> float:
        """How fast it may submit now, segments a second."""
        return self._window.per_s

    async def bind(self, role: Role) -> None:
        """Raises BindRefused, LinkEnded, TimeoutError."""
        command, move = BINDS[role]
        gateway = self._gateway
        self._move(LinkMove.BIND_SENT)
        pdu = partial(
            pdus.bind,
            command,
            system_id=gateway.system_id,
            password=gateway.password,
            system_type=gateway.system_type,
        )
        status, _ = await self._ask(pdu)
        if status != Status.ESME_ROK:
            self.end("the bind was refused")
            raise BindRefused(status)
        self._move(move)
        self._later("look", self._timing.look_s, self._look)

    def submit(self, segments: Sequence[tuple[Tag, bytes]]) -> Batch:
        """Hand over bodies of submit_sm; they leave in this order, as window and pace allow."""
        batch = self._window.add(segments, now_s=self._tick())
        if self.is_sending:
            self._pump()
        else:
            self._window.give_up_waiting("the connection ended before it left")
        return batch

    async def query(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body of query_sm_resp. Raises LinkEnded, TimeoutError."""
        return await self._ask(lambda sequence: pdus.header(Command.QUERY_SM, sequence, body=body))

    def acknowledge(self, sequences: Iterable[int], *, status: int = Status.ESME_ROK) -> None:
        """Answer deliver_sm, all in one write."""
        response = RESPONSE | Command.DELIVER_SM
        self._write(b"".join([HEADER.pack(17, response, status, sequence) + b"\0" for sequence in sequences]))

    def listen(self, *, is_listening: bool) -> None:
        """Stop reading while too much waits to be stored, and go on; the centre waits meanwhile."""
        if self._transport is None or self.state is LinkState.CLOSED or is_listening is self._is_listening:
            return
        self._is_listening = is_listening
        (self._transport.resume_reading if is_listening else self._transport.pause_reading)()

    async def unbind(self) -> None:
        """Let answers in flight come, say goodbye, close."""
        if self.state is LinkState.CLOSED:
            return
        is_bound = LinkMove.UNBIND_SENT in LINK_MOVES[self.state]
        self._move(LinkMove.UNBIND_SENT)
        self._window.give_up_waiting("we are stopping")
        try:
            async with asyncio.timeout(self._timing.unbind_s):
                while self._window.in_flight:  # noqa: ASYNC110 - at the end of a program, a few times
                    await asyncio.sleep(0.01)
                if is_bound:
                    await self._ask(lambda sequence: pdus.header(Command.UNBIND, sequence))
        except (TimeoutError, LinkEnded):
            pass
        self.end("we unbound")

    def end(self, reason: str) -> None:
        """Close, and answer for everything; the first reason stays."""
        if self.state is LinkState.CLOSED:
            return
        self._move(LinkMove.ENDED)
        self.reason = reason
        for timer in self._timers.values():
            timer.cancel()
        if self._transport is not None:
            self._transport.close()
        self._window.end(reason)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(LinkEnded(reason))
        self._asked.clear()
        self.ended.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        rest = "" if self._frames.is_between else ", in the middle of a PDU"
        self.end(f"the centre closed the connection{rest}" if exc is None else f"{exc}{rest}")

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._pump()

    def data_received(self, data: bytes) -> None:
        self._heard_s, self._enquired_s = self._tick(), None
        try:
            for command, status, sequence, body in self._frames.feed(data):
                self._take(command, status, sequence, body)
            self._frames.check()
        except ProtocolError as broken:
            log.warning("sms.no_smpp", gateway=self._gateway.name, reason=str(broken))
            self.end(str(broken))
        else:
            self._pump()

    def _take(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == RESPONSE | Command.SUBMIT_SM:
            self._answered(sequence, status, body)
        elif command == Command.DELIVER_SM and Command.DELIVER_SM in TAKES[self.state]:
            self._delivered(sequence, body)
        elif command & RESPONSE:
            self._responded(sequence, status, body)
        elif command == Command.ENQUIRE_LINK:
            self._write(pdus.header(RESPONSE | Command.ENQUIRE_LINK, sequence))
        elif command == Command.UNBIND:
            self._unbound(sequence)
        elif command in {Command.ALERT_NOTIFICATION, Command.OUTBIND}:
            return  # they want no answer, and nothing here waits for them
        else:
            known = command in Command.__members__.values()
            answer = (RESPONSE | command, Status.ESME_RINVBNDSTS) if known else _UNKNOWN
            self._write(pdus.header(answer[0], sequence, status=answer[1]))

    def _answered(self, sequence: int, status: int, body: bytes) -> None:
        before = self._window.per_s
        found = self._window.answered(sequence, status, body, now_s=self._tick())
        if self._window.per_s < before:
            log.info("sms.throttled", gateway=self._gateway.name, per_s=round(self._window.per_s, 1))
        if found is Verdict.BROKEN:
            self.end(f"the centre takes no submissions: {status_name(status)}")

    def _delivered(self, sequence: int, body: bytes) -> None:
        try:
            deliver = pdus.read_deliver(sequence, body)
        except ProtocolError as broken:
            # Framed well and filled badly: the session may go on, and it must not come again for ever
            log.warning("sms.unreadable", gateway=self._gateway.name, reason=str(broken), head=body[:64].hex())
            self.acknowledge([sequence], status=Status.ESME_RX_P_APPN)
            return
        self._listeners.delivered(self, deliver)

    def _responded(self, sequence: int, status: int, body: bytes) -> None:
        asked = self._asked.pop(sequence, None)
        if asked is not None:
            if not asked.done():
                asked.set_result((status, body))
            return
        self._window.refused(sequence, f"generic_nack: {status_name(status)}")

    def _unbound(self, sequence: int) -> None:
        self._write(pdus.header(RESPONSE | Command.UNBIND, sequence))
        self._move(LinkMove.UNBIND_CAME)
        self._window.give_up_waiting("the centre unbound")
        self._later("unbound", self._timing.unbind_s, lambda: self.end("the centre unbound"))
        self._end_if_unbound()

    def _end_if_unbound(self) -> None:
        if "unbound" in self._timers and not self._window.in_flight:
            self.end("the centre unbound")

    def _pump(self) -> None:
        """Let leave what window, pace and socket allow, in one write."""
        if not self.is_sending:
            self._end_if_unbound()
            return
        if self._is_full:
            return
        octets, again_s = self._window.leaving(now_s=self._tick())
        self._write(octets)
        if again_s is not None:
            self._later("pace", again_s, self._pump)

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and octets and self.state is not LinkState.CLOSED:
            self._transport.write(octets)

    async def _ask(self, pdu: Callable[[int], bytes]) -> tuple[int, bytes]:
        if self.state is LinkState.CLOSED:
            raise LinkEnded(self.reason)
        sequence = next(self._numbers)
        asked: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._asked[sequence] = asked
        self._write(pdu(sequence))
        try:
            async with asyncio.timeout(self._timing.answer_s):
                return await asked
        finally:
            self._asked.pop(sequence, None)

    def _look(self) -> None:
        """Time out answers, put back what waits too long, enquire after a silence."""
        now_s = self._tick()
        self._window.look(now_s=now_s)
        self._enquire(now_s)
        if self.state is not LinkState.CLOSED:
            self._pump()
            self._later("look", self._timing.look_s, self._look)

    def _enquire(self, now_s: float) -> None:
        if not self._is_listening:
            return  # it is we who are deaf
        if self._enquired_s is not None:
            if now_s - self._enquired_s > self._timing.answer_s:
                self.end(f"the centre was silent, and did not answer enquire_link in {self._timing.answer_s:g} s")
        elif now_s - self._heard_s > self._timing.enquire_s:
            self._enquired_s = now_s
            self._write(pdus.header(Command.ENQUIRE_LINK, next(self._numbers)))

    def _later(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Call later; a second one of the same name replaces the first."""
        former = self._timers.pop(name, None)
        if former is not None:
            former.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(delay_s, call)

    def _move(self, move: LinkMove) -> None:
        self.state = link_after(self.state, move)


_UNKNOWN: Final = (Command.GENERIC_NACK, Status.ESME_RINVCMDID)
