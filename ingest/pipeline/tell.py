"""What the other programs hear of a committed batch. A message may be lost: all of it is in tables."""

from ingest.pipeline import own_grids
from ingest.pipeline.plan import Plan
from ingest.pipeline.write import Written
from ingest.store.events import PresenceRow
from ingest.store.terminals import Directory
from tracker.bus.interface import EVENTS, POSITIONS, Bus
from tracker.bus.messages import AlertAcknowledged, Crossed, EmergencyPressed, Event, PresenceChanged, encode


async def tell(
    bus: Bus, plan: Plan | None, written: Written | None, presence: list[PresenceRow], directory: Directory
) -> None:
    if plan is not None and len(live := plan.live):
        await bus.publish(POSITIONS, live.tobytes())
    changed = (*_changed(presence), *_strayed(plan))
    events = (*_emergencies(written), *_crossed(plan, directory), *changed, *_answered(written))
    if events:
        await bus.publish(EVENTS, encode(events))


def _emergencies(written: Written | None) -> list[Event]:
    rows = [] if written is None else written.emergencies
    return [EmergencyPressed(id=row.id, terminal=row.terminal, member=row.member) for row in rows]


def _crossed(plan: Plan | None, directory: Directory) -> list[Event]:
    rows = [] if plan is None else plan.crossings.tolist()
    return [
        Crossed(
            terminal=terminal,
            member=int(directory.members[terminal]),
            from_grid=left,
            to_grid=entered,
            fixed_at_us=at_us,
        )
        for terminal, at_us, left, entered in rows
    ]


def _changed(presence: list[PresenceRow]) -> list[Event]:
    return [
        PresenceChanged(terminal=row.terminal, member=row.member, state=row.kind, grid=row.grid, at_us=row.at_us)
        for row in presence
    ]


def _strayed(plan: Plan | None) -> list[Event]:
    if plan is None:
        return []
    since = plan.own.moves["since_us"].tolist()
    return [
        PresenceChanged(
            terminal=row.terminal,
            member=row.member,
            state=row.kind,
            grid=row.grid,
            at_us=row.at_us,
            since_us=since_us,
        )
        for row, since_us in zip(own_grids.presence_rows(plan.own.moves), since, strict=True)
    ]


def _answered(written: Written | None) -> list[Event]:
    rows = [] if written is None else written.acknowledged
    return [AlertAcknowledged(alert=str(row.alert), version=row.version, member=row.member) for row in rows]
