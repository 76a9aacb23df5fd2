"""The grid sets that ingest holds: today's and the next one always, others when a fix of their time turns up.

And the members' own grids, as intervals of the tree.

Used by the pipeline's task and by the one that follows the city, on one event loop. An atlas handed out is immutable:
a batch is judged by one and the same however long its transaction takes. Building fences happens in threads.
"""

from typing import Any, Final, cast

import numpy as np
import psycopg
import structlog

from ingest.rules import own_grid
from ingest.store import homes
from tracker.geometry.atlas import Atlas, Micros, Want
from tracker.geometry.fences import Fences
from tracker.store import grid_sets

MOST: Final = 4  # sets held; one of 17,350 polygons takes some 130 MB
AHEAD_US: Final = 180_000_000  # fixes may be 60 s ahead of our clock, and loading takes seconds

Connection = psycopg.AsyncConnection[Any]
log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class Maps:
    def __init__(self, atlas: Atlas | None = None) -> None:
        self.atlas = atlas or Atlas()
        self.homes = own_grid.nobodys()
        self._tree_mark: int | None = None
        self._homes_mark: tuple[int, ...] | None = None

    async def look(self, connection: Connection) -> None:
        """Learn which sets count from when, and the tree of units."""
        eras = await grid_sets.eras(connection)
        mark = await grid_sets.tree_mark(connection)
        parents = await grid_sets.parents(connection) if mark != self._tree_mark else self.atlas.parents
        known = self.atlas
        looked = Atlas(eras, fences=known.fences, moved=known.moved, parents=parents)
        self._tree_mark = mark
        if looked.eras != known.eras:
            log.info("grid_sets.known", versions=[era.version for era in looked.eras[-3:]], count=len(looked.eras))
        self.atlas = looked
        if self._homes_mark is None:
            await self.look_at_homes(connection)

    async def look_at_homes(self, connection: Connection) -> None:
        """Learn who is assigned where, if that changed."""
        mark = await homes.mark(connection)
        if mark != self._homes_mark:
            self.homes = await homes.load(connection)
            self._homes_mark = mark
            log.info("homes.loaded", members=int((self.homes.marks != own_grid.NO_HOME).sum()))

    async def load_ahead(self, connection: Connection, now_us: int) -> None:
        """Hold what fixes of now and of the next minutes are judged by."""
        await self.holding(connection, np.array([now_us, now_us + AHEAD_US]))

    async def holding(self, connection: Connection, at_us: Micros, before_us: Micros | None = None) -> Atlas:
        """Return an atlas that judges fixes of these times on tracks whose last fixes are of `before_us` (0: none)."""
        while not self.atlas.holds(want := self.atlas.wants(at_us, before_us)):
            await self._hold(connection, want)
        return self.atlas

    async def _hold(self, connection: Connection, want: Want) -> None:
        fences = {version: await self._fences(connection, version) for version in want.versions}
        moved = dict(self.atlas.moved)
        for step in want.steps:
            if step not in moved:
                moved[step] = await grid_sets.moved(connection, *step)
        others = [item for item in self.atlas.fences.items() if item[0] not in fences]
        room = max(MOST - len(fences), 0)
        self.atlas = self.atlas.holding({**dict(others[max(len(others) - room, 0) :]), **fences}, moved)

    async def _fences(self, connection: Connection, version: int) -> Fences:
        held = self.atlas.fences.get(version)
        if held is not None:
            return held
        loaded = await grid_sets.fences(connection, version)
        log.info("grid_set.loaded", version=version, grids=len(loaded))
        return loaded
