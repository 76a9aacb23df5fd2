"""The provider of phones: Web Push, each message encrypted for its browser and handed to that browser's push service.

What the push service took is `sent`; `delivered` it is when the phone's own service worker says so. A subscription that
the push service knows no more is forgotten at once. It never follows a redirect: where a phone is pushed to was judged
when it subscribed.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg_pool import AsyncConnectionPool

from alerts.core import pushes, webpush
from alerts.core.states import DeliveryMove
from alerts.core.webpush import Subscription
from alerts.providers.interface import Outcome, Outgoing
from alerts.store import phones

ANSWER_S: Final = 8.0  # of a push service; all of a batch are asked at once, so that one slow service costs this once
MOST_CONNECTIONS: Final = 100
LONGEST_RETRY: Final = timedelta(hours=1)  # a push service that says a day would outlast the warning
GONE: Final = frozenset({404, 410})  # RFC 8030, section 7.3
LATER: Final = frozenset({408, 425, 429})
SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The header Authorization for one push service, and when it wants making again."""

    header: str
    until: datetime


class Push:
    """Use as an async context: it holds connections. `subject` (https: or mailto:) is whom to complain to."""

    name = "webpush"
    channel = "push"

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        *,
        key: ec.EllipticCurvePrivateKey,
        subject: str,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._key = key
        self._subject = subject
        self._signed: dict[str, Signed] = {}
        self._client = httpx.AsyncClient(
            timeout=ANSWER_S, follow_redirects=False, limits=httpx.Limits(max_connections=MOST_CONNECTIONS)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Push all of a batch at once."""
        async with self._pool.connection() as connection:
            found = await phones.subscriptions(
                connection, [int(message.address) for message in messages], now=self._clock()
            )
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._push(message, found.get(int(message.address))), name="push")
                for message in messages
            ]
        answers = [task.result() for task in asked]
        ended = [
            (int(message.address), found[int(message.address)].endpoint)
            for message, (_, is_gone) in zip(messages, answers, strict=True)
            if is_gone
        ]
        if ended:
            async with self._pool.connection() as connection:
                await phones.forget(connection, ended)
        return [outcome for outcome, _ in answers]

    async def _push(self, message: Outgoing, to: Subscription | None) -> tuple[Outcome, bool]:
        """Return what became of one, and whether its subscription is no more."""
        if to is None:
            detail = "this phone is not pushed to any more"
            return Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED, detail=detail), False
        said: Mapping[str, Any] = json.loads(message.body)
        plain = json.dumps({**said, "delivery": message.delivery}, ensure_ascii=False, separators=(",", ":")).encode()
        sealed = webpush.encrypt(plain, to, own_key=webpush.new_key(), salt=os.urandom(SALT_BYTES))
        headers = {
            **pushes.headers(said, expires_at=message.expires_at, now=self._clock()),
            "Authorization": self._authorization(to.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
        }
        try:
            answer = await self._client.post(to.endpoint, content=sealed, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as away:
            detail = f"{urlsplit(to.endpoint).hostname} did not answer ({type(away).__name__})"
            return Outcome(delivery=message.delivery, move=DeliveryMove.DEFERRED, detail=detail), False
        return judged(message.delivery, answer, now=self._clock()), answer.status_code in GONE

    def _authorization(self, endpoint: str) -> str:
        """Sign once for each push service, and again when half of the time is over."""
        origin, now = webpush.origin_of(endpoint), self._clock()
        kept = self._signed.get(origin)
        if kept is None or kept.until <= now:
            header = webpush.authorization(endpoint, key=self._key, subject=self._subject, now=now)
            kept = self._signed[origin] = Signed(header=header, until=now + webpush.TOKEN_LIVES / 2)
        return kept.header


def judged(delivery: int, answer: httpx.Response, *, now: datetime) -> Outcome:
    """Say what a push service's answer means for a message (RFC 8030, sections 5 and 7)."""
    status, host = answer.status_code, answer.request.url.host
    if answer.is_success:
        return Outcome(
            delivery=delivery, move=DeliveryMove.ACCEPTED, provider_id=answer.headers.get("location", "")[:500] or None
        )
    if status in GONE:
        detail = f"{host}: the browser's subscription has ended ({status})"
        return Outcome(delivery=delivery, move=DeliveryMove.REFUSED, detail=detail)
    detail = f"{host}: {status} {answer.text[:200].strip()}".strip()
    if status in LATER or answer.is_server_error:
        return Outcome(
            delivery=delivery,
            move=DeliveryMove.DEFERRED,
            detail=detail,
            retry_after=retry_after(answer.headers.get("retry-after", ""), now=now),
        )
    return Outcome(delivery=delivery, move=DeliveryMove.REFUSED, detail=detail)


def retry_after(said: str, *, now: datetime) -> timedelta | None:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds or a date; None for neither. Never longer than an hour."""
    if said.isascii() and said.isdigit():
        wait = timedelta(seconds=min(int(said[:9]), int(LONGEST_RETRY.total_seconds())))
    else:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), LONGEST_RETRY)


def subject_of(public_url: str) -> str:
    """Return who is behind the messages: push services refuse a sender without one, Apple's also one of `localhost`."""
    parts = urlsplit(public_url)
    return public_url if parts.scheme == "https" else f"mailto:gridwarden@{parts.hostname or 'localhost'}"
