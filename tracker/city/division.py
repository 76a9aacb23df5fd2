"""Divide connected cells into connected parts, and numbers among them. The parts become the grids above the cells."""

import heapq
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

ROUNDS: Final = 6  # of growing and re-centring; more changes little

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def divide(
    cells: Ints, count: int, *, beside: Sequence[Sequence[int]], centres: Floats, rng: np.random.Generator
) -> list[Ints]:
    """Return `count` parts of `cells`, each connected and none empty; `cells` must be connected and at least `count`.

    k-means on a graph: parts grow from their middles, nearest cell first, only ever to a neighbour.
    """
    if count == len(cells):
        return [cells[[number]] for number in range(count)]
    middles = np.sort(rng.choice(cells, count, replace=False))
    places = centres[middles]
    part = _grow(cells, middles, places, beside=beside, centres=centres)
    for _ in range(ROUNDS if count > 1 else 0):
        parts = [cells[part == number] for number in range(count)]
        places = np.array([centres[members].mean(0) for members in parts])
        distances = [np.hypot(*(centres[members] - place).T) for members, place in zip(parts, places, strict=True)]
        middles = np.array([members[nearest.argmin()] for members, nearest in zip(parts, distances, strict=True)])
        part = _grow(cells, middles, places, beside=beside, centres=centres)
    return [cells[part == number] for number in range(count)]


def _grow(cells: Ints, middles: Ints, places: Floats, *, beside: Sequence[Sequence[int]], centres: Floats) -> Ints:
    """Return the part of each cell, when all parts grow from their middles at once."""
    part_of = dict.fromkeys(cells.tolist(), -1)
    waiting = [(0.0, int(middle), part) for part, middle in enumerate(middles)]
    centre_of = dict(zip(part_of, centres[cells].tolist(), strict=True))
    place_of = places.tolist()
    while waiting:
        _, cell, part = heapq.heappop(waiting)
        if part_of[cell] >= 0:
            continue
        part_of[cell] = part
        for other in beside[cell]:
            if part_of.get(other) == -1:
                heapq.heappush(waiting, (math.dist(centre_of[other], place_of[part]), other, part))
    return np.array([part_of[cell] for cell in cells.tolist()])


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` by weight: at least 1 each, at most the weight; the largest remainders are rounded up.

    Raises ValueError when that cannot be.
    """
    if not len(weights) <= total <= sum(weights):
        raise ValueError(f"{total} cannot be divided among {len(weights)} of {sum(weights)} in all")
    limits = np.array(weights)
    quotas = limits * total / limits.sum()
    shares = np.clip(np.floor(quotas).astype(int), 1, limits)
    while (missing := total - int(shares.sum())) != 0:
        step = 1 if missing > 0 else -1
        may_change = shares < limits if step > 0 else shares > 1
        shares[np.where(may_change, step * (quotas - shares), -np.inf).argmax()] += step
    return shares.tolist()
