"""Where the smallest grids of an example city lie: dense in town, sparse outside, within a wavy outline."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

CLUMPS: Final = 24  # towns and villages; the first is the centre
CENTRE_SHARE: Final = 0.65  # of the seeds in clumps
UNIFORM_SHARE: Final = 0.6  # of a square of 9 radii squared, a third of which is the city
AROUND: Final = 1.5  # seeds are sown this many radii out, so that the outer grids have neighbours to be bounded by
FENCE: Final = 240  # seeds on a circle farther out, so that even a small city's cells are all bounded
RELAXATIONS: Final = 4  # Lloyd rounds: enough that no cell is a splinter, few enough that town stays denser

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outline:
    """A star-shaped line round the centre: its radius waves with the angle."""

    radius_m: float
    heights: Floats
    phases: Floats

    @classmethod
    def draw(cls, radius_m: float, rng: np.random.Generator) -> "Outline":
        heights = rng.normal(0, 1, 5) * [0.1, 0.09, 0.07, 0.05, 0.04]
        return cls(radius_m, heights, rng.uniform(0, 2 * math.pi, 5))

    def reach(self, xy: Floats) -> Floats:
        """Return how far out each point is: 1 on the line, less inside."""
        angle = np.arctan2(xy[:, 1], xy[:, 0])[:, None] * np.arange(1, 6) + self.phases
        waves = np.clip((self.heights * np.cos(angle)).sum(1), -0.4, 0.4)
        return np.hypot(xy[:, 0], xy[:, 1]) / (self.radius_m * (1 + waves))


def sow(count: int, outline: Outline, rng: np.random.Generator) -> Floats:
    """Return seeds in metres (n, 2), `count` of them inside the outline when sown, and others around it."""
    radius_m = outline.radius_m
    density = _Density.draw(radius_m, rng)
    xy = np.empty((0, 2))
    while (outline.reach(xy) < 1).sum() < count:
        xy = np.vstack([xy, density.sample(2 * count + 100, rng)])
    enough = np.searchsorted(np.cumsum(outline.reach(xy) < 1), count) + 1
    angle = np.arange(FENCE) * 2 * math.pi / FENCE
    fence = np.column_stack([np.cos(angle), np.sin(angle)]) * (AROUND + 0.3) * radius_m
    return _relaxed(np.vstack([xy[:enough], fence]))


@dataclass(frozen=True, slots=True)
class _Density:
    """A mixture: towns, each a Gaussian of a width and a share, and the same everywhere for the rest."""

    radius_m: float
    towns: Floats
    widths: Floats
    shares: Floats

    @classmethod
    def draw(cls, radius_m: float, rng: np.random.Generator) -> "_Density":
        towns = rng.uniform(-0.8, 0.8, (CLUMPS, 2)) * radius_m
        widths = rng.uniform(0.03, 0.09, CLUMPS) * radius_m
        towns[0], widths[0] = 0, 0.2 * radius_m
        villages = rng.pareto(1.4, CLUMPS - 1) + 0.3
        shares = np.append(CENTRE_SHARE, (1 - CENTRE_SHARE) * villages / villages.sum())
        return cls(radius_m, towns, widths, shares)

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return at most `count` points, those that lie within AROUND radii."""
        anywhere = rng.uniform(-AROUND, AROUND, (count, 2)) * self.radius_m
        town = rng.choice(CLUMPS, count, p=self.shares)
        in_town = self.towns[town] + rng.normal(0, 1, (count, 2)) * self.widths[town, None]
        is_anywhere = rng.random(count) < UNIFORM_SHARE
        xy = np.where(is_anywhere[:, None], anywhere, in_town)
        return xy[np.hypot(xy[:, 0], xy[:, 1]) < AROUND * self.radius_m]


def _relaxed(seeds: Floats) -> Floats:
    """Move each seed, the fence excepted, to the middle of its cell, some times."""
    for _ in range(RELAXATIONS):
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), ordered=True))
        seeds = np.vstack([shapely.get_coordinates(shapely.centroid(cells))[:-FENCE], seeds[-FENCE:]])
    return seeds
