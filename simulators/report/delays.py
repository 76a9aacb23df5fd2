"""How long it took from the intended moment of publication: to the PUBACK, to the receipt, to a viewer's map."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulators.report.blocks import figure, panel, table
from simulators.report.charts import Axis, Chart, Dash, Line, Look
from simulators.report.markup import Html, Inside, tag
from simulators.report.model import Percentiles, Report
from simulators.report.words import absent, count, decimal, ms

WAYS: Final[Sequence[tuple[str, str, Look, Dash]]] = (
    ("puback", "PUBACK", "main", ""),
    ("receipt", "Receipt", "good", "dashed"),
    ("frame", "Live map", "plain", "dotted"),
)
LOOKS: Final[Sequence[Look]] = ("main", "plain", "good", "faint")  # one a report, where several stand side by side
COLUMNS: Final = (("p50", "50 of 100"), ("p90", "90"), ("p99", "99"), ("p999", "99.9"), ("max", "Slowest"))
SPREAD: Final = 30  # between the slowest and the median, from which a log axis shows more


def delays(report: Report, heads: Sequence[str], beside: Sequence[Report]) -> Html:
    """Return the panel; the curves of other reports are drawn beside, under their heads."""
    reports = [report, *beside]
    lines = [line for place, each in enumerate(reports) for line in _lines(each, heads[place] if beside else "", place)]
    puback = report.latency.puback
    finding = None
    if puback is not None:
        finding = f"99 of 100 were answered within {ms(puback.p99)}, the slowest took {ms(puback.max)}."
    rows = [row for place, each in enumerate(reports) for row in _rows(each, heads[place] if beside else "")]
    names = ["From the intended moment to", *(name for _, name in COLUMNS), "Measured"]
    return panel(
        "Latency",
        figure(_chart(lines)) if lines else None,
        table("Latency by percentile", names, rows),
        tag(
            "p",
            "Counted from the moment at which the schedule wanted the position published, "
            "so that waiting for a slow system, or for a slow load tool, is in the figures.",
            class_="note",
        ),
        finding=finding,
    )


def percentile(quantile: float) -> str:
    return "0 %" if not quantile else f"{100 * quantile:.6g} %"


def _chart(lines: Sequence[Line]) -> Chart:
    values = np.concatenate([line.ys for line in lines])
    spread = values.max() / max(float(np.median([np.interp(0.5, line.xs, line.ys) for line in lines])), 0.1)
    rarest = max(float(line.xs[-1]) for line in lines)
    about = "; ".join(f"{line.name}: half within {ms(float(np.interp(0.5, line.xs, line.ys)))}" for line in lines)
    return Chart(
        title="Latency by percentile",
        about=f"Each step to the right is ten times rarer. {about}. The table has the figures.",
        lines=lines,
        x=Axis(unit="percentile", label=percentile, kind="percentile", high=rarest),
        y=Axis(unit="ms", label=decimal, exact=ms, kind="log" if spread > SPREAD else "linear", low=0.0),
        height=300,
    )


def _lines(report: Report, head: str, place: int) -> Iterator[Line]:
    for path, name, look, dash in WAYS:
        found: Percentiles | None = getattr(report.latency, path)
        if found is None or len(found.curve) < 2:  # noqa: PLR2004
            continue
        curve = np.array(found.curve, float)
        rarest = 1 - 1 / max(found.count, 10)  # no more can be told from so many
        yield Line(
            name=f"{name}, {head}" if head else name,
            xs=np.minimum(curve[:, 0], rarest),
            ys=curve[:, 1],
            look=LOOKS[place % 4] if head else look,
            dash=dash,
        )


def _rows(report: Report, head: str) -> Iterator[Sequence[Inside]]:
    for path, name, *_ in WAYS:
        found: Percentiles | None = getattr(report.latency, path)
        words = f"{name}, {head}" if head else name
        if found is None:
            yield [words, absent(report, f"latency.{path}"), *[""] * len(COLUMNS)]
        else:
            yield [words, *(ms(getattr(found, column)) for column, _ in COLUMNS), count(found.count)]
