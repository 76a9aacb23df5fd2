"""How much of each the listening door takes: connections, log-ins a second, wrong passwords. Pure.

Nobody is locked out by what others do in their name: a right password always opens; what is slowed down is wrong ones.
Every table here is bounded, however many names and addresses a stranger makes up.
"""

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

SPARE: Final = 200  # strangers above the most connections, so that they can be told in CONNACK that it is full


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The defaults are for one process of 20,000 descriptors; `gridwarden` derives `connections` from the machine."""

    connections: int = 19_500
    per_terminal: int = 4  # the oldest makes room for the newest: a handset whose client id is new each time gets in
    strangers_per_address: int = 500  # that have not sent CONNECT; a balancer or a carrier shows one address for many
    logins_per_s: float = 500.0  # the rest of a returning city waits, unanswered
    logins_at_once: int = 500
    terminal_login_s: float = 2.0  # between two log-ins of one terminal, in the long run
    terminal_logins_at_once: int = 10
    failures: int = 10  # wrong log-ins of a name, and ten times as many of an address, within the window
    failure_window_s: float = 60.0
    failure_delay_s: float = 10.0  # what the next wrong ones wait for their answer
    stall_s: float = 20.0  # a packet that is not whole yet may take so long, and longer the more of it came
    deaf_s: float = 60.0  # how long a peer may read nothing of what it is sent


class Bucket:
    """A token bucket: `burst` at once, then `per_s`."""

    __slots__ = ("_burst", "_left", "_per_s", "_then_s")

    def __init__(self, *, per_s: float, burst: int) -> None:
        self._per_s: Final = per_s
        self._burst: Final = burst
        self._left = float(burst)
        self._then_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Take a token if there is one."""
        self._fill(now_s)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait_s(self, now_s: float) -> float:
        """Return in how many seconds there is a token."""
        self._fill(now_s)
        return max(0.0, (1 - self._left) / self._per_s)

    def _fill(self, now_s: float) -> None:
        if self._then_s is not None:
            self._left = min(self._burst, self._left + (now_s - self._then_s) * self._per_s)
        self._then_s = now_s


_Name = TypeVar("_Name", bound=Hashable)


class Turns(Generic[_Name]):
    """A token bucket for each name in one number: the moment at which its bucket is full again (GCRA, ITU-T I.371)."""

    def __init__(self, *, every_s: float, burst: int, longest_s: float) -> None:
        self._every_s: Final = every_s
        self._burst_s: Final = every_s * burst
        self._longest_s: Final = longest_s
        self._full_at_s: Final[dict[_Name, float]] = {}

    def __len__(self) -> int:
        return len(self._full_at_s)

    def take(self, name: _Name, now_s: float) -> float | None:
        """Take a turn; return the seconds until it comes, or None, and nothing is taken, when it is too long."""
        full_at_s = max(self._full_at_s.get(name, now_s), now_s) + self._every_s
        wait_s = max(0.0, full_at_s - now_s - self._burst_s)
        if wait_s > self._longest_s:
            return None
        self._full_at_s[name] = full_at_s
        return wait_s

    def forget(self, now_s: float) -> None:
        """Drop the names whose buckets are full."""
        for name in [name for name, full_at_s in self._full_at_s.items() if full_at_s <= now_s]:
            del self._full_at_s[name]


class Failures:
    """Wrong log-ins by name: of at most `most` names, and the ones longest quiet are forgotten."""

    def __init__(self, *, limit: int, window_s: float, most: int = 10_000) -> None:
        self._limit: Final = limit
        self._window_s: Final = window_s
        self._most: Final = most
        self._noted: Final[OrderedDict[str, tuple[int, float]]] = OrderedDict()  # how many, since when

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, name: str, now_s: float) -> bool:
        """Count one more; return whether they are more than the limit."""
        count, since_s = self._noted.pop(name, (0, now_s))
        if now_s - since_s > self._window_s:
            count, since_s = 0, now_s
        self._noted[name] = (count + 1, since_s)
        if len(self._noted) > self._most:
            self._noted.popitem(last=False)
        return count + 1 > self._limit


class Strangers:
    """Connections that have not sent CONNECT, by the address they come from."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._by_address: Final[Counter[str]] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more; return whether there was room for it."""
        self._by_address[address] += 1
        return self._by_address[address] <= self._most

    def leave(self, address: str) -> None:
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]


def network_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, the /64 of an IPv6 one, since a customer has a whole one."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
