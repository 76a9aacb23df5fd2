"""Receipts find their segments, and deliveries end: what all kinds of gateway do alike with what an operator says.

Whoever stores receipts or ids of segments calls `match` in the same transaction. Of two transactions that do not see
each other's rows neither matches; `look`, once a second in the program of alerts, finds what they left.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.policy import Policy
from alerts.core.states import DeliveryMove, DeliveryState
from alerts.store import sms, timers

AT_ONCE: Final = 2_000  # ids of one commit
UNMATCHED_AFTER: Final = timedelta(minutes=15)
EARLY: Final = frozenset({DeliveryState.SENDING, DeliveryState.QUEUED})

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())

Within = Mapping[str, timedelta]


def within_of(policy: Policy) -> Within:
    """Return how long a person told of each level has for an answer."""
    return {level.value: wait for level, wait in policy.acknowledge_within.items() if wait}


async def match(
    connection: AsyncConnection[Any], ids: Sequence[str], *, provider: str, within: Within, now: datetime
) -> None:
    """Let the receipts of these ids change their segments, and the deliveries that have their last word by that."""
    await sms.by_key(connection)
    met = await sms.met(connection, provider=provider, operator_ids=ids)
    if not met:
        return
    spoken_of = await sms.apply_receipts(connection, met, now=now)
    if not spoken_of:
        return
    settled = await sms.settle_deliveries(connection, spoken_of, now=now)
    for move, count in Counter(each.move for each in settled).items():
        metrics.SETTLED.labels("sms", move).inc(count)
    # A receipt that was quicker than our own `accepted`: nobody else will start this person's clock
    early = [each.delivery for each in settled if each.move == DeliveryMove.CONFIRMED and each.before in EARLY]
    if early:
        await timers.start_reminders(connection, deliveries=early, within=within, now=now)
    if lost := [each.delivery for each in settled if each.move != DeliveryMove.CONFIRMED]:
        await timers.chase_lost(connection, deliveries=lost, within=within, now=now)


async def look(pool: AsyncConnectionPool[Any], clock: Callable[[], datetime], *, provider: str, within: Within) -> None:
    """Match what waits, and give up receipts that speak of nothing of ours."""
    now = clock()
    async with pool.connection() as connection:
        ids = await sms.waiting_ids(connection, provider=provider, limit=AT_ONCE)
        if ids:
            async with connection.transaction():
                await match(connection, ids, provider=provider, within=within, now=now)
        lost = await sms.give_up_receipts(connection, provider=provider, before=now - UNMATCHED_AFTER)
    if lost:
        metrics.SMS_RECEIPTS.labels(provider, "unmatched").inc(lost)
        log.warning("sms.unmatched_receipts", gateway=provider, receipts=lost)
