"""Charts as a picture that stands alone: an SVG file for a document, light or dark as its reader."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from simulators.report.charts import Chart, Line, draw
from simulators.report.markup import Html, raw, tag

HERE: Final = Path(__file__).parent
WIDTH: Final = 760
EDGE: Final = 20
HEAD: Final = 48  # title and legend over each chart
LETTER: Final = 7


def read(name: str) -> str:
    """Return the text of a file of this package."""
    return (HERE / name).read_text(encoding="utf-8")


def chart_style() -> str:
    return read("charts.css")


def picture(charts: Sequence[Chart]) -> str:
    """Return an SVG file with the charts one under the other."""
    heights = [HEAD + chart.height + EDGE for chart in charts]
    tops = [EDGE + sum(heights[:place]) for place in range(len(charts))]
    width, height = WIDTH + 2 * EDGE, sum(heights) + EDGE
    whole = tag(
        "svg",
        tag("style", raw(chart_style())),
        tag("rect", width="100%", height="100%", class_="paper"),
        *(_placed(chart, top) for chart, top in zip(charts, tops, strict=True)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        class_="chart",
    )
    return f"{whole}\n"


def _placed(chart: Chart, top: int) -> Html:
    return tag(
        "g",
        tag("text", chart.title, class_="title", y=14),
        *_legend(chart.lines),
        tag("g", draw(chart, width=WIDTH, reading=False), transform=f"translate(0 {HEAD})"),
        transform=f"translate({EDGE} {top})",
    )


def _legend(lines: Sequence[Line]) -> Iterator[Html]:
    x = 0
    for line in lines:
        sample = f"line {line.look} {line.dash}".rstrip()
        yield tag("path", d=f"M{x} 32h24", class_=sample)
        yield tag("text", line.name, x=x + 30, y=36)
        x += 30 + LETTER * len(line.name) + 20
