"""A batch taken apart: packets become columns of reports, and the few things that are not positions. Pure.

No bytes raise here, and every packet is accounted for: each report of it is stored, a duplicate, refused or ignored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.rules import columns, screen
from ingest.rules.columns import Reports
from ingest.rules.packets import UNKNOWN_TERMINAL, Packet, Route, address
from ingest.rules.screen import Limits, Verdicts
from ingest.wire import ack, nmea, owntracks, pos, sos, status
from ingest.wire.reports import MAX_PAYLOAD, Decoded, Fix, Reason, ReceiptId, Refusal
from tracker.geometry.atlas import Atlas
from tracker.model.positions import DEGREE, Positions
from tracker.model.records import pick

_FIXES: Final[Mapping[Route, Callable[[bytes], Decoded]]] = {
    Route.POS: pos.decode,
    Route.NMEA: nmea.decode,
    Route.OWNTRACKS: owntracks.decode,
}


@dataclass(slots=True)
class Batch:
    """`positions` are the plausible reports in order of (terminal, time); `source[i]` is the report of the i-th.

    Of several of one terminal and instant only the first is among them; the others are `repeated`, reports `again`.
    """

    packets: Sequence[Packet]
    reports: Reports
    verdicts: Verdicts  # of reports: NEW, DUPLICATE, or a refusal (ingest.rules.screen.REASONS)
    positions: Positions
    source: np.ndarray[tuple[int], np.dtype[np.intp]]
    repeated: Positions
    again: np.ndarray[tuple[int], np.dtype[np.intp]]
    presses: list[tuple[int, sos.Press]]  # with the place of the packet, here and below
    acks: list[tuple[int, ack.Ack]]
    hellos: list[int]
    goodbyes: list[int]
    refusals: list[tuple[int, Refusal]]
    receipts: dict[int, ReceiptId]
    ignored: int


@dataclass(slots=True)
class _Parts:
    fixes: list[Fix] = field(default_factory=list[Fix])
    packet: list[int] = field(default_factory=list[int])  # of each fix
    at: list[int] = field(default_factory=list[int])
    presses: list[tuple[int, sos.Press]] = field(default_factory=list[tuple[int, sos.Press]])
    acks: list[tuple[int, ack.Ack]] = field(default_factory=list[tuple[int, ack.Ack]])
    hellos: list[int] = field(default_factory=list[int])
    goodbyes: list[int] = field(default_factory=list[int])
    refusals: list[tuple[int, Refusal]] = field(default_factory=list[tuple[int, Refusal]])
    receipts: dict[int, ReceiptId] = field(default_factory=dict[int, ReceiptId])
    ignored: int = 0


def disassemble(packets: Sequence[Packet], limits: Limits) -> Batch:
    """Decode and screen; `grid`, `member` and `interval_s` of the positions are filled later."""
    parts = _Parts()
    for place, packet in enumerate(packets):
        if packet.route is Route.POS and packet.terminal and len(packet.payload) <= MAX_PAYLOAD:
            fix = pos.lone(packet.payload)
            if fix is not None:
                parts.fixes.append(fix)
                parts.packet.append(place)
                parts.at.append(0)
                continue
            fixes = pos.several(packet.payload)
            if fixes is not None:
                parts.fixes += fixes
                parts.packet += [place] * len(fixes)
                parts.at += range(len(fixes))
                continue
        _take_apart(parts, place, packet)
    reports = columns.reports(parts.fixes)
    reports["packet"], reports["at"] = parts.packet, parts.at
    reports["terminal"] = np.array([packet.terminal for packet in packets], np.int32)[reports["packet"]]
    reports["received_at_us"] = np.array([packet.received_at_us for packet in packets], np.int64)[reports["packet"]]
    verdicts = screen.judge(reports, limits)
    source = np.flatnonzero(verdicts == screen.NEW)
    plausible = pick(reports, source)
    columns.to_wgs84(plausible)
    positions = columns.positions(plausible)
    positions["flags"] = screen.flags(plausible, limits)
    order = screen.by_time(positions)
    positions, source = pick(positions, order), source[order]
    repeats = screen.repeats(positions)
    verdicts[source] = repeats
    is_first = repeats == screen.NEW
    return Batch(
        packets=packets,
        reports=reports,
        verdicts=verdicts,
        positions=pick(positions, is_first),
        source=source[is_first],
        repeated=pick(positions, ~is_first),
        again=source[~is_first],
        presses=parts.presses,
        acks=parts.acks,
        hellos=parts.hellos,
        goodbyes=parts.goodbyes,
        refusals=parts.refusals,
        receipts=parts.receipts,
        ignored=parts.ignored,
    )


def place(batch: Batch, atlas: Atlas) -> None:
    """Fill the grids of the batch's positions: one vectorised query for each grid set that judges some of them."""
    positions = batch.positions
    for sheet, rows in atlas.split(positions["fixed_at_us"]):
        lon, lat = positions["lon"][rows] / DEGREE, positions["lat"][rows] / DEGREE
        positions["grid"][rows] = sheet.place(lon, lat)


def _take_apart(parts: _Parts, place: int, packet: Packet) -> None:
    trouble = _trouble(packet)
    if trouble is not None:
        parts.refusals.append((place, Refusal(0, trouble)))
    elif packet.route in _FIXES:
        _fixes(parts, place, packet)
    elif packet.route is Route.STATUS:
        _status(parts, place, packet)
    else:
        _answer(parts, place, packet)


def _trouble(packet: Packet) -> Reason | None:
    if packet.route is Route.OTHER:
        return Reason.UNKNOWN_TOPIC if address(packet.topic).route is Route.OTHER else Reason.FOREIGN_TOPIC
    if packet.terminal == UNKNOWN_TERMINAL:
        return Reason.UNKNOWN_TERMINAL
    return Reason.TOO_LARGE if len(packet.payload) > MAX_PAYLOAD else None


def _fixes(parts: _Parts, place: int, packet: Packet) -> None:
    decoded = _FIXES[packet.route](packet.payload)
    parts.fixes += decoded.fixes
    parts.at += decoded.indexes
    parts.packet += [place] * len(decoded.fixes)
    parts.refusals += [(place, refusal) for refusal in decoded.refusals]
    parts.ignored += decoded.ignored
    if decoded.receipt is not None:
        parts.receipts[place] = decoded.receipt
    if packet.route is Route.OWNTRACKS and decoded.ignored and owntracks.is_farewell(packet.payload):
        parts.goodbyes.append(place)


def _status(parts: _Parts, place: int, packet: Packet) -> None:
    said = status.decode(packet.payload)
    if isinstance(said, Refusal):
        parts.refusals.append((place, said))
    elif said is status.Status.ONLINE:
        parts.hellos.append(place)
    elif said is status.Status.OFFLINE:
        parts.goodbyes.append(place)
    else:
        parts.ignored += 1


def _answer(parts: _Parts, place: int, packet: Packet) -> None:
    said = sos.decode(packet.payload) if packet.route is Route.SOS else ack.decode(packet.payload)
    if isinstance(said, Refusal):
        parts.refusals.append((place, said))
        return
    if isinstance(said, ack.Ack):
        parts.acks.append((place, said))
    else:
        parts.presses.append((place, said))
    if said.receipt is not None:
        parts.receipts[place] = said.receipt
