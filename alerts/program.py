"""The program of alerts: the dispatcher's lanes, the watch over what is in force, the rules; until cancelled."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from alerts import dispatch
from alerts.core.policy import Policy
from alerts.dispatch import Dispatcher, LinkMaker
from alerts.escalation import Watch
from alerts.providers.outbox import Outbox
from alerts.providers.terminal import Terminals
from alerts.rule_watch import RuleWatch
from tracker.bus.interface import Bus
from tracker.database.pool import open_pool

POOL_SIZE = 12  # three lanes of two connections each, the sweep, the watch, two for rules and two for trials


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
) -> None:
    """Send what is queued, chase who is silent, tell who enters, run the rules. `ready` is called once connected."""
    policy = policy or Policy()
    links = LinkMaker(secret=link_secret, public_url=public_url, policy=policy)
    async with await open_pool(dsn, name="alerts", size=POOL_SIZE) as pool:
        lanes = [
            Dispatcher(pool, bus, clock, Outbox(pool, clock), links=links),
            Dispatcher(pool, bus, clock, Outbox(pool, clock, channel="outbox"), links=links),
            Dispatcher(pool, bus, clock, Terminals(pool, bus, clock), links=links),
        ]
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatch.run(lanes, pool, bus, clock), name="dispatch")
            group.create_task(Watch(pool, bus, clock, policy).run(), name="watch")
            group.create_task(RuleWatch(pool, bus, clock, policy).run(), name="rule watch")
            ready()
