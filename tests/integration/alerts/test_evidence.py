"""The final report: all that happened, the same bytes for the same facts, and fingerprints that tell of a change."""

from typing import Any

import psycopg
import pytest

from alerts.core import evidence
from alerts.core.errors import IllegalMove
from alerts.core.evidence import Evidence
from alerts.core.levels import Level
from alerts.desk import Desk
from alerts.dispatch import Dispatcher
from alerts.escalation import Watch
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    JINSHUI,
    WENHUA,
    City,
    Clock,
    a_content,
    a_last_fix,
    a_member,
    a_square,
    a_terminal,
    an_id,
    drain,
    issued,
)

Connection = psycopg.AsyncConnection[Any]


async def report(desk: Desk, alert: Any, *, covers: int = CITY, span: tuple[int, int] = (1, 16)) -> Evidence:
    return await desk.evidence(alert.id, covers=covers, span=span, is_shown=lambda _unit: True)


async def test_the_report_tells_who_was_told_when_and_who_answered(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city)
    clock.forward(seconds=10)
    await drain(sms)
    for minutes, unit in ((1, BLOCK), (2, WENHUA)):
        clock.forward(minutes=minutes)
        await desk.acknowledge(alert.id, 100 + unit, "link")
    found = await report(desk, alert)
    assert alert.issued_at is not None
    told = [found.told.first_at, found.told.half_at, found.told.last_at]
    assert {(at - alert.issued_at).total_seconds() for at in told if at} == {10.0}
    assert (found.acknowledged.reached, found.acknowledged.of, found.acknowledged.last_at) == (2, 3, None)
    assert (found.curve[-1].told, found.curve[-1].acknowledged) == (3, 2)
    assert (found.audience.total, found.audience.by_reason, found.audience.by_answer) == (3, {"leader": 3}, {"link": 2})


async def test_the_report_holds_every_version_and_who_decided_it(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city, level=Level.ORANGE)
    await drain(sms)
    clock.forward(minutes=1)
    changed = await desk.change_level(alert.id, city.county, alert.version, Level.RED, override_reason="the dam broke")
    clock.forward(minutes=1)
    await desk.lift(alert.id, city.mayor, changed.version, "water is falling")
    found = await report(desk, alert)
    assert [(one.kind, one.level, one.made_by) for one in found.versions] == [
        ("draft", "orange", "account-2"),
        ("issue", "orange", "account-2"),
        ("upgrade", "red", "account-2"),
        ("lift", "red", "account-1"),
    ]
    assert [one.told.reached if one.told else None for one in found.versions] == [None, 3, 0, None]
    reasons = [deed.detail["reason"] for deed in found.deeds if deed.action == "alert.overridden"]
    assert reasons == ["the tests are in a hurry", "the dam broke"]
    assert found.deeds[-1].detail["note"] == "water is falling"


async def test_the_report_names_whom_nothing_reached_and_what_was_tried(
    desk: Desk, city: City, sms: Dispatcher, terminals: Dispatcher, connection: Connection
) -> None:
    await a_member(connection, 400, unit=BLOCK, role="leader", phone=None)
    await a_terminal(connection, 7, member=400)
    alert = await issued(desk, city)
    await connection.execute("UPDATE terminal SET closed_at = now() WHERE id = 7")
    await drain(terminals)
    await drain(sms)
    found = await report(desk, alert)
    [missed] = found.missed
    assert (missed.member, missed.why, found.missed_total) == (400, "failed", 1)
    assert [(tried.channel, tried.provider, tried.outcome, tried.detail) for tried in missed.attempts] == [
        ("terminal", "terminal", "refused", "there is no terminal t7 any more")
    ]


async def test_the_report_tells_of_escalations_and_of_late_entrants(
    desk: Desk, city: City, sms: Dispatcher, watch: Watch, clock: Clock, connection: Connection
) -> None:
    area = a_square(west=113.6, south=34.7)
    alert = await issued(desk, city, area=area)
    await drain(sms)
    await a_member(connection, 500, unit=BLOCK)
    await a_terminal(connection, 50, member=500)
    clock.forward(minutes=1)
    await a_last_fix(connection, 50, lon=113.605, lat=34.705, at=clock.now, grid=BLOCK)
    assert await watch.admit_entrants() == [500]
    await drain(sms)
    clock.forward(minutes=40)
    await watch.fire_due()
    found = await report(desk, alert)
    assert [(one.member, one.name) for one in found.entrants] == [(500, "张500")]
    assert (found.audience.late, found.audience.total) == (1, 4)
    assert {one.step for one in found.escalations} >= {"remind"}
    assert [version.has_area for version in found.versions] == [True, True]


async def test_a_report_read_twice_is_the_same_to_the_byte(
    desk: Desk, city: City, sms: Dispatcher, clock: Clock
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    await desk.lift(alert.id, city.county, alert.version)
    await drain(sms)
    first = evidence.document(await report(desk, alert))
    clock.forward(days=30)
    assert evidence.digest(evidence.document(await report(desk, alert))) == evidence.digest(first)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE acknowledgement SET at = at + interval '1 second'", "acknowledgement"),
        ("UPDATE delivery SET detail = 'never heard of it'", "delivery"),
        ("UPDATE audience SET phone = NULL WHERE member = 107", "audience"),
        ("DELETE FROM delivery_attempt", "delivery_attempt"),
    ],
)
async def test_a_row_that_was_changed_afterwards_shows_in_its_fingerprint(
    desk: Desk, city: City, sms: Dispatcher, connection: Connection, change: Any, table: str
) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    await desk.acknowledge(alert.id, 100 + BLOCK, "link")
    before = {one.table: one.sha256 for one in (await report(desk, alert)).fingerprints}
    await connection.execute(change)
    after = {one.table: one.sha256 for one in (await report(desk, alert)).fingerprints}
    assert {name for name in before if before[name] != after[name]} == {table}


async def test_a_reader_gets_the_report_of_their_own_subtree(desk: Desk, city: City, sms: Dispatcher) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    whole, street = await report(desk, alert), await report(desk, alert, covers=WENHUA, span=(4, 7))
    assert (whole.audience.total, street.audience.total) == (3, 2)
    assert (street.covers.id, street.reach.audience, street.told.of) == (WENHUA, 2, 2)
    assert JINSHUI not in {missed.unit.id for missed in street.missed if missed.unit}


async def test_a_draft_has_no_report(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content())
    with pytest.raises(IllegalMove, match="never issued"):
        await report(desk, draft)


async def test_all_messages_of_an_alert_are_read_a_page_at_a_time(desk: Desk, city: City, sms: Dispatcher) -> None:
    alert = await issued(desk, city)
    await drain(sms)
    first = await desk.messages(alert.id, within=CITY, after=0, limit=2)
    rest = await desk.messages(alert.id, within=CITY, after=first[-1]["id"], limit=2)
    assert [row["member"] for row in (*first, *rest)] == [100 + JINSHUI, 100 + WENHUA, 100 + BLOCK]
    assert {row["state"] for row in first} == {"delivered"}
