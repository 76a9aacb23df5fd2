"""The columns as one table of text, in Markdown: what docs/peers.md holds. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks.peers.columns import Column
from simulators.report.model import Percentiles

_NONE: Final = "-"


def table(columns: Sequence[Column]) -> str:
    """Return a row a figure and a column a system."""
    heads = [f"{column.report.name} {column.report.version}" for column in columns]
    lines = [["", *heads], ["---", *("--:" for _ in heads)]]
    lines += [[name, *(figure(column) for column in columns)] for name, figure in _ROWS.items()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def figures(columns: Sequence[Column]) -> dict[str, float]:
    """Return what a benchmark keeps, by flat names."""
    found: dict[str, float] = {}
    for column in columns:
        counts, cost = column.report.counts, column.report.cost
        values = {
            "stored": counts.stored,
            "lost": counts.lost,
            "duplicated": counts.duplicated,
            "cpu_us_per_position": cost.system_us_per_position,
            "to_table_p99_ms": column.to_table.p99 if column.to_table else None,
        }
        found |= {f"{column.name}.{name}": float(value) for name, value in values.items() if value is not None}
    return found


def _count(value: int | None) -> str:
    return _NONE if value is None else f"{value:,}"


def _rate(value: int | None, seconds: float) -> str:
    return _NONE if value is None else f"{value / seconds:,.0f}"


def _quantiles(found: Percentiles | None) -> str:
    return _NONE if found is None else f"{found.p50:,.0f} / {found.p99:,.0f}"


def _cost(column: Column) -> str:
    us = column.report.cost.system_us_per_position
    return _NONE if us is None else f"{us:,.0f}"


def _parts(column: Column) -> str:
    return ", ".join(f"{name} {us:,.0f}" for name, us in column.report.cost.by_process.items()) or _NONE


def _memory(column: Column) -> str:
    under_load = [each for each in column.report.processes if each.name in column.report.cost.by_process]
    return f"{sum(each.rss_mb_max for each in under_load):,.0f}" if under_load else _NONE


_ROWS: Final[Mapping[str, Callable[[Column], str]]] = {
    "positions/s offered": lambda column: _rate(column.report.counts.published, column.report.duration_s),
    "positions/s stored": lambda column: _rate(column.report.counts.stored, column.report.duration_s),
    "acknowledged": lambda column: _count(column.report.counts.acknowledged),
    "lost of those": lambda column: _count(column.report.counts.lost),
    "stored twice": lambda column: _count(column.report.counts.duplicated),
    "due to PUBACK, p50 / p99 ms": lambda column: _quantiles(column.report.latency.puback),
    "due to table, p50 / p99 ms": lambda column: _quantiles(column.to_table),
    "CPU µs a position": _cost,
    "of it": _parts,
    "memory, MB at most": _memory,
}
