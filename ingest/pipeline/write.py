"""One batch, one transaction: what `plan` decided becomes rows. Must bear being done twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg

from ingest.pipeline import own_grids
from ingest.pipeline.batch import Batch
from ingest.pipeline.plan import Plan
from ingest.pipeline.refusals import Refusals, collect
from ingest.rules.columns import US
from ingest.rules.packets import Packet
from ingest.rules.screen import Limits
from ingest.rules.tracks import Crossings
from ingest.store import events, late, positions, refusals
from ingest.store.events import AckRow, Added, CrossingRow, EmergencyRow, PresenceRow
from ingest.store.terminals import Directory
from ingest.wire import sos
from ingest.wire.reports import Reason, Refusal
from tracker.geometry import gcj02
from tracker.geometry.atlas import Atlas, Sheet
from tracker.model.positions import DEGREE, OUTSIDE_CITY, Positions

Connection = psycopg.AsyncConnection[Any]


@dataclass(slots=True)
class Written:
    """What a committed batch did, beside its plan."""

    refusals: Refusals
    emergencies: list[Added]
    acknowledged: list[AckRow]


@dataclass(frozen=True, slots=True)
class City:
    """What a batch is judged by."""

    directory: Directory
    atlas: Atlas


async def write(
    connection: Connection,
    batch: Batch,
    plan: Plan,
    presence: list[PresenceRow],
    *,
    last: Positions,
    city: City,
    limits: Limits,
    on_sent: Callable[[], None],
) -> Written:
    """`last` is where each terminal was before the batch, by terminal id: a press without a place is put there.

    `on_sent` is called when the positions are on their way to the database.
    """
    if len(plan.rows):
        grid_sets = city.atlas.versions(plan.rows["fixed_at_us"])
        await positions.copy(connection, plan.rows, grid_sets, on_sent=on_sent)
    if len(plan.crossings):
        await events.add_crossings(connection, crossing_rows(plan.crossings, city))
    if presence:
        await events.add_presence(connection, presence, grid_set=city.atlas.version(_now_us(batch)))
    await own_grids.write(connection, plan.own.moves, city.atlas)
    if len(plan.late):
        await late.enqueue(connection, plan.late["terminal"].tolist(), plan.late["fixed_at_us"].tolist())
    pressed = await _emergencies(connection, batch, _Known(plan.live, last), city, limits)
    acknowledged, answers = await _acknowledgements(connection, batch, city.directory)
    refused = collect(batch, plan.verdicts, answers)
    if refused.rows:
        await refusals.keep(connection, refused.rows)
        await refusals.count(connection, _day(batch), refused.counts)
    return Written(refused, pressed, acknowledged)


def crossing_rows(crossings: Crossings, city: City) -> list[CrossingRow]:
    """Return an exit and an enter for each crossing, and for each ancestor that changes with it.

    There is no row for the outside of the city.
    """
    rows: list[CrossingRow] = []
    for terminal, at_us, left, entered in crossings.tolist():
        member = int(city.directory.members[terminal])
        before, after = _chain(left, city.atlas), _chain(entered, city.atlas)
        judge = city.atlas.version(at_us)
        rows += [CrossingRow(terminal, at_us, "exit", unit, member, judge) for unit in before if unit not in after]
        rows += [CrossingRow(terminal, at_us, "enter", unit, member, judge) for unit in after if unit not in before]
    return rows


def _chain(leaf: int, atlas: Atlas) -> tuple[int, ...]:
    return () if leaf == OUTSIDE_CITY else (leaf, *atlas.ancestors(leaf))


def _now_us(batch: Batch) -> int:
    return batch.packets[-1].received_at_us


def _day(batch: Batch) -> date:
    return datetime.fromtimestamp(_now_us(batch) / US, UTC).date()


class _Spot(NamedTuple):
    """Where a press was: 1e-7 degrees, and the leaf grid; None throughout when nobody knows."""

    lon: int | None = None
    lat: int | None = None
    grid: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """Where terminals were last believed to be: in this batch (in order of time), or before it."""

    live: Positions
    before: Positions

    def spot(self, terminal: int) -> _Spot:
        own = self.live[self.live["terminal"] == terminal]
        last = own[-1] if len(own) else self.before[terminal]
        if not last["terminal"]:
            return _Spot()
        return _Spot(int(last["lon"]), int(last["lat"]), int(last["grid"]))


async def _emergencies(connection: Connection, batch: Batch, known: _Known, city: City, limits: Limits) -> list[Added]:
    if not batch.presses:
        return []
    rows = [_emergency(batch.packets[place], press, known, city, limits) for place, press in batch.presses]
    return await events.add_emergencies(connection, rows)


def _emergency(packet: Packet, press: sos.Press, known: _Known, city: City, limits: Limits) -> EmergencyRow:
    received_s = packet.received_at_us / US
    t = press.t
    is_clock_right = t is not None and received_s - limits.age_floor_s <= t <= received_s + limits.future_s
    lon, lat, grid = _said(press, city.atlas.sheet(packet.received_at_us)) or known.spot(packet.terminal)
    return EmergencyRow(
        terminal=packet.terminal,
        sos_id=press.sos_id,
        member=int(city.directory.members[packet.terminal]),
        pressed_at_us=round(t * US) if t is not None and is_clock_right else packet.received_at_us,
        received_at_us=packet.received_at_us,
        lon=lon,
        lat=lat,
        grid=grid,
        note=press.note,
    )


def _said(press: sos.Press, sheet: Sheet) -> _Spot | None:
    if press.lon is None or press.lat is None:
        return None
    lon, lat = np.array([press.lon]), np.array([press.lat])
    if press.is_gcj02:
        lon, lat = gcj02.to_wgs84(lon, lat)
    return _Spot(round(lon[0] * DEGREE), round(lat[0] * DEGREE), int(sheet.place(lon, lat)[0]))


async def _acknowledgements(
    connection: Connection, batch: Batch, directory: Directory
) -> tuple[list[AckRow], list[tuple[int, Refusal]]]:
    """Return the first answers, and the refusals of those that answer nothing their member was told."""
    if not batch.acks:
        return [], []
    rows: list[AckRow] = []
    for place, said in batch.acks:
        packet = batch.packets[place]
        rows.append(AckRow(said.alert, said.version, int(directory.members[packet.terminal]), packet.received_at_us))
    told = await events.told(connection, rows)
    first: list[AckRow] = []
    refused: list[tuple[int, Refusal]] = []
    for (place, _), row in zip(batch.acks, rows, strict=True):
        if (row.alert, row.member) not in told:
            refused.append((place, Refusal(0, Reason.UNKNOWN_ALERT if row.member else Reason.NO_MEMBER)))
        elif await events.add_acknowledgement(connection, row):
            first.append(row)
    return first, refused
