"""The door for messages of other services: brought as files, fetched by alerts.fetching, settled by people.

It proposes and never issues: the most that becomes of a message here is a draft. Each method that changes something is
one transaction; doorbells ring after the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from alerts.changes import matching, receiving, settling
from alerts.changes.matching import Reading
from alerts.changes.receiving import Received
from alerts.core import cap_feeds, cap_signatures
from alerts.core.cap_signatures import Trusted
from alerts.core.errors import BadDocument, UnknownMessage
from alerts.core.records import Actor, Content
from alerts.core.words import Words
from alerts.store import cap_feeds as feed_store
from alerts.store import cap_messages, cap_places
from alerts.store.cap_feeds import FeedRow
from alerts.store.cap_messages import MessageRow
from tracker.bus.interface import ALERTS, Bus

LINKS_ONLY: Final = Words(
    "这是订阅文件，只有链接没有报文：请上传报文本身，或由运维把该订阅地址设入 GRIDWARDEN_CAP_FEEDS",
    "it is a feed of links without messages: upload the messages themselves, or let operations set its address"
    " in GRIDWARDEN_CAP_FEEDS",
)
_NOTHING: Final = Words("这是空的订阅文件，没有报文", "it is an empty feed: there is no message in it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one document of a file: received, or refused with words."""

    received: Received | None = None
    refused: Words | None = None


class Intake:
    """`clock` returns aware UTC; `trusted` are the certificates that signatures are checked by."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], bus: Bus, clock: Callable[[], datetime], trusted: Trusted = ()
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._trusted = trusted

    async def bring(self, document: bytes, *, source: str, by: Actor) -> list[Outcome]:
        """Take a file: a CAP document, or a feed with documents in it. Raises BadDocument for the whole of it."""
        feed = cap_feeds.read(document)
        if not feed.messages:
            raise BadDocument(LINKS_ONLY if feed.links else _NOTHING)
        if len(feed.messages) == 1:
            return [Outcome(received=await self.receive(feed.messages[0], source=source, unit=by.unit, by=by))]
        return [await self._bring(one, source, by) for one in feed.messages]

    async def _bring(self, document: bytes, source: str, by: Actor) -> Outcome:
        try:
            return Outcome(received=await self.receive(document, source=source, unit=by.unit, by=by))
        except BadDocument as refused:
            return Outcome(refused=refused.reason)

    async def receive(self, document: bytes, *, source: str, unit: int, by: Actor | None) -> Received:
        """Take one CAP document for a unit; `by` None: from a feed. Raises BadDocument."""
        now = self._clock()
        checked = cap_signatures.check(document, trusted=self._trusted, now=now)
        async with self._pool.connection() as connection, connection.transaction():
            return await receiving.receive(connection, checked, document, source=source, unit=unit, by=by, now=now)

    async def list(self, *, left: int, right: int, state: str | None = None, limit: int = 100) -> list[MessageRow]:
        """Return messages brought to units in an interval of the tree, the last to come first."""
        async with self._pool.connection() as connection:
            return await cap_messages.within(connection, left=left, right=right, state=state, limit=limit)

    async def find(self, message: int) -> MessageRow:
        async with self._pool.connection() as connection:
            row = await cap_messages.find(connection, message)
        if row is None:
            raise UnknownMessage(message)
        return row

    async def read(self, row: MessageRow, *, by: Actor, within: int, info: int | None = None) -> Reading:
        """Return the message beside what it would be here, for one account."""
        async with self._pool.connection() as connection:
            return await matching.read(connection, row, by=by, within=within, now=self._clock(), info=info)

    async def document(self, message: int) -> bytes:
        async with self._pool.connection() as connection:
            return await cap_messages.document(connection, message)

    async def draft(self, message: int, alert: UUID, *, by: Actor, content: Content) -> bool:
        """Make a draft of a message, in one transaction; False when it was made before (a retry)."""
        async with self._pool.connection() as connection, connection.transaction():
            is_new = await settling.draft(connection, message, alert, by=by, content=content, now=self._clock())
        await self._bus.publish(ALERTS, str(alert).encode())
        return is_new

    async def join(self, message: int, alert: UUID, *, by: Actor) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await settling.join(connection, message, alert, by=by, now=self._clock())

    async def dismiss(self, message: int, *, by: Actor, reason: str) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await settling.dismiss(connection, message, by=by, reason=reason, now=self._clock())

    async def reopen(self, message: int, *, by: Actor) -> None:
        async with self._pool.connection() as connection, connection.transaction():
            await settling.reopen(connection, message, by=by, now=self._clock())

    async def is_top(self, unit: int) -> bool:
        """Whether a unit is the one that feeds are fetched for."""
        async with self._pool.connection() as connection:
            return await cap_places.top(connection) == unit

    async def feeds(self) -> Sequence[FeedRow]:
        async with self._pool.connection() as connection:
            return await feed_store.feeds(connection)
