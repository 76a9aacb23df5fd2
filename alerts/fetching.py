"""Feeds of weather services, fetched for ever: what is new in them waits for a person, as if it had been brought.

Only addresses that the operator set are asked, and what their entries lead to on the same hosts (or on hosts that were
set, too): a feed must not make us knock at other doors of the city's network. Any number of these loops may run: who
fetches a feed moves its date ahead first. It never makes a warning.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core import cap_feeds, xml_in
from alerts.core.cap_feeds import Feed, Link
from alerts.core.errors import BadDocument
from alerts.core.words import Words
from alerts.intake import Intake
from alerts.store import cap_feeds as store
from alerts.store import cap_places
from alerts.store.cap_feeds import FeedRow
from tracker.database.retry import retry

LOOK_S: Final = 5.0  # between two looks at what is due
CLAIM: Final = timedelta(minutes=10)  # a fetch that takes longer may be done twice, and what it brings is kept once
FETCH_S: Final = 30.0  # of one document, from the first byte asked to the last one read
CONNECT_S: Final = 10.0
MOST_REDIRECTS: Final = 3
MOST_LINKS: Final = 50  # of a feed at a time; the others come with the next fetch
LONGEST_WAIT: Final = timedelta(hours=1)  # after failures, each twice as long as the one before
KEPT: Final = timedelta(days=30)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HEADERS: Final = {
    "User-Agent": "Gridwarden (CAP)",
    "Accept": "application/cap+xml, application/atom+xml, application/rss+xml, application/xml;q=0.9",
    "Accept-Encoding": "identity",
}

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class FetchFailed(Exception):  # noqa: N818 - it is told to people as it is
    """A document could not be had; `trouble` says why and what to do."""

    def __init__(self, trouble: Words) -> None:
        super().__init__(trouble.en)
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """What to fetch: http or https addresses, how often, and hosts that entries may lead to beside the feed's own."""

    addresses: tuple[str, ...]
    every: timedelta = timedelta(minutes=5)
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """`body` None: nothing changed since the last time."""

    body: bytes | None
    address: str  # after redirects
    etag: str
    last_modified: str


class FeedWatch:
    """`client` is made with `new_client`: it follows no redirect by itself."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        intake: Intake,
        clock: Callable[[], datetime],
        feeds: Feeds,
        client: httpx.AsyncClient,
    ) -> None:
        self._pool = pool
        self._intake = intake
        self._clock = clock
        self._feeds = feeds
        self._client = client

    async def run(self) -> None:
        """Fetch until cancelled."""
        await retry(self.keep, name="cap feeds")
        while True:
            while await retry(self.fetch_due, name="cap feeds"):
                pass
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Make the table hold the feeds that are set."""
        async with self._pool.connection() as connection:
            await store.keep(connection, self._feeds.addresses, now=self._clock())

    async def fetch_due(self) -> bool:
        """Fetch one feed that is due; False when none is."""
        now = self._clock()
        async with self._pool.connection() as connection:
            row = await store.claim(connection, now=now, until=now + CLAIM)
            unit = await cap_places.top(connection)
        if row is None or unit is None:
            return False
        try:
            await self._fetch(row, unit)
        except FetchFailed as failed:
            await self._failed(row, failed.trouble)
        except BadDocument as refused:
            await self._failed(row, refused.reason)
        return True

    async def _fetch(self, row: FeedRow, unit: int) -> None:
        hosts = self._feeds.hosts | {urlsplit(row.address).hostname or ""}
        since = {"If-None-Match": row.etag, "If-Modified-Since": row.last_modified}
        fetched = await self._get(row.address, hosts, {name: value for name, value in since.items() if value})
        is_whole = True
        if fetched.body is not None:
            feed = cap_feeds.read(fetched.body, base=fetched.address)
            is_whole = await self._take(row, feed, unit, hosts)
        now = self._clock()
        async with self._pool.connection() as connection:
            await store.answered(
                connection,
                row.address,
                # What is left over is had with the next fetch only if that one is answered in full
                etag=fetched.etag if is_whole else "",
                last_modified=fetched.last_modified if is_whole else "",
                now=now,
                next_at=now + self._feeds.every,
            )
        metrics.CAP_FETCHES.labels("unchanged" if fetched.body is None else "read").inc()

    async def _take(self, row: FeedRow, feed: Feed, unit: int, hosts: frozenset[str]) -> bool:
        """Take what is new in a feed; False when something of it must be asked for again."""
        for document in feed.messages:
            link = Link(f"{row.address}#{sha256(document).hexdigest()[:16]}")
            if await self._unseen(row, [link], limit=1):
                await self._keep(row, link, unit, document)
        new = await self._unseen(row, feed.links, limit=MOST_LINKS)
        are_had = [await self._follow(row, link, unit, hosts) for link in new]
        async with self._pool.connection() as connection:
            await store.forget(connection, row.address, feed.links, before=self._clock() - KEPT)
        return all(are_had) and len(new) < MOST_LINKS

    async def _follow(self, row: FeedRow, link: Link, unit: int, hosts: frozenset[str]) -> bool:
        """Fetch what an entry leads to; False when that failed and may go well next time."""
        trouble = _refused_address(urlsplit(link.address), hosts, ours=urlsplit(row.address))
        if trouble is not None:
            await self._saw(row, link, trouble)
            return True
        try:
            fetched = await self._get(link.address, hosts, {})
        except FetchFailed as failed:
            log.warning("cap_link.failed", address=link.address, reason=str(failed))
            return False
        await self._keep(row, link, unit, fetched.body or b"")
        return True

    async def _keep(self, row: FeedRow, link: Link, unit: int, document: bytes) -> None:
        try:
            received = await self._intake.receive(document, source=link.address, unit=unit, by=None)
        except BadDocument as refused:
            log.warning("cap_message.refused", address=link.address, reason=refused.reason.en)
            metrics.CAP_MESSAGES.labels("refused").inc()
            await self._saw(row, link, refused.reason)
            return
        metrics.CAP_MESSAGES.labels("new" if received.is_new else "known").inc()
        await self._saw(row, link, None)

    async def _unseen(self, row: FeedRow, links: Sequence[Link], *, limit: int) -> list[Link]:
        async with self._pool.connection() as connection:
            return await store.unseen(connection, row.address, links, limit=limit)

    async def _saw(self, row: FeedRow, link: Link, trouble: Words | None) -> None:
        async with self._pool.connection() as connection:
            await store.seen(connection, row.address, link, trouble=trouble, now=self._clock())

    async def _failed(self, row: FeedRow, trouble: Words) -> None:
        log.warning("cap_feed.failed", address=row.address, failures=row.failures + 1, reason=trouble.en)
        metrics.CAP_FETCHES.labels("failed").inc()
        wait = min(self._feeds.every * 2 ** min(row.failures, 10), max(LONGEST_WAIT, self._feeds.every))
        async with self._pool.connection() as connection:
            await store.failed(connection, row.address, trouble=trouble, next_at=self._clock() + wait)

    async def _get(self, address: str, hosts: frozenset[str], headers: Mapping[str, str]) -> Fetched:
        """Return a document within the limits of time and size; raises FetchFailed."""
        first = urlsplit(address)
        try:
            async with asyncio.timeout(FETCH_S):
                for _ in range(MOST_REDIRECTS + 1):
                    found = await self._ask(address, headers)
                    if isinstance(found, Fetched):
                        return found
                    address = found
                    trouble = _refused_address(urlsplit(address), hosts, ours=first)
                    if trouble is not None:
                        raise FetchFailed(trouble)
        except TimeoutError as late:
            raise FetchFailed(_LATE) from late
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as wrong:
            said = str(wrong) or type(wrong).__name__
            raise FetchFailed(
                Words(
                    f"无法连接：{said}；请检查地址和网络",
                    f"cannot be reached ({said}): check the address and the network",
                )
            ) from wrong
        raise FetchFailed(_ROUND)

    async def _ask(self, address: str, headers: Mapping[str, str]) -> Fetched | str:
        """Return what was fetched, or the address of a redirect."""
        async with self._client.stream("GET", address, headers=headers) as answer:
            if answer.status_code in REDIRECTS and "location" in answer.headers:
                return urljoin(address, answer.headers["location"])
            etag, modified = answer.headers.get("etag", "")[:500], answer.headers.get("last-modified", "")[:100]
            if answer.status_code == HTTPStatus.NOT_MODIFIED and headers:
                etag, modified = (
                    etag or headers.get("If-None-Match", ""),
                    modified or headers.get("If-Modified-Since", ""),
                )
                return Fetched(body=None, address=address, etag=etag, last_modified=modified)
            if answer.status_code != HTTPStatus.OK:
                code = answer.status_code
                raise FetchFailed(
                    Words(f"对方回答 HTTP {code}；请核对地址", f"it answers HTTP {code}: check the address")
                )
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise FetchFailed(_PACKED)
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > xml_in.MOST_BYTES:
                    raise FetchFailed(xml_in.TOO_LARGE)
        return Fetched(body=bytes(body), address=address, etag=etag, last_modified=modified)


_LATE: Final = Words(
    f"{FETCH_S:.0f} 秒内没有收完；请检查网络", f"it did not come within {FETCH_S:.0f} s: check the network"
)
_ROUND: Final = Words("重定向次数过多；请核对地址", "it redirects too often: check the address")
_PACKED: Final = Words("对方未经要求压缩了内容，已拒绝", "it comes compressed though that was not asked for: refused")


def new_client() -> httpx.AsyncClient:
    """Return a client for FeedWatch; whoever makes it closes it."""
    return httpx.AsyncClient(headers=HEADERS, follow_redirects=False, timeout=httpx.Timeout(FETCH_S, connect=CONNECT_S))


def _refused_address(address: SplitResult, hosts: frozenset[str], *, ours: SplitResult) -> Words | None:
    """Return why an address is not asked: another scheme than the feed's, or a host that is not among those set."""
    if address.scheme != ours.scheme:
        return Words(
            f"指向 {address.scheme or '未知'} 地址，与订阅的 {ours.scheme} 不同，已拒绝",
            f"it leads to an address of {address.scheme or 'no scheme'}, not {ours.scheme} as its feed: refused",
        )
    if (address.hostname or "") not in hosts:
        return Words(
            f"指向另一主机 {address.hostname}，已拒绝；若属正常，请把它加入 GRIDWARDEN_CAP_HOSTS",
            f"it leads to another host, {address.hostname}: refused. If that is right, add it to GRIDWARDEN_CAP_HOSTS",
        )
    return None
