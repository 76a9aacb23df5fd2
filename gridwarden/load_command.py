"""`gridwarden load`: will it hold? A fleet on a system, and a report. Exit code 0: goals held, 1: not, 2: no run."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from gridwarden.console import Progress
from gridwarden.load_run import run_load
from gridwarden.load_wish import LoadError, StartError, Wish, parse_watched
from gridwarden.options import run, settings_of
from gridwarden.signals import take_sigterm_for_ctrl_c
from simulators.dispatchers.answers import DispatcherError
from simulators.fleet.limits import LimitError
from simulators.report.model import Goal, Report, ReportError
from simulators.report.page import PAGE
from simulators.roster import RosterError
from simulators.scenario.reading import ScenarioError
from simulators.terminals.connector import AddressError

NO_RUN: Final = (LoadError, ScenarioError, RosterError, ReportError, AddressError, LimitError, DispatcherError)
MISSED: Final = 1
BAD_USAGE: Final = 2
_COUNTED: Final = ("published", "acknowledged", "receipted", "stored", "lost", "duplicated", "refused")


def load(
    *,
    scenario: Annotated[str, typer.Option(help="Name of a shipped scenario, or path of a YAML file")] = "steady",
    terminals: Annotated[int, typer.Option(min=1, help="How many of the roster")] = 500,
    interval: Annotated[
        float | None, typer.Option(min=0.05, help="Seconds between two reports.  [default: the scenario's]")
    ] = None,
    for_s: Annotated[float, typer.Option("--for", min=1, help="Seconds to publish for")] = 60.0,
    seed: Annotated[int, typer.Option(help="Same seed, same walks and the same city")] = 1,
    report: Annotated[Path, typer.Option(help="Folder for report.json and index.html")] = Path("load-report"),
    up: Annotated[bool, typer.Option("--up", help="Start a system for the test, and stop it afterwards")] = False,
    data: Annotated[Path | None, typer.Option(help="Its data folder, kept.  [default: a temporary one]")] = None,
    url: Annotated[str | None, typer.Option(help="Where terminals connect, mqtt:// or mqtts://")] = None,
    http: Annotated[str | None, typer.Option(help="Where the dashboard is, http://...: for viewers, warnings")] = None,
    roster: Annotated[Path | None, typer.Option(help="Folder of terminals.csv and grids.geojson")] = None,
    database: Annotated[
        str | None, typer.Option(help="The system's database, to count what is stored; with --up the one to use")
    ] = None,
    redis: Annotated[str | None, typer.Option(help="With --up: one process a program, on this Redis")] = None,
    broker: Annotated[str | None, typer.Option(help="With --up: ingest subscribes at this broker")] = None,
    ingests: Annotated[int, typer.Option(min=1, help="With --up and --redis: so many ingests listen on one port")] = 1,
    account: Annotated[
        str | None, typer.Option(help="Who looks and warns; the password is in GRIDWARDEN_LOAD_PASSWORD")
    ] = None,
    gateway_user: Annotated[str, typer.Option(help="Who publishes for terminals without a connection")] = "gateway",
    connections: Annotated[
        int | None, typer.Option(min=0, help="Terminals with a connection of their own.  [default: as many as can]")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of the fleet")] = None,
    viewers: Annotated[int, typer.Option(min=0, help="Viewers of the live map")] = 0,
    beside: Annotated[list[Path] | None, typer.Option(help="An earlier report.json, to stand beside")] = None,
    restart_command: Annotated[
        str | None, typer.Option(help="Restarts what it is given: ingest, database, broker, all")
    ] = None,
    watch: Annotated[list[str] | None, typer.Option(help="name=PID of a process whose CPU and memory count")] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Write all reports before the start: 170 bytes of memory a fix")
    ] = False,
    keep_ledger: Annotated[bool, typer.Option("--keep-ledger", help="Keep the records of each fix")] = False,
    ca: Annotated[Path | None, typer.Option(help="PEM file: who signs the server's certificate")] = None,
    client_certificate: Annotated[Path | None, typer.Option(help="PEM file of the fleet's certificate")] = None,
    client_key: Annotated[Path | None, typer.Option(help="PEM file of its key")] = None,
) -> None:
    """Ask whether a system holds: simulated terminals on it, goals, and a report of what was stored, lost and late."""
    settings = settings_of()
    progress = Progress()
    take_sigterm_for_ctrl_c()
    try:
        wish = Wish(
            scenario=scenario,
            terminals=terminals,
            interval_s=interval,
            duration_s=for_s,
            seed=seed,
            report=report,
            is_up=up,
            data=data,
            url=url,
            http=http,
            roster=roster,
            database=database,
            redis=redis,
            broker=broker,
            ingests=ingests,
            account=account,
            password=settings.load_password,
            gateway_user=gateway_user,
            gateway_secret=settings.load_gateway,
            connections=connections,
            workers=workers,
            viewers=viewers,
            beside=beside or (),
            restart_command=restart_command,
            watch=parse_watched(watch or ()),
            keeps_ledger=keep_ledger,
            prepares=prepare,
            ca=ca,
            client_certificate=client_certificate,
            client_key=client_key,
            command=shlex.join(["gridwarden", *sys.argv[1:]]),
        )
        done: list[Report] = []

        async def work() -> None:
            done.append(await run_load(wish, progress))

        run(work())
    except NO_RUN as error:
        progress.done()
        print(f"gridwarden: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(MISSED if isinstance(error, StartError) else BAD_USAGE) from None
    finally:
        progress.done()
    _show(done[0], report, progress)
    raise typer.Exit(0 if done[0].held else MISSED)


def _show(report: Report, folder: Path, progress: Progress) -> None:
    """Print the figures that matter, and where the others are."""
    lines = ["", *(f"  {name:<14}{_number(getattr(report.counts, name))}" for name in _COUNTED)]
    spans = {"to PUBACK": report.latency.puback, "to receipt": report.latency.receipt, "to frame": report.latency.frame}
    for name, span in spans.items():
        if span is not None:
            lines.append(f"  {name:<14}p50 {span.p50:,.0f} ms   p99 {span.p99:,.0f} ms   max {span.max:,.0f} ms")
    if report.cost.system_us_per_position is not None:
        lines.append(f"  {'CPU':<14}{report.cost.system_us_per_position:,.0f} us a position")
    lines += ["", *(f"  {_verdict(goal)}" for goal in report.goals), ""]
    lines.append(f"  {folder / PAGE}")
    progress.print("\n".join(lines))


def _verdict(goal: Goal) -> str:
    word = {True: "held", False: "[bold]MISSED[/bold]", None: "not measured"}[goal.held]
    return (
        f"{goal.name:<28}wanted {goal.wanted:<8g} found {'-' if goal.found is None else f'{goal.found:g}':<10} {word}"
    )


def _number(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,}"
