"""Reports as they are said: texts for the wire, packed rows for the ledger; a slice of the schedule at a time."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.fleet.books import ROW
from simulators.fleet.lettering import Letters, chosen_of, joined, number_of, word_of
from simulators.ledger import BY_GATEWAY, PUBLISHED, TRUTH, Records
from simulators.movement.chance import Floats, Integers
from simulators.movement.crowd import Reports
from simulators.movement.handsets import Booleans

_TIME: Final = len(b'{"t":')  # where the time begins in a fix
_MOVING_MPS: Final = 0.1  # a heading means nothing below
_WHOLE_TURN: Final = 360
_HEADINGS: Final = [b',"hdg":%3d' % degrees for degrees in range(_WHOLE_TURN)] + [b" " * len(b',"hdg":359')]
_HEADING_LETTERS: Final = np.frombuffer(b"".join(_HEADINGS), np.uint8).reshape(_WHOLE_TURN + 1, -1)
_UNIT: Final = 1e7  # of longitudes and latitudes in the ledger

# What is unusual about a report, in `Slice.odd`.
OFF: Final = 1
NO_FIX: Final = 2
NO_SIGNAL: Final = 4
EMERGENCY: Final = 8
NOT_YET: Final = 16  # before the terminal is first switched on


@dataclass(slots=True, kw_only=True)
class Slice:
    """Reports in the order of their moments; columns are lists, since they are looked at one by one.

    `texts` and `rows` hold one fix after the other, all of one width.
    """

    due_s: list[float]  # after the start
    who: list[int]
    texts: bytes  # as they go over the wire
    width: int  # of each
    rows: bytes  # of PUBLISHED
    odd: list[int]
    truth: Records  # of TRUTH
    at: int = 0  # the next to be said

    def row(self, at: int) -> bytes:
        return self.rows[at * ROW : at * ROW + ROW]

    def fix(self, at: int) -> bytes:
        return self.texts[at * self.width : at * self.width + self.width]


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
    texts, width = joined(_letters(reports, order, said_ms, lon, lat))
    return Slice(
        due_s=due_s.tolist(),
        who=who.tolist(),
        texts=texts,
        width=width,
        rows=rows.tobytes(),
        odd=odd[order].tolist(),
        truth=_truth(reports, (odd & (OFF | NO_FIX | NOT_YET)) == 0, started_at, first, sample),
    )


def later(fix: bytes, ms: int) -> bytes:
    """Return the same fix said `ms` later."""
    end = fix.index(b",")
    return b'{"t":%.3f%b' % (float(fix[_TIME:end]) + ms / 1e3, fix[end:])


def _letters(reports: Reports, order: Integers, said_ms: Integers, lon: Integers, lat: Integers) -> list[Letters]:
    """Return a fix's words and numbers; `order` picks of `reports` what the other columns hold already."""
    speed_mps = reports.speed_mps[order]
    heading_deg = np.where(
        speed_mps > _MOVING_MPS, reports.heading_deg[order].astype(np.int64) % _WHOLE_TURN, _WHOLE_TURN
    )
    count = len(order)
    return [
        *(word_of(b'{"t":', count), number_of(said_ms, 3)),
        *(word_of(b',"lon":', count), number_of(lon, 7)),
        *(word_of(b',"lat":', count), number_of(lat, 7)),
        *(word_of(b',"acc":', count), number_of(_rounded(reports.accuracy_m[order], 1), 1)),
        *(word_of(b',"spd":', count), number_of(_rounded(speed_mps, 2), 2)),
        chosen_of(_HEADING_LETTERS, heading_deg),
        *(word_of(b',"bat":', count), number_of(reports.battery_pct[order].astype(np.int64))),
        *(word_of(b',"seq":', count), number_of(reports.step[order])),
        word_of(b"}", count),
    ]


def _rounded(values: Floats, decimals: int) -> Integers:
    return np.rint(values * 10**decimals).astype(np.int64)


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
