"""`python -m tests.chaos --for 60 --seed 1 --door listen`: break the system while terminals publish, then count.

The last line is `published=... acknowledged=... receipted=... stored=... duplicated=0 lost=0`; the exit code is 1 when
a figure is not exact.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.chaos.report import lines
from tests.chaos.run import Told, Wish, chaos
from tests.chaos.schedule import Door, Kind


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def wish_of(words: list[str]) -> tuple[Wish, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break everything, lose nothing.")
    parser.add_argument("--for", dest="for_s", type=float, default=60.0, help="seconds of publishing and breaking")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", choices=[door.value for door in Door], default=Door.LISTEN.value)
    parser.add_argument("--terminals", type=int, default=200)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two messages of a terminal")
    parser.add_argument("--keep", type=Path, help="where the logs stay")
    parser.add_argument("--no-mount", action="store_true", help="fill the disk as where no tmpfs can be mounted")
    names = [kind.name.lower() for kind in Kind]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="FAULT", help=", ".join(names))
    parser.add_argument("--sabotage", choices=["row", "early"], help="lose something, to show that it is found")
    said = parser.parse_args(words)
    wish = Wish(
        door=Door(said.door),
        seed=said.seed,
        for_s=said.for_s,
        terminals=said.terminals,
        interval_s=said.interval,
        sabotage=said.sabotage,
        may_mount=not said.no_mount,
        kinds=tuple(Kind[name.upper()] for name in said.only),
    )
    return wish, said.keep


async def until_told(wish: Wish, folder: Path) -> Told:
    """Run; a signal ends it, and all that it started."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(chaos(wish, folder, say), name="chaos")
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, run.cancel)
    if run.cancelled():
        raise SystemExit(130)
    return run.result()


def main() -> int:
    wish, kept = wish_of(sys.argv[1:])
    say(f"door {wish.door.value}, seed {wish.seed}, {wish.for_s:.0f} s, {wish.terminals} terminals")
    with tempfile.TemporaryDirectory(prefix="gridwarden-chaos-") as made:
        folder = kept or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            folder.chmod(0o755)  # the database runs as nobody
        told = uvloop.run(until_told(wish, folder))
    for line in lines(wish, told):
        say(line)
    return 0 if told.audit.is_exact and not told.unsettled else 1


if __name__ == "__main__":
    sys.exit(main())
