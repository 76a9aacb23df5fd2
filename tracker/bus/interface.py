"""What programs say to each other. A message may be lost or repeated: every reader can rebuild from tables."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple, Protocol

# Streams of batches
POSITIONS: Final = "positions"  # tracker.model.positions rows, `tobytes()`; only those that are live
EVENTS: Final = "events"  # one or several JSON objects of tracker.bus.messages
# Doorbells: the payload is empty or a hint; the table named is the truth
DOWNLINK: Final = "downlink"  # table downlink, retained
DELIVERIES: Final = "deliveries"  # table delivery
ALERTS: Final = "alerts"  # table alert: payload is the alert's id
OWNERS: Final = "owners"  # table terminal_owner: another ingest took some over
CITY: Final = "city"  # units, grids, members, terminals changed

OLDEST: Final = "0"  # the cursor behind which everything still kept follows
_CAPS: Final = {POSITIONS: 2_000}  # at 20 ms a batch the newest 40 s; 9,011 fixes/s then take 22 MB


def cap_of(stream: str) -> int:
    """How many messages of `stream` are kept for readers that lag."""
    return _CAPS.get(stream, 10_000)


class Message(NamedTuple):
    stream: str
    cursor: str  # opaque; give it to `read` to go on behind this message
    payload: bytes


class Bus(Protocol):
    """Capped streams. Publishing never waits for readers; a reader that falls behind the cap loses the oldest."""

    async def publish(self, stream: str, payload: bytes) -> None: ...

    def read(self, *streams: str, after: str | None = None) -> AsyncIterator[Message]:
        """Yield messages of `streams`, in order within each, from now on, or from behind cursor `after`.

        `after` is the cursor of a message when one stream is read, or OLDEST.
        """
        ...

    async def close(self) -> None: ...
