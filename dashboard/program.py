"""The dashboard as a program: its pool, its live map and its web server, until it is cancelled."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import structlog
import uvicorn

from alerts.callbacks import Callbacks
from alerts.core.cap_signatures import Trusted
from alerts.core.policy import Policy
from alerts.desk import Desk
from alerts.over_http.gateway import HttpGateway
from alerts.phones import Phones, PushOffer
from dashboard import website
from dashboard.app import LOCAL_DOOR, Services, create_app
from dashboard.live.feed import Feed, empty_hub
from dashboard.live.news import Newsroom
from dashboard.security.sessions import Sessions
from dashboard.security.single_sign_on import SingleSignOn
from tracker.bus.interface import Bus
from tracker.database.pool import open_pool
from tracker.organisation.provisioning import PublicDoor

POOL_SIZE: Final = 10
CLOSE_TIMEOUT_S: Final = 3
BACKLOG: Final = 2048
MOST_REQUEST_BYTES: Final = 65_536  # of one WebSocket message: a watch takes 60

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class PortTaken(Exception):  # noqa: N818 - told to the user as it is
    """The address cannot be listened on; the message says which and what to do."""


def now() -> datetime:
    return datetime.now(UTC)


async def run(
    *,
    dsn: str,
    bus: Bus,
    host: str,
    port: int,
    version: str,
    ready: Callable[[], None],
    desk: Callable[[Any], Desk] | None = None,
    public_url: str | None = None,
    link_secret: bytes | None = None,
    push: PushOffer | None = None,
    door: PublicDoor = LOCAL_DOOR,
    broker_secret: str | None = None,
    trusted: Trusted = (),
    needs_second_factor: bool = False,
    single_sign_on: SingleSignOn | None = None,
    gateways: Sequence[HttpGateway] = (),
    policy: Policy | None = None,
    settings: Mapping[str, Any] | None = None,
    clock: Callable[[], datetime] = now,
) -> None:
    """Serve until cancelled. `ready` is called once the port answers and the live map knows the city.

    `desk` makes the desk on our pool (default: one with the policy's defaults). Without a `link_secret` there are no
    acknowledgement links, and second factors last as long as the process; without `push` phones are not pushed to.
    `gateways` are the SMS gateways that call back.
    Raises PortTaken before anything else.
    """
    listening = listen(host, port)
    try:
        pages = await asyncio.to_thread(website.read)
        async with await open_pool(dsn, name="dashboard", size=POOL_SIZE) as pool:
            hub = empty_hub(clock=clock)
            services = Services(
                pool=pool,
                bus=bus,
                desk=Desk(pool, bus, clock) if desk is None else desk(pool),
                sessions=Sessions(
                    pool,
                    clock=clock,
                    secret=link_secret or secrets.token_bytes(32),
                    needs_second_factor=needs_second_factor,
                ),
                single_sign_on=single_sign_on,
                hub=hub,
                website=pages,
                clock=clock,
                version=version,
                public_url=public_url or f"http://{host}:{port}",
                link_secret=link_secret,
                phones=Phones(pool, bus, clock, push=push, policy=policy),
                door=door,
                broker_secret=broker_secret,
                trusted=trusted,
                callbacks=Callbacks(pool, clock, gateways, policy=policy or Policy()) if gateways else None,
                settings={"basemap": None} if settings is None else settings,
            )
            feed = Feed(pool, bus, hub, Newsroom(pool, hub), clock=clock)
            await _serve(services, feed, listening, ready)
    finally:
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket (port 0: any free one); raises PortTaken."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as wrong:
        raise PortTaken(f"cannot listen on {host}:{port}: {wrong.strerror}; give another --host or --port") from wrong
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError as wrong:
        opened.close()
        raise PortTaken(f"cannot listen on {host}:{port}: {wrong.strerror}; give another --port") from wrong
    opened.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return opened


async def _serve(services: Services, feed: Feed, listening: socket.socket, ready: Callable[[], None]) -> None:
    knows_the_city = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run(ready=knows_the_city.set), name="dashboard feed")
        await knows_the_city.wait()
        group.create_task(_serve_http(services, listening, ready), name="dashboard http")


async def _serve_http(services: Services, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Run uvicorn without its own `serve`: that one takes the signals, which are the front door's."""
    config = uvicorn.Config(
        create_app(services),
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # six times the CPU
        ws_max_size=MOST_REQUEST_BYTES,
        http="h11",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        timeout_graceful_shutdown=CLOSE_TIMEOUT_S,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listening])
    try:
        log.info("dashboard.ready", port=listening.getsockname()[1])
        ready()
        await server.main_loop()
    finally:
        await server.shutdown([listening])
