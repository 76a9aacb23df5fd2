"""The provider of handheld terminals: a row of table downlink each, the same on both front doors.

Whichever door holds the terminal delivers it at QoS 1 and says so; `alerts.store.outbox.confirm_terminals` reads it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool

from alerts.core.states import DeliveryMove
from alerts.providers.interface import Outcome, Outgoing
from alerts.store import outbox
from alerts.store.outbox import Written
from tracker.bus.interface import DOWNLINK, Bus
from tracker.bus.messages import DownlinkWritten, encode


class Terminals:
    name = "terminal"
    channel = "terminal"

    def __init__(self, pool: AsyncConnectionPool[Any], bus: Bus, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Write the rows and ring; a terminal that was closed meanwhile is refused."""
        async with self._pool.connection() as connection, connection.transaction():
            written = await outbox.send_down(
                connection,
                codes=[message.address for message in messages],
                payloads=[message.body.encode() for message in messages],
                expire=[message.expires_at for message in messages],
                now=self._clock(),
            )
            await outbox.withdraw_older(
                connection, deliveries=[message.delivery for message in messages], now=self._clock()
            )
        if terminals := tuple({row.terminal for row in written if row is not None}):
            await self._bus.publish(DOWNLINK, encode(DownlinkWritten(terminals)))
        return [_outcome(message, row) for message, row in zip(messages, written, strict=True)]


def _outcome(message: Outgoing, row: Written | None) -> Outcome:
    if row is None:
        detail = f"there is no terminal {message.address} any more"
        return Outcome(delivery=message.delivery, move=DeliveryMove.REFUSED, detail=detail)
    return Outcome(delivery=message.delivery, move=DeliveryMove.ACCEPTED, provider_id=str(row.id))
