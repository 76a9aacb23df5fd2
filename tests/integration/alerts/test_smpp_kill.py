"""SIGKILL of the process that sends, again and again, in the middle of some thousand messages to an SMS centre.

Every message reaches the centre; what reaches it twice is flagged, and is no more than a window and a claim batch for
each kill; nothing is stuck.
"""

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from typing import Any, Final

import psycopg
import pytest
import uvloop

from alerts import program
from alerts.dispatch import Rate
from alerts.program import wall_clock
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Answers, Faults, Receipts
from tests.integration.alerts.builders import SECRET
from tests.integration.alerts.gateways import a_gateway, queue, rows, states, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
MESSAGES: Final = 4_000
WINDOW: Final = 50
RATE_PER_S: Final = 2_000.0
KILL_AT: Final = (500, 1_300, 2_400)  # messages that the centre has


def run_alerts(dsn: str, port: int) -> None:
    uvloop.run(_alerts(dsn, port))


async def _alerts(dsn: str, port: int) -> None:
    gateway = a_gateway(port, window=WINDOW, rate_per_s=RATE_PER_S)
    await program.run(
        dsn=dsn,
        bus=LocalBus(),
        link_secret=SECRET,
        public_url="http://localhost",
        gateways=[gateway],
        ready=lambda: None,
        clock=wall_clock,
    )


def start(dsn: str, port: int) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=run_alerts, args=(dsn, port))
    process.start()
    return process


@pytest.mark.timeout(300)
async def test_what_a_killed_sender_had_under_way_leaves_again_and_nothing_else_does(
    database: str, connection: Connection
) -> None:
    await queue(connection, ["洪水红色预警，请立即撤离。"] * MESSAGES, expires_in=None)
    faults = Faults(answers=Answers(delay_s=0.02), receipts=Receipts(delay_s=0.1, jitter_s=0.2))
    async with SmsCentre(faults=faults) as centre:
        for number in KILL_AT:
            process = start(database, centre.port)
            await until(lambda number=number: len(centre.submissions) >= number, within_s=60)
            os.kill(process.pid or 0, signal.SIGKILL)
            await asyncio.to_thread(process.join)
            assert process.exitcode == -signal.SIGKILL
            # Their leases would run out in a minute
            await connection.execute("UPDATE delivery SET lease_until = now() WHERE state = 'sending'")
        process = start(database, centre.port)
        await until(lambda: _is_over(connection), within_s=120)
        process.terminate()
        await asyncio.to_thread(process.join)
        numbers = [each.number for each in centre.submissions]
        twice = [each.number for each in centre.duplicates]
    assert len(set(numbers)) == MESSAGES
    most = WINDOW + Rate(per_s=RATE_PER_S).batch
    assert len(twice) <= len(KILL_AT) * most
    flagged = await rows(connection, "SELECT ltrim(address, '+') FROM delivery WHERE is_possible_duplicate")
    assert set(twice) <= set(flagged)
    assert len(flagged) <= len(KILL_AT) * most
    assert await states(connection) == {"delivered": MESSAGES}


async def _is_over(connection: Connection) -> bool:
    return set(await states(connection)) == {"delivered"}
