"""One column after the other under the same load: each peer, and Gridwarden with and without a broker before it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.cluster import a_cluster
from benchmarks.peers.arrival import arrival_us
from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.mosquitto import start_broker
from benchmarks.peers.running import Running, a_running
from benchmarks.peers.witness import PeerWitness
from gridwarden.first_city import ROSTER, ensure_city
from gridwarden.programs import VERSION
from simulators.load.audit import span_ms
from simulators.load.conductor import conduct
from simulators.load.latency import percentiles
from simulators.load.ledgers import read_sent
from simulators.load.plan import LoadPlan, Moment
from simulators.report.model import Percentiles, Report, ReportError, read_report
from simulators.report.page import JSON
from simulators.roster import TERMINALS, read_handsets
from simulators.scenario.events import Restart
from simulators.scenario.model import Scenario
from tracker.database.migrate import migrate

LISTENING: Final = "gridwarden"
SUBSCRIBING: Final = "gridwarden-broker"
NAMES: Final = (LISTENING, SUBSCRIBING, *PEERS)
_TITLES: Final = {LISTENING: "Gridwarden, listening", SUBSCRIBING: "Gridwarden, behind Mosquitto"}
_NO_SUCH: Final = "peers have nothing of the kind"
_NOT_YET: Final = {"crossings": _NO_SUCH, "viewers": _NO_SUCH, "counts.refused": _NO_SUCH, "latency.receipt": _NO_SUCH}
_RECEIPTS: Final = 0.02
_SLACK_S: Final = 300.0  # beyond its own duration, before a run of Gridwarden's is given up

Say = Callable[[str], None]


class ColumnError(Exception):
    """A column could not be measured; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is alike for every column."""

    scenario: Scenario
    terminals: int
    interval_s: float
    duration_s: float
    seed: int
    folder: Path  # of the reports
    tools: Path  # where peers are installed and kept
    command: str
    say: Say
    broker_as_installed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    report: Report
    to_table: Percentiles | None = None  # ms from due; a peer's row inserted, Gridwarden's answer after its commit


def shared_scenario(scenario: Scenario, *, duration_s: float, kill: bool) -> Scenario:
    """Return what every column can play: no receipts, which no peer gives; perhaps a `kill -9` half-way."""
    handsets = msgspec.structs.replace(scenario.handsets, receipts_share=0.0)
    events = (*scenario.events, Restart(at_s=duration_s / 2, what="ingest")) if kill else scenario.events
    return msgspec.structs.replace(scenario, handsets=handsets, events=events)


def make_roster(run: Run) -> Path:
    """Build the small example city, with enough people; return the folder of its terminals and grids."""
    folder = run.folder / "people"
    with a_cluster() as cluster:
        migrate(cluster.dsn)
        asyncio.run(ensure_city(cluster.dsn, folder, seed=run.seed, walkers=run.terminals, say=run.say))
    return folder / ROSTER


def measure(name: str, run: Run, *, roster: Path) -> Column:
    """Measure one column; its report goes to a folder of its own.

    Raises InstallError, ServiceError, ColumnError.
    """
    folder = run.folder / name
    folder.mkdir(parents=True)
    if name in PEERS:
        return asyncio.run(_measure_peer(PEERS[name], run, roster, folder))
    return _measure_gridwarden(name, run, folder)


async def _measure_peer(peer: Peer, run: Run, roster: Path, folder: Path) -> Column:
    run.say(f"{peer.title} {peer.version} ({peer.licence}): installing if it is not there, and starting")
    codes = [handset.credential.terminal for handset in read_handsets(roster / TERMINALS)]
    with a_running(peer, tools=run.tools, folder=folder, broker_as_installed=run.broker_as_installed) as running:
        witness = PeerWitness(running.dsn, codes=codes)
        plan = _plan(run, roster, folder, running)
        plan.folder.mkdir()
        report = await conduct(
            plan, witness=witness, system=running, dispatcher=None, say=run.say, progress=_progress(run)
        )
        sent = read_sent(plan.folder)
        since_ms, until_ms = span_ms(sent)
        arrived = await witness.arrived(since_ms=since_ms, until_ms=until_ms)
    report = msgspec.structs.replace(
        report, name=peer.title, version=peer.version, not_yet={**report.not_yet, **_NOT_YET}
    )
    return Column(name=peer.name, report=report, to_table=percentiles(arrival_us(sent.rows, arrived)))


def _plan(run: Run, roster: Path, folder: Path, running: Running) -> LoadPlan:
    return LoadPlan(
        version=VERSION,
        command=run.command,
        scenario=run.scenario,
        roster=roster,
        folder=folder / "ledger",
        url=running.url,
        terminals=run.terminals,
        interval_s=run.interval_s,
        duration_s=run.duration_s,
        seed=run.seed,
        own_connections=run.terminals,
    )


def _progress(run: Run) -> Callable[[Moment], None]:
    """Say each new phase; figures of every second would bury the other lines."""
    said: list[str] = []

    def hear(moment: Moment) -> None:
        if moment.phase not in said:
            said.append(moment.phase)
            run.say(f"  {moment.phase}")

    return hear


def _measure_gridwarden(name: str, run: Run, folder: Path) -> Column:
    run.say(f"{_TITLES[name]}: starting")
    scenario = folder / "scenario.yaml"
    scenario.write_bytes(msgspec.yaml.encode(run.scenario if name == LISTENING else _sampled(run.scenario)))
    with ExitStack() as stack:
        options = ["--up", "--data", str(folder / "data"), "--scenario", str(scenario), "--report", str(folder)]
        if name == SUBSCRIBING:
            broker, port = start_broker(folder, as_installed=run.broker_as_installed)
            stack.callback(broker.stop)
            options += ["--broker", f"mqtt://127.0.0.1:{port}", "--watch", f"mosquitto={broker.pid}"]
        said = _load([*options, *_size(run)], within_s=run.duration_s + _SLACK_S)
    try:
        report = read_report(folder / JSON)
    except ReportError as error:
        raise ColumnError(f"{_TITLES[name]}: no report ({error}); `gridwarden load` said:\n{said}") from error
    safe = report.latency.puback if name == LISTENING else report.latency.receipt
    return Column(name=name, report=msgspec.structs.replace(report, name=_TITLES[name]), to_table=safe)


def _sampled(scenario: Scenario) -> Scenario:
    """Let a few ask for a receipt: behind a broker it is what tells that a position is in the table."""
    handsets = msgspec.structs.replace(scenario.handsets, receipts_share=_RECEIPTS)
    return msgspec.structs.replace(scenario, handsets=handsets)


def _size(run: Run) -> Sequence[str]:
    sizes = {"--terminals": run.terminals, "--interval": run.interval_s, "--for": run.duration_s, "--seed": run.seed}
    return [word for option, value in sizes.items() for word in (option, str(value))]


def _load(options: Sequence[str], *, within_s: float) -> str:
    """Run `gridwarden load` and return what it said; missed goals are its report's matter."""
    command = [sys.executable, "-m", "gridwarden", "load", *options]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ColumnError(f"`gridwarden load` did not end within {within_s:.0f} s") from error
    return done.stdout
