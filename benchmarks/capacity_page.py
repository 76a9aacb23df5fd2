"""docs/capacity.json, and the table and the picture of docs/capacity.md that are made of it.

The prose around the markers is written by hand. A figure that nobody measured is an empty cell.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from simulators.report.charts import Axis, Chart, Dash, Line, Look
from simulators.report.model import Machine, Percentiles, Report
from simulators.report.picture import picture
from simulators.report.words import count, decimal, ms

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
FIGURES: Final = "capacity.json"
PAGE: Final = "capacity.md"
PICTURE: Final = "capacity.svg"
BEGIN: Final = "<!-- figures: written by python -m benchmarks.capacity -->"
END: Final = "<!-- end of figures -->"
DASHES: Final[Sequence[Dash]] = ("", "dashed", "dotted")
LOOKS: Final[Sequence[Look]] = ("main", "good", "plain", "faint")
TITLES: Final = {
    "terminals": "Terminals, every 30 s",
    "interval": "A shorter interval",
    "viewers": "Viewers of the live map",
    "warning": "A red warning",
}


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    told: int
    issue_s: float | None = None
    first_frame_s: float | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page needs of one run."""

    name: str
    kind: str
    at: float  # seconds since 1970
    machine: Machine
    terminals: int
    interval_s: float
    viewers: int
    positions_per_s: float | None  # published in the median second
    real: int
    gateway: int
    puback_p50_ms: float | None
    puback_p99_ms: float | None
    frame_p99_ms: float | None
    cpu_pct: Mapping[str, float]  # of one core, by process of the system
    fleet_cpu_pct: float | None
    rss_mb: Mapping[str, float]
    us_per_position: float | None
    fleet_us_per_message: float | None
    lost: int | None
    duplicated: int | None
    held: bool
    missed: Sequence[str]  # goals
    warned: Warned | None = None


def row_of(report: Report, *, name: str, kind: str) -> Row:
    system = [process for process in report.processes if process.name in report.cost.by_process]
    fleet = [process.cpu_pct for process in report.processes if process.name == "fleet"]
    published = [second.published for second in report.timeline]
    puback, frame = report.latency.puback, report.latency.frame
    return Row(
        name=name,
        kind=kind,
        at=round(report.started_at),
        machine=report.machine,
        terminals=report.terminals,
        interval_s=report.interval_s,
        viewers=report.viewers.viewers if report.viewers else 0,
        positions_per_s=float(np.median(published)) if published else None,
        real=report.connections.real,
        gateway=report.connections.gateway,
        puback_p50_ms=_ms(puback, "p50"),
        puback_p99_ms=_ms(puback, "p99"),
        frame_p99_ms=_ms(frame, "p99"),
        cpu_pct={process.name: round(process.cpu_pct, 1) for process in system},
        fleet_cpu_pct=round(sum(fleet), 1) if fleet else None,
        rss_mb={process.name: round(process.rss_mb_max) for process in system},
        us_per_position=report.cost.system_us_per_position,
        fleet_us_per_message=report.cost.fleet_us_per_message,
        lost=report.counts.lost,
        duplicated=report.counts.duplicated,
        held=report.held,
        missed=[goal.name for goal in report.goals if goal.held is False],
        warned=_warned(report),
    )


def _ms(found: Percentiles | None, name: str) -> float | None:
    return None if found is None else round(float(getattr(found, name)), 2)


def _warned(report: Report) -> Warned | None:
    if not report.warnings:
        return None
    first = report.warnings[0]
    return Warned(told=first.told, issue_s=first.issue_s, first_frame_s=first.first_frame_s)


def merged(rows: Iterable[Row], docs: Path = DOCS) -> list[Row]:
    """Return the rows of docs/capacity.json with these in their places, or added at the end."""
    by_name = {row.name: row for row in read_rows(docs)} | {row.name: row for row in rows}
    kinds = list(TITLES)
    return sorted(
        by_name.values(), key=lambda row: (kinds.index(row.kind), row.terminals, row.viewers, -row.interval_s)
    )


def read_rows(docs: Path = DOCS) -> list[Row]:
    path = docs / FIGURES
    return msgspec.json.decode(path.read_bytes(), type=list[Row]) if path.exists() else []


def render(rows: Sequence[Row], docs: Path = DOCS) -> None:
    """Write the figures, and from them the table between the markers of the page, and the picture."""
    (docs / FIGURES).write_text(json.dumps(msgspec.to_builtins(rows), indent=1) + "\n", encoding="utf-8")
    (docs / PICTURE).write_text(drawn(rows), encoding="utf-8")
    page = docs / PAGE
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{figures(rows)}{rest.split(END)[1]}", encoding="utf-8")


def figures(rows: Sequence[Row]) -> str:
    """Return what stands between the markers, with them."""
    parts = [BEGIN, ""]
    if not rows:
        parts += ["Not measured yet: `python -m benchmarks.capacity` measures and fills this in.", ""]
    for kind, title in TITLES.items():
        chosen = [row for row in rows if row.kind == kind]
        if chosen:
            parts += [f"### {title}", "", *_table([*_base(kind, rows), *chosen]), ""]
    if rows:
        parts += [_machine(rows), "", f"![CPU, memory and latency by number of terminals]({PICTURE})", ""]
    return "\n".join([*parts, END])


def _base(kind: str, rows: Sequence[Row]) -> list[Row]:
    """Return the runs of earlier tables that differ from one of this kind's in nothing but what it varies."""
    kin = [row for row in rows if row.kind == kind]
    earlier = list(TITLES)[: list(TITLES).index(kind)]
    return [row for row in rows if row.kind in earlier and any(_differences(row, other) == 1 for other in kin)]


def _differences(one: Row, other: Row) -> int:
    pairs = zip(_varied(one), _varied(other), strict=True)
    return sum(left != right for left, right in pairs) if one.terminals == other.terminals else len(TITLES)


def _varied(row: Row) -> tuple[float, int, bool]:
    return row.interval_s, row.viewers, row.warned is not None


def _table(rows: Sequence[Row]) -> list[str]:
    columns = [(head, cell) for head, cell in COLUMNS.items() if any(cell(row) for row in rows)]
    lines = [[cell(row) for _, cell in columns] for row in rows]
    heads = [head for head, _ in columns]
    return [f"| {' | '.join(line)} |" for line in (heads, ["---:"] * len(heads), *lines)]


def _machine(rows: Sequence[Row]) -> str:
    latest = max(rows, key=lambda row: row.at)
    machine = latest.machine
    runs = f"{datetime.fromtimestamp(min(row.at for row in rows), UTC):%d %B %Y}"
    return (
        f"Measured from {runs} on: {machine.cores} cores ({machine.cpu}), {decimal(machine.memory_gb)} GB, "
        f"{machine.system}, Python {machine.python}, PostgreSQL {machine.postgres}. CPU is in per cent of one core and "
        "a mean, memory the most of the run; the load tool takes its share of the same machine, in the fleet's column."
    )


def _by_process(values: Mapping[str, float], unit: str) -> str:
    return ", ".join(f"{name} {decimal(value)}{unit}" for name, value in values.items())


def _held(row: Row) -> str:
    return "yes" if row.held else f"no: {', '.join(row.missed) or 'broke off'}"


def _some(value: float | None, words: Callable[[float], str]) -> str:
    return "" if value is None else words(value)


def _warning(row: Row) -> str:
    if row.warned is None:
        return ""
    issued = _some(row.warned.issue_s, lambda value: f" in {decimal(value)} s")
    return f"{count(row.warned.told)} told{issued}"


COLUMNS: Final[Mapping[str, Callable[[Row], str]]] = {
    "terminals": lambda row: count(row.terminals),
    "interval": lambda row: f"{decimal(row.interval_s)} s",
    "viewers": lambda row: count(row.viewers) if row.viewers else "",
    "warning": _warning,
    "positions/s": lambda row: _some(row.positions_per_s, count),
    "real connections": lambda row: count(row.real) + (f" + {row.gateway} shared" if row.gateway else ""),
    "PUBACK p50": lambda row: _some(row.puback_p50_ms, ms),
    "PUBACK p99": lambda row: _some(row.puback_p99_ms, ms),
    "frame p99": lambda row: _some(row.frame_p99_ms, ms),
    "CPU": lambda row: _by_process(row.cpu_pct, " %"),
    "µs a position": lambda row: _some(row.us_per_position, decimal),
    "fleet's CPU": lambda row: _some(row.fleet_cpu_pct, lambda value: f"{decimal(value)} %"),
    "memory": lambda row: _by_process(row.rss_mb, " MB"),
    "lost": lambda row: _some(row.lost, count),
    "doubled": lambda row: _some(row.duplicated, count),
    "held": _held,
}


def drawn(rows: Sequence[Row]) -> str:
    """Return the picture: what grows, and how, from 1 to 100 per cent of the city."""
    steps = sorted((row for row in rows if row.kind == "terminals"), key=lambda row: row.terminals)
    if not steps:
        return picture([])
    waits = [row for row in steps if row.puback_p50_ms is not None and row.puback_p99_ms is not None]
    charts = [_grown(steps, "CPU by terminals, % of one core", lambda row: row.cpu_pct)]
    charts.append(_grown(steps, "Memory by terminals, MB", lambda row: row.rss_mb))
    if waits:
        charts.append(
            _grown(
                waits,
                "PUBACK by terminals, ms",
                lambda row: {"p50": row.puback_p50_ms or 0.0, "p99": row.puback_p99_ms or 0.0},
            )
        )
    return picture(charts)


def _grown(steps: Sequence[Row], title: str, of: Callable[[Row], Mapping[str, float]]) -> Chart:
    """Return a chart of named values by number of terminals."""
    names = list(dict.fromkeys(name for row in steps for name in of(row)))
    at = np.array([row.terminals for row in steps], float)
    lines = [
        Line(
            name=name,
            xs=at,
            ys=np.array([of(row).get(name, 0.0) for row in steps], float),
            look=LOOKS[place % len(LOOKS)],
            dash=DASHES[place % len(DASHES)],
            dots=True,
        )
        for place, name in enumerate(names)
    ]
    about = f"{title} for {', '.join(count(value) for value in at)} terminals every 30 s; the table has the figures."
    across = Axis(unit="terminals", label=count, at=[0, *at.tolist()])
    return Chart(title=title, about=about, lines=lines, x=across, y=Axis(unit="", label=decimal), height=220)
