"""All programs in one process: `gridwarden up`. Starts what is missing, in order, and stops it in the reverse order."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from gridwarden import weather
from gridwarden.collector import spare_what_stays
from gridwarden.console import Progress, configure_log
from gridwarden.door import broker_secret, listening, public_door, push_secret, reachable
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.first_city import ROSTER, Login, ensure_city, ensure_days, ensure_names, new_logins
from gridwarden.folder import held, kept_secret
from gridwarden.ports import next_free, want_free
from gridwarden.programs import Programs, walk
from gridwarden.settings import Settings
from gridwarden.sign_on import single_sign_on
from gridwarden.signals import until_stopped
from gridwarden.sms_gateways import gateways
from gridwarden.tls import CertificateError
from ingest.doors.subscribe import broker_of
from ingest.program import Listen
from tracker.bus.connect import connect
from tracker.bus.interface import Bus
from tracker.database.migrate import migrate
from tracker.database.pool import wait_for_database

RESTART_PAUSE_S: Final = 1.0
STUCK_LOOK_S: Final = 10.0
STOP_TIMEOUT_S: Final = 10.0  # of one program; the senders stop before those who listen

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this run listens; decided before anything is started."""

    web_host: str
    web_port: int
    listen: Listen | None
    broker: str | None

    @property
    def web(self) -> str:
        return f"http://{reachable(self.web_host)}:{self.web_port}"

    @property
    def mqtt(self) -> str:
        if self.listen is None:
            return self.broker or ""
        scheme = "mqtt" if self.listen.tls is None else "mqtts"
        return f"{scheme}://{reachable(self.listen.host)}:{self.listen.port}"


def choose_addresses(settings: Settings) -> Addresses:
    """Raises PortTakenError for a port that was asked for and is taken, BrokerUrlError, CertificateError."""
    if settings.broker is not None:
        broker_of(settings.broker)
    return Addresses(
        web_host=settings.host,
        web_port=want_free(settings.host, settings.port, option="--port (PORT=)"),
        listen=None if settings.broker else _choose_door(settings),
        broker=settings.broker,
    )


def _choose_door(settings: Settings) -> Listen:
    listen, option = listening(settings), "--mqtt-port (MQTT_PORT=)"
    if listen.tls is not None and settings.simulate:
        raise CertificateError("simulated terminals speak plain MQTT: leave out --simulate or --tls-certificate")
    if listen.web_port is not None:
        want_free(listen.host, listen.web_port, option="--mqtt-ws-port")
    choose = next_free if settings.mqtt_port is None else want_free
    return replace(listen, port=choose(listen.host, listen.port, option=option))


async def up(settings: Settings) -> None:
    """Run everything until a signal, or for `settings.for_s` seconds; return when all of it has stopped."""
    addresses = choose_addresses(settings)
    bus = connect(settings.redis)
    with held(settings.data) as folder:
        progress = Progress()
        configure_log(folder / "gridwarden.log", say=progress.step)
        try:
            async with database(settings, folder, progress) as dsn:
                await _run(settings, addresses, folder, dsn=dsn, bus=bus, progress=progress)
        finally:
            progress.done()


@contextlib.asynccontextmanager
async def database(settings: Settings, folder: Path, progress: Progress) -> AsyncGenerator[str]:
    """The database's address: the operator's own, or the embedded one, started here and started again if it dies."""
    if settings.database is not None:
        await wait_for_database(settings.database, name="up")
        yield settings.database
        return
    embedded = EmbeddedPostgres(folder, say=progress.step)
    progress.step("starting the database")
    await asyncio.to_thread(embedded.start)
    try:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_keep_running(embedded), name="database")
            yield embedded.dsn
            watch.cancel()
    finally:
        await asyncio.to_thread(embedded.stop)


async def _keep_running(embedded: EmbeddedPostgres) -> None:
    looked_at = time.monotonic()
    while True:
        await asyncio.sleep(RESTART_PAUSE_S)
        if embedded.is_running and time.monotonic() - looked_at > STUCK_LOOK_S:
            if await asyncio.to_thread(embedded.end_if_stuck):
                log.error("database.stuck", meaning="it let nobody in and recovered nothing; it was ended")
            looked_at = time.monotonic()
        if not embedded.is_running:
            log.error("database.died", action="starting it again")
            await asyncio.to_thread(embedded.start)
            log.info("database.restarted")


async def _run(
    settings: Settings, addresses: Addresses, folder: Path, *, dsn: str, bus: Bus, progress: Progress
) -> None:
    await asyncio.to_thread(migrate, dsn, say=progress.step)
    await ensure_days(dsn)
    await ensure_names(dsn)
    await ensure_city(dsn, folder, seed=settings.seed, walkers=settings.simulate, say=progress.step)
    logins = await new_logins(dsn)
    public_url = settings.public_url or addresses.web
    programs = Programs(
        dsn=dsn,
        bus=bus,
        link_secret=link_secret(settings, folder),
        public_url=public_url,
        needs_second_factor=settings.second_factor == "required",
        single_sign_on=single_sign_on(settings, public_url=public_url),
        door=public_door(settings, port=None if addresses.listen is None else addresses.listen.port),
        broker_secret=broker_secret(settings),
        push_secret=push_secret(settings) or kept_secret(folder / "push"),
        push_services=tuple(settings.push_services.split()),
        keep_days=settings.keep_days,
        sends_drill_sms=settings.drill_sms == "send",
        sms_signature=settings.sms_signature,
        feeds=weather.feeds(settings),
        trusted=weather.trusted(settings),
        gateways=gateways(settings, public_url=public_url),
    )
    async with asyncio.TaskGroup() as group:
        start = _Starter(group, progress)
        await start("alerts", programs.alerts)
        await start("ingest", partial(programs.ingest, listen=addresses.listen, broker=addresses.broker))
        await start("dashboard", partial(programs.dashboard, host=addresses.web_host, port=addresses.web_port))
        spare_what_stays()
        _announce(progress, addresses, folder, logins)
        if settings.simulate:
            start.tasks.append(group.create_task(_walk(settings, addresses, folder), name="simulators"))
        await until_stopped(settings.for_s)
        progress.print("stopping")
        await start.stop_all()
    await bus.close()


class _Starter:
    """Starts programs one after the other, each when the one before it is ready; stops them in the reverse order."""

    def __init__(self, group: asyncio.TaskGroup, progress: Progress) -> None:
        self._group = group
        self._progress = progress
        self.tasks: list[asyncio.Task[None]] = []

    async def __call__(self, name: str, program: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._progress.step(f"starting {name}")
        is_ready = asyncio.Event()
        self.tasks.append(self._group.create_task(program(ready=is_ready.set), name=name))
        await is_ready.wait()

    async def stop_all(self) -> None:
        for task in reversed(self.tasks):
            task.cancel()
            await asyncio.wait([task], timeout=STOP_TIMEOUT_S)


async def _walk(settings: Settings, addresses: Addresses, folder: Path) -> None:
    await walk(
        roster=folder / ROSTER,
        url=addresses.mqtt,
        terminals=settings.simulate,
        interval_s=settings.interval_s,
        sos_per_hour=settings.sos_per_hour,
        seed=settings.seed,
        say=lambda line: log.info("simulators.said", line=line),
    )


def link_secret(settings: Settings, folder: Path) -> bytes:
    return settings.link_secret.get_secret_value().encode() if settings.link_secret else kept_secret(folder / "links")


def _announce(progress: Progress, addresses: Addresses, folder: Path, logins: list[Login]) -> None:
    seconds = progress.done()
    commander, *others = logins
    lines = [
        "",
        f"[bold]Gridwarden is up[/bold] ({seconds:.1f} s)",
        "",
        f"  map        [bold]{addresses.web}/[/bold]",
        f"  login      {commander.name}   password  {commander.password}",
        *(f"  second     {login.name}      password  {login.password}   (approves orange and red)" for login in others),
        f"  MQTT       {addresses.mqtt}   terminals and secrets: {folder / ROSTER / 'terminals.csv'}",
        *_warnings(addresses),
        f"  data, log  {folder}/   {folder / 'gridwarden.log'}",
        "",
        "  Ctrl-C stops it.",
        "",
    ]
    progress.print("\n".join(lines))


def _warnings(addresses: Addresses) -> list[str]:
    if addresses.listen is None or addresses.listen.gateway is None:
        return []
    return ["  [bold red]load test[/bold red]  user `gateway` may write as any terminal: never in production"]
