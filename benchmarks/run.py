"""`python -m benchmarks.run [ingest ...]`: run benchmarks, write benchmarks/results/latest.json, print a table.

Figures are flat names with numbers. What was measured before and is not measured now stays in the file. `peers`, which
installs other people's programs, `history`, which writes 15 GB, `notice` and `storm` run only where they are named.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import alerts, city, history, notice, rules, sms, storm
from benchmarks.ingest_path import bench as ingest
from benchmarks.peers import bench as peers
from benchmarks.peers.catalogue import InstallError
from benchmarks.peers.columns import ColumnError
from benchmarks.peers.service import ServiceError

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
Benchmark = Callable[[], Awaitable[Mapping[str, float]]]
BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "alerts": alerts.measure,
    "city": city.measure,
    "history": history.measure,
    "ingest": ingest.measure,
    "notice": notice.measure,
    "peers": peers.measure,
    "rules": rules.measure,
    "sms": sms.measure,
    "storm": storm.measure,
}
ON_REQUEST: Final = frozenset({"history", "notice", "peers", "storm"})


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark {unknown[0]}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    figures: dict[str, float] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    measured: dict[str, float] = {}
    for name in names or [name for name in BENCHMARKS if name not in ON_REQUEST]:
        try:
            found = uvloop.run(_run(BENCHMARKS[name]))
        except (InstallError, ServiceError, ColumnError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        measured |= {f"{name}.{figure}": round(value, 3) for figure, value in found.items()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures | measured, indent=1, sort_keys=True) + "\n")
    _show(measured)
    return 0


async def _run(benchmark: Benchmark) -> Mapping[str, float]:
    return await benchmark()


def _show(figures: Mapping[str, float]) -> None:
    table = Table("figure", "value")
    table.columns[1].justify = "right"
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
