"""What a receipt costs: rows found by key, segments changed in place; and what is asked about without one."""

from datetime import timedelta
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.core.policy import Policy
from alerts.providers.matching import match, within_of
from alerts.providers.questions import LATE_COMMIT, Questions
from alerts.store import sms
from alerts.store.sms import Said, Taken
from tests.integration.alerts.gateways import now, queue, rows, states

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Any]
WITHIN = within_of(Policy())
PAGE = 100
AT = now()


async def test_a_page_of_receipts_reads_no_table_from_end_to_end(connection: Connection) -> None:
    """Of tables whose statistics are of a minute ago, when they were nearly empty: that is when the planner errs."""
    await _take(connection, PAGE, first=1)
    await connection.execute("ANALYZE delivery, sms_segment, sms_receipt")
    await _take(connection, 50 * PAGE, first=1 + PAGE)
    await connection.execute("SELECT pg_stat_force_next_flush()")  # else what came before counts as of this transaction
    async with connection.transaction():
        await _hear(connection, range(1, PAGE + 1))
        read = "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND schemaname = 'public'"
        assert await rows(connection, read) == []
    assert await states(connection) == {"delivered": PAGE, "sent": 50 * PAGE}


async def test_a_receipt_changes_its_segment_in_place(connection: Connection) -> None:
    await _take(connection, PAGE, first=1)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    async with connection.transaction():
        await _hear(connection, range(1, PAGE + 1))
        changed = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'sms_segment'"
        assert await rows(connection, changed) == [(PAGE, PAGE)]


async def test_a_second_receipt_changes_nothing_of_what_the_first_said(connection: Connection) -> None:
    await _take(connection, 1, first=1)
    await _hear(connection, [1])
    settled = await rows(connection, "SELECT state, word, settled_at FROM sms_segment")
    await _hear(connection, [1], state="failed", word="UNDELIV", later=timedelta(hours=1))
    assert await rows(connection, "SELECT state, word, settled_at FROM sms_segment") == settled
    assert await rows(connection, "SELECT fate FROM sms_receipt ORDER BY id") == ["applied", "repeated"]
    assert await states(connection) == {"delivered": 1}


async def test_what_has_its_receipt_is_asked_about_no_more(connection: Connection) -> None:
    await _take(connection, 3, first=1)
    await _hear(connection, [2])
    found = await Questions("operator").due(connection, now=AT + timedelta(minutes=5), limit=10)
    assert [each.operator_id for each in found] == ["id1", "id3"]


async def test_turns_come_in_pieces_and_again_when_twice_the_time_is_over(connection: Connection) -> None:
    questions = Questions("operator")
    await _take(connection, 5, first=1)
    first, second = AT + timedelta(minutes=5), AT + timedelta(minutes=10)
    pieces = [len(await questions.due(connection, now=first, limit=2)) for _ in range(4)]
    assert pieces == [2, 2, 1, 0]
    assert await questions.due(connection, now=second - timedelta(seconds=1), limit=9) == []
    assert len(await questions.due(connection, now=second, limit=9)) == 5


async def test_a_row_that_was_committed_late_has_its_turn_all_the_same(connection: Connection) -> None:
    questions = Questions("operator")
    looked = AT + timedelta(minutes=1) + LATE_COMMIT / 2  # half a minute after its turn
    assert await questions.due(connection, now=looked, limit=9) == []
    await _take(connection, 1, first=1)
    found = await questions.due(connection, now=looked + timedelta(seconds=1), limit=9)
    assert [each.operator_id for each in found] == ["id1"]


async def test_a_program_that_begins_anew_finds_what_was_due_before(connection: Connection) -> None:
    await _take(connection, 1, first=1)
    found = await Questions("operator").due(connection, now=AT + timedelta(days=3), limit=9)
    assert [each.operator_id for each in found] == ["id1"]


async def test_what_ended_otherwise_is_asked_about_no_more(connection: Connection) -> None:
    await _take(connection, 2, first=1)
    await connection.execute("UPDATE delivery SET state = 'unknown' WHERE id = (SELECT min(id) FROM delivery)")
    found = await Questions("operator").due(connection, now=AT + timedelta(minutes=5), limit=9)
    assert [each.operator_id for each in found] == ["id2"]


async def _take(connection: Connection, count: int, *, first: int) -> None:
    """Let an operator have taken messages, by the ids `id1`, `id2` and so on; to be asked about after a minute."""
    await queue(connection, [f"{number}" for number in range(first, first + count)])
    cursor = await connection.execute(
        "UPDATE delivery SET state = 'sent', attempts = 1, sent_at = %s WHERE state = 'queued' RETURNING id, body", [AT]
    )
    taken = [Taken(delivery, 1, 1, 1, f"id{body}", "+86") for delivery, body in await cursor.fetchall()]
    await sms.keep_segments(connection, taken, provider="operator", now=AT, ask_after=timedelta(minutes=1))


async def _hear(
    connection: Connection, numbers: Any, *, state: str = "delivered", word: str = "DELIVRD", later: Any = timedelta()
) -> None:
    said = [Said(f"id{number}", state, word) for number in numbers]
    at = AT + timedelta(seconds=2) + later
    async with connection.transaction():
        await sms.keep_receipts(connection, said, provider="operator", source="receipt", now=at)
        await match(connection, [each.operator_id for each in said], provider="operator", within=WITHIN, now=at)
