"""What every part of the page is built from: panels, tables, lists of facts, and charts for desk and phone."""

from collections.abc import Iterable, Sequence
from typing import Final

from simulators.report.charts import Chart, draw, key
from simulators.report.markup import Html, Inside, joined, tag

WIDE: Final = 980  # pixels a chart is drawn for at the desk
NARROW: Final = 400  # and on a phone: the same letters, fewer of them
SIGNS: Final = {
    "held": ("M5 12.5l4.5 4.5L19 7.5", "held"),
    "missed": ("M6.5 6.5l11 11M17.5 6.5l-11 11", "not held"),
    "unknown": ("M6 12h12", "not judged"),
}


def panel(title: str, *inside: Inside, finding: str | None = None) -> Html:
    """Return a part of the page; `finding` is what it shows, in a sentence."""
    name = title.lower().replace(" ", "-").replace(",", "")
    head = tag("h2", title, id=name)
    return tag("section", head, tag("p", finding, class_="finding") if finding else None, *inside, aria_labelledby=name)


def table(caption: str, heads: Sequence[Inside], rows: Iterable[Sequence[Inside]], *, words: int = 1) -> Html:
    """Return a table whose first column names the row; the first `words` columns are text, the rest numbers."""
    align = ["words" if place < words else "number" for place in range(len(heads))]
    head = [tag("th", text, scope="col", class_=look) for text, look in zip(heads, align, strict=True)]
    body = [tag("tr", *(_cell(place, text, align[place]) for place, text in enumerate(row))) for row in rows]
    whole = tag("table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("div", whole, class_="scroll", role="region", tabindex=0, aria_label=caption)


def _cell(place: int, text: Inside, look: str) -> Html:
    return tag("td" if place else "th", text, class_=look, scope=None if place else "row")


def facts(rows: Iterable[tuple[str, Inside]]) -> Html:
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in rows), class_="facts")


def figure(chart: Chart) -> Html:
    """Return a chart in both sizes, with its legend; the style sheet shows one of them."""
    return tag(
        "figure",
        tag("figcaption", tag("h3", chart.title), legend(chart)),
        tag("div", draw(chart, width=WIDE), class_="plot wide"),
        tag("div", draw(chart, width=NARROW), class_="plot narrow"),
    )


def small(chart: Chart, *, width: int) -> Html:
    return tag("div", draw(chart, width=width), class_="plot")


def legend(chart: Chart) -> Html | None:
    if len(chart.lines) == 1:
        return None
    return tag("ul", *(tag("li", key(line), line.name) for line in chart.lines), class_="legend")


def sign(*, held: bool | None, size: int = 16) -> Html:
    """Return a mark that works without colour, and its word for who does not see it."""
    look = "unknown" if held is None else "held" if held else "missed"
    path, word = SIGNS[look]
    drawing = tag(
        "svg",
        tag("circle", cx=12, cy=12, r=11, class_="disc"),
        tag("path", d=path, class_="stroke"),
        viewBox="0 0 24 24",
        width=size,
        height=size,
        class_=f"sign {look}",
        role="img",
        aria_label=word,
    )
    return joined(drawing)
