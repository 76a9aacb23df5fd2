"""From queued to delivered over SMPP: a city's SMS to an SMS centre beside us, each with its receipt.

The centre is the simulated one, in a process of its own; PostgreSQL is a cluster with fsync. First the parts, each
alone: claiming and marking (the lane, with a provider that takes everything at once), storing ids and receipts, and the
protocol with receipts that are acknowledged at once. What they allow one after the other, 1/(1/a + 1/b + 1/c), is the
ceiling that the whole is compared with. Then red messages behind 85,000 blue ones at 200 a second: how long until the
centre has each. At last the whole again beside the messages of one city-wide warning, and of ten.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

import psycopg
import uvloop
from psycopg_pool import AsyncConnectionPool

from alerts.core.policy import Policy
from alerts.core.states import DeliveryMove
from alerts.dispatch import Dispatcher, Rate
from alerts.link_maker import LinkMaker
from alerts.program import lane
from alerts.providers.interface import Outcome, Outgoing
from alerts.providers.smpp import Smpp
from alerts.providers.smpp_records import Records
from alerts.smpp import pdus
from alerts.smpp.batches import Tag
from alerts.smpp.commands import ESM_RECEIPT
from alerts.smpp.gateway import Gateway
from alerts.smpp.link import Link, Listeners
from alerts.smpp.pdus import Address, Deliver, Submit
from alerts.smpp.session import Session
from benchmarks.cluster import a_cluster
from benchmarks.sms_history import CITY, fill
from simulators.sms_centre.centre import SmsCentre
from tracker.bus.local import LocalBus
from tracker.database.migrate import migrate
from tracker.database.pool import open_pool

MESSAGES: Final = 40_000
BLUE: Final = 85_000
REDS: Final = 10
RED_RATE_PER_S: Final = 200.0
WINDOW: Final = 400
RATE_PER_S: Final = 50_000.0  # no limit here
TEXT: Final = "【网格预警】暴雨红色预警：预计未来三小时降雨量将达一百毫米以上，请立即转移。"
LONG: Final = TEXT * 15  # nine segments
LINKS: Final = LinkMaker(secret=b"0123456789abcdef", public_url="http://localhost")

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]


def now() -> datetime:
    return datetime.now(UTC)


async def measure() -> Mapping[str, float]:
    with a_cluster() as cluster, a_centre() as port:
        migrate(cluster.dsn)
        async with await open_pool(cluster.dsn, name="bench", size=8) as pool:
            enqueue_s = await _queue(pool, MESSAGES)
            claim = await _rate(lambda: _claiming(pool))
            store = await _rate(lambda: _storing(pool))
            bare = await _rate(lambda: _bare(port))
            await _queue(pool, MESSAGES)
            began_cpu = time.process_time()
            whole = await _rate(lambda: _sending(pool, port))
            cpu_s = time.process_time() - began_cpu
            ceiling = 1 / (1 / claim + 1 / store + 1 / bare)
            reds, behind_long = await _reds(pool, TEXT), await _reds(pool, LONG)
            beside_city, beside_ten = await _beside(pool, port, CITY), await _beside(pool, port, 9 * CITY)
        return {
            "enqueue_s": enqueue_s,
            "claim_and_mark_per_s": claim,
            "store_receipts_per_s": store,
            "bare_client_per_s": bare,
            "end_to_end_per_s": whole,
            "ratio_to_ceiling": whole / ceiling,
            "cpu_us_per_message": cpu_s / MESSAGES * 1e6,
            "red_over_blue_s": max(reds),
            "red_over_long_blue_s": max(behind_long),
            "beside_a_city_per_s": beside_city,
            "beside_ten_cities_per_s": beside_ten,
            "ratio_at_ten_times": beside_ten / beside_city,
        }


async def _rate(work: Callable[[], Awaitable[None]]) -> float:
    began_s = time.perf_counter()
    await work()
    return MESSAGES / (time.perf_counter() - began_s)


class Taker:
    """Takes everything at once."""

    name = "taker"
    channel = "sms"

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [Outcome(delivery=message.delivery, move=DeliveryMove.ACCEPTED) for message in messages]


async def _claiming(pool: Pool) -> None:
    dispatcher = Dispatcher(pool, LocalBus(), now, Taker(), links=LINKS, rate=Rate(per_s=RATE_PER_S), ahead=WINDOW)
    await _until_all(pool, dispatcher, "sent")


async def _storing(pool: Pool) -> None:
    """Store an id and a receipt of each message that was taken."""
    gateway = a_gateway(0)
    records = Records(pool, now, gateway, policy=Policy())
    link = Link(gateway, Listeners(delivered=records.delivered, late=records.late))
    async with pool.connection() as connection:
        ids = [row[0] for row in await (await connection.execute("SELECT id FROM delivery")).fetchall()]
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(records.run(), name="records")
        for at in range(0, len(ids), WINDOW):
            some = ids[at : at + WINDOW]
            for delivery in some:
                records.delivered(link, _a_receipt(f"b{delivery}"))
            await records.keep([(Tag(delivery, 1, 1, 1, "+861"), f"b{delivery}") for delivery in some])
        writing.cancel()
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM delivery_attempt")
        await connection.execute("DELETE FROM delivery")


def _a_receipt(operator_id: str) -> Deliver:
    text = f"id:{operator_id} sub:001 dlvrd:001 submit date:2607200400 done date:2607200401 stat:DELIVRD err:000 text:"
    someone = Address("8613800000001", 1, 1)
    return Deliver(
        sequence=1, source=someone, destination=someone, esm_class=ESM_RECEIPT, data_coding=0, payload=text.encode()
    )


async def _bare(port: int) -> None:
    """Submit, and acknowledge each receipt at once."""
    all_heard, heard = asyncio.Event(), 0

    def acknowledge(link: Link, deliver: Deliver) -> None:
        nonlocal heard
        heard += 1
        link.acknowledge([deliver.sequence])
        if heard >= MESSAGES:
            all_heard.set()

    session = Session(a_gateway(port), Listeners(delivered=acknowledge, late=lambda _tag, _id: None))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(session.run(), name="session")
        while not session.is_sending:  # noqa: ASYNC110 - once
            await asyncio.sleep(0.001)
        for at in range(0, MESSAGES, WINDOW):
            await session.submit([(Tag(number, 1, 1, 1, ""), _a_body(number)) for number in range(at, at + WINDOW)])
        await all_heard.wait()
        running.cancel()


def _a_body(number: int) -> bytes:
    return pdus.submit_body(
        Submit(
            source=Address("10690001"),
            destination=Address(f"86139{number:08d}", 1, 1),
            payload=TEXT.encode("utf-16-be"),
            data_coding=8,
        )
    )


async def _sending(pool: Pool, port: int) -> None:
    async with _running(pool, port, rate_per_s=RATE_PER_S) as operator:
        await _until_all(pool, lane(pool, LocalBus(), now, operator, LINKS), "delivered")


async def _beside(pool: Pool, port: int, earlier: int) -> float:
    """Return the rate beside so many more messages of earlier days."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM delivery WHERE state <> 'delivered'")
        await fill(connection, earlier, text=TEXT, now=now())
    await _queue(pool, MESSAGES)
    return await _rate(lambda: _sending(pool, port))


async def _until_all(pool: Pool, dispatcher: Dispatcher, state: str) -> None:
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(dispatcher.run(asyncio.Event()), name="lane")
        while await _is_any_not(pool, state):  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.1)
        sending.cancel()


async def _reds(pool: Pool, blue: str) -> list[float]:
    """Return how long each of some red messages took to the centre, with blue ones queued before it."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM delivery_attempt")
        await connection.execute("DELETE FROM delivery")
    await _queue(pool, BLUE, text=blue)
    took: list[float] = []
    async with (
        SmsCentre() as centre,
        _running(pool, centre.port, rate_per_s=RED_RATE_PER_S) as operator,
        asyncio.TaskGroup() as group,
    ):
        dispatcher = lane(pool, LocalBus(), now, operator, LINKS)
        sending = group.create_task(dispatcher.run(asyncio.Event()), name="lane")
        await centre.until(lambda: len(centre.submissions) > RED_RATE_PER_S)
        for number in range(REDS):
            red = f"86137{number:08d}"
            await _queue(pool, 1, number=f"+{red}", priority=1)
            began_s = time.perf_counter()
            await centre.until(lambda red=red: centre.to(red))
            took.append(time.perf_counter() - began_s)
        sending.cancel()
    return took


@asynccontextmanager
async def _running(pool: Pool, port: int, *, rate_per_s: float) -> AsyncGenerator[Smpp]:
    operator = Smpp(pool, now, a_gateway(port, rate_per_s=rate_per_s), policy=Policy())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(operator.run(), name="operator")
        while not operator.is_open:  # noqa: ASYNC110 - once
            await asyncio.sleep(0.001)
        yield operator
        running.cancel()


def a_gateway(port: int, *, rate_per_s: float = RATE_PER_S) -> Gateway:
    return Gateway(
        name="operator",
        host="127.0.0.1",
        port=port,
        system_id="gridwarden",
        password="secret",  # noqa: S106 - the simulated centre's
        window=WINDOW,
        rate_per_s=rate_per_s,
        source=Address("10690001"),
    )


async def _queue(pool: Pool, count: int, *, number: str | None = None, priority: int = 4, text: str = TEXT) -> float:
    """Queue messages in one commit; return the seconds that it took."""
    began_s = time.perf_counter()
    async with pool.connection() as connection:
        await connection.execute(
            """
            INSERT INTO delivery (kind, channel, address, body, priority, state, queued_at, expires_at)
            SELECT 'manual', 'sms', coalesce(%(number)s, '+86138' || lpad(n::text, 8, '0')), %(text)s, %(priority)s,
                   'queued', %(now)s, %(now)s::timestamptz + %(valid)s
            FROM generate_series(1, %(count)s) n
            """,
            {
                "number": number,
                "text": text,
                "priority": priority,
                "count": count,
                "now": now(),
                "valid": timedelta(hours=1),
            },
        )
        took_s = time.perf_counter() - began_s
        if count > 1:
            await connection.execute("ANALYZE delivery")
    return took_s


async def _is_any_not(pool: Pool, state: str) -> bool:
    async with pool.connection() as connection:
        query = "SELECT EXISTS (SELECT 1 FROM delivery WHERE state <> %s)"
        row = await (await connection.execute(query, [state])).fetchone()
        return row is not None and bool(row[0])


@contextmanager
def a_centre() -> Generator[int]:
    """Run an SMS centre in a process of its own; yield its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join()


def _serve(pipe: "Pipe[Any, Any]") -> None:
    async def work() -> None:
        async with SmsCentre(keep=2 * MESSAGES) as centre:
            pipe.send(centre.port)
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    uvloop.run(work())
