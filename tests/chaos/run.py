"""One run: publish, break things, mend them, wait until everything is settled, and count."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.chaos.audit import Audit, audit, lose_one, refusals_in, rows_in
from tests.chaos.book import Book
from tests.chaos.handset import Handset
from tests.chaos.messages import Composer, Style
from tests.chaos.mischief import Mischief
from tests.chaos.schedule import Door, Fault, Kind, schedule
from tests.chaos.system import System, running

SETTLE_S: Final = 120.0  # after the last fault, until everything has its receipt
BEGINS_BACK_MS: Final = 6 * 3_600_000  # the first fix time: no fix of a run is of the future
NO_SPACE: Final = ("No space left on device", "File too large")  # a full tmpfs; RLIMIT_FSIZE
MODULES: Final = {None: "gridwarden", "row": "gridwarden", "early": "tests.chaos.early"}
STYLES: Final = {
    Door.LISTEN: (Style.PLAIN, Style.FIELD, Style.RESPONSE),
    Door.BROKER: (Style.FIELD, Style.RESPONSE),  # a broker's PUBACK proves nothing
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`sabotage`: "row" takes a stored row away before the count, "early" acknowledges before COMMIT."""

    door: Door
    seed: int
    for_s: float
    terminals: int
    interval_s: float
    sabotage: str | None = None
    may_mount: bool = True
    kinds: tuple[Kind, ...] = tuple(Kind)


@dataclass(slots=True)
class Told:
    """What a run ends in."""

    audit: Audit
    book: Book
    hits: Counter[str] = field(default_factory=Counter[str])
    ended: dict[str, int] = field(default_factory=dict[str, int])  # by themselves, and were started again
    no_space: int = 0  # statements, or more, that PostgreSQL had no room for
    panics: int = 0
    settled_s: float = 0.0
    unsettled: int = 0  # messages


async def chaos(wish: Wish, folder: Path, say: Say) -> Told:
    book, hits = Book(), Counter[str]()
    module = MODULES[wish.sabotage]
    async with running(
        folder=folder, door=wish.door, terminals=wish.terminals, say=say, module=module, may_mount=wish.may_mount
    ) as system:
        say(f"the system is up; the disk: {system.disk.words}")
        handsets = _handsets(wish, system, book)
        unsettled, settled_s = await _play(wish, system, handsets, hits, say)
        found = await asyncio.to_thread(_count, wish, system.dsn, book)
        ended = {"ingest": 0 if system.ingest is None else system.ingest.ended_by_itself}
        ended["database"] = system.database.died
        if system.ingest is not None and (found.lost or unsettled):
            say(f"ingest's last words:\n{system.ingest.tail()}")
        return Told(
            audit=found,
            book=book,
            hits=hits,
            ended=ended,
            no_space=sum(system.database.said(words) for words in NO_SPACE),
            panics=system.database.said("PANIC:"),
            settled_s=settled_s,
            unsettled=unsettled,
        )


def _handsets(wish: Wish, system: System, book: Book) -> list[Handset]:
    begins_ms = int(time.time() * 1000) - BEGINS_BACK_MS
    styles = STYLES[wish.door]
    made: list[Handset] = []
    for number, code in enumerate(system.codes, start=1):
        style = styles[number % len(styles)]
        composer = Composer(seed=wish.seed, terminal=number, begins_ms=begins_ms, style=style)
        made.append(
            Handset(
                number=number,
                code=code,
                secret=system.secret,
                style=style,
                composer=composer,
                book=book,
                port=system.terminals.port,
                interval_s=wish.interval_s,
                chance=random.Random(f"{wish.seed} handset {number}"),
            )
        )
    return made


async def _play(wish: Wish, system: System, handsets: list[Handset], hits: Counter[str], say: Say) -> tuple[int, float]:
    """Return how many messages were never settled, and how long the settling took."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    began_s = loop.time()

    def note(fault: Fault, hit: str) -> None:
        hits[fault.kind.words] += 1
        say(f"{loop.time() - began_s:6.1f} s  {fault.kind.words}, for {fault.lasts_s:.1f} s ({hit})")

    faults = schedule(seed=wish.seed, for_s=wish.for_s, door=wish.door, kinds=wish.kinds)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(handset.stay_connected(), name="handset") for handset in handsets]
        for handset in handsets:
            group.create_task(handset.report(over), name="reports")
        until_s = began_s + wish.for_s
        await Mischief(system, note).play(faults, until_s=until_s)
        await asyncio.sleep(until_s - loop.time())
        over.set()
        say(f"{loop.time() - began_s:6.1f} s  nothing is broken any more, nothing new is said")
        ended_s = loop.time()
        unsettled = await _settle(handsets, say)
        for task in tasks:
            task.cancel()
    return unsettled, loop.time() - ended_s


async def _settle(handsets: list[Handset], say: Say) -> int:
    loop = asyncio.get_running_loop()
    until_s, said_s = loop.time() + SETTLE_S, loop.time()
    while (left := sum(len(handset.kept) for handset in handsets)) and loop.time() < until_s:
        await asyncio.sleep(0.1)
        if loop.time() - said_s > 5:
            said_s = loop.time()
            say(f"          {left} messages are not settled yet")
    return left


def _count(wish: Wish, dsn: str, book: Book) -> Audit:
    with psycopg.connect(dsn) as connection:
        if wish.sabotage == "row":
            lose_one(connection)
        rows: Any = rows_in(connection)
        return audit(book, rows, refusals_in(connection), door=wish.door)
