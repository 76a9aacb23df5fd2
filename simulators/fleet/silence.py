"""Who is off-line of their own, and who because the system is away: the second waited for the system. Pure."""

from typing import Final

from simulators.ledger import BACKLOG, SILENT


class Silence:
    """Terminals by their place in the share."""

    def __init__(self) -> None:
        self.without_signal: Final[set[int]] = set()
        self.broken_off: Final[set[int]] = set()  # by the scenario, until they try to come back
        self.outcasts: Final[set[int]] = set()  # may be thrown out at any time for what they do

    def flags(self, who: int, *, is_up: bool) -> int:
        """Return how a fix is marked that is kept now."""
        if who in self.without_signal:
            return BACKLOG | SILENT
        if is_up:
            return 0
        return BACKLOG | SILENT if who in self.broken_off or who in self.outcasts else BACKLOG
