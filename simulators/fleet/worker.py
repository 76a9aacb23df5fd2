"""One worker process of a load run: reads its plan, plays its share, and says how it goes on standard output."""

import asyncio
import contextlib
import gc
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import psutil

from simulators.fleet.build import Built, Share, build, resolve
from simulators.fleet.events import Done, Event, Figures, Progress, Ready, Said, encode
from simulators.fleet.limits import make_room
from simulators.fleet.plan import FleetPlan, PlanError
from simulators.roster import GRIDS, TERMINALS, Credential, RosterError, read_grids, read_handsets

_COLLECT_AT: Final = (100_000, 50, 100)  # objects here die by their counts; cycles are rare


async def work(plan: FleetPlan) -> None:
    """Play the plan to its end, or until SIGTERM or SIGINT.

    Raises PlanError, RosterError, AddressError, LimitError, OSError (the ledger's folder).
    """
    make_room(plan.own_connections)
    endpoint = await resolve(
        plan.url,
        ca=_path(plan.ca),
        certificate=_path(plan.client_certificate),
        key=_path(plan.client_key),
        sources=plan.source_addresses,
    )
    built = await asyncio.to_thread(
        build,
        share=await asyncio.to_thread(_share, plan),
        endpoint=endpoint,
        scenario=plan.scenario,
        seed=plan.seed,
        interval_s=plan.interval_s,
        sample=plan.sample,
        folder=Path(plan.out),
        say=lambda line: _tell(Said(line=line)),
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AT)
    if (late_s := time.time() - plan.starts_at) > 0:
        _tell(Said(line=f"the share was read {late_s:.1f} s after the start: what was due by then comes late"))
    await _play(plan, built)


async def _play(plan: FleetPlan, built: Built) -> None:
    loop, counts = asyncio.get_running_loop(), built.counts
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, built.fleet.stop)
    me = psutil.Process()

    def second() -> None:
        said = _figures(counts)
        _tell(Progress(**said, at=time.time(), cpu_s=time.process_time(), rss_kb=me.memory_info().rss // 1024))

    with contextlib.closing(built.books), contextlib.closing(built.exchange):
        await built.fleet.run(
            starts_at=plan.starts_at,
            duration_s=plan.duration_s,
            settle_s=plan.settle_s,
            prepares=plan.prepares,
            ready=lambda: _tell(Ready(at=time.time(), connected=counts.connected)),
            second=second,
        )
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _tell(Done(**_figures(counts), at=time.time(), cpu_s=time.process_time(), rss_kb=peak_kb))


def _share(plan: FleetPlan) -> Share:
    folder = Path(plan.roster)
    handsets = read_handsets(folder / TERMINALS, first=plan.first, count=plan.count)
    if len(handsets) < plan.count:
        raise RosterError(f"{folder / TERMINALS}: no {plan.count} terminals from number {plan.first} on")
    if plan.own_connections < plan.count and plan.gateway is None:
        raise PlanError("terminals without a connection of their own need a gateway")
    gateway = plan.gateway if plan.own_connections < plan.count else None
    return Share(
        handsets=handsets,
        grids=read_grids(folder / GRIDS),
        first=plan.first,
        terminals=plan.terminals,
        own=plan.own_connections,
        gateway=Credential(terminal=gateway.user, secret=gateway.secret) if gateway else None,
        gateways=gateway.connections if gateway else 0,
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _figures(counts: Figures) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in Figures.__struct_fields__}


def _tell(event: Event) -> None:
    sys.stdout.buffer.write(encode(event))
    sys.stdout.buffer.flush()
