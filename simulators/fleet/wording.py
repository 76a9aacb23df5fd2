"""Reports as they are said: texts for the wire, packed rows for the ledger; a page of alike messages at a time."""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages of one form in the order of their moments: each holds `fixes` fixes, in `width` bytes of `texts`.

    `is_whole`: they leave as they are; others are kept until enough are saved up.
    """

    due_s: Floats  # after the start; a message is due with its last fix
    who: Integers
    odd: Integers
    fixes: int
    is_whole: bool
    texts: bytes  # as they go over the wire, commas between the fixes of a message
    width: int
    rows: bytes  # of PUBLISHED

    def part(self, first: int, last: int) -> "Page":
        return Page(
            due_s=self.due_s[first:last],
            who=self.who[first:last],
            odd=self.odd[first:last],
            fixes=self.fixes,
            is_whole=self.is_whole,
            texts=self.texts[first * self.width : last * self.width],
            width=self.width,
            rows=self.rows[first * self.fixes * ROW : last * self.fixes * ROW],
        )


@dataclass(slots=True, kw_only=True)
class Slice:
    """Messages in the order of their moments; columns are lists, since they are looked at one by one."""

    due_s: list[float]  # after the start
    who: list[int]
    odd: list[int]
    fixes: list[int]
    is_whole: list[bool]
    texts: bytes
    text_at: list[int]
    text_end: list[int]
    rows: bytes  # of PUBLISHED
    row_at: list[int]  # in bytes
    truth: Records  # of TRUTH
    at: int = 0  # the next to be said

    def row(self, at: int) -> bytes:
        return self.rows[self.row_at[at] : self.row_at[at] + self.fixes[at] * ROW]

    def text(self, at: int) -> bytes:
        return self.texts[self.text_at[at] : self.text_end[at]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """What writing needs to know of the share: its first terminal, and columns of its terminals.

    `arrival_s`: when each is first switched on, after the start; `is_faulty`: whose fixes are never put together;
    `keeps_all`: what is said is kept before it leaves.
    """

    first: int
    by_gateway: Booleans
    arrival_s: Floats
    is_faulty: Booleans
    sample: int  # every so many-th terminal's true place is kept
    keeps_all: bool = False

    def write(self, reports: Sequence[Reports], started_at: float) -> tuple[list[Page], Records]:
        """Write each terminal's next reports, as one message where all are plain fixes, else each alone; and the truth.

        `reports` are of the same terminals in the same order: first everybody's first, then the second, and so on.
        `started_at` is the start, epoch seconds.
        """
        odds = [self._odd(each) for each in reports]
        truth = np.concatenate([self._truth(each, odd, started_at) for each, odd in zip(reports, odds, strict=True)])
        if len(reports) == 1:
            everybody = np.arange(len(odds[0]))
            return [self._page(reports, started_at, everybody, odds[0], is_whole=not self.keeps_all)], truth
        is_alone = np.logical_or.reduce([odd != 0 for odd in odds]) | self.is_faulty[reports[0].who]
        alone = np.flatnonzero(is_alone)
        pages = [
            self._page([each], started_at, alone, odd, is_whole=False)
            for each, odd in zip(reports, odds, strict=True)
            if alone.size
        ]
        together = np.flatnonzero(~is_alone)
        if together.size:
            pages.append(self._page(reports, started_at, together, odds[-1], is_whole=not self.keeps_all))
        return pages, truth

    def _page(
        self, reports: Sequence[Reports], started_at: float, chosen: Integers, odd: Integers, *, is_whole: bool
    ) -> Page:
        at_s = reports[-1].at_s[chosen]
        order = chosen[np.argsort(at_s, kind="stable")]
        who, due_s = reports[-1].who[order], reports[-1].at_s[order]
        rows = np.zeros((len(order), len(reports)), PUBLISHED)
        letters: list[Letters] = []
        for place, each in enumerate(reports):
            said_ms = np.rint((each.said_at_s[order] + started_at) * 1e3).astype(np.int64)
            lon, lat = _units(each.lon[order]), _units(each.lat[order])
            column = rows[:, place]
            column["terminal"], column["said_ms"], column["lon"], column["lat"] = who + self.first, said_ms, lon, lat
            column["due_us"] = np.rint((due_s + started_at) * 1e6)
            column["flags"] = np.where(self.by_gateway[who], BY_GATEWAY, 0)
            letters += [*([word_of(b",", len(order))] if place else ()), *_letters(each, order, said_ms, lon, lat)]
        texts, width = joined(letters)
        fixes = len(reports)
        return Page(
            due_s=due_s,
            who=who,
            odd=odd[order],
            fixes=fixes,
            is_whole=is_whole,
            texts=texts,
            width=width,
            rows=rows.tobytes(),
        )

    def _odd(self, reports: Reports) -> Integers:
        odd = np.where(reports.at_s < self.arrival_s[reports.who], NOT_YET, 0)
        odd[~reports.is_on] |= OFF
        odd[~reports.has_fix] |= NO_FIX
        odd[~reports.has_signal] |= NO_SIGNAL
        odd[reports.is_emergency] |= EMERGENCY
        return odd

    def _truth(self, reports: Reports, odd: Integers, started_at: float) -> Records:
        """Where those of the sample really are who say something."""
        chosen = ((reports.who + self.first) % self.sample == 0) & ((odd & (OFF | NO_FIX | NOT_YET)) == 0)
        truth = np.zeros(int(chosen.sum()), TRUTH)
        truth["terminal"] = reports.who[chosen] + self.first
        truth["said_ms"] = np.rint((reports.said_at_s[chosen] + started_at) * 1e3)
        truth["lon"], truth["lat"] = _units(reports.true_lon[chosen]), _units(reports.true_lat[chosen])
        return truth


def sliced(pages: Sequence[Page], truth: Records) -> Slice:
    """Put what several pages say in the order of its moments."""
    due_s = np.concatenate([page.due_s for page in pages])
    order = np.argsort(due_s, kind="stable")
    text_at, row_at, widths = [], [], []
    text_base, row_base = 0, 0
    for page in pages:
        places = np.arange(len(page.who))
        text_at.append(text_base + places * page.width)
        row_at.append(row_base + places * (page.fixes * ROW))
        widths.append(np.full(len(page.who), page.width))
        text_base, row_base = text_base + len(page.texts), row_base + len(page.rows)
    begins = np.concatenate(text_at)[order]
    return Slice(
        due_s=due_s[order].tolist(),
        who=np.concatenate([page.who for page in pages])[order].tolist(),
        odd=np.concatenate([page.odd for page in pages])[order].tolist(),
        fixes=np.concatenate([np.full(len(page.who), page.fixes) for page in pages])[order].tolist(),
        is_whole=np.concatenate([np.full(len(page.who), page.is_whole) for page in pages])[order].tolist(),
        texts=b"".join(page.texts for page in pages),
        text_at=begins.tolist(),
        text_end=(begins + np.concatenate(widths)[order]).tolist(),
        rows=b"".join(page.rows for page in pages),
        row_at=np.concatenate(row_at)[order].tolist(),
        truth=truth,
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


def topic(terminal: str, last: str) -> bytes:
    """Return the topic as a packet begins with it: its length in front."""
    raw = f"gw/v1/t/{terminal}/{last}".encode()
    return len(raw).to_bytes(2, "big") + raw
