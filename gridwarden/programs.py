"""Composition roots: plain values in, a running program. What `up` runs together, the commands run one by one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from alerts.core import webpush
from alerts.core.cap_signatures import Trusted
from alerts.core.policy import SIGNATURE, Policy
from alerts.core.words import Words
from alerts.desk import Desk
from alerts.fetching import Feeds
from alerts.over_http.gateway import HttpGateway
from alerts.phones import PushOffer
from alerts.program import AnyGateway, wall_clock
from alerts.program import run as run_alerts
from dashboard.app import LOCAL_DOOR
from dashboard.program import run as run_dashboard
from dashboard.security.single_sign_on import SingleSignOn
from ingest.program import Listen
from ingest.program import run as run_ingest
from simulators.program import simulate
from tracker.bus.interface import Bus
from tracker.organisation.provisioning import PublicDoor

VERSION: Final = version("gridwarden")

Ready = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The three programs of one city, each to be run in a task of its own until it is cancelled."""

    dsn: str
    bus: Bus
    link_secret: bytes
    public_url: str
    needs_second_factor: bool = False
    single_sign_on: SingleSignOn | None = None
    door: PublicDoor = LOCAL_DOOR  # where terminals connect, seen from outside
    broker_secret: str | None = None
    push_secret: bytes | None = None  # of Web Push; None: phones are not pushed to
    push_services: tuple[str, ...] = webpush.SERVICES
    keep_days: int = 365
    sends_drill_sms: bool = False
    sms_signature: str | None = None  # of warnings in Chinese, without its brackets; None: the default one
    feeds: Feeds | None = None  # of weather services; None: none is fetched
    trusted: Trusted = ()  # certificates that sign CAP documents
    gateways: tuple[AnyGateway, ...] = ()  # that SMS leave through; none: they stay in the outbox

    @property
    def policy(self) -> Policy:
        signature = SIGNATURE if self.sms_signature is None else Words(self.sms_signature, SIGNATURE.en)
        return Policy(sends_drill_sms=self.sends_drill_sms, signature=signature)

    async def alerts(self, *, ready: Ready) -> None:
        await run_alerts(
            dsn=self.dsn,
            bus=self.bus,
            link_secret=self.link_secret,
            public_url=self.public_url,
            policy=self.policy,
            feeds=self.feeds,
            trusted=self.trusted,
            push_secret=self.push_secret,
            gateways=self.gateways,
            ready=ready,
        )

    async def ingest(self, *, listen: Listen | None, broker: str | None, ready: Ready) -> None:
        name = "subscribe" if listen is None else f"listen-{listen.port}"
        await run_ingest(
            dsn=self.dsn,
            bus=self.bus,
            listen=listen,
            broker=broker,
            name=name,
            ready=ready,
            keep=timedelta(days=self.keep_days),
        )

    async def dashboard(self, *, host: str, port: int, ready: Ready) -> None:
        await run_dashboard(
            dsn=self.dsn,
            bus=self.bus,
            host=host,
            port=port,
            version=VERSION,
            desk=lambda pool: Desk(pool, self.bus, wall_clock, self.policy),
            public_url=self.public_url,
            link_secret=self.link_secret,
            push=self._push_offer(),
            needs_second_factor=self.needs_second_factor,
            single_sign_on=self.single_sign_on,
            door=self.door,
            broker_secret=self.broker_secret,
            trusted=self.trusted,
            gateways=[gateway for gateway in self.gateways if isinstance(gateway, HttpGateway)],
            policy=self.policy,
            ready=ready,
        )

    def _push_offer(self) -> PushOffer | None:
        if self.push_secret is None:
            return None
        public_key = webpush.encoded(webpush.point_of(webpush.sender_key(self.push_secret)))
        return PushOffer(public_key=public_key, services=self.push_services)


async def walk(
    *,
    roster: Path,
    url: str,
    terminals: int,
    interval_s: float,
    sos_per_hour: float,
    seed: int,
    say: Callable[[str], None],
) -> None:
    """Let simulated people walk until cancelled."""
    await simulate(
        roster=roster,
        url=url,
        terminals=terminals,
        interval_s=interval_s,
        seed=seed,
        say=say,
        sos_per_hour=sos_per_hour,
    )
