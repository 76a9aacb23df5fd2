"""`python -m tests.chaos.sms --messages 100000 --kills 9 --seed 1`: SIGKILL while messages leave, then count.

Who sends (`alerts`), the postmaster (fsync on) and the SMS centre are killed in an order and at moments that the seed
draws, by how many messages the centre has. The centre keeps what it took, as one does on its disk. Held is: every
message reaches the centre; what reaches it twice is flagged, and is at most a window and a claim batch for each kill;
none is stuck.

The last line is `messages=... reached=... delivered=... twice=... most=... unflagged=0`; the exit code is 1 when a
figure is not exact.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import psycopg
import uvloop

from alerts import program
from alerts.dispatch import Rate
from alerts.program import wall_clock
from gridwarden.embedded import EmbeddedPostgres
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Answers, Faults, Receipts
from tests.integration.alerts.builders import SECRET
from tests.integration.alerts.gateways import a_gateway, queue, rows, states
from tracker.bus.local import LocalBus
from tracker.database.migrate import migrate

Connection = psycopg.AsyncConnection[Any]
WINDOW: Final = 50
TEXT: Final = "洪水红色预警，请立即撤离。"
FAULTS: Final = Faults(answers=Answers(delay_s=0.02), receipts=Receipts(delay_s=0.1, jitter_s=0.2))
FIRST, LAST = 0.03, 0.95  # shares of the messages between which somebody is killed
AWAY_S: Final = (0.2, 2.0)  # how long the database and the centre are away


class Victim(StrEnum):
    SENDER = "sender"
    DATABASE = "database"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`ends_leases`: what a killed sender held is free at once, where nobody can wait for a minute."""

    messages: int
    kills: int
    seed: int = 1
    rate_per_s: float = 10_000.0
    patience_s: float = 900.0
    ends_leases: bool = False

    @property
    def schedule(self) -> Sequence[tuple[int, Victim]]:
        """Return at how many messages of the centre who is killed."""
        draw = random.Random(self.seed)
        moments = sorted(draw.uniform(FIRST, LAST) for _ in range(self.kills))
        victims = [list(Victim)[number % len(Victim)] for number in range(self.kills)]
        draw.shuffle(victims)
        return [(int(self.messages * moment), victim) for moment, victim in zip(moments, victims, strict=True)]

    @property
    def most_twice(self) -> int:
        return self.kills * (WINDOW + Rate(per_s=self.rate_per_s).batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    wish: Wish
    reached: int
    twice: int
    flagged: int
    unflagged: int  # of those that reached the centre twice
    states: dict[str, int]

    @property
    def is_exact(self) -> bool:
        all_of_them = {"delivered": self.wish.messages}
        is_whole = self.reached == self.wish.messages and self.states == all_of_them
        return is_whole and not self.unflagged and self.twice <= self.wish.most_twice >= self.flagged

    @property
    def line(self) -> str:
        return (
            f"messages={self.wish.messages} reached={self.reached} delivered={self.states.get('delivered', 0)}"
            f" twice={self.twice} flagged={self.flagged} most={self.wish.most_twice} unflagged={self.unflagged}"
        )


async def kill_and_count(wish: Wish, folder: Path, say: Callable[[str], None]) -> Told:
    postgres = EmbeddedPostgres(folder)
    await asyncio.to_thread(postgres.start)
    try:
        migrate(postgres.dsn)
        async with await _connected(postgres) as connection:
            await queue(connection, [TEXT] * wish.messages, expires_in=None)
        return await _kill_and_count(wish, postgres, say)
    finally:
        await asyncio.to_thread(postgres.stop)


async def _kill_and_count(wish: Wish, postgres: EmbeddedPostgres, say: Callable[[str], None]) -> Told:
    draw = random.Random(wish.seed)
    began_s = time.monotonic()
    async with SmsCentre(faults=FAULTS, keep=4 * wish.messages) as centre:
        sender = _start(postgres.dsn, centre.port, wish.rate_per_s)
        try:
            for at, victim in wish.schedule:
                await centre.until(lambda at=at: centre.counts.taken >= at, within_s=wish.patience_s)
                say(f"{time.monotonic() - began_s:6.1f} s  {centre.counts.taken:7,} taken: SIGKILL of the {victim}")
                if victim is Victim.SENDER:
                    await _end(sender, signal.SIGKILL)
                    if wish.ends_leases:
                        await _end_leases(postgres)
                    sender = _start(postgres.dsn, centre.port, wish.rate_per_s)
                elif victim is Victim.DATABASE:
                    os.kill(postgres.pid or 0, signal.SIGKILL)
                    await asyncio.sleep(draw.uniform(*AWAY_S))
                    await asyncio.to_thread(postgres.start)
                else:
                    await centre.kill()
                    await asyncio.sleep(draw.uniform(*AWAY_S))
                    await centre.start()
            await _until_settled(postgres, wish, say, began_s)
        finally:
            await _end(sender, signal.SIGTERM)
        numbers = {each.number for each in centre.submissions}
        twice = [each.number for each in centre.duplicates]
    async with await _connected(postgres) as connection:
        flagged = set(await rows(connection, "SELECT ltrim(address, '+') FROM delivery WHERE is_possible_duplicate"))
        left = await states(connection)
    return Told(
        wish=wish,
        reached=len(numbers),
        twice=len(twice),
        flagged=len(flagged),
        unflagged=len(set(twice) - flagged),
        states=left,
    )


async def _until_settled(postgres: EmbeddedPostgres, wish: Wish, say: Callable[[str], None], began_s: float) -> None:
    """Wait until all are delivered; who is stuck at the end of all patience is counted as they are."""
    last: dict[str, int] = {}
    until_s = time.monotonic() + wish.patience_s
    while time.monotonic() < until_s:
        async with await _connected(postgres) as connection:
            found = await states(connection)
        if found != last:
            said = ", ".join(f"{state} {count:,}" for state, count in sorted(found.items()))
            say(f"{time.monotonic() - began_s:6.1f} s  {said}")
            last = found
        if set(found) == {"delivered"}:
            return
        await asyncio.sleep(2.0)


async def _connected(postgres: EmbeddedPostgres) -> Connection:
    return await Connection.connect(postgres.dsn, autocommit=True)


async def _end_leases(postgres: EmbeddedPostgres) -> None:
    async with await _connected(postgres) as connection:
        await connection.execute("UPDATE delivery SET lease_until = now() WHERE state = 'sending'")


def _start(dsn: str, port: int, rate_per_s: float) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=run_alerts, args=(dsn, port, rate_per_s))
    process.start()
    return process


async def _end(process: BaseProcess, number: signal.Signals) -> None:
    os.kill(process.pid or 0, number)
    await asyncio.to_thread(process.join)


def run_alerts(dsn: str, port: int, rate_per_s: float) -> None:
    uvloop.run(_alerts(dsn, port, rate_per_s))


async def _alerts(dsn: str, port: int, rate_per_s: float) -> None:
    await program.run(
        dsn=dsn,
        bus=LocalBus(),
        link_secret=SECRET,
        public_url="http://localhost",
        gateways=[a_gateway(port, window=WINDOW, rate_per_s=rate_per_s)],
        ready=lambda: None,
        clock=wall_clock,
    )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.sms", description="Kill everybody, lose no message.")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    wish = Wish(messages=said.messages, kills=said.kills, seed=said.seed)
    with tempfile.TemporaryDirectory(prefix="gridwarden-chaos-") as made:
        Path(made).chmod(0o755)
        told = uvloop.run(kill_and_count(wish, Path(made), say))
    say(told.line)
    return 0 if told.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
