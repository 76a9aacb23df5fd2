"""Which bus an address means."""

from tracker.bus.interface import Bus
from tracker.bus.local import LocalBus
from tracker.bus.redis_streams import RedisBus


def connect(url: str | None) -> Bus:
    """Return the bus at a `redis://` URL; without one, a bus for programs that share this process."""
    return LocalBus() if url is None else RedisBus(url)
