"""Real gammu-smsd with its dummy phone: messages leave, the network's reports and what people write come back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.core.gammu import GammuGateway, GammuTiming, validity
from alerts.core.policy import Policy
from alerts.providers.gammu import Gammu
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateway_peers import smsd, smsd_tables
from tests.integration.alerts.gateways import a_clock, a_lane, now, queue, rows, states, until
from tests.running import free_port
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
FLOOD = "【网格预警】洪水红色预警：请立即撤离低洼地带。🌊"
LONG = FLOOD * 5
QUICK = GammuTiming(look_s=0.05, ask_after_s=0.1, connect_s=2, answer_s=5)


@pytest.fixture
async def theirs(database: str) -> str:
    """A database with smsd's tables: here the city's own, elsewhere one beside the modem."""
    await smsd_tables(database)
    return database


def a_modem(pool: Pool, dsn: str, clock: Any = now, **changes: Any) -> Gammu:
    given: dict[str, Any] = {"name": "modem", "dsn": dsn, "where": "smsd", "rate_per_s": 100.0, "timing": QUICK}
    return Gammu(pool, clock, GammuGateway(**{**given, **changes}), policy=Policy())


async def looking(provider: Gammu, condition: Any) -> None:
    """Let the provider look until something is so."""

    async def seen() -> bool:
        await provider.look()
        return bool(await condition())

    await until(seen, within_s=60)


async def alive(provider: Gammu) -> None:
    async def open_now() -> bool:
        return provider.is_open

    await looking(provider, open_now)


async def test_a_message_leaves_and_is_delivered_when_the_network_says_so(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection, tmp_path: Path
) -> None:
    provider = a_modem(pool, theirs)
    async with smsd(tmp_path, theirs) as phone:
        await alive(provider)
        await queue(connection, [LONG])
        await drain(a_lane(pool, bus, provider))
        assert await states(connection) == {"sent": 1}

        async def has_left() -> bool:
            return len(await rows(connection, "SELECT 1 FROM sentitems WHERE \"Status\" = 'SendingOK'")) == 2

        await looking(provider, has_left)
        for number in (1, 2):
            phone.report(str(number), "+8613800000001", "Delivered")
        await looking(provider, lambda: _are(connection, {"delivered": 1}))
    sent = await rows(connection, 'SELECT "TextDecoded" FROM sentitems ORDER BY "SequencePosition"')
    assert "".join(sent) == LONG
    assert await rows(connection, "SELECT part, parts, state, word FROM sms_segment ORDER BY part") == [
        (number, 2, "delivered", "DeliveryOK") for number in (1, 2)
    ]


async def test_a_report_of_failure_fails_the_message(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection, tmp_path: Path
) -> None:
    provider = a_modem(pool, theirs)
    async with smsd(tmp_path, theirs) as phone:
        await alive(provider)
        await queue(connection, ["Flood [red] €1"])
        await drain(a_lane(pool, bus, provider))

        async def has_left() -> bool:
            return bool(await rows(connection, "SELECT 1 FROM sentitems WHERE \"Status\" = 'SendingOK'"))

        await looking(provider, has_left)
        phone.report("1", "+8613800000001", "Failed")
        await looking(provider, lambda: _are(connection, {"failed": 1}))
    assert await rows(connection, 'SELECT "TextDecoded", "Coding" FROM sentitems') == [
        ("Flood [red] €1", "Default_No_Compression")
    ]
    assert await rows(connection, "SELECT detail FROM delivery") == ["DeliveryFailed"]


async def test_what_people_write_is_taken_once(theirs: str, pool: Pool, connection: Connection, tmp_path: Path) -> None:
    provider = a_modem(pool, theirs)
    async with smsd(tmp_path, theirs) as phone:
        await alive(provider)
        phone.receive("1", "+8613800000009", "收到🌊")

        async def came() -> bool:
            return bool(await rows(connection, "SELECT 1 FROM sms_inbound"))

        await looking(provider, came)
    await connection.execute('UPDATE inbox SET "Processed" = false')  # as if we had died before we marked it
    await provider.look()
    assert await rows(connection, "SELECT source, destination, body FROM sms_inbound") == [
        ("+8613800000009", "modem", "收到🌊")
    ]
    assert await rows(connection, 'SELECT "Processed" FROM inbox') == [True]


async def test_a_message_that_may_be_there_already_is_not_put_there_twice(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    """Who put it into the outbox died before it said so: the lease is lost, and the message is found."""
    provider = a_modem(pool, theirs)
    await queue(connection, [FLOOD])
    lane = a_lane(pool, bus, provider)
    (claimed,) = await lane.claim(10)
    await lane.send([claimed])
    await connection.execute("UPDATE delivery SET state = 'queued', is_possible_duplicate = true")
    await connection.execute("DELETE FROM sms_segment")
    await drain(lane)
    assert await states(connection) == {"sent": 1}
    assert len(await rows(connection, "SELECT 1 FROM outbox")) == 1
    assert await rows(connection, "SELECT attempt, operator_id FROM sms_segment") == [(2, "1/1")]


async def test_what_has_no_point_any_more_is_taken_back_from_the_outbox(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    clock = a_clock()
    provider = a_modem(pool, theirs, clock)
    await queue(connection, [LONG, "another"], expires_in=timedelta(minutes=10))
    await drain(a_lane(pool, bus, provider, clock))
    assert len(await rows(connection, "SELECT 1 FROM outbox_multipart")) == 1
    clock.forward(minutes=11)
    await provider.look()
    assert await states(connection) == {"expired": 2}
    assert await rows(connection, "SELECT 1 FROM outbox UNION ALL SELECT 1 FROM outbox_multipart") == []


async def test_a_full_outbox_and_a_dead_smsd_take_nothing(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    provider = a_modem(pool, theirs, most_waiting=2)
    await provider.look()
    assert provider.strength == 0.0  # nobody refreshed the table of phones
    await connection.execute(
        """
        INSERT INTO phones ("ID", "IMEI", "Send", "TimeOut") VALUES ('modem', '9', true, localtimestamp)
        """
    )
    await provider.look()
    assert provider.strength == 1.0
    await queue(connection, [FLOOD, FLOOD])
    await drain(a_lane(pool, bus, provider))
    assert provider.strength == 0.0
    await provider.look()
    assert provider.strength == 0.0


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://x@127.0.0.1:{port}/smsd", "connection"),
        ("{theirs}_no_such", "does not exist"),
    ],
)
async def test_a_database_that_is_away_defers_and_is_survived(
    database: str, pool: Pool, bus: LocalBus, connection: Connection, dsn: str, words: str
) -> None:
    name = database.partition("?")
    given = dsn.format(port=free_port(), theirs=name[0])
    provider = a_modem(pool, given + name[1] + name[2] if "_no_such" in dsn else given)
    await provider.look()
    assert provider.strength == 0.0
    await queue(connection, [FLOOD])
    await a_lane(pool, bus, provider).round()
    ((state, flagged, detail),) = await rows(connection, "SELECT state, is_possible_duplicate, detail FROM delivery")
    assert (state, flagged) == ("queued", False)
    assert words in detail


async def test_tables_that_are_not_there_are_said_and_survived(pool: Pool, database: str) -> None:
    provider = a_modem(pool, database)
    await provider.look()
    assert provider.strength == 0.0


@pytest.mark.parametrize(
    ("body", "number", "words"),
    [
        ("洪" * 20_000, None, "20,000 characters need 299 segments, and 10 are allowed"),
        (FLOOD, "call me", "'call me' is no telephone number"),
        (FLOOD, "+8613800000001380000000", "a number of 23 characters: smsd has room for 20"),
    ],
)
async def test_what_cannot_be_written_is_refused_and_the_rest_leaves(
    theirs: str, pool: Pool, bus: LocalBus, connection: Connection, body: str, number: str | None, words: str
) -> None:
    await queue(connection, [body], number=number)
    await queue(connection, [FLOOD])
    await drain(a_lane(pool, bus, a_modem(pool, theirs)))
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [("failed", words), ("sent", "")]


@pytest.mark.parametrize(
    ("minutes", "wanted"), [(1, 0), (5, 0), (60, 11), (720, 143), (750, 144), (1440, 167), (2880, 168), (90_000, 196)]
)
def test_validity_is_written_as_the_standard_has_it(minutes: int, wanted: int) -> None:
    assert validity(timedelta(minutes=minutes)) == wanted
    assert validity(None) == -1


async def _are(connection: Connection, wanted: dict[str, int]) -> bool:
    return await states(connection) == wanted
