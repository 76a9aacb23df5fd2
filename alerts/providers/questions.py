"""Segments that no receipt came for, found in the order in which their turn to be asked about comes.

A receipt leaves its segment in the index of turns: to take it out would cost more than all else that it changes. So who
asks remembers how far it has looked, and passes over what has its last word.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.store import sms
from alerts.store.sms import Unheard

FIRST_LOOK: Final = timedelta(days=7)  # how far back a program looks that has just begun
LATE_COMMIT: Final = timedelta(minutes=1)  # a row may be seen so long after the time that it says


class Questions:
    """Of one gateway."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._looked_until: datetime | None = None

    async def due(self, connection: AsyncConnection[Any], *, now: datetime, limit: int) -> Sequence[Unheard]:
        """Return at most `limit` segments whose turn has come; their next turn comes when twice the time is over."""
        since = now - FIRST_LOOK if self._looked_until is None else self._looked_until - LATE_COMMIT
        found = await sms.unheard(connection, provider=self._provider, since=since, now=now, limit=limit)
        self._looked_until = now if len(found) < limit else found[-1].ask_at
        return [each for each in found if each.is_open]
