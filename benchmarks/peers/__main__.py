"""`python -m benchmarks.peers node-red telegraf gridwarden --terminals 2000 --for 60 --report DIR`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.peers.catalogue import InstallError
from benchmarks.peers.columns import NAMES, Column, ColumnError, Run, make_roster, measure, shared_scenario
from benchmarks.peers.service import ServiceError
from benchmarks.peers.table import table
from simulators.report.page import write_report
from simulators.scenario.reading import ScenarioError, read_scenario

TOOLS: Final = Path.home() / ".cache" / "gridwarden-peers"
TABLE: Final = "columns.md"


def main(words: Sequence[str]) -> int:
    wanted = _parser().parse_args(words)
    folder: Path = wanted.report
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty: a report wants a folder of its own", file=sys.stderr)
        return 2
    try:
        scenario = read_scenario(wanted.scenario)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    run = Run(
        scenario=shared_scenario(scenario, duration_s=wanted.duration_s, kill=wanted.kill),
        terminals=wanted.terminals,
        interval_s=wanted.interval,
        duration_s=wanted.duration_s,
        seed=wanted.seed,
        folder=folder,
        tools=wanted.tools,
        command=shlex.join(["python", "-m", "benchmarks.peers", *words]),
        say=lambda line: print(line, file=sys.stderr),
        broker_as_installed=wanted.broker_as_installed,
    )
    try:
        columns = compare(wanted.columns, run)
    except (InstallError, ServiceError, ColumnError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(columns), end="")
    return 0


def compare(names: Sequence[str], run: Run) -> list[Column]:
    """Measure the columns one after the other; write a report for each, and a page and a table with all of them.

    Raises InstallError, ServiceError, ColumnError.
    """
    roster = make_roster(run)
    columns = [measure(name, run, roster=roster) for name in names]
    for column in columns:
        write_report(column.report, run.folder / column.name)
    first, *others = (column.report for column in columns)
    write_report(first, run.folder, beside=others)
    (run.folder / TABLE).write_text(table(columns))
    return columns


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("columns", nargs="+", choices=NAMES, metavar="COLUMN", help=", ".join(NAMES))
    parser.add_argument("--scenario", default="steady", help="name or file (default: %(default)s)")
    parser.add_argument("--terminals", type=int, default=2_000, help="(default: %(default)s)")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds (default: %(default)s)")
    parser.add_argument("--for", type=float, default=60.0, dest="duration_s", help="seconds (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--kill", action="store_true", help="kill -9 what stores the positions half-way")
    parser.add_argument("--report", type=Path, required=True, help="folder, new or empty")
    parser.add_argument("--tools", type=Path, default=TOOLS, help="where peers are installed (default: %(default)s)")
    parser.add_argument(
        "--broker-defaults", action="store_true", dest="broker_as_installed", help="Mosquitto's own limits"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
