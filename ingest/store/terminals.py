"""Who may talk to ingest: the terminals, cached whole, so that a database outage never ends in refused log-ins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Terminal:
    id: int
    code: str  # the MQTT user name
    member: int  # 0: carried by nobody
    interval_s: int  # configured reporting interval; 0: learned from its fixes
    secret_salt: bytes
    secret_hash: bytes


class Directory:
    """All open terminals by code, and the columns the pipeline looks up by id. Replaced whole when the city changes."""

    def __init__(self, terminals: Sequence[Terminal] = ()) -> None:
        self.by_code: dict[str, Terminal]
        self.members: npt.NDArray[np.int32]  # index: terminal id
        self.intervals_s: npt.NDArray[np.float32]
        self.replace(terminals)

    def replace(self, terminals: Sequence[Terminal]) -> None:
        known = getattr(self, "members", ())  # never shrinks: packets of a closed terminal may still be on their way
        size = max(max((terminal.id for terminal in terminals), default=0) + 1, len(known))
        members = np.zeros(size, np.int32)
        intervals_s = np.zeros(size, np.float32)
        ids = np.fromiter((terminal.id for terminal in terminals), np.int64, len(terminals))
        members[ids] = np.fromiter((terminal.member for terminal in terminals), np.int32, len(terminals))
        intervals_s[ids] = np.fromiter((terminal.interval_s for terminal in terminals), np.float32, len(terminals))
        self.by_code = {terminal.code: terminal for terminal in terminals}
        self.members, self.intervals_s = members, intervals_s

    @property
    def size(self) -> int:
        """One more than the largest terminal id."""
        return len(self.members)

    def terminal_of(self, code: str) -> int:
        """Return the id of the terminal `code`, 0 when there is none."""
        found = self.by_code.get(code)
        return 0 if found is None else found.id


async def load(connection: psycopg.AsyncConnection) -> list[Terminal]:
    async with connection.cursor(row_factory=class_row(Terminal)) as cursor:
        await cursor.execute(
            """
            SELECT id, code, coalesce(member, 0) AS member, coalesce(interval_s, 0) AS interval_s,
                   secret_salt, secret_hash
            FROM terminal
            WHERE closed_at IS NULL
            """
        )
        return await cursor.fetchall()
