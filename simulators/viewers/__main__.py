"""A worker of viewers: `python -m simulators.viewers PLAN.json`. Ends by itself, or settled after SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from simulators.viewers.audience import watch
from simulators.viewers.plan import Event, PlanError, encode, read_plan


def main() -> None:
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit("usage: python -m simulators.viewers PLAN.json")
    try:
        uvloop.run(_run(Path(sys.argv[1])))
    except (PlanError, OSError) as trouble:
        sys.exit(str(trouble))


async def _run(plan: Path) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await watch(read_plan(plan), say=_say, stop=stop)


def _say(event: Event) -> None:
    sys.stdout.buffer.write(encode(event))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
