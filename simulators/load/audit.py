"""What was published against what is stored: lost, duplicated, refused on purpose. Pure: arrays in, counts out.

A fix is known by its terminal and the time that the terminal said, as in the database. Both go into one int64, so that
five million of them are sorted and compared in seconds, in 43 MB.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulators.load.witness import Rows

ON_PURPOSE: Final = 1  # flags of a published row: the system must refuse it
REPETITION: Final = 2  # of a row before
BACKLOG: Final = 4  # kept by the terminal while it was off-line
SILENT: Final = 16  # because of its person
_TIME_BITS: Final = 42  # epoch ms until the year 2109
_LATEST_MS: Final = (1 << _TIME_BITS) - 1

Keys = NDArray[np.int64]
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What all workers of the fleet published, and when each row was answered (epoch us, 0: never)."""

    rows: Rows  # PUBLISHED
    acknowledged_us: Times
    receipted_us: Times

    @property
    def keys(self) -> Keys:
        return keys_of(self.rows["terminal"], self.rows["said_ms"])

    @property
    def was_sent(self) -> Mask:
        return np.asarray(self.rows["sent_us"]) > 0

    @property
    def is_good(self) -> Mask:
        """Rows that the system has to keep, each once: nothing wrong with them, and not said before."""
        return (np.asarray(self.rows["flags"]) & (ON_PURPOSE | REPETITION)) == 0

    @property
    def is_bad(self) -> Mask:
        return (np.asarray(self.rows["flags"]) & ON_PURPOSE) != 0

    @property
    def was_answered(self) -> Mask:
        """Rows that the system said it has, by PUBACK or by receipt."""
        return (self.acknowledged_us > 0) | (self.receipted_us > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the comparison found; see the fields' names in simulators.report.model.Counts."""

    stored: int  # of what was published, each fix once
    lost: int  # said to be kept, nothing wrong with it, and not there
    repeated: int  # rows too many of one fix
    foreign: int  # rows of simulated terminals that nobody published
    kept_though_bad: int  # rows that had to be refused
    refused_on_purpose: int  # bad rows that the system answered and did not keep
    missing: Keys  # the keys lost, at most a few
    displaced: Keys = field(default_factory=lambda: np.zeros(0, np.int64))  # kept at another place than was said

    @property
    def duplicated(self) -> int:
        """Rows that should not be there, for whatever reason."""
        return self.repeated + self.foreign + self.kept_though_bad


def keys_of(terminal: Rows, said_ms: Rows) -> Keys:
    """Return one int64 for each (terminal, time); times beyond the year 2109 fall together."""
    times = np.clip(np.asarray(said_ms, np.int64), 0, _LATEST_MS)
    return (np.asarray(terminal, np.int64) << _TIME_BITS) | times


def said_of(key: int) -> tuple[int, int]:
    """Return the terminal and the time (epoch ms) that a key stands for."""
    return key >> _TIME_BITS, key & _LATEST_MS


def join(parts: Sequence[tuple[Rows, Rows, Rows]]) -> Sent:
    """Join each worker's (published, acknowledged, receipted); an answer names the row by its place in the first.

    An answer to a row that is not in the file (torn off when a worker died) is passed over.
    """
    rows = np.concatenate([np.asarray(published) for published, _, _ in parts])
    return Sent(
        rows=rows,
        acknowledged_us=np.concatenate([_first_answer(len(rows), answers) for rows, answers, _ in parts]),
        receipted_us=np.concatenate([_first_answer(len(rows), answers) for rows, _, answers in parts]),
    )


def _first_answer(count: int, answers: Rows) -> Times:
    at_us = np.zeros(count, np.int64)
    known = answers[(answers["row"] >= 0) & (answers["row"] < count)]
    at_us[known["row"][::-1]] = known["at_us"][::-1]  # the last write wins: the first answer
    return at_us


def span_ms(sent: Sent) -> tuple[int, int]:
    """Return the range of times [since, until) that good rows say: what the database is asked for. (0, 0) for none."""
    said = np.asarray(sent.rows["said_ms"])[sent.is_good]
    return (int(said.min()), int(said.max()) + 1) if said.size else (0, 0)


def asked_ms(sent: Sent) -> tuple[int, int]:
    """Return the range [since, until) to look for rows in: that of `span_ms`, and of what had to be refused."""
    said = np.asarray(sent.rows["said_ms"])[sent.was_sent & (sent.is_good | sent.is_bad)]
    return (int(said.min()), int(said.max()) + 1) if said.size else (0, 0)


def stored_keys(chunks: Iterable[Rows], *, terminals: int) -> Keys:
    """Return the sorted keys of the stored rows of the first `terminals` of the roster; others are not ours."""
    keys = [
        keys_of(chunk["terminal"], chunk["said_ms"])[(chunk["terminal"] >= 0) & (chunk["terminal"] < terminals)]
        for chunk in chunks
    ]
    return np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64)


def compare(sent: Sent, stored: Keys, *, named: int = 5) -> Finding:
    """Compare what was published with the sorted keys of what is stored; `named`: how many losses to name."""
    keys, was_answered = sent.keys, sent.was_answered
    kept = stored[_is_first(stored)]
    good = np.unique(keys[sent.is_good])
    bad = np.setdiff1d(keys[sent.is_bad], good)
    lost = np.setdiff1d(np.unique(keys[sent.is_good & was_answered]), kept, assume_unique=True)
    is_good_kept, is_bad_kept = np.isin(kept, good, assume_unique=True), np.isin(kept, bad, assume_unique=True)
    refused = sent.is_bad & was_answered & ~np.isin(keys, kept)
    return Finding(
        stored=int(is_good_kept.sum()),
        lost=len(lost),
        repeated=len(stored) - len(kept),
        foreign=int((_is_of_the_run(kept, good, sent) & ~(is_good_kept | is_bad_kept)).sum()),
        kept_though_bad=int(is_bad_kept.sum()),
        refused_on_purpose=int(refused.sum()),
        missing=lost[:named],
    )


def displaced(sent: Sent, chunks: Iterable[Rows]) -> Keys:
    """Return the keys of good rows that are stored at another place than was said. Places are 1e-7 degrees, exact."""
    good = sent.rows[sent.is_good]
    keys = keys_of(good["terminal"], good["said_ms"])
    order = np.argsort(keys, kind="stable")
    keys, good = keys[order], good[order]
    found = [np.zeros(0, np.int64)]
    for chunk in chunks if len(keys) else ():
        stored = keys_of(chunk["terminal"], chunk["said_ms"])
        place = np.minimum(np.searchsorted(keys, stored), len(keys) - 1)
        is_moved = (chunk["lon"] != good["lon"][place]) | (chunk["lat"] != good["lat"][place])
        found.append(stored[(keys[place] == stored) & is_moved])
    return np.unique(np.concatenate(found))


def _is_of_the_run(kept: Keys, good: Keys, sent: Sent) -> Mask:
    """Whether each row is of the run's time, or within the time that its terminal said.

    A clock that is hours behind widens the range of all, and what was there before the run is nobody's mistake.
    """
    begins_ms = int(sent.rows["due_us"].min(initial=np.iinfo(np.int64).max)) // 1000
    of, first = np.unique(good >> _TIME_BITS, return_index=True)
    if not len(of):
        return (kept & _LATEST_MS) >= begins_ms
    last = np.append(first[1:], len(good)) - 1
    place = np.minimum(np.searchsorted(of, kept >> _TIME_BITS), len(of) - 1)
    is_within = (of[place] == kept >> _TIME_BITS) & (good[first[place]] <= kept) & (kept <= good[last[place]])
    return is_within | ((kept & _LATEST_MS) >= begins_ms)


def _is_first(ordered: Keys) -> Mask:
    is_first = np.ones(len(ordered), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return is_first


def per_second(moments_us: Times, *, starts_at: float, seconds: int) -> list[int]:
    """Count the moments (epoch us, 0: never) in each second after the start; what came before it is in the first."""
    after_us = moments_us[moments_us > 0] - int(starts_at * 1e6)
    places = np.clip(after_us // 1_000_000, 0, max(seconds - 1, 0))
    counted: Any = np.bincount(places, minlength=seconds)
    return [int(count) for count in counted[:seconds]]
