"""Line charts as SVG, drawn for the width they are shown at. Colours are classes: the style sheet around them decides.

A chart has a title and says in words what it shows; the numbers under the pointer are in `data-reading`, for page.js.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulators.report.levels import symbol
from simulators.report.markup import Html, joined, tag
from simulators.report.scales import Kind, Numbers, Scale, log_bounds, roof

LEFT: Final = 52  # for the numbers of the upright axis
RIGHT: Final = 12
TOP: Final = 28  # the axis' unit stands here
BOTTOM: Final = 24
NARROW: Final = 500
LETTER: Final = 7  # pixels
Look = Literal["main", "good", "plain", "faint"]
Dash = Literal["", "dashed", "dotted"]
Label = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    xs: Numbers
    ys: Numbers
    look: Look
    dash: Dash = ""
    area: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a place of the level axis."""

    x: float
    words: str
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    unit: str
    label: Label
    kind: Kind = "linear"
    low: float = 0.0
    high: float | None = None  # None: as far as the values go
    at: Sequence[float] = ()  # these ticks and no other
    exact: Label | None = None  # under the pointer, where a tick's label would be too coarse


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    title: str
    about: str  # what one sees, for who does not
    lines: Sequence[Line]
    x: Axis
    y: Axis
    height: int = 260
    marks: Sequence[Mark] = field(default=())


def draw(chart: Chart, *, width: int, reading: bool = True) -> Html:
    """Return an <svg> of its own; without `reading` it has nothing for a pointer."""
    across, upright = _scales(chart, width)
    return tag(
        "svg",
        *_upright_axis(chart, upright, width),
        *_level_axis(chart, across, width),
        *(_drawn(line, across, upright) for line in chart.lines),
        *(_marked(mark, across, chart.height) for mark in chart.marks),
        tag("line", class_="cursor", x1=0, x2=0, y1=TOP, y2=chart.height - BOTTOM),
        viewBox=f"0 0 {width} {chart.height}",
        width=width,
        height=chart.height,
        class_="chart",
        role="img",
        tabindex=0 if reading else None,
        aria_label=f"{chart.title}. {chart.about}",
        data_reading=msgspec.json.encode(list(_reading(chart, across))).decode() if reading else None,
    )


def key(line: Line) -> Html:
    """Return the line's sample for a legend."""
    path = tag("path", d="M0 5H24", class_=f"line {line.look} {line.dash}".rstrip())
    return tag("svg", path, viewBox="0 0 24 10", width=24, height=10, class_="key", aria_hidden="true")


def _scales(chart: Chart, width: int) -> tuple[Scale, Scale]:
    xs = [float(x) for line in chart.lines for x in line.xs] or [0.0, 1.0]
    ys = [float(y) for line in chart.lines for y in line.ys] or [0.0, 1.0]
    low, high = chart.y.low, chart.y.high
    if chart.y.kind == "log":
        low, high = log_bounds(ys, floor=chart.y.low or 0.1)
    elif high is None:
        high = roof(ys, about=4, least=1e-3)
    right = max(xs) if chart.x.high is None else chart.x.high
    return (
        Scale(kind=chart.x.kind, low=chart.x.low, high=right, start=LEFT, end=width - RIGHT),
        Scale(kind=chart.y.kind, low=low, high=high, start=chart.height - BOTTOM, end=TOP),
    )


def _upright_axis(chart: Chart, scale: Scale, width: int) -> Iterator[Html]:
    ticks = scale.ticks(max(2, chart.height // 60))
    for tick, y in zip(ticks, scale(ticks), strict=True):
        yield tag("line", class_="hair", x1=LEFT, x2=width - RIGHT, y1=_px(y), y2=_px(y))
        yield tag("text", chart.y.label(tick), class_="tick end", x=LEFT - 8, y=_px(y + 4))
    yield tag("text", chart.y.unit, class_="unit", x=0, y=12)


def _level_axis(chart: Chart, scale: Scale, width: int) -> Iterator[Html]:
    ticks = list(chart.x.at) or scale.ticks(4 if width < NARROW else 8)
    foot, last = chart.height - BOTTOM, -np.inf
    for tick, x in zip(ticks, scale(ticks), strict=True):
        label = chart.x.label(tick)
        yield tag("line", class_="hair", x1=_px(x), x2=_px(x), y1=foot, y2=foot + 4)
        half = len(label) * LETTER / 2
        middle = min(float(x), width - half)
        if middle - half < last:
            continue
        yield tag("text", label, class_="tick middle", x=_px(middle), y=foot + 17)
        last = middle + half + LETTER
    if last + len(chart.x.unit) * LETTER < width - RIGHT:
        yield tag("text", chart.x.unit, class_="unit end", x=width - RIGHT, y=foot + 17)


def _drawn(line: Line, across: Scale, upright: Scale) -> Html:
    spots = [f"{x:.1f} {y:.1f}" for x, y in zip(across(line.xs), upright(line.ys), strict=True)]
    if not spots:
        return joined()
    way = f"M{'L'.join(spots)}"
    foot = f"L{across(line.xs[-1:])[0]:.1f} {upright.start:g}L{across(line.xs[:1])[0]:.1f} {upright.start:g}Z"
    return joined(
        tag("path", d=way + foot, class_=f"area {line.look}") if line.area else None,
        tag("path", d=way, class_=f"line {line.look} {line.dash}".rstrip()),
        [tag("circle", cx=spot.split()[0], cy=spot.split()[1], r=3.5, class_=f"dot {line.look}") for spot in spots]
        if line.dots
        else None,
    )


def _marked(mark: Mark, across: Scale, height: int) -> Html:
    x = _px(float(across([mark.x])[0]))
    return tag(
        "g",
        tag("title", mark.words),
        tag("line", class_="mark", x1=x, x2=x, y1=TOP - 4, y2=height - BOTTOM),
        tag("g", symbol(mark.level or ""), transform=f"translate({x - 9:g} {TOP - 22}) scale(0.75)"),
    )


def _reading(chart: Chart, across: Scale) -> Iterator[tuple[float, str, list[tuple[str, str]]]]:
    """Yield for each place of the first line: pixels, where that is, and name and value of each line there."""
    if not chart.lines:
        return
    xs = chart.lines[0].xs
    columns = [(line.name, _at(across, line, xs)) for line in chart.lines]
    where, value = chart.x.exact or chart.x.label, chart.y.exact or chart.y.label
    for row, (x, px) in enumerate(zip(xs, across(xs), strict=True)):
        yield _px(px), where(float(x)), [(name, value(float(ys[row]))) for name, ys in columns]


def _at(across: Scale, line: Line, xs: Numbers) -> NDArray[np.float64]:
    return np.interp(across(xs), across(line.xs), line.ys) if len(line.xs) else np.zeros(len(xs))


def _px(value: float) -> float:
    return round(float(value), 1)
