"""Which bus an address means."""

from tracker.bus.interface import Bus
from tracker.bus.local import LocalBus
from tracker.bus.redis_streams import RedisBus


class BusUrlError(ValueError):
    """The bus's URL cannot be used; the message says what it should look like."""


def connect(url: str | None) -> Bus:
    """Return the bus at a `redis://` URL; without one, a bus for programs that share this process.

    Nothing is connected yet. Raises BusUrlError.
    """
    if url is None:
        return LocalBus()
    try:
        return RedisBus(url)
    except ValueError as error:
        raise BusUrlError(f"the Redis URL cannot be read: {error}; write redis://host:6379/0") from error
