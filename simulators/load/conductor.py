"""The conductor of a load run: starts the workers, plays the events, waits until all is settled, has the report made.

While the load lasts it costs next to nothing itself: it reads a few lines a second, and looks at processes. What it
finds out of millions of rows it finds out afterwards.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulators.dispatchers.dispatcher import Dispatcher
from simulators.load.findings import Before, Played, find
from simulators.load.plan import Instant, LoadPlan, Moment, Progress, fleet_plans, viewers_plans
from simulators.load.settling import wait_until_kept
from simulators.load.stage import Stage
from simulators.load.watch import Watch
from simulators.load.witness import System, Witness
from simulators.load.workers import Workers, first_shown, fleet_figures, viewers_counts, workers_in
from simulators.report.model import Report
from simulators.roster import GRIDS, TERMINALS

TICK_S: Final = 1.0

Said = Callable[[str], None]


async def conduct(
    plan: LoadPlan,
    *,
    witness: Witness | None,
    system: System,
    dispatcher: Dispatcher | None,
    say: Said,
    progress: Progress,
    stop: asyncio.Event | None = None,
) -> Report:
    """Play a plan: start the workers, play the events, wait until all is settled, ask the witness, judge the goals.

    Without `witness` nobody knows what is stored: the report says so. Without `dispatcher` no warning is issued. `say`
    hears trouble in lines, `progress` how it stands about each second. `stop` ends the run early, with a report of what
    was. The plan's folder, which has to be there and empty, keeps the ledgers.
    """
    before = None if witness is None else Before(refused=await witness.refused(), placed=await witness.placed())
    async with workers_in(plan.folder) as workers:
        run = _Run(plan, workers, Stage(system, dispatcher, say), say=say, progress=progress)
        played = await run.play(witness, stop or asyncio.Event())
    progress(Moment(phase="comparing what was published with what is stored"))
    return await find(plan, played, witness=witness, before=before)


@dataclass(slots=True)
class _Run:
    """One run from the start of the workers to their end."""

    plan: LoadPlan
    workers: Workers
    stage: Stage
    say: Said
    progress: Progress
    starts_at: float = 0.0
    phase: str = "preparing"
    seconds: list[Instant] = field(default_factory=list[Instant])
    trouble: list[str] = field(default_factory=list[str])

    async def play(self, witness: Witness | None, stop: asyncio.Event) -> Played:
        plan = self.plan
        self.starts_at = time.time() + await asyncio.to_thread(_preparation_s, plan)
        for share in fleet_plans(plan, starts_at=self.starts_at):
            await self.workers.start_fleet(share)
        for share in viewers_plans(plan, starts_at=self.starts_at):
            await self.workers.start_viewers(share)
        watch = Watch(self._processes, starts_at=self.starts_at)
        async with asyncio.TaskGroup() as group:
            for worker in (*self.workers.fleet, *self.workers.viewers):
                group.create_task(worker.listen(self._hear), name=f"what {worker.name} says")
            beside = [
                group.create_task(self._tick(), name="progress"),
                group.create_task(self._watch(watch), name="processes"),
                group.create_task(self.stage.play(plan.scenario.events, starts_at=self.starts_at), name="events"),
            ]
            await self._publish(stop)
            watch.look()
            cpu_s, ended_at = watch.cpu_s(), time.time()
            await self._settle(witness)
            viewed_until = time.time()
            for task in beside:
                task.cancel()
        return Played(
            starts_at=self.starts_at,
            ended_at=ended_at,
            viewed_until=viewed_until,
            fleet=fleet_figures(self.workers.fleet),
            viewers=viewers_counts(self.workers.viewers),
            viewers_done=self.workers.viewers_done(),
            warnings=await self.stage.reached(starts_at=self.starts_at, shown=first_shown(self.workers.viewers)),
            processes=watch.report(),
            cpu_s=cpu_s,
            seconds=self.seconds,
            trouble=self.trouble,
            is_cut_short=stop.is_set(),
        )

    def _processes(self) -> Mapping[str, Sequence[int]]:
        return {**self.workers.processes(), **self.stage.system.processes(), "conductor": [os.getpid()]}

    def _hear(self, line: str) -> None:
        self.trouble.append(line)
        self.say(line)

    async def _watch(self, watch: Watch) -> None:
        await asyncio.sleep(max(0.0, self.starts_at - time.time()))
        await watch.run()

    async def _publish(self, stop: asyncio.Event) -> None:
        """Return when the fleet has ended, by itself or because `stop` was set."""
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(self._stop_on(stop), name="stop")
            until_s = max(0.0, self.starts_at - time.time()) + self.plan.duration_s + self.plan.settle_s
            for worker in self.workers.fleet:
                await worker.end(within_s=until_s)
            stopping.cancel()

    async def _stop_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.phase = "stopping early"
        for worker in self.workers.fleet:
            worker.stop()

    async def _settle(self, witness: Witness | None) -> None:
        self.phase = "waiting until everything is stored"
        if witness is not None:
            await wait_until_kept(witness, self.plan.folder, say=self._hear)
        self.phase = "waiting for viewers to agree"
        for worker in self.workers.viewers:
            worker.stop()
        for worker in self.workers.viewers:
            await worker.end(within_s=self.plan.settle_s)

    async def _tick(self) -> None:
        """Tell once a second how it stands, and remember it for the report's time line."""
        while True:
            t_s = time.time() - self.starts_at
            fleet, viewers = fleet_figures(self.workers.fleet), viewers_counts(self.workers.viewers)
            if self.phase == "preparing" and t_s >= 0:
                self.phase = "publishing"
            if self.phase == "publishing" and t_s > self.plan.duration_s:
                self.phase = "waiting for acknowledgements"
            if t_s >= 0:
                self.seconds.append(Instant(t_s, fleet.connected, fleet.wanted, fleet.lag_s))
            self.progress(
                Moment(
                    phase=self.phase,
                    t_s=t_s,
                    of_s=self.plan.duration_s,
                    due=fleet.due,
                    published=fleet.published,
                    acknowledged=fleet.acknowledged,
                    connected=fleet.connected,
                    wanted=fleet.wanted,
                    lag_s=fleet.lag_s,
                    viewers=viewers.connected,
                    frames=viewers.frames,
                )
            )
            await asyncio.sleep(TICK_S)


def _preparation_s(plan: LoadPlan) -> float:
    with (plan.roster / TERMINALS).open("rb") as lines:
        handsets = sum(1 for _ in lines)
    return plan.preparation_s(handsets=handsets, grids_bytes=(plan.roster / GRIDS).stat().st_size)
