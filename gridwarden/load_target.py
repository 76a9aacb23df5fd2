"""What a load run is pointed at: where terminals connect, where viewers look, whose database is asked."""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gridwarden.console import Progress
from gridwarden.embedded import EmbeddedPostgres
from gridwarden.first_city import ROSTER, Login
from gridwarden.folder import held
from gridwarden.load_city import prepare
from gridwarden.load_system import HOST, Attached, Started, free_port, started
from gridwarden.load_wish import LoadError, Wish, gateway_connections
from simulators.fleet.plan import Gateway
from simulators.load.witness import System

LISTENER_USER: Final = "gateway"
_NO_GATEWAY: Final = (
    "{terminals:,} terminals, and connections for {own:,}: the others need a gateway. Start the system with"
    " --load-gateway and give its secret here in GRIDWARDEN_LOAD_GATEWAY, or ask for fewer terminals"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    system: System
    url: str
    roster: Path
    http: str | None
    login: Login | None = field(repr=False)
    dsn: str | None = field(repr=False)
    gateway: Gateway | None = field(repr=False)
    gateway_kind: str


@contextlib.asynccontextmanager
async def target_of(wish: Wish, progress: Progress, *, own: int) -> AsyncGenerator[Target]:
    """Yield what to load, for as long as the block lasts. Raises LoadError and what a start raises."""
    beside = Attached(watched=wish.watch, restart_command=wish.restart_command)
    if not wish.is_up:
        yield _running(wish, beside, own=own)
        return
    async with contextlib.AsyncExitStack() as stack:
        given = wish.data or Path(stack.enter_context(_temporary()))
        yield await _own(wish, given, beside, stack, progress, own=own)
        progress.step("stopping the system")


def _running(wish: Wish, beside: Attached, *, own: int) -> Target:
    if wish.url is None or wish.roster is None:
        raise LoadError("give --url and --roster of the system that runs")
    has_login = wish.account is not None and wish.password is not None
    password = wish.password.get_secret_value() if wish.password else ""
    return Target(
        system=beside,
        url=wish.url,
        roster=wish.roster,
        http=wish.http,
        login=Login(name=wish.account or "", password=password) if has_login else None,
        dsn=wish.database,
        gateway=_gateway(wish, own, None if wish.gateway_secret is None else wish.gateway_secret.get_secret_value()),
        gateway_kind="listener" if wish.gateway_user == LISTENER_USER else "broker",
    )


def _gateway(wish: Wish, own: int, secret: str | None) -> Gateway | None:
    if own >= wish.terminals:
        return None
    if secret is None:
        raise LoadError(_NO_GATEWAY.format(terminals=wish.terminals, own=own))
    return Gateway(user=wish.gateway_user, secret=secret, connections=gateway_connections(wish))


async def _own(
    wish: Wish, given: Path, beside: Attached, stack: contextlib.AsyncExitStack, progress: Progress, *, own: int
) -> Target:
    """Prepare a database and start the programs on it: one process, or with Redis one each."""
    is_embedded = wish.database is None
    with contextlib.ExitStack() as preparing:
        folder = preparing.enter_context(held(given))
        postgres = EmbeddedPostgres(folder, say=progress.step) if is_embedded else None
        if postgres is not None:
            progress.step("starting the database")
            await asyncio.to_thread(postgres.start)
            (preparing if wish.redis is None else stack).callback(postgres.stop)
        dsn = wish.database or EmbeddedPostgres(folder).dsn
        login = await prepare(dsn, folder, terminals=wish.terminals, seed=wish.seed, progress=progress)
    secret = secrets.token_hex(16)
    web_port = free_port()
    mqtt_port = None if wish.broker else free_port(but=web_port)
    system = Started(
        http=f"http://{HOST}:{web_port}",
        mqtt_port=mqtt_port,
        folder=folder,
        logs=folder,
        environment=_environment(wish, dsn=None if is_embedded and wish.redis is None else dsn, secret=secret, own=own),
        commands=_commands(wish, folder, web_port=web_port, mqtt_port=mqtt_port),
        beside=beside,
        is_embedded=is_embedded,
        postgres=None if wish.redis is None else postgres,
    )
    progress.step(f"starting {', '.join(system.commands)}")
    await stack.enter_async_context(started(system))
    return Target(
        system=system,
        url=wish.url or wish.broker or f"mqtt://{HOST}:{mqtt_port}",
        roster=wish.roster or folder / ROSTER,
        http=system.http,
        login=login,
        dsn=dsn,
        gateway=_gateway(wish, own, _gateway_secret(wish, secret)),
        gateway_kind="broker" if wish.broker else "listener",
    )


def _gateway_secret(wish: Wish, ours: str) -> str | None:
    if wish.broker is None:
        return ours
    return None if wish.gateway_secret is None else wish.gateway_secret.get_secret_value()


def _environment(wish: Wish, *, dsn: str | None, secret: str, own: int) -> Mapping[str, str]:
    """Return what the programs are told: secrets belong here, where no list of processes shows them."""
    told = {"GRIDWARDEN_SECOND_FACTOR": "optional", "GRIDWARDEN_SIMULATE": "0", "GRIDWARDEN_FOR_S": ""}
    told["GRIDWARDEN_LOAD_GATEWAY"] = secret if own < wish.terminals and wish.broker is None else ""
    given = {"DATABASE": dsn, "REDIS": wish.redis, "BROKER": wish.broker}
    told |= {f"GRIDWARDEN_{name}": value or "" for name, value in given.items()}
    if wish.redis is not None:
        told["GRIDWARDEN_LINK_SECRET"] = secrets.token_hex(32)
    return told


def _commands(wish: Wish, folder: Path, *, web_port: int, mqtt_port: int | None) -> dict[str, list[str]]:
    web = ["--host", HOST, "--port", str(web_port)]
    mqtt = [] if mqtt_port is None else ["--mqtt-port", str(mqtt_port)]
    if wish.redis is None:
        return {"up": ["up", "--data", str(folder), *web, *mqtt]}
    listening = [] if mqtt_port is None else ["--mqtt-host", HOST, *mqtt]
    shared = ["--share"] if wish.ingests > 1 else []
    ingests = {name: ["ingest", *listening, *shared] for name in _ingests(wish.ingests)}
    return {"alerts": ["alerts"], **ingests, "dashboard": ["dashboard", *web]}


def _ingests(count: int) -> list[str]:
    return ["ingest", *(f"ingest-{number}" for number in range(2, count + 1))]


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="gridwarden-load-", ignore_cleanup_errors=True)
