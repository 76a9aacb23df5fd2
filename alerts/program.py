"""The program of alerts: the dispatcher's lanes, the watch, the rules, others' feeds; until cancelled."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool

from alerts import dispatch, fetching
from alerts.core import webpush
from alerts.core.cap_signatures import Trusted
from alerts.core.gammu import GammuGateway
from alerts.core.health import shares
from alerts.core.policy import Policy
from alerts.dispatch import Dispatcher, Rate
from alerts.escalation import Watch
from alerts.fetching import Feeds, FeedWatch
from alerts.intake import Intake
from alerts.link_maker import LinkMaker
from alerts.message_watch import MessageWatch
from alerts.over_http.gateway import HttpGateway
from alerts.providers.gammu import Gammu
from alerts.providers.http import Http
from alerts.providers.interface import Operator
from alerts.providers.outbox import Outbox
from alerts.providers.push import Push, subject_of
from alerts.providers.smpp import Smpp
from alerts.providers.terminal import Terminals
from alerts.replies import Replies
from alerts.rule_watch import RuleWatch
from alerts.smpp.gateway import Gateway
from tracker.bus.interface import Bus
from tracker.database.pool import open_pool

POOL_SIZE = 18  # four lanes of two each, the sweep, four of watches, the feeds, two for rules, two for trials
GATEWAY_SIZE = 5  # more for each SMS gateway: its lane, its records, what it looks at and asks, replies
IN_HOUSE = Rate(most_at_once=500)  # into our own tables: a city's 170,612 took 22.6 s, by 200 30.5
PUSH_RATE = Rate(per_s=2_000.0)  # a hundred at once: push services answer in tenths of a second

AnyGateway = Gateway | HttpGateway | GammuGateway


def wall_clock() -> datetime:
    return datetime.now(UTC)


def operator_of(
    pool: AsyncConnectionPool[Any],
    clock: Callable[[], datetime],
    gateway: AnyGateway,
    *,
    policy: Policy,
    on_inbound: Callable[[], None],
) -> Operator:
    """Return the provider for a gateway of whatever kind."""
    match gateway:
        case Gateway():
            return Smpp(pool, clock, gateway, policy=policy, on_inbound=on_inbound)
        case HttpGateway():
            return Http(pool, clock, gateway, policy=policy)
        case GammuGateway():
            return Gammu(pool, clock, gateway, policy=policy, on_inbound=on_inbound)


def lane(
    pool: AsyncConnectionPool[Any],
    bus: Bus,
    clock: Callable[[], datetime],
    operator: Operator,
    links: LinkMaker,
    *,
    beside: Sequence[Operator] = (),
) -> Dispatcher:
    """Return the lane of an SMS gateway: it claims as far ahead as the operator lets messages be unanswered.

    `beside`: all gateways, itself too; it runs at its share among them.
    """
    operators = beside or (operator,)

    def share() -> float:
        return shares({each.name: each.strength for each in operators})[operator.name]

    def has_others() -> bool:
        return any(each.strength > 0 for each in operators if each is not operator)

    terms = operator.terms
    return Dispatcher(
        pool,
        bus,
        clock,
        operator,
        links=links,
        rate=Rate(per_s=terms.rate_per_s),
        weigh=operator.weigh,
        share=share,
        ahead=terms.ahead,
        per_number=terms.per_number,
        has_others=has_others,
    )


async def run(
    *,
    dsn: str,
    bus: Bus,
    link_secret: bytes,
    public_url: str,
    push_secret: bytes | None = None,
    ready: Callable[[], None],
    clock: Callable[[], datetime] = wall_clock,
    policy: Policy | None = None,
    feeds: Feeds | None = None,
    trusted: Trusted = (),
    gateways: Sequence[AnyGateway] = (),
) -> None:
    """Send what is queued, chase who is silent, tell who enters, run rules, fetch feeds; `ready`: once connected.

    Without a `push_secret` pushes stay queued until their validity ends: the dashboard then offers none. Without
    `gateways` SMS go to the outbox; those of drills go there always, unless the policy lets them leave.
    """
    policy = policy or Policy()
    links = LinkMaker(secret=link_secret, public_url=public_url, policy=policy)
    size = POOL_SIZE + GATEWAY_SIZE * len(gateways)
    async with AsyncExitStack() as stack, await open_pool(dsn, name="alerts", size=size) as pool:
        replies = Replies(pool, bus, clock)
        operators = [operator_of(pool, clock, each, policy=policy, on_inbound=replies.ring) for each in gateways]
        lanes = [
            *(lane(pool, bus, clock, each, links, beside=operators) for each in operators),
            *([] if operators else [Dispatcher(pool, bus, clock, Outbox(pool, clock), links=links, rate=IN_HOUSE)]),
            Dispatcher(pool, bus, clock, Outbox(pool, clock, channel="outbox"), links=links, rate=IN_HOUSE),
            Dispatcher(pool, bus, clock, Terminals(pool, bus, clock), links=links, rate=IN_HOUSE),
        ]
        if push_secret is not None:
            key, subject = webpush.sender_key(push_secret), subject_of(public_url)
            push = await stack.enter_async_context(Push(pool, clock, key=key, subject=subject))
            lanes.append(Dispatcher(pool, bus, clock, push, links=links, rate=PUSH_RATE))
        async with fetching.new_client() as client, asyncio.TaskGroup() as group:
            group.create_task(dispatch.run(lanes, pool, bus, clock), name="dispatch")
            if operators:
                group.create_task(replies.run(), name="sms replies")
            for operator in operators:
                group.create_task(operator.run(), name=f"sms gateway {operator.name}")
            group.create_task(Watch(pool, bus, clock, policy).run(), name="watch")
            group.create_task(RuleWatch(pool, bus, clock, policy).run(), name="rule watch")
            group.create_task(MessageWatch(pool, clock, policy.timezone).run(), name="message watch")
            intake = Intake(pool, bus, clock, trusted)
            watched = FeedWatch(pool, intake, clock, feeds or Feeds(addresses=()), client)
            group.create_task(watched.run(), name="cap feeds")
            ready()
