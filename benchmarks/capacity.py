"""`python -m benchmarks.capacity [--quick] [--only NAME ...]`: what one machine holds, for docs/capacity.md.

Each run is a `gridwarden load --up` on the same data folder with the full-size city; its report stays in
benchmarks/results/capacity/NAME, and a run that has one is not run again. The figures go to docs/capacity.json, which
is checked in, and from there into the page and its picture. `--quick` keeps its reports apart, and out of the page.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.capacity_page import Row, figures, merged, render, row_of
from simulators.report.model import ReportError, read_report
from simulators.report.page import JSON

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results" / "capacity"
GRIDWARDEN: Final = (sys.executable, "-m", "gridwarden")
SEED: Final = 7
LONG_S: Final = 60  # two rounds at 30 s
QUICK_S: Final = 20
PATIENCE_S: Final = 420.0  # for starting, reading the roster, settling and asking the database, on a slow day
STOP_S: Final = 90.0  # it settles, asks the database and stops the system
COUNTY, CITY = "county", "city"
SCENARIO: Final = """\
name: {name}
title: A red warning to the {unit}
about: The steady day, and one red warning in the middle of it.
interval_s: 30
connect_within_s: 60
connects_before_start: true
events:
  - {{at_s: {at_s}, do: warn, level: red, unit: "{code}", headline: Capacity drill}}
goals: {{lost: 0, duplicated: 0, unexpected_refusals: 0, ack_p99_s: 1.0, lag_s: 1.0}}
"""


class CapacityError(Exception):
    """A run that cannot be made; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    name: str
    kind: str  # what is varied: terminals, interval, viewers or warning
    per_cent: float  # of the city's terminals
    interval_s: float = 30.0
    viewers: int = 0
    warned: str | None = None


RUNS: Final = (
    Run(name="terminals-1", kind="terminals", per_cent=1),
    Run(name="terminals-10", kind="terminals", per_cent=10),
    Run(name="terminals-30", kind="terminals", per_cent=30),
    Run(name="terminals-100", kind="terminals", per_cent=100),
    Run(name="interval-10", kind="interval", per_cent=30, interval_s=10),
    Run(name="viewers-200", kind="viewers", per_cent=10, viewers=200),
    Run(name="viewers-2000", kind="viewers", per_cent=10, viewers=2000),
    Run(name="warning-county", kind="warning", per_cent=10, viewers=200, warned=COUNTY),
    Run(name="warning-city", kind="warning", per_cent=10, viewers=200, warned=CITY),
)


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    chosen = [run for run in RUNS if not asked.only or run.name in asked.only]
    try:
        if not asked.render:
            _measure(chosen, asked)
        rows = list(_rows(_results(asked)))
        if not asked.quick:
            render(merged(rows))
    except (CapacityError, ReportError) as error:
        print(error, file=sys.stderr)
        return 1
    print(figures(rows))
    return 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_S} s a run, to try it: the figures are rough")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[run.name for run in RUNS], help="only these runs")
    parser.add_argument("--again", action="store_true", help="also runs that have a report")
    parser.add_argument("--render", action="store_true", help="measure nothing, only write the page from the reports")
    parser.add_argument("--data", type=Path, default=RESULTS / "data", help="data folder; made with the full-size city")
    parser.add_argument("--results", type=Path, help=f"where the reports go [{RESULTS.relative_to(ROOT)}]")
    return parser.parse_args(arguments)


def _measure(chosen: Sequence[Run], asked: argparse.Namespace) -> None:
    _make_city(asked.data)
    began = time.monotonic()
    for place, run in enumerate(chosen, 1):
        folder = _results(asked) / run.name
        if (folder / JSON).exists() and not asked.again:
            print(f"[{place}/{len(chosen)}] {run.name}: there is a report already", flush=True)
            continue
        print(
            f"[{place}/{len(chosen)}] {run.name}, {(time.monotonic() - began) / 60:.1f} min since the first", flush=True
        )
        _load(run, folder, data=asked.data, duration_s=QUICK_S if asked.quick else LONG_S)


def _results(asked: argparse.Namespace) -> Path:
    return asked.results or (RESULTS / "quick" if asked.quick else RESULTS)


def _make_city(data: Path) -> None:
    """Generate the full-size city into the folder's database, if the folder has none."""
    roster = data / "city"
    if (roster / "terminals.csv").exists():
        return
    print("making the city, some two minutes", flush=True)
    for words in (("generate", "--out", str(roster), "--seed", str(SEED)), ("load", str(roster))):
        done = subprocess.run([*GRIDWARDEN, "city", *words], env=_environment(data), check=False, timeout=900)  # noqa: S603
        if done.returncode:
            raise CapacityError(f"the city cannot be made: gridwarden city {words[0]} ended with {done.returncode}")


def _environment(data: Path) -> Mapping[str, str]:
    return os.environ | {"GRIDWARDEN_DATA": str(data)}


def _load(run: Run, folder: Path, *, data: Path, duration_s: int) -> None:
    """Make one run. A goal that is missed is a result; a run without a report is not, and the next one goes on."""
    with tempfile.TemporaryDirectory() as temporary:
        words = [*GRIDWARDEN, "load", *command(run, folder, data=data, duration_s=duration_s, scratch=Path(temporary))]
        process = subprocess.Popen(words, env=_environment(data))  # noqa: S603
        try:
            process.wait(timeout=duration_s + PATIENCE_S)
        except subprocess.TimeoutExpired:
            print(f"{run.name} takes too long and is stopped", file=sys.stderr)
        finally:
            _stop(process)
    if not (folder / JSON).exists():
        print(f"{run.name} ended with {process.returncode} and left no report", file=sys.stderr)


def command(run: Run, folder: Path, *, data: Path, duration_s: int, scratch: Path) -> Iterator[str]:
    """Yield the words after `gridwarden load`."""
    scenario = "steady" if run.warned is None else str(_scenario(run, data, scratch, duration_s))
    terminals = round(_lines(data / "city" / "terminals.csv") * run.per_cent / 100)
    yield from ("--up", "--data", str(data), "--scenario", scenario, "--report", str(folder))
    yield from ("--terminals", str(terminals), "--interval", f"{run.interval_s:g}", "--for", str(duration_s))
    yield from ("--seed", str(SEED))
    if run.viewers:
        yield from ("--viewers", str(run.viewers))


def _scenario(run: Run, data: Path, scratch: Path, duration_s: int) -> Path:
    code = run.warned
    if code == CITY:
        code = (data / "city" / "units.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    path = scratch / f"{run.name}.yaml"
    path.write_text(SCENARIO.format(name=run.name, unit=run.warned, code=code, at_s=duration_s // 2), encoding="utf-8")
    return path


def _lines(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for _ in lines) - 1  # the head


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _rows(results: Path) -> Iterator[Row]:
    for run in RUNS:
        path = results / run.name / JSON
        if path.exists():
            yield row_of(read_report(path), name=run.name, kind=run.kind)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
