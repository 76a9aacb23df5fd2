"""What the conductor asks of the system under test, in its own words: a witness of what is stored, and its processes.

Simulators know no database driver. The front door implements both for Gridwarden; a peer brings a witness of its own.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]

# Places are in 1e-7 degrees, times in epoch ms; `terminal` is the place in the roster, -1 for one that is not in it.
STORED: Final = np.dtype([("terminal", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])
NEWEST: Final = np.dtype([("terminal", "<i4"), ("member", "<i4"), ("said_ms", "<i8"), ("lon", "<i4"), ("lat", "<i4")])
PLACED: Final = np.dtype([("terminal", "<i4"), ("grid", "U32")])  # code of the leaf, "" outside of the city
CROSSED: Final = np.dtype([("terminal", "<i4"), ("at_ms", "<i8"), ("enters", "?"), ("grid", "U32")])  # code of the grid


class Witness(Protocol):
    """Reads what the system has kept. None stands for what a system does not keep."""

    async def about(self) -> str:
        """Return the name and version of what keeps the positions."""
        ...

    async def count(self, *, since_ms: int, until_ms: int) -> int:
        """Return how many positions said in [since_ms, until_ms) are kept: polled until it stands still."""
        ...

    def stored(self, *, since_ms: int, until_ms: int) -> AsyncIterator[Rows]:
        """Yield all positions said in [since_ms, until_ms), a STORED array at a time, in any order."""
        ...

    async def members(self) -> Rows | None:
        """Return the member (an int32 as the live map numbers them, -1 nobody) of each terminal of the roster."""
        ...

    async def newest(self, *, since_ms: int, until_ms: int) -> Rows | None:
        """Return the newest position said in [since_ms, until_ms) that the map has to show, a terminal: NEWEST."""
        ...

    async def crossings(self, *, since_ms: int, until_ms: int) -> Rows | None:
        """Return the crossings that still count, said in [since_ms, until_ms): CROSSED."""
        ...

    async def placed(self) -> Rows | None:
        """Return in which leaf each terminal is believed to be, as far as that is known: PLACED."""
        ...

    async def refused(self) -> Mapping[str, int] | None:
        """Return how many reports were ever refused, by reason."""
        ...

    async def emergencies(self, *, since_ms: int, until_ms: int) -> int | None:
        """Return how many presses of the emergency button are kept."""
        ...


class System(Protocol):
    """The processes under test, as far as this machine shows them."""

    def processes(self) -> Mapping[str, Sequence[int]]:
        """Return the process ids under each name of the report, as they are now: a restart changes them."""
        ...

    async def restart(self, what: str) -> bool:
        """End `what` (ingest, database, broker, all) without warning and start it again; False when that cannot be."""
        ...
