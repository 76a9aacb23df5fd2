"""The provider that sends nothing: what would have left the building is written to a table and shown on a page."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool

from alerts.core.states import DeliveryMove
from alerts.providers.interface import Outcome, Outgoing
from alerts.store import outbox


class Outbox:
    """Takes SMS of `channel`: `outbox` is of drills, and no other provider takes those."""

    name = "outbox"

    def __init__(self, pool: AsyncConnectionPool[Any], clock: Callable[[], datetime], channel: str = "sms") -> None:
        self._pool = pool
        self._clock = clock
        self.channel = channel

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Keep every message; each is delivered at once."""
        async with self._pool.connection() as connection:
            await outbox.keep(
                connection,
                deliveries=[message.delivery for message in messages],
                addresses=[message.address for message in messages],
                bodies=[message.body for message in messages],
                now=self._clock(),
            )
        return [Outcome(delivery=message.delivery, move=DeliveryMove.CONFIRMED) for message in messages]
