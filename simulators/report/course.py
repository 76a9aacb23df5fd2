"""The run second by second, and what each process took of the machine meanwhile."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulators.report.blocks import figure, panel, small, table
from simulators.report.charts import Axis, Chart, Line, Mark
from simulators.report.markup import Html, Inside, joined, tag
from simulators.report.model import Process, Report, Second
from simulators.report.scales import Numbers, roof
from simulators.report.words import absent, count, decimal, ms, seconds

MOST: Final = 400  # points of a line: an hour has 3,600 seconds, and a screen less pixels
ROWS: Final = 12  # of the table under the chart
SMALL: Final = 320


def course(report: Report) -> Html:
    if not report.timeline:
        return panel("Second by second", tag("p", absent(report, "timeline")))
    peak = max(second.published for second in report.timeline)
    lag = max(second.lag_s for second in report.timeline)
    return panel(
        "Second by second",
        *(figure(chart) for chart in _charts(report)),
        tag("details", tag("summary", "The figures"), _figures(report.timeline)),
        finding=f"Up to {count(peak)} positions a second; the load tool was never later than {ms(lag * 1e3)}.",
    )


def _charts(report: Report) -> Iterator[Chart]:
    def column(name: str) -> Numbers:
        return np.array([getattr(second, name) for second in report.timeline], float)

    at = column("t_s")
    rates = [
        Line(name="due", xs=_mean(at), ys=_mean(column("due")), look="faint", area=True),
        Line(name="published", xs=_mean(at), ys=_mean(column("published")), look="main"),
        Line(name="acknowledged", xs=_mean(at), ys=_mean(column("acknowledged")), look="good", dash="dashed"),
    ]
    marks = [Mark(x=warned.at_s, words=f"Warning for {warned.unit}", level=warned.level) for warned in report.warnings]
    across = Axis(unit="s", label=decimal, exact=seconds, low=float(min(at[0], 0)))
    yield Chart(
        title="Positions a second",
        about=f"Due, published and acknowledged over {count(at[-1])} s.",
        lines=rates,
        x=across,
        y=Axis(unit="positions a second", label=count),
        marks=marks,
    )
    connected = column("connected")
    yield Chart(
        title="Connected",
        about=f"Connections over time, {count(connected.max())} at most.",
        lines=[Line(name="connected", xs=_mean(at), ys=_mean(connected), look="plain", area=True)],
        x=across,
        y=Axis(unit="connections", label=count),
        height=140,
    )
    lag = column("lag_s") * 1e3
    yield Chart(
        title="The load tool's own lag",
        about=f"How far it fell behind its own schedule, {ms(float(lag.max()))} at most.",
        lines=[Line(name="lag", xs=_mean(at), ys=_worst(lag), look="faint", area=True)],
        x=across,
        y=Axis(unit="ms", label=decimal, exact=ms),
        height=140,
    )


def _figures(timeline: Sequence[Second]) -> Html:
    chosen = timeline[:: max(1, len(timeline) // ROWS)]
    rows = [
        [
            seconds(each.t_s),
            *(count(value) for value in (each.due, each.published, each.acknowledged, each.connected)),
            ms(each.lag_s * 1e3),
        ]
        for each in chosen
    ]
    return table("Some of the seconds", ["At", "Due", "Published", "Acknowledged", "Connected", "Lag"], rows)


def machine(report: Report) -> Html:
    """Return CPU and memory, by process."""
    cost, cores = report.cost, report.machine.cores
    finding = f"{decimal(sum(process.cpu_pct for process in report.processes) / 100)} of {cores} cores on average"
    if cost.system_us_per_position is not None:
        finding += f"; a position costs the system {decimal(cost.system_us_per_position)} µs"
    if cost.fleet_us_per_message is not None:
        finding += f", and the load tool {decimal(cost.fleet_us_per_message)} µs a message"
    if cost.fleet_kb_per_connection is not None:
        finding += f" and {decimal(cost.fleet_kb_per_connection)} KB a connection"
    if not report.processes:
        return panel("Processor and memory", tag("p", absent(report, "processes")))
    drawn = [process for process in report.processes if len(process.series) > 1]
    return panel("Processor and memory", _small_charts(drawn), _process_table(report), finding=f"{finding}.")


def _small_charts(processes: Sequence[Process]) -> Html:
    """Return two small charts a process, all on the same scale: one look tells who takes the machine."""
    cpu = roof([point[1] for process in processes for point in process.series], about=2, least=10)
    memory = roof([point[2] for process in processes for point in process.series], about=2, least=10)
    return tag("div", *(_small_chart(process, cpu, memory) for process in processes), class_="small-charts")


def _small_chart(process: Process, cpu: float, memory: float) -> Html:
    series = np.array(process.series, float)
    at = _mean(series[:, 0])
    across = Axis(unit="s", label=decimal, exact=seconds)
    return tag(
        "div",
        tag("h3", process.name),
        _strip(process.name, "CPU, % of a core", cpu, Line(name="CPU %", xs=at, ys=_mean(series[:, 1]), look="main",
               area=True), across),
        _strip(process.name, "memory, MB", memory, Line(name="MB", xs=at, ys=_worst(series[:, 2]), look="plain",
               area=True), across),
    )  # fmt: skip


def _strip(name: str, unit: str, high: float, line: Line, across: Axis) -> Html:
    about = f"Between {decimal(float(line.ys.min()))} and {decimal(float(line.ys.max()))}."
    upright = Axis(unit=unit, label=count, exact=decimal, high=high)
    chart = Chart(title=f"{name}: {unit}", about=about, lines=[line], x=across, y=upright, height=106)
    return joined(small(chart, width=SMALL))


def _process_table(report: Report) -> Html:
    heads = ["Process", "CPU, mean", "CPU, most", "CPU time", "Memory, mean", "Memory, most", "µs a position"]
    rows: list[Sequence[Inside]] = [
        [
            each.name,
            *(f"{decimal(value)} %" for value in (each.cpu_pct, each.cpu_pct_max)),
            seconds(each.cpu_s),
            *(f"{count(value)} MB" for value in (each.rss_mb, each.rss_mb_max)),
            decimal(report.cost.by_process[each.name]) if each.name in report.cost.by_process else "",
        ]
        for each in report.processes
    ]
    return table("Processes, in per cent of one core", heads, rows)


def _mean(values: Numbers) -> Numbers:
    return _gathered(values, np.add) / np.diff([*_edges(len(values)), len(values)])


def _worst(values: Numbers) -> Numbers:
    return _gathered(values, np.maximum)


def _gathered(values: Numbers, how: np.ufunc) -> Numbers:
    return how.reduceat(values, _edges(len(values)))


def _edges(length: int) -> list[int]:
    return list(range(0, length, -(-length // MOST)))
