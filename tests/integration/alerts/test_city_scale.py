"""A whole city at once: everything set-based, nothing per person in Python."""

from typing import Any

import psycopg

from alerts.core.audience import Candidate, dedupe
from alerts.core.levels import Level
from alerts.core.records import Alert
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from alerts.store import mailings
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    JINSHUI,
    NOON,
    WENHUA,
    City,
    a_content,
    a_member,
    a_terminal,
    all_of,
    an_id,
)

Connection = psycopg.AsyncConnection[Any]
LEADERS = 20_000


async def many_leaders(connection: Connection) -> None:
    await connection.execute(
        """
        INSERT INTO member (id, code, name, phone)
        SELECT n, 'many' || n, '张' || n, '+86139' || lpad(n::text, 8, '0') FROM generate_series(1000, %s) AS n
        """,
        [999 + LEADERS],
    )
    await connection.execute(
        "INSERT INTO assignment (member, unit, role) SELECT n, %s, 'leader' FROM generate_series(1000, %s) AS n",
        [BLOCK, 999 + LEADERS],
    )


async def issued_to_all(desk: Desk, city: City) -> Alert:
    draft, _ = await desk.draft(an_id(), city.mayor, a_content(targets=(CITY,), level=Level.RED))
    return await desk.issue(draft.id, city.mayor, 1, "the dam broke")


async def test_twenty_thousand_leaders_are_frozen_queued_and_told_of_a_lift(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection
) -> None:
    await many_leaders(connection)
    alert = await issued_to_all(desk, city)
    assert (alert.reach.audience, alert.reach.queued) == (LEADERS + 5, LEADERS + 5)
    for _ in range(3):
        await sms.round()
    told = (await desk.get(alert.id)).reach.told
    assert 0 < told < LEADERS
    await desk.lift(alert.id, city.mayor, alert.version)
    counted = await all_of(connection, "SELECT kind, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1, 2")
    assert counted == [
        ("follow_up", "queued", told),
        ("telling", "delivered", told),
        ("telling", "expired", LEADERS + 5 - told),
    ]


async def test_behind_many_sms_the_other_channels_follow_in_a_transaction_of_their_own(
    desk: Desk, city: City, watch: Watch, connection: Connection
) -> None:
    await many_leaders(connection)
    await a_member(connection, 400, unit=BLOCK, role="leader", phone=None)
    await a_member(connection, 401, unit=BLOCK, role="leader", phone=None)
    await a_terminal(connection, 1, member=400)
    alert = await issued_to_all(desk, city)
    assert await all_of(connection, "SELECT DISTINCT channel FROM delivery") == ["sms"]
    assert (alert.reach.audience, alert.reach.queued, alert.reach.failed) == (LEADERS + 7, LEADERS + 7, 0)
    assert await watch.finish_mailings() == 1
    others = "SELECT member, channel, state FROM delivery WHERE channel <> 'sms' ORDER BY member"
    assert await all_of(connection, others) == [(400, "terminal", "queued"), (401, "none", "failed")]
    reach = (await desk.get(alert.id)).reach
    assert (reach.audience, reach.queued, reach.failed) == (LEADERS + 7, LEADERS + 6, 1)
    assert await watch.finish_mailings() == 0


async def test_what_was_left_for_later_is_dropped_with_its_version(
    desk: Desk, city: City, watch: Watch, connection: Connection
) -> None:
    await many_leaders(connection)
    await a_terminal(connection, 1, member=100 + WENHUA)
    draft, _ = await desk.draft(an_id(), city.mayor, a_content(targets=(CITY,), level=Level.ORANGE))
    alert = await desk.issue(draft.id, city.mayor, 1, "the dam leaks")
    raised = await desk.change_level(alert.id, city.mayor, alert.version, Level.RED, override_reason="it broke")
    assert await watch.finish_mailings() == 1
    rows = "SELECT version, member FROM delivery WHERE channel = 'terminal'"
    assert await all_of(connection, rows) == [(raised.version, 100 + WENHUA)]
    assert await all_of(connection, "SELECT * FROM waiting_mailing") == []


async def test_the_same_people_are_one_in_sql_as_in_the_rule(desk: Desk, city: City, connection: Connection) -> None:
    """`audience_of` and `dedupe` say the same."""
    await a_member(connection, 400, unit=JINSHUI, role="leader", phone="+8613800000106")
    await a_member(connection, 401, unit=BLOCK, role="leader", phone=None)
    await a_member(connection, 402, unit=BLOCK, role="leader", phone=None)
    rows = await all_of(
        connection,
        """
        SELECT m.id, m.phone, a.unit FROM assignment a JOIN member m ON m.id = a.member JOIN unit u ON u.id = a.unit
        WHERE a.role = 'leader' AND u.tree_left BETWEEN 3 AND 8
        ORDER BY u.tree_left, m.id
        """,
    )
    rule = dedupe(Candidate(member, phone, {"unit": unit}) for member, phone, unit in rows)
    found = await all_of(
        connection, "SELECT member, phone, reasons FROM audience_of(ARRAY[4], NULL, '{}', '{}', 'inside', '{}')"
    )
    assert WENHUA == 6
    assert sorted((member, phone, [reason["unit"] for reason in reasons]) for member, phone, reasons in found) == [
        (listener.member, listener.phone, [reason["unit"] for reason in listener.reasons]) for listener in rule
    ]


async def test_a_large_issue_is_retained_below_its_grids_behind_its_own_commit_and_before_the_other_channels(
    desk: Desk, city: City, watch: Watch, connection: Connection
) -> None:
    await many_leaders(connection)
    await a_terminal(connection, 1, member=1000)
    grids = "SELECT split_part(topic, '/', 4) FROM retained WHERE payload <> '' ORDER BY 1"
    alert = await issued_to_all(desk, city)
    assert await all_of(connection, grids) == ["410104001", "410105001", "410105002"]
    async with connection.transaction():
        assert await mailings.retain_below(connection, now=NOON) == alert.id
    assert len(await all_of(connection, grids)) == 5
    assert await all_of(connection, "SELECT DISTINCT channel FROM delivery") == ["sms"]
    assert await watch.finish_mailings() == 1
    await desk.lift(alert.id, city.mayor, alert.version)
    assert await all_of(connection, grids) == []


async def test_a_large_issue_that_was_lifted_at_once_is_retained_nowhere(
    desk: Desk, city: City, watch: Watch, connection: Connection
) -> None:
    await many_leaders(connection)
    alert = await issued_to_all(desk, city)
    await desk.lift(alert.id, city.mayor, alert.version)
    assert await watch.finish_mailings() == 0
    assert await all_of(connection, "SELECT count(*) FROM retained WHERE payload <> ''") == [0]
