"""Writes down what an SMS centre says: ids of segments, receipts, messages of phones; many in one commit.

A deliver_sm is acknowledged after the COMMIT that holds it, and not before. While the database is away nothing is
acknowledged, and beyond MOST_WAITING the connection is not read: the centre waits. Ids and receipts are written by one
task in the order in which they came, so that most receipts find their segment in the commit that brings them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.policy import Policy
from alerts.providers.matching import look, match, within_of
from alerts.smpp import alphabets, receipts
from alerts.smpp import segments as placing
from alerts.smpp.batches import Tag
from alerts.smpp.gateway import Gateway
from alerts.smpp.link import Link
from alerts.smpp.numbers import e164
from alerts.smpp.pdus import Deliver
from alerts.smpp.receipts import BadReceipt, Receipt
from alerts.store import inbound, sms
from alerts.store.inbound import Part
from alerts.store.sms import Said, Taken
from tracker.database.retry import retry

MOST_WAITING: Final = 10_000  # deliver_sm that are not stored; then the centre waits
FEW_WAITING: Final = 2_000
LONGEST_TEXT: Final = 2_000  # of one part; one of phones has 160

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


@dataclass(slots=True)
class _Page:
    """What is written by one commit."""

    taken: list[Taken] = field(default_factory=list[Taken])
    said: list[Said] = field(default_factory=list[Said])
    asked: list[Said] = field(default_factory=list[Said])
    inbound: list[Part] = field(default_factory=list[Part])
    heard: list[tuple[Link, int]] = field(default_factory=list[tuple[Link, int]])
    kept: list[asyncio.Event] = field(default_factory=list[asyncio.Event])

    def __bool__(self) -> bool:
        return bool(self.taken or self.said or self.asked or self.inbound or self.heard or self.kept)


class Records:
    """Of one gateway. `on_inbound` is called after messages of phones were stored."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        gateway: Gateway,
        *,
        policy: Policy,
        on_inbound: Callable[[], None] = lambda: None,
        listen: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._gateway = gateway
        self._within = within_of(policy)
        self._on_inbound = on_inbound
        self._listen = listen
        self._page = _Page()
        self._rung = asyncio.Event()
        self._is_deaf = False

    def delivered(self, link: Link, deliver: Deliver) -> None:
        """Take a deliver_sm; it is acknowledged when it is stored."""
        if receipts.is_receipt(deliver):
            self._receipt(deliver)
        else:
            self._message(deliver)
        self._page.heard.append((link, deliver.sequence))
        self._rung.set()
        if len(self._page.heard) > MOST_WAITING and not self._is_deaf:
            self._is_deaf = True
            self._listen(False)  # noqa: FBT003 - a callback of one flag

    def late(self, tag: Tag, operator_id: str) -> None:
        """Take the id of a segment whose answer came after its time-out: its receipt will still count."""
        self._page.taken.append(self._taken(tag, operator_id))
        self._rung.set()

    def asked(self, receipt: Receipt) -> None:
        """Take what the operator answered to query_sm."""
        self._page.asked.append(_said(receipt))
        self._rung.set()

    async def keep(self, taken: Sequence[tuple[Tag, str]]) -> None:
        """Return when the ids are committed."""
        if not taken:
            return
        kept = asyncio.Event()
        self._page.taken += [self._taken(tag, operator_id) for tag, operator_id in taken]
        self._page.kept.append(kept)
        self._rung.set()
        await kept.wait()

    async def run(self) -> None:
        """Write for ever; the pages that wait while the database is away are one page when it is back."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            page, self._page = self._page, _Page()
            await retry(partial(self._write, page), name=f"sms {self._gateway.name}")
            self._acknowledge(page)

    async def look(self) -> None:
        """Match what two transactions that did not see each other left."""
        await look(self._pool, self._clock, provider=self._gateway.name, within=self._within)

    async def _write(self, page: _Page) -> None:
        provider, now = self._gateway.name, self._clock()
        ids = {each.operator_id for each in (*page.taken, *page.said, *page.asked)}
        async with self._pool.connection() as connection, connection.transaction():
            if page.taken:
                ask_after = timedelta(seconds=self._gateway.timing.query_after_s)
                await sms.keep_segments(connection, page.taken, provider=provider, now=now, ask_after=ask_after)
            if page.said:
                await sms.keep_receipts(connection, page.said, provider=provider, source="receipt", now=now)
            if page.asked:
                await sms.keep_receipts(connection, page.asked, provider=provider, source="query", now=now)
            if page.inbound:
                await inbound.keep(connection, page.inbound, provider=provider, now=now)
            if ids:
                await match(connection, sorted(ids), provider=provider, within=self._within, now=now)

    def _acknowledge(self, page: _Page) -> None:
        by_link: dict[Link, list[int]] = {}
        for link, sequence in page.heard:
            by_link.setdefault(link, []).append(sequence)
        for link, sequences in by_link.items():
            link.acknowledge(sequences)
        for kept in page.kept:
            kept.set()
        for state, count in Counter(each.state for each in page.said).items():
            metrics.SMS_RECEIPTS.labels(self._gateway.name, state).inc(count)
        if page.inbound:
            self._on_inbound()
        if self._is_deaf and len(self._page.heard) < FEW_WAITING:
            self._is_deaf = False
            self._listen(True)  # noqa: FBT003 - a callback of one flag

    def _receipt(self, deliver: Deliver) -> None:
        name = self._gateway.name
        try:
            receipt = receipts.read(deliver, self._gateway.ids)
        except BadReceipt as bad:
            metrics.SMS_RECEIPTS.labels(name, "unreadable").inc()
            log.warning("sms.bad_receipt", gateway=name, reason=str(bad), text=deliver.payload[:200].decode("latin-1"))
            return
        self._page.said.append(_said(receipt))

    def _message(self, deliver: Deliver) -> None:
        place, octets = placing.placed(deliver.esm_class, deliver.payload, deliver.parameters)
        text = alphabets.read(deliver.data_coding, octets)
        code = self._gateway.country_code
        metrics.SMS_INBOUND.labels(self._gateway.name).inc()
        self._page.inbound.append(
            Part(
                source=e164(deliver.source, country_code=code),
                destination=_clean(deliver.destination.digits),
                body=_clean(text)[:LONGEST_TEXT],
                reference=None if place is None else place.reference,
                part=1 if place is None else place.part,
                parts=1 if place is None else place.parts,
            )
        )

    def _taken(self, tag: Tag, operator_id: str) -> Taken:
        known = _clean(receipts.canonical(operator_id, self._gateway.ids))
        return Taken(tag.delivery, tag.attempt, tag.part, tag.parts, known, tag.destination)


def _said(receipt: Receipt) -> Said:
    word = f"{receipt.word} {receipt.error}".strip() if receipt.error.strip("0") else receipt.word
    return Said(_clean(receipt.operator_id), receipt.fate, _clean(word))


def _clean(text: str) -> str:
    """PostgreSQL's text holds no NUL."""
    return text.replace("\0", "")
