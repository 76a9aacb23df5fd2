"""Reports as they are said: texts for the wire, packed rows for the ledger; a slice of the schedule at a time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.fleet.books import ROW
from simulators.ledger import BY_GATEWAY, PUBLISHED, TRUTH, Records
from simulators.movement.chance import Floats, Integers
from simulators.movement.crowd import Reports
from simulators.movement.handsets import Booleans

FIX: Final = b'{"t":%.3f,"lon":%.7f,"lat":%.7f,"acc":%.1f,"spd":%.2f%b,"bat":%d,"seq":%d}'
_MOVING_MPS: Final = 0.1  # a heading means nothing below
_HEADINGS: Final = [b',"hdg":%d' % degrees for degrees in range(360)] + [b""]
_UNIT: Final = 1e7  # of longitudes and latitudes in the ledger

# What is unusual about a report, in `Slice.odd`.
OFF: Final = 1
NO_FIX: Final = 2
NO_SIGNAL: Final = 4
EMERGENCY: Final = 8
NOT_YET: Final = 16  # before the terminal is first switched on


@dataclass(slots=True, kw_only=True)
class Slice:
    """Reports in the order of their moments; every column a list, since they are looked at one by one."""

    due_s: list[float]  # after the start
    who: list[int]
    fixes: list[tuple[float | int | bytes, ...]]  # what FIX takes
    rows: bytes  # of PUBLISHED
    odd: list[int]
    truth: Records  # of TRUTH
    at: int = 0  # the next to be said

    def row(self, at: int) -> bytes:
        return self.rows[at * ROW : at * ROW + ROW]


def word(
    reports: Reports, *, started_at: float, first: int, by_gateway: Booleans, arrival_s: Floats, sample: int
) -> Slice:
    """Write `reports` for the wire and the ledger; `started_at` is the start (epoch s), `first` the share's begin.

    `by_gateway` and `arrival_s` (when it is first switched on, after the start) are columns of the share's terminals.
    """
    order = np.argsort(reports.at_s, kind="stable")
    odd = _odd(reports) | np.where(reports.at_s < arrival_s[reports.who], NOT_YET, 0)
    said_ms = np.rint((reports.said_at_s + started_at) * 1e3).astype(np.int64)[order]
    lon, lat = _units(reports.lon)[order], _units(reports.lat)[order]
    who, due_s = reports.who[order], reports.at_s[order]
    rows = np.zeros(len(who), PUBLISHED)
    rows["terminal"], rows["said_ms"], rows["lon"], rows["lat"] = who + first, said_ms, lon, lat
    rows["due_us"] = np.rint((due_s + started_at) * 1e6)
    rows["flags"] = np.where(by_gateway[who], BY_GATEWAY, 0)
    speed_mps = reports.speed_mps[order]
    heading = np.where(speed_mps > _MOVING_MPS, reports.heading_deg[order].astype(np.int64) % 360, 360)
    columns = (
        (said_ms / 1e3).tolist(),
        (lon / _UNIT).tolist(),
        (lat / _UNIT).tolist(),
        reports.accuracy_m[order].tolist(),
        speed_mps.tolist(),
        [_HEADINGS[degrees] for degrees in heading.tolist()],
        reports.battery_pct[order].astype(np.int64).tolist(),
        reports.step[order].tolist(),
    )
    return Slice(
        due_s=due_s.tolist(),
        who=who.tolist(),
        fixes=list(zip(*columns, strict=True)),
        rows=rows.tobytes(),
        odd=odd[order].tolist(),
        truth=_truth(reports, (odd & (OFF | NO_FIX | NOT_YET)) == 0, started_at, first, sample),
    )


def _units(degrees: np.ndarray) -> Integers:
    return np.rint(degrees * _UNIT).astype(np.int64)


def _odd(reports: Reports) -> Integers:
    odd = np.zeros(len(reports.who), np.int64)
    odd[~reports.is_on] |= OFF
    odd[~reports.has_fix] |= NO_FIX
    odd[~reports.has_signal] |= NO_SIGNAL
    odd[reports.is_emergency] |= EMERGENCY
    return odd


def _truth(reports: Reports, is_said: Booleans, started_at: float, first: int, sample: int) -> Records:
    """Where those of the sample really are who say something."""
    chosen = ((reports.who + first) % sample == 0) & is_said
    truth = np.zeros(int(chosen.sum()), TRUTH)
    truth["terminal"] = reports.who[chosen] + first
    truth["said_ms"] = np.rint((reports.said_at_s[chosen] + started_at) * 1e3)
    truth["lon"], truth["lat"] = _units(reports.true_lon[chosen]), _units(reports.true_lat[chosen])
    return truth


def topic(terminal: str, last: str) -> bytes:
    """Return the topic as a packet begins with it: its length in front."""
    raw = f"gw/v1/t/{terminal}/{last}".encode()
    return len(raw).to_bytes(2, "big") + raw
