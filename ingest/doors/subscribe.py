"""The front door *subscribe*: one persistent session at a broker, kept up for ever.

A broker that is away is one line in the log and a retry with back-off; nothing is acknowledged before COMMIT, so what
the broker keeps it sends again. `$share` is not used: on Mosquitto 2.0 it loses data and breaks a device's order.
"""

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import unquote, urlsplit

import structlog

from ingest.doors.broker_link import KEEP_ALIVE_S, BrokerLink, Login
from ingest.doors.broker_session import BrokerSession
from ingest.inbox import Inbox
from ingest.store.terminals import Directory
from tracker.model.backoff import delays

CONNECT_TIMEOUT_S: Final = 10.0

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class BrokerUrlError(ValueError):
    """The broker's URL cannot be used; the message says what it should look like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    host: str
    port: int
    user: str | None
    password: str | None
    is_tls: bool

    @property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context() if self.is_tls else None


def broker_of(url: str) -> Broker:
    """Parse `mqtt://[user:password@]host[:1883]` or `mqtts://...[:8883]`. Raises BrokerUrlError."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise BrokerUrlError(f"broker URL {url!r}: {error}") from error
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise BrokerUrlError(f"broker URL {url!r}: write mqtt://host:1883 or mqtts://user:password@host:8883")
    is_tls = parts.scheme == "mqtts"
    return Broker(
        host=parts.hostname,
        port=port or (8883 if is_tls else 1883),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        is_tls=is_tls,
    )


class SubscribeDoor:
    """`name` is the client id of the session: stable, one a broker, so that the session survives a restart."""

    def __init__(
        self,
        *,
        broker: Broker,
        name: str,
        inbox: Inbox,
        directory: Directory,
        now_us: Callable[[], int],
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._broker: Final = broker
        self._login: Final = Login(
            client_id=name,
            user=broker.user,
            password=None if broker.password is None else broker.password.encode(),
            keep_alive_s=keep_alive_s,
        )
        self._inbox: Final = inbox
        self._directory: Final = directory
        self._now_us: Final = now_us
        self._session: BrokerSession | None = None
        self.has_been_ready: Final = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether the broker's session is up: only then can anybody's silence mean anything."""
        return self._session is not None and self._session.is_ready.is_set() and not self._session.ended.done()

    @property
    def connections(self) -> int:
        return int(self.is_open)

    async def run(self) -> None:
        """Run until cancelled; the connection is then closed without DISCONNECT, and the session stays."""
        pauses = delays(random.random)
        is_lost = False
        while True:
            session = BrokerSession(self._login, self._inbox, self._directory, self._now_us)
            why = await connect(session, self._broker)
            if why is None:
                self._session = session
                log.info("broker.connected", host=self._broker.host, port=self._broker.port)
                self.has_been_ready.set()
                pauses, is_lost = delays(random.random), False
                why = await session.stay()
            if not is_lost:
                log.warning("broker.waiting", host=self._broker.host, port=self._broker.port, reason=why)
            is_lost = True
            await asyncio.sleep(next(pauses))


async def connect(link: BrokerLink, broker: Broker) -> str | None:
    """Connect and log in; return None once the link is ready, or why it is not."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().create_connection(lambda: link, broker.host, broker.port, ssl=broker.tls)
            return await _ready(link)
    except OSError as error:  # TimeoutError is one
        link.close("given up")
        return str(error) or f"no answer within {CONNECT_TIMEOUT_S:.0f} s"


async def _ready(link: BrokerLink) -> str | None:
    async with asyncio.TaskGroup() as group:
        ready = group.create_task(link.is_ready.wait(), name="broker link ready")
        await asyncio.wait([ready, link.ended], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
    return link.ended.result() if link.ended.done() else None
