"""The program of alerts: the dispatcher's lanes, the watch, the rules, others' feeds; until cancelled."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from alerts import dispatch, fetching
from alerts.core.cap_signatures import Trusted
from alerts.core.policy import Policy
from alerts.dispatch import Dispatcher, LinkMaker
from alerts.escalation import Watch
from alerts.fetching import Feeds, FeedWatch
from alerts.intake import Intake
from alerts.providers.outbox import Outbox
from alerts.providers.terminal import Terminals
from alerts.rule_watch import RuleWatch
from tracker.bus.interface import Bus
from tracker.database.pool import open_pool

POOL_SIZE = 13  # three lanes of two connections each, the sweep, the watch, the feeds, two for rules, two for trials


def wall_clock() -> datetime:
    return datetime.now(UTC)


async def run(
    *,
    dsn: str,
    bus: Bus,
    link_secret: bytes,
    public_url: str,
    ready: Callable[[], None],
    clock: Callable[[], datetime] = wall_clock,
    policy: Policy | None = None,
    feeds: Feeds | None = None,
    trusted: Trusted = (),
) -> None:
    """Send what is queued, chase who is silent, tell who enters, run rules, fetch feeds; `ready`: once connected."""
    policy = policy or Policy()
    links = LinkMaker(secret=link_secret, public_url=public_url, policy=policy)
    async with await open_pool(dsn, name="alerts", size=POOL_SIZE) as pool:
        lanes = [
            Dispatcher(pool, bus, clock, Outbox(pool, clock), links=links),
            Dispatcher(pool, bus, clock, Outbox(pool, clock, channel="outbox"), links=links),
            Dispatcher(pool, bus, clock, Terminals(pool, bus, clock), links=links),
        ]
        async with fetching.new_client() as client, asyncio.TaskGroup() as group:
            group.create_task(dispatch.run(lanes, pool, bus, clock), name="dispatch")
            group.create_task(Watch(pool, bus, clock, policy).run(), name="watch")
            group.create_task(RuleWatch(pool, bus, clock, policy).run(), name="rule watch")
            intake = Intake(pool, bus, clock, trusted)
            watched = FeedWatch(pool, intake, clock, feeds or Feeds(addresses=()), client)
            group.create_task(watched.run(), name="cap feeds")
            ready()
