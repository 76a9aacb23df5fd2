"""The curve of the final report: people told and people who confirmed over time, as SVG for paper.

Told is a dashed line, confirmed a full one over an area: they are told apart without colour.
"""

import math
from collections.abc import Sequence
from typing import Final

from alerts.core.evidence import Point

WIDTH: Final = 720
HEIGHT: Final = 200
LEFT: Final = 56
BOTTOM: Final = 26
TOP: Final = 10
RIGHT: Final = 12
STEPS: Final = (1, 2, 5)
SPANS_S: Final = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)


def svg(points: Sequence[Point], *, of: int, label: str) -> str:
    """Return the picture; `of` people are the top of it."""
    end_s, most = points[-1].after_s, max(of, 1)
    x = [LEFT + (WIDTH - LEFT - RIGHT) * point.after_s / end_s for point in points]
    told = _line(x, [point.told / most for point in points])
    acknowledged = _line(x, [point.acknowledged / most for point in points])
    floor = HEIGHT - BOTTOM
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" class="curve">'
        f"{_rows(most)}{_columns(end_s)}"
        f'<path class="area" d="{acknowledged}V{floor}H{LEFT}Z"/>'
        f'<path class="told" d="{told}"/><path class="acknowledged" d="{acknowledged}"/></svg>'
    )


def _line(x: Sequence[float], shares: Sequence[float]) -> str:
    return "M" + "L".join(f"{at:.1f} {_y(share):.1f}" for at, share in zip(x, shares, strict=True))


def _y(share: float) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1 - min(share, 1.0))


def _rows(most: int) -> str:
    step = next(
        size * 10**power
        for power in range(9)
        for size in STEPS
        if most / (size * 10**power) <= 4  # noqa: PLR2004 - lines
    )
    values = [value for value in range(0, most + 1, step) if value in (0, most) or most - value >= step / 2]
    lines = [
        f'<path class="grid" d="M{LEFT} {_y(value / most):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 6}" y="{_y(value / most) + 4:.1f}" text-anchor="end">{value:,}</text>'
        for value in dict.fromkeys([*values, most])
    ]
    return "".join(lines)


def _columns(end_s: float) -> str:
    step = next((span for span in SPANS_S if end_s / span <= 6), math.ceil(end_s / 6 / 86_400) * 86_400)  # noqa: PLR2004 - marks
    places = [step * number for number in range(int(end_s // step) + 1)]
    return "".join(
        f'<text x="{LEFT + (WIDTH - LEFT - RIGHT) * at / end_s:.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{span(at)}</text>"
        for at in places
    )


def span(seconds: float) -> str:
    """Return a length of time in figures that both languages read: 0:45, 12:30, 1:05:00."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
