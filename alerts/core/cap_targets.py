"""Which units an area of another service touches: outlines against its shapes, and its geocodes as codes of ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import shapely

from alerts.core import cap_shapes
from alerts.core.authority import Ranks, Rule
from alerts.core.cap_in import Pair
from alerts.core.levels import Level

# Borders drawn twice differ: an overlap counts from a thousandth of the unit, or of the area if that is smaller.
LEAST_SHARE: Final = 0.001
WHOLE: Final = 0.9995  # what rounds to 100 %
# Codes of other countries that look like ours: US SAME and FIPS, European and Canadian ones
FOREIGN: Final = frozenset({"same", "fips", "fips6", "ugc", "emma_id", "nuts2", "nuts3", "warncell", "warncellid"})


@dataclass(frozen=True, slots=True)
class Touch:
    """A unit and the share of it that the area covers, 0 to 1; None: named by a code."""

    unit: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Codes:
    """`exact` are codes of units; `divisions` what the codes of all units in a division begin with."""

    exact: tuple[str, ...]
    divisions: tuple[str, ...]


def touched(area: bytes, outlines: Iterable[tuple[int, bytes]]) -> list[Touch]:
    """Return the units of (unit, WKB) that the area (WKB) touches, in the order given."""
    shape = shapely.from_wkb(area)
    shapely.prepare(shape)
    found: list[Touch] = []
    for unit, wkb in outlines:
        outline = shapely.make_valid(shapely.from_wkb(wkb))
        if outline.area > 0 and shape.intersects(outline):
            overlap = shape.intersection(outline).area
            if overlap >= LEAST_SHARE * min(outline.area, shape.area):
                share = overlap / outline.area
                found.append(Touch(unit, 1.0 if share > WHOLE else share))
    return found


def codes_of(geocodes: Iterable[Pair]) -> Codes:
    """Return what geocodes may name here; those of other countries' systems are passed over."""
    ours = [pair for pair in geocodes if pair.value and pair.name.strip().lower() not in FOREIGN]
    divisions = [division for pair in ours if (division := cap_shapes.division(pair.value.strip())) is not None]
    return Codes(
        exact=tuple(dict.fromkeys(pair.value.strip() for pair in ours)), divisions=tuple(dict.fromkeys(divisions))
    )


def target_level(*, issuer_level: str, level: Level, rules: Iterable[Rule], ranks: Ranks) -> str | None:
    """Return the highest level of units that an issuer may target with an alert of `level`; None: it may not."""
    allowed = [
        rule.target_level for rule in rules if rule.issuer_level == issuer_level and rule.max_severity >= level.rank
    ]
    return min(allowed, key=lambda code: ranks[code].rank, default=None)


def merged(found: Sequence[Sequence[Touch]]) -> list[Touch]:
    """Return the union, each unit once, by the larger share; what a code names is named as a whole."""
    by_unit: dict[int, Touch] = {}
    for touch in (touch for touches in found for touch in touches):
        known = by_unit.get(touch.unit)
        if known is None or (known.share is not None and (touch.share is None or touch.share > known.share)):
            by_unit[touch.unit] = touch
    return list(by_unit.values())
