"""How often a wrong password may be tried: per name and per address, with memory of bounded size.

Guessing is slowed, not locked out for ever: who knows an account's name could else keep its owner out.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

WINDOW_S: Final = 300.0
MOST_FAILURES: Final[Mapping[str, int]] = {"name": 5, "address": 20}  # an office shares one address
MOST_KEYS: Final = 10_000  # the longest unused is forgotten first


@dataclass(slots=True)
class Throttle:
    """Times of recent failures, in seconds of the caller's clock."""

    _failures: OrderedDict[tuple[str, str], list[float]] = field(
        default_factory=OrderedDict[tuple[str, str], list[float]]
    )

    def wait_s(self, *, name: str, address: str, now_s: float) -> float:
        """Return the seconds to wait before the next try; 0 when it may be made now."""
        return max(self._wait_of("name", name, now_s), self._wait_of("address", address, now_s))

    def failed(self, *, name: str, address: str, now_s: float) -> None:
        for key in (("name", name), ("address", address)):
            recent = [at for at in self._failures.pop(key, []) if at > now_s - WINDOW_S]
            self._failures[key] = [*recent, now_s]
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, *, name: str, address: str) -> None:
        """Forget the name's failures, but of the address's only this try: a known password must not reset guessing."""
        self._failures.pop(("name", name), None)
        del self._failures.get(("address", address), [])[-1:]

    def forgive(self, *, name: str, address: str) -> None:
        """Take back this one try, and keep those before it."""
        for key in (("name", name), ("address", address)):
            del self._failures.get(key, [])[-1:]

    def _wait_of(self, kind: str, value: str, now_s: float) -> float:
        recent = [at for at in self._failures.get((kind, value), []) if at > now_s - WINDOW_S]
        most = MOST_FAILURES[kind]
        return recent[-most] + WINDOW_S - now_s if len(recent) >= most else 0.0
