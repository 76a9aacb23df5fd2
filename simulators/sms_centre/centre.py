"""The SMS centre: a listening socket, its links, and what tests and the command may look at and do to it.

async with SmsCentre(faults=read_faults("flaky"), seed=7) as centre:
    ...  # a client binds to 127.0.0.1 at centre.port, as `gridwarden` with `secret`
    await centre.until(lambda: len(centre.to("8613800000000")) == 1)
"""

import asyncio
import contextlib
import itertools
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self

from simulators.sms_centre import sessions
from simulators.sms_centre.agenda import Agenda
from simulators.sms_centre.clerk import Clerk
from simulators.sms_centre.commands import Command, Status, Tag
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.desk import Desk
from simulators.sms_centre.faults import Faults
from simulators.sms_centre.link import Link, Timing
from simulators.sms_centre.pdus import Alert, Bind, Pdu, ShortMessage
from simulators.sms_centre.postman import Postman
from simulators.sms_centre.records import Delivery, Kind, Originated, Session, Submission
from simulators.sms_centre.segments import Whole, split

ACCOUNTS: Final[Mapping[str, str]] = {"gridwarden": "secret"}
KEEP: Final = 100_000  # messages with their receipts that are kept to be looked at: 260 MB
_NAME: Final = "centre"  # the system_id of the centre itself
_LOOK_S: Final = 0.01
_AVAILABLE: Final = b"\0"


class SmsCentre:
    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        accounts: Mapping[str, str] = ACCOUNTS,
        faults: Faults = Faults(),  # noqa: B008 - immutable
        seed: int = 1,
        rate_per_s: float | None = None,
        tls: ssl.SSLContext | None = None,
        timing: Timing = Timing(),  # noqa: B008 - immutable
        keep: int = KEEP,
    ) -> None:
        """Port 0 takes a free one. `accounts`: system_id to password. `rate_per_s` replaces the one of the faults.

        To be made within a running event loop. `keep` bounds what is remembered: the oldest is forgotten first.
        """
        self.counts: Final = Counts()
        self.host: Final = host
        self.port = port
        self._accounts: Final = accounts
        self._tls: Final = tls
        self._timing: Final = timing
        self._most_sessions: Final = faults.links.most_sessions
        self._agenda: Final = Agenda()
        self._desk: Final = Desk(faults, seed=seed, counts=self.counts, rate_per_s=rate_per_s, keep=keep)
        self._postman: Final = Postman(self._agenda, self.counts, clock=time.time, keep=keep)
        self._clerk: Final = Clerk(
            desk=self._desk,
            postman=self._postman,
            agenda=self._agenda,
            counts=self.counts,
            faults=faults,
            clock=time.time,
        )
        self._links: Final[list[Link]] = []
        self._is_empty: Final = asyncio.Event()
        self._is_empty.set()
        self._references: Final = itertools.count(1)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `kill`, on the same port, with all that was known before. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_link, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Drop all connections and end for good."""
        await self.kill()
        self._agenda.close()

    async def kill(self) -> None:
        """End as a process does that is killed: no PDU any more, nobody listens. `start` brings it back."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._abort_links()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.answer_s):
                await self._is_empty.wait()
        if server is not None:
            await server.wait_closed()

    @property
    def submissions(self) -> Sequence[Submission]:
        """Every submit_sm that was taken, in order."""
        return list(self._desk.memory.submissions.values())

    @property
    def messages(self) -> Sequence[Whole]:
        """The messages put together from their parts, by the arrival of their first part."""
        return list(self._desk.memory.wholes)

    @property
    def duplicates(self) -> Sequence[Submission]:
        """What was taken although the same content had been taken for the same number before."""
        return [each for each in self._desk.memory.submissions.values() if each.is_duplicate]

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """Every receipt and every message from a phone, those that wait for a link included."""
        return list(self._postman.deliveries)

    @property
    def receipts(self) -> Sequence[Delivery]:
        return [each for each in self._postman.deliveries if each.kind is Kind.RECEIPT]

    @property
    def sessions(self) -> Sequence[Session]:
        return [link.session for link in self._links]

    def to(self, number: str) -> Sequence[Whole]:
        """Return the messages to one number."""
        return [each for each in self._desk.memory.wholes if each.destination == number]

    async def until(self, condition: Callable[[], object], within_s: float = 30.0) -> None:
        """Wait until something is so. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - a condition of the caller's, with no event of its own
                await asyncio.sleep(_LOOK_S)

    def deliver(self, originated: Originated) -> Sequence[Delivery]:
        """Send a message from a phone, in parts if it is long; each part can be watched until it is acknowledged."""
        system_id = originated.system_id or self._first_bound()
        made: list[Delivery] = []
        for coding, esm_class, payload in split(originated.text, reference=next(self._references)):
            message = ShortMessage(
                source_ton=1,
                source_npi=1,
                source=originated.source,
                destination=originated.destination,
                esm_class=esm_class,
                data_coding=coding,
                payload=payload,
            )
            made.append(Delivery(kind=Kind.ORIGINATED, system_id=system_id, message=message))
        for delivery in made:
            self._postman.post(delivery)
        return made

    def alert(self, number: str) -> None:
        """Tell every client that receives that a phone is back: alert_notification."""
        for link in self._links:
            if link.receives:
                body = Alert(1, 1, number, 0, 0, link.system_id, ((int(Tag.MS_AVAILABILITY_STATUS), _AVAILABLE),))
                link.request(Command.ALERT_NOTIFICATION, body)

    def drop_links(self) -> None:
        """End every connection without a word."""
        self.counts.links_dropped += len(self._links)
        self._abort_links()

    def unbind_links(self) -> None:
        """Send every bound client an unbind."""
        for link in list(self._links):
            if link.state in sessions.BOUND:
                self.counts.links_unbound += 1
                link.unbind()

    def silence_links(self) -> None:
        """Answer nothing any more on the connections there are; new ones are answered."""
        self.counts.links_silent += len(self._links)
        for link in self._links:
            link.fall_silent()

    def say(self, octets: bytes) -> None:
        """Write bytes as they are to every connection, PDU or not."""
        self.counts.garbage += len(self._links)
        for link in self._links:
            link.say(octets)

    def opened(self, link: Link) -> None:
        self._links.append(link)
        self._is_empty.clear()

    def bound(self, link: Link, bind: Bind) -> Status:
        """Return ESME_ROK for a client that may come in."""
        if bind.system_id not in self._accounts:
            return Status.ESME_RINVSYSID
        if self._accounts[bind.system_id] != bind.password:
            return Status.ESME_RINVPASWD
        others = sum(each.state in sessions.BOUND for each in self._links if each is not link)
        is_full = self._most_sessions is not None and others >= self._most_sessions
        return Status.ESME_RBINDFAIL if is_full else Status.ESME_ROK

    def serve(self, link: Link, pdu: Pdu) -> None:
        self._clerk.serve(link, pdu)

    def went_up(self, link: Link) -> None:
        self._postman.went_up(link)

    def answered(self, delivery: Delivery, status: int) -> None:
        self._postman.answered(delivery, status)

    def sent(self, delivery: Delivery) -> None:
        self._postman.sent(delivery)

    def unanswered(self, delivery: Delivery) -> None:
        self._postman.retry(delivery)

    def ended(self, link: Link, left: list[Delivery]) -> None:
        if link in self._links:
            self._links.remove(link)
        if not self._links:
            self._is_empty.set()
        self._postman.went_down(link, left)

    def _new_link(self) -> Link:
        return Link(self, agenda=self._agenda, counts=self.counts, timing=self._timing, name=_NAME)

    def _abort_links(self) -> None:
        for link in list(self._links):
            link.drop()

    def _first_bound(self) -> str:
        bound = (link.system_id for link in self._links if link.receives)
        return next(bound, next(iter(self._accounts)))
