"""The events of a scenario that the conductor plays itself: warnings, and restarts of the system under test.

What happens to people and their terminals is the fleet's part: it reads the same events.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulators.dispatchers.answers import DispatcherError, Issued
from simulators.dispatchers.dispatcher import Dispatcher, unit_of
from simulators.load.witness import System
from simulators.report.model import Warned
from simulators.scenario.events import Event, Restart, Warn

Said = Callable[[str], None]


def unplayed(events: Sequence[Event], *, duration_s: float) -> str | None:
    """Say which events come after the end of a run, None when all come before: who tests a flood wants to have one."""
    late = [event.at_s for event in events if event.at_s >= duration_s]
    if not late:
        return None
    return (
        f"{len(late)} of {len(events)} events of the scenario come after the end: the last at {max(late):g} s (--for)"
    )


@dataclass(slots=True)
class Stage:
    """Plays the events at their moments; `told` are the warnings that were issued, with their unit's code."""

    system: System
    dispatcher: Dispatcher | None
    say: Said
    told: Final[list[tuple[str, Issued]]] = field(default_factory=list[tuple[str, Issued]])

    async def play(self, events: Sequence[Event], *, starts_at: float) -> None:
        """Return when the last event has been played. Each has its own moment: a slow one delays no other."""
        async with asyncio.TaskGroup() as group:
            for place, event in enumerate(events):
                if isinstance(event, Warn | Restart):
                    group.create_task(self._one(event, starts_at + event.at_s), name=f"event {place}")

    async def _one(self, event: Warn | Restart, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.time()))
        if isinstance(event, Warn):
            await self._warn(event)
        else:
            await self._restart(event)

    async def _warn(self, event: Warn) -> None:
        if self.dispatcher is None:
            self.say(f"the {event.level} warning was not issued: no account to issue it with")
            return
        try:
            unit = unit_of(await self.dispatcher.units(), event.unit)
            if unit is None:
                self.say(f"the {event.level} warning was not issued: this city has no {event.unit}")
                return
            self.told.append((unit.code, await self.dispatcher.warn(event.level, unit.id, event.headline)))
        except DispatcherError as error:
            self.say(f"the {event.level} warning was not issued: {error}")

    async def _restart(self, event: Restart) -> None:
        began_at = time.monotonic()
        if await self.system.restart(event.what):
            self.say(f"restarted {event.what} in {time.monotonic() - began_at:.1f} s")
        else:
            self.say(f"{event.what} was not restarted: nothing here can do that")

    async def reached(self, *, starts_at: float, shown: Mapping[str, float]) -> list[Warned]:
        """Return what became of the warnings by now; `shown`: when the first viewer heard of each alert (epoch s)."""
        return [await self._reached(unit, issued, starts_at, shown) for unit, issued in self.told]

    async def _reached(self, unit: str, issued: Issued, starts_at: float, shown: Mapping[str, float]) -> Warned:
        reach, shown_at = issued.reach, shown.get(str(issued.alert))
        if self.dispatcher is not None:
            try:
                reach = await self.dispatcher.reach(issued.alert)
            except DispatcherError as error:
                self.say(f"nobody knows whom the {issued.level} warning reached: {error}")
        return Warned(
            at_s=round(issued.began_at - starts_at, 1),
            level=issued.level,
            unit=unit,
            told=reach.told,
            acknowledged=reach.acknowledged,
            issue_s=round(issued.issue_s, 3),
            first_frame_s=None if shown_at is None else round(max(shown_at - issued.pressed_at, 0.0), 3),
        )
