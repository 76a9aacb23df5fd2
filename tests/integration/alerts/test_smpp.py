"""Messages over SMPP to the simulated SMS centre: told, receipted, deferred, refused, and nothing lost on the way."""

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.core.policy import Policy
from alerts.providers.smpp_records import Records
from alerts.smpp.receipts import Ids
from alerts.smpp.segments import Concatenation
from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Answers, Faults, Outcomes, Receipts, Refusals
from tests.integration.alerts.builders import drain
from tests.integration.alerts.gateways import a_gateway, a_lane, connected, now, queue, rows, states, until
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
FLOOD = "【网格预警】洪水红色预警：请立即撤离低洼地带。"
WAITING_FOR_LOCKS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
LONG = FLOOD * 6 + "🌊" * 40


async def test_a_message_is_delivered_when_every_segment_is(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD, LONG, "Flood [red] €1", ""])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _all(connection, "delivered"))
        assert sorted(message.text for message in centre.messages) == sorted([FLOOD, LONG, "Flood [red] €1", ""])
    parts = await rows(connection, "SELECT parts FROM sms_segment WHERE part = 1 ORDER BY parts")
    assert parts == [1, 1, 1, 4]
    assert await rows(connection, "SELECT DISTINCT state, word FROM sms_segment") == [("delivered", "DELIVRD")]
    assert await rows(connection, "SELECT DISTINCT fate FROM sms_receipt") == ["applied"]
    outcomes = await rows(connection, "SELECT DISTINCT outcome FROM delivery_attempt")
    assert sorted(outcomes) == ["accepted", "confirmed"]


async def test_by_payload_a_long_message_is_one_submission(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    gateway = {"concatenation": Concatenation.PAYLOAD}
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port, **gateway)) as provider:
        await queue(connection, [LONG])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _all(connection, "delivered"))
        assert [message.text for message in centre.messages] == [LONG]
        assert len(centre.submissions) == 1


async def test_a_transmitter_and_a_receiver_do_what_a_transceiver_does(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port, is_pair=True)) as provider:
        await until(lambda: len(centre.sessions) == 2)
        await queue(connection, [FLOOD])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _all(connection, "delivered"))


async def test_a_receipt_that_comes_before_the_answer_counts_once(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(
        receipts=Receipts(early_share=1.0, repeated_share=1.0, repeat_after_s=0.1), answers=Answers(delay_s=0.2)
    )
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD] * 20)
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _all(connection, "delivered"))
        await until(lambda: centre.counts.receipts_acknowledged == 40)
    fates = await rows(connection, "SELECT fate, count(*)::integer FROM sms_receipt GROUP BY fate ORDER BY fate")
    assert fates == [("applied", 20), ("repeated", 20)]
    assert await rows(connection, "SELECT DISTINCT count(*)::integer FROM sms_segment GROUP BY delivery") == [1]


async def test_ids_that_are_hexadecimal_in_answers_and_decimal_in_receipts_match(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(receipts=Receipts(decimal_ids=True))
    gateway = {"ids": Ids.HEX_THEN_DECIMAL}
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port, **gateway)) as provider:
        await queue(connection, [FLOOD] * 20)
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _all(connection, "delivered"))


async def test_one_segment_that_is_not_delivered_fails_the_message(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(outcomes=Outcomes(undeliverable_prefixes=("8613800000001",)))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [LONG, FLOOD])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _settled(connection))
    assert await rows(connection, "SELECT state FROM delivery ORDER BY id") == ["failed", "delivered"]
    assert (await rows(connection, "SELECT detail FROM delivery ORDER BY id"))[0].startswith("UNDELIV")


async def test_a_number_that_the_operator_does_not_know_is_refused_with_its_words(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(refusals=Refusals(unknown_prefixes=("8613800000001",)))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD])
        await drain(a_lane(pool, bus, provider))
    assert await rows(connection, "SELECT state, detail FROM delivery") == [("failed", "ESME_RINVDSTADR")]


@pytest.mark.parametrize(
    ("body", "number", "words"),
    [
        ("洪" * 20_000, None, "20,000 characters need 299 segments, and 20 are allowed"),
        (FLOOD, "call me", "'call me' is no telephone number"),
        (FLOOD, "+8613800000001380000000", "destination address of 22 characters: SMPP 3.4 has room for 20"),
    ],
)
async def test_what_cannot_be_written_is_refused_and_the_rest_leaves(
    pool: Pool, bus: LocalBus, connection: Connection, body: str, number: str | None, words: str
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [body], number=number)
        await queue(connection, [FLOOD])
        await drain(a_lane(pool, bus, provider))
        await until(lambda: _settled(connection))
    assert await rows(connection, "SELECT state, detail FROM delivery ORDER BY id") == [
        ("failed", words),
        ("delivered", "DELIVRD"),
    ]


async def test_a_throttled_session_slows_down_and_everything_leaves(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(refusals=Refusals(throttled_share=0.3))
    gateway = {"rate_per_s": 400.0}
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port, **gateway)) as provider:
        await queue(connection, [FLOOD] * 60)
        await drain(a_lane(pool, bus, provider))
        assert provider.session.links[0].per_s < 400.0
        await until(lambda: _settled_or_queued(connection))
        assert len(centre.submissions) == (await states(connection))["delivered"]
        assert not centre.duplicates


async def test_a_queue_that_is_full_defers_and_no_segment_is_taken_twice(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(refusals=Refusals(queue_full_share=1.0))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD] * 3)
        await drain(a_lane(pool, bus, provider))
        assert not centre.submissions
    waiting = await rows(
        connection, "SELECT state, detail, not_before IS NOT NULL, is_possible_duplicate FROM delivery"
    )
    assert waiting == [("queued", "ESME_RMSGQFUL", True, False)] * 3


async def test_what_was_under_way_when_the_connection_ended_goes_again_flagged(
    pool: Pool, bus: LocalBus, connection: Connection
) -> None:
    faults = Faults(answers=Answers(delay_s=0.3))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port, window=10)) as provider:
        await queue(connection, [FLOOD] * 30)
        lane = a_lane(pool, bus, provider)
        async with asyncio.TaskGroup() as group:
            group.create_task(drain(lane), name="lane")
            await until(lambda: len(centre.submissions) == 10)
            centre.drop_links()
        told = await rows(
            connection, "SELECT state, is_possible_duplicate, count(*)::integer FROM delivery GROUP BY 1, 2"
        )
        assert set(told) == {("queued", True, 10), ("queued", False, 20)}  # those 20 never left: no window for them
        said = "SELECT DISTINCT outcome, detail FROM delivery_attempt ORDER BY outcome"
        assert [outcome for outcome, _ in await rows(connection, said)] == ["deferred", "unanswered"]
        await until(lambda: provider.is_open)
        await connection.execute("UPDATE delivery SET not_before = NULL")
        await drain(lane)
        await until(lambda: _all(connection, "delivered"))
        assert len(centre.submissions) == 40
    assert await rows(connection, "SELECT count(*)::integer FROM delivery WHERE is_possible_duplicate") == [10]


async def test_an_answer_after_its_time_out_still_counts(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    faults = Faults(answers=Answers(late_share=1.0, late_s=3.0))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD])
        await drain(a_lane(pool, bus, provider))
        assert await rows(connection, "SELECT state, is_possible_duplicate, detail FROM delivery") == [
            ("queued", True, "no answer in 2 s")
        ]
        await until(lambda: _all(connection, "delivered"))  # of the first attempt: it left once
        assert len(centre.submissions) == 1


async def test_receipts_that_never_come_are_asked_for(pool: Pool, bus: LocalBus, connection: Connection) -> None:
    faults = Faults(receipts=Receipts(lost_share=1.0))
    async with SmsCentre(faults=faults) as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD] * 5)
        await drain(a_lane(pool, bus, provider))
        assert await states(connection) == {"sent": 5}
        await until(lambda: _all(connection, "delivered"))
    assert await rows(connection, "SELECT DISTINCT source FROM sms_receipt") == ["query"]


async def test_a_receipt_that_meets_our_own_settling_is_not_lost(
    pool: Pool, connection: Connection, database: str
) -> None:
    await queue(connection, [FLOOD])
    await connection.execute("UPDATE delivery SET state = 'sending', attempts = 1")
    await connection.execute(
        """
        INSERT INTO sms_segment (delivery, attempt, part, parts, provider, operator_id, address, taken_at)
        SELECT id, 1, 1, 1, 'operator', 'a', address, now() FROM delivery
        """
    )
    await connection.execute(
        """
        INSERT INTO sms_receipt (provider, operator_id, state, word, source, received_at)
        VALUES ('operator', 'a', 'delivered', 'DELIVRD', 'receipt', now())
        """
    )
    records = Records(pool, now, a_gateway(0), policy=Policy())
    async with await psycopg.AsyncConnection.connect(database) as sender:
        await sender.execute("UPDATE delivery SET state = 'sent'")  # accepted, and not committed yet
        async with asyncio.TaskGroup() as group:
            group.create_task(records.look(), name="look")
            waits = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            await until(lambda: _is(connection, waits, 1))
            await sender.commit()
    assert await states(connection) == {"delivered": 1}


async def test_nothing_is_claimed_while_no_connection_is_there(pool: Pool, bus: LocalBus) -> None:
    async with connected(pool, a_gateway(1), is_awaited=False) as provider:
        assert not provider.is_open


async def test_a_receipt_is_acknowledged_after_it_is_stored_and_not_before(
    pool: Pool, bus: LocalBus, connection: Connection, database: str
) -> None:
    async with SmsCentre() as centre, connected(pool, a_gateway(centre.port)) as provider:
        await queue(connection, [FLOOD])
        async with await psycopg.AsyncConnection.connect(database) as other:
            await other.execute("LOCK TABLE sms_receipt IN SHARE MODE")
            async with asyncio.TaskGroup() as group:
                group.create_task(drain(a_lane(pool, bus, provider)), name="lane")
                await until(lambda: centre.counts.receipts_sent == 1)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert centre.counts.receipts_acknowledged == 0
                await other.rollback()
        await until(lambda: centre.counts.receipts_acknowledged == 1)
        await until(lambda: _all(connection, "delivered"))


async def _all(connection: Connection, state: str) -> bool:
    found = await states(connection)
    return set(found) == {state}


async def _settled(connection: Connection) -> bool:
    return set(await states(connection)) <= {"delivered", "failed", "expired"}


async def _settled_or_queued(connection: Connection) -> bool:
    return set(await states(connection)) <= {"delivered", "queued"}


async def _is(connection: Connection, query: Any, value: int) -> bool:
    return await rows(connection, query) == [value]
