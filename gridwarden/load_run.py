"""One load run: the wish becomes a plan, the plan is played on its target, the report is written."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from pathlib import Path
from typing import Final

from gridwarden.console import Progress
from gridwarden.load_target import Target, target_of
from gridwarden.load_wish import LoadError, Wish, most_of_a_process, own_connections, viewers_workers_for, workers_for
from gridwarden.load_witness import DatabaseWitness
from gridwarden.programs import VERSION
from simulators.dispatchers.answers import Unit
from simulators.dispatchers.dispatcher import Dispatcher
from simulators.fleet.limits import make_room
from simulators.load.conductor import conduct
from simulators.load.plan import LoadPlan, Moment
from simulators.load.stage import unplayed
from simulators.report.model import Report, read_report
from simulators.report.page import write_report
from simulators.roster import GRIDS, TERMINALS, Handset, RosterError, read_handsets
from simulators.scenario.reading import read_scenario

LEDGER: Final = "ledger"  # folder of the run's records in the report's
ROLL_FILE: Final = "roll"  # in it: who is to be seen in which unit
STREET: Final = "grid-1"  # the level whose units viewers watch: above it the map shows counts
_RECORDS: Final = ("fleet-", "viewers-", ROLL_FILE)  # what the names in it begin with
_AN_ADDRESS: Final = 20_000  # connections of one source address; the system has some 28,000 ports for each


async def run_load(wish: Wish, progress: Progress) -> Report:
    """Run what was wished and write its report. Raises LoadError and what reading and starting raise."""
    wish.check()
    scenario, beside = read_scenario(wish.scenario), [read_report(path) for path in wish.beside]
    workers = workers_for(wish)
    own = own_connections(wish, workers=workers)
    make_room(most_of_a_process(wish, own, workers=workers))  # the system's processes inherit it
    with ledger_in(wish.report, keeps=wish.keeps_ledger) as folder:
        async with target_of(wish, progress, own=own) as target, _dispatcher(target) as dispatcher:
            handsets = await asyncio.to_thread(_handsets, target.roster, wish.terminals)
            codes = [handset.credential.terminal for handset in handsets]
            witness = None if target.dsn is None else DatabaseWitness(target.dsn, codes)
            units = await dispatcher.units() if dispatcher is not None and wish.viewers else ()
            watched = watched_units(units, handsets[: wish.terminals], most=wish.viewers)
            plan = LoadPlan(
                version=VERSION,
                command=wish.command,
                scenario=scenario,
                roster=target.roster,
                folder=folder,
                url=target.url,
                terminals=wish.terminals,
                interval_s=wish.interval_s or scenario.interval_s,
                duration_s=wish.duration_s,
                seed=wish.seed,
                own_connections=own,
                gateway=target.gateway,
                gateway_kind=target.gateway_kind,
                workers=workers,
                ca=wish.ca,
                client_certificate=wish.client_certificate,
                client_key=wish.client_key,
                source_addresses=_addresses(own, target.url),
                http=target.http,
                headers={} if dispatcher is None else dispatcher.headers,
                units=watched,
                roll=None if witness is None else await _roll(witness, watched, folder / ROLL_FILE),
                viewers=wish.viewers,
                viewers_workers=viewers_workers_for(wish.viewers),
                prepares=wish.prepares,
            )
            report = await _play(plan, target, witness, dispatcher, progress)
            await asyncio.to_thread(write_report, report, wish.report, beside)  # before the system has to stop
    return report


async def _play(
    plan: LoadPlan,
    target: Target,
    witness: DatabaseWitness | None,
    dispatcher: Dispatcher | None,
    progress: Progress,
) -> Report:
    progress.step(said_of(plan))
    late = unplayed(plan.scenario.events, duration_s=plan.duration_s)
    if late is not None:
        progress.step(late)
    with _until_interrupted() as stop:
        return await conduct(
            plan,
            witness=witness,
            system=target.system,
            dispatcher=dispatcher,
            say=progress.step,
            progress=_Shown(progress),
            stop=stop,
        )


async def _roll(witness: DatabaseWitness, units: Sequence[int], path: Path) -> Path | None:
    """Write down who is to be seen in the units."""
    if not units:
        return None
    rows = await witness.roll(units)
    await asyncio.to_thread(path.write_bytes, rows.tobytes())
    return path


def said_of(plan: LoadPlan) -> str:
    """Return in a line what is about to happen."""
    by_gateway = plan.terminals - plan.own_connections
    return (
        f"{plan.scenario.name}: {plan.terminals:,} terminals every {plan.interval_s:g} s for {plan.duration_s:g} s, "
        f"{plan.own_connections:,} with a connection of their own"
        + (f", {by_gateway:,} over a gateway ({plan.gateway_kind})" if by_gateway else "")
        + (f"; {plan.viewers:,} viewers of {len(plan.units):,} units" if plan.viewers else "")
    )


class _Shown:
    """Draws how the run stands on the status line; each phase is a line of its own."""

    def __init__(self, progress: Progress) -> None:
        self._progress: Final = progress
        self._phase = ""

    def __call__(self, moment: Moment) -> None:
        if moment.phase != self._phase:
            self._phase = moment.phase
            self._progress.step(moment.phase)
        if moment.t_s > 0:
            self._progress.update(
                f"{moment.t_s:.0f} of {moment.of_s:g} s   {moment.connected:,} of {moment.wanted:,} connected   "
                f"published {moment.published:,}   acknowledged {moment.acknowledged:,}   lag {moment.lag_s:.2f} s   "
                f"viewers {moment.viewers:,}, frames {moment.frames:,}"
            )


def watched_units(units: Sequence[Unit], handsets: Sequence[Handset], *, most: int) -> tuple[int, ...]:
    """Return the streets with the most simulated people, at most one a viewer; where there are none, those above.

    Viewers of a street see each of its people: above it the map of a large unit shows counts.
    """
    by_id, by_code = {unit.id: unit for unit in units}, {unit.code: unit for unit in units}
    found: Counter[int] = Counter()
    for code, people in Counter(handset.unit for handset in handsets).items():
        unit = by_code.get(code)
        street = unit and _street(unit, by_id)
        if street is not None:
            found[street] += people
    return tuple(unit for unit, _ in found.most_common(most))


def _street(unit: Unit, by_id: Mapping[int, Unit]) -> int | None:
    """Return the street of a unit, itself or above; the unit itself when it is above all streets."""
    at: Unit | None = unit
    while at is not None:
        if at.level == STREET:
            return at.id
        at = by_id.get(at.parent) if at.parent is not None else None
    return unit.id


def _handsets(roster: Path, terminals: int) -> tuple[Handset, ...]:
    if not (roster / GRIDS).exists():
        raise RosterError(f"{roster / GRIDS}: No such file or directory")
    handsets = read_handsets(roster / TERMINALS)
    if terminals > len(handsets):
        raise RosterError(f"{roster}: {len(handsets):,} terminals in it, {terminals:,} wanted: lower --terminals")
    return handsets


def _addresses(own: int, url: str) -> tuple[str, ...]:
    """Return source addresses of this machine, where one would run out of ports."""
    if own <= _AN_ADDRESS or "127.0.0." not in url:
        return ()
    return tuple(f"127.0.1.{place + 1}" for place in range(-(-own // _AN_ADDRESS)))


@contextlib.asynccontextmanager
async def _dispatcher(target: Target) -> AsyncGenerator[Dispatcher | None]:
    """Yield the account's desk, None when nobody can log in."""
    if target.http is None or target.login is None:
        yield None
        return
    async with Dispatcher.logged_in(target.http, target.login.name, target.login.password) as dispatcher:
        yield dispatcher


@contextlib.contextmanager
def ledger_in(report: Path, *, keeps: bool) -> Generator[Path]:
    """Hold an empty folder for the records; they go afterwards, unless somebody wants to look at them.

    Raises LoadError when nobody can write there, another run does, or the folder holds something else.
    """
    folder = report / LEDGER
    with contextlib.ExitStack() as stack:
        try:
            report.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_alone(report))
            _clear(folder)
            folder.mkdir()
        except OSError as error:
            raise LoadError(f"--report {report}: cannot write there: {error.strerror}") from error
        try:
            yield folder.resolve()
        finally:
            if not keeps:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(report: Path) -> Generator[None]:
    descriptor = os.open(report, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise LoadError(f"--report {report}: another load run writes there, choose another folder") from taken
        yield
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    if not folder.exists():
        return
    strange = sorted(found.name for found in folder.iterdir() if not found.name.startswith(_RECORDS))
    if strange:
        raise LoadError(f"{folder} holds {strange[0]}, no record of a load run: choose another folder with --report")
    shutil.rmtree(folder)


@contextlib.contextmanager
def _until_interrupted() -> Generator[asyncio.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into an event; the second meets the handlers from before."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def give_back() -> None:
        for number, handler in before.items():
            if loop.remove_signal_handler(number):
                signal.signal(number, handler)

    def stop_once() -> None:
        stop.set()
        give_back()

    for number in before:
        loop.add_signal_handler(number, stop_once)
    try:
        yield stop
    finally:
        give_back()
