"""Two or more runs side by side, one column each: another system under the same load, or this one at another time."""

from collections.abc import Callable, Sequence
from typing import Final

from simulators.report.blocks import panel, sign, table
from simulators.report.markup import Html, Inside, joined, tag
from simulators.report.model import Percentiles, Report
from simulators.report.words import absent, count, decimal, ms, seconds, share

Cell = Callable[[Report], Inside]


def comparison(reports: Sequence[Report], heads: Sequence[str]) -> Html:
    rows = [[name, *(cell(report) for report in reports)] for name, cell in ROWS.items()]
    return panel("Side by side", table("The runs, one column each", ["", *heads], rows))


def _held(report: Report) -> Inside:
    return joined(sign(held=report.held), " ", "held" if report.held else "not held")


def _load(report: Report) -> Inside:
    return f"{count(report.terminals)} every {seconds(report.interval_s)}"


def _counted(name: str) -> Cell:
    def cell(report: Report) -> Inside:
        value = getattr(report.counts, name)
        return absent(report, f"counts.{name}") if value is None else count(value)

    return cell


def _wrong(name: str) -> Cell:
    """Return a count that should be 0, in a way that nobody overlooks."""
    counted = _counted(name)
    return lambda report: tag("b", counted(report), class_="bad") if getattr(report.counts, name) else counted(report)


def _stored(report: Report) -> Inside:
    stored, acknowledged = report.counts.stored, report.counts.acknowledged
    if stored is None or not acknowledged:
        return absent(report, "counts.stored")
    return share(stored / acknowledged)


def _latency(path: str, column: str) -> Cell:
    def cell(report: Report) -> Inside:
        found: Percentiles | None = getattr(report.latency, path)
        return absent(report, f"latency.{path}") if found is None else ms(getattr(found, column))

    return cell


def _cost(report: Report) -> Inside:
    us = report.cost.system_us_per_position
    return absent(report, "cost.system_us_per_position") if us is None else f"{decimal(us)} µs"


def _cores(report: Report) -> Inside:
    under_load = [each.cpu_pct for each in report.processes if each.name in report.cost.by_process]
    return f"{decimal(sum(under_load))} %" if under_load else absent(report, "processes")


def _memory(report: Report) -> Inside:
    under_load = [each.rss_mb_max for each in report.processes if each.name in report.cost.by_process]
    return f"{count(sum(under_load))} MB" if under_load else absent(report, "processes")


ROWS: Final[dict[str, Cell]] = {
    "Goals": _held,
    "Terminals": _load,
    "Scenario": lambda report: report.scenario,
    "Published": _counted("published"),
    "Acknowledged": _counted("acknowledged"),
    "Stored": _counted("stored"),
    "Stored of acknowledged": _stored,
    "Lost": _wrong("lost"),
    "Stored twice": _wrong("duplicated"),
    "PUBACK, 50 of 100": _latency("puback", "p50"),
    "PUBACK, 99 of 100": _latency("puback", "p99"),
    "Live map, 99 of 100": _latency("frame", "p99"),
    "CPU of the system, of one core": _cores,
    "CPU a position": _cost,
    "Memory of the system": _memory,
}
