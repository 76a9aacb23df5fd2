"""What happened, as viewers are told it: doorbells and events are looked up in the tables and cut to each scope."""

from typing import Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from dashboard import views
from dashboard.live.hub import Hub, News
from dashboard.live.messages import AlertNews, CrossingNews, EmergencyNews, OutingNews
from dashboard.shapes import Named, Scope, encode
from dashboard.store import alerts, emergencies, members
from dashboard.store.emergencies import EmergencyRow
from dashboard.store.members import MemberRow
from tracker.bus.messages import Crossed, EmergencyPressed, Event, PresenceChanged

OUT: Final = "out_of_grid"
_OUTINGS: Final = frozenset({OUT, "back_in_grid"})


class Newsroom:
    """Turns what the bus says into news of the hub."""

    def __init__(self, pool: AsyncConnectionPool, hub: Hub) -> None:
        self._pool = pool
        self._hub = hub

    async def event(self, event: Event) -> None:
        if isinstance(event, EmergencyPressed):
            await self.emergency(event.id)
        elif isinstance(event, Crossed):
            self.crossing(event)
        elif isinstance(event, PresenceChanged):
            self.presence(event)
        else:
            await self.alert(event.alert)

    async def emergency(self, emergency: int) -> None:
        async with self._pool.connection() as connection:
            row = await emergencies.find(connection, emergency)
            if row is None:
                return
            who = await members.find(connection, Scope.everywhere(), row.member or 0)
        self._hub.tell(
            News(
                spans=() if row.tree_left is None else ((row.tree_left, row.tree_left),),
                is_local=False,
                text=lambda scope: self._emergency_text(row, who, scope),
            )
        )

    def crossing(self, event: Crossed) -> None:
        layout = self._hub.board.layout
        row = layout.row_of(event.member)
        if row < 0:
            return
        who = Named(event.member, layout.names[row])
        self._hub.tell(
            News(
                spans=((int(layout.left[row]), int(layout.left[row])),),
                is_local=True,
                text=lambda scope: self._crossing_text(event, who, scope),
            )
        )

    def presence(self, event: PresenceChanged) -> None:
        """Tell who left their own grids and who is back; who is heard and who is not shows in the frames."""
        layout = self._hub.board.layout
        row = layout.row_of(event.member)
        if row < 0 or event.state not in _OUTINGS:
            return
        since = views.instant(event.since_us) if event.state == OUT else None
        text = encode(OutingNews(event.member, since)).decode()
        spans = ((int(layout.left[row]), int(layout.left[row])),)
        self._hub.tell(News(spans=spans, is_local=True, text=lambda _scope: text))

    async def alert(self, alert: str) -> None:
        """Tell that an alert moved; an empty or foreign payload of the doorbell tells nothing."""
        try:
            key = UUID(alert)
        except ValueError:
            return
        async with self._pool.connection() as connection:
            row = await alerts.find(connection, key)
        if row is not None:
            text = encode(AlertNews(row.id, row.state, row.version)).decode()
            self._hub.tell(
                News(spans=((row.tree_left, row.tree_left), *row.told), is_local=False, text=lambda _scope: text)
            )

    def _emergency_text(self, row: EmergencyRow, who: MemberRow | None, scope: Scope) -> str:
        return encode(EmergencyNews(views.emergency(row, who, scope, self._hub))).decode()

    def _crossing_text(self, event: Crossed, who: Named, scope: Scope) -> str:
        told = CrossingNews(
            member=who,
            left_grid=self._hub.place_name(event.from_grid, scope),
            entered_grid=self._hub.place_name(event.to_grid, scope),
            at=views.instant(event.fixed_at_us),
        )
        return encode(told).decode()
