"""Automatic rules on the real database: seen, told of once, proposed, tried, gone through after an outage."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.changes import judging
from alerts.core.errors import NotAllowed
from alerts.core.levels import Level
from alerts.core.records import Actor
from alerts.core.rules import Does, Kind, Measure, Rule
from alerts.core.states import AlertState
from alerts.desk import Desk
from alerts.rule_desk import RuleDesk
from alerts.rule_watch import RuleWatch
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    HUAYUAN,
    JINSHUI,
    NOON,
    WENHUA,
    City,
    Clock,
    a_last_fix,
    a_member,
    a_terminal,
    all_of,
)
from tracker.bus.local import LocalBus
from tracker.organisation.errors import Conflict, Invalid

Connection = psycopg.AsyncConnection[Any]
LI, WANG, ZHAO = 201, 202, 203  # two in a block of Jinshui, one in Huayuan


@pytest.fixture
async def people(city: City, connection: Connection, clock: Clock) -> City:
    """Three members with a terminal each, heard a minute ago and on-line since the day before yesterday."""
    for member, unit in ((LI, BLOCK), (WANG, WENHUA), (ZHAO, HUAYUAN)):
        await a_member(connection, member, unit=unit)
        await a_terminal(connection, member, member=member)
        at = clock() - timedelta(minutes=1)
        await a_last_fix(connection, member, lon=113.6, lat=34.7, at=at, grid=BLOCK)
        await a_sign(connection, member, "online", NOON - timedelta(days=2))
    return city


@pytest.fixture
def desk_of_rules(clock: Clock) -> RuleDesk:
    return RuleDesk(clock)


@pytest.fixture
def rule_watch(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock) -> RuleWatch:
    return RuleWatch(pool, bus, clock)


async def a_sign(connection: Connection, member: int, kind: str, at: datetime) -> None:
    """What ingest notices, in the events and in the checkpoint."""
    await connection.execute(
        "INSERT INTO presence_event (terminal, at, kind, grid, member, grid_set) VALUES (%s, %s, %s, %s, %s, 1)",
        [member, at, kind, BLOCK, member],
    )
    await connection.execute("UPDATE terminal_state SET is_silent = %s WHERE terminal = %s", [kind != "online", member])


def a_rule(**changed: Any) -> Rule:
    given: dict[str, Any] = {
        "unit": CITY,
        "name": "网格员失联",
        "kind": Kind.SILENT,
        "level": Level.YELLOW,
        "together": "grid-1",
        "hold_min": 10,
        "clear_min": 5,
        "rest_min": 30,
    }
    return Rule(**{**given, **changed})


async def on(connection: Connection, desk: RuleDesk, by: Actor, **changed: Any) -> int:
    """Make a rule and switch it on."""
    rule = await desk.add(connection, a_rule(**changed), by)
    await desk.switch(connection, rule, by, revision=1, is_on=True)
    return rule


async def cases(connection: Connection) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(
        "SELECT unit, member, subjects, ended_at IS NULL FROM rule_case ORDER BY opened_at, unit, member"
    )
    return await cursor.fetchall()


async def judged(watch: RuleWatch, clock: Clock, *, minutes: float = 1) -> None:
    clock.forward(minutes=minutes)
    await watch.judge_due()


async def test_silent_members_of_a_street_are_one_case_with_one_draft_that_follows_it(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, desk: Desk, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, does=Does.DRAFT, instruction="请联系本人")
    for member in (LI, WANG, ZHAO):
        await a_sign(connection, member, "silent", NOON)
    await judged(rule_watch, clock, minutes=9)
    assert await cases(connection) == []

    await judged(rule_watch, clock, minutes=2)
    assert await cases(connection) == [(JINSHUI, None, 2, True), (HUAYUAN, None, 1, True)]
    drafts = await desk.list(state="draft")
    assert {alert.content.targets for alert in drafts} == {(JINSHUI,), (HUAYUAN,)}
    street = next(alert for alert in drafts if alert.content.targets == (JINSHUI,))
    assert (street.content.level, street.content.instruction, street.unit.id) == (Level.YELLOW, "请联系本人", CITY)
    assert "张202、张201，共2项，失联" in street.content.description

    await judged(rule_watch, clock)
    await judged(rule_watch, clock)
    assert len(await desk.list()) == 2

    late = await a_member(connection, 204, unit=JINSHUI)
    await a_terminal(connection, late, member=late)
    await a_last_fix(connection, late, lon=113.6, lat=34.7, at=clock(), grid=BLOCK)
    await a_sign(connection, late, "silent", clock() - timedelta(minutes=15))
    await judged(rule_watch, clock)
    assert (JINSHUI, None, 3, True) in await cases(connection)
    street = await desk.get(street.id)
    assert "张204" in street.content.description
    assert (street.version, len(await desk.list())) == (2, 2)

    for member in (LI, WANG, late):
        await a_sign(connection, member, "online", clock())
    await judged(rule_watch, clock)
    assert (JINSHUI, None, 3, True) in await cases(connection)
    await judged(rule_watch, clock, minutes=5)
    await judged(rule_watch, clock)
    assert (JINSHUI, None, 3, False) in await cases(connection)
    assert (await desk.get(street.id)).state is AlertState.CANCELLED
    assert await all_of(connection, "SELECT count(*) FROM delivery") == [0]


async def test_a_draft_that_somebody_touched_stays_when_its_case_is_over(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, desk: Desk, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, does=Does.DRAFT, hold_min=0, clear_min=0)
    await a_sign(connection, LI, "silent", NOON)
    await judged(rule_watch, clock)
    draft = (await desk.list())[0]
    await desk.edit(draft.id, people.mayor, draft.version, draft.content)
    await a_sign(connection, LI, "online", clock())
    await judged(rule_watch, clock)
    await judged(rule_watch, clock)
    assert await cases(connection) == [(JINSHUI, None, 1, False)]
    assert (await desk.get(draft.id)).state is AlertState.DRAFT


async def test_a_rule_that_is_trusted_issues_once(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, desk: Desk, clock: Clock
) -> None:
    await _may_issue(connection, people.mayor)
    await on(connection, desk_of_rules, people.mayor, does=Does.ISSUE, hold_min=0)
    await a_sign(connection, LI, "silent", NOON)
    for _ in range(3):
        await judged(rule_watch, clock)
    issued = await desk.list()
    assert [(alert.state, alert.content.targets) for alert in issued] == [(AlertState.ISSUED, (JINSHUI,))]
    assert (await desk.get(issued[0].id)).reach.audience > 0
    await a_sign(connection, LI, "online", clock())
    await judged(rule_watch, clock)
    await judged(rule_watch, clock, minutes=6)
    assert await cases(connection) == [(JINSHUI, None, 1, False)]
    assert (await desk.get(issued[0].id)).state is AlertState.ISSUED


async def test_a_rule_whose_account_lost_the_right_drafts_and_says_so(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, desk: Desk, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, does=Does.ISSUE, hold_min=0)
    await a_sign(connection, LI, "silent", NOON)
    await judged(rule_watch, clock)
    assert [alert.state for alert in await desk.list()] == [AlertState.DRAFT]
    assert await all_of(connection, "SELECT trouble FROM rule_case") == ["no_right"]


async def test_a_unit_without_the_authority_cannot_switch_on_a_rule_that_issues(
    people: City, connection: Connection, desk_of_rules: RuleDesk
) -> None:
    rule = await desk_of_rules.add(connection, a_rule(unit=WENHUA, does=Does.ISSUE), people.mayor)
    with pytest.raises(NotAllowed):
        await desk_of_rules.switch(connection, rule, people.mayor, revision=1, is_on=True)


async def test_a_press_is_a_case_of_its_member_until_it_is_closed(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, kind=Kind.SOS, hold_min=0, clear_min=0, together=None)
    await connection.execute(
        """
        INSERT INTO emergency (terminal, sos_id, member, pressed_at, received_at)
        SELECT id, number::text, member, %s, %s FROM terminal, generate_series(1, 2) number WHERE id = %s
        """,
        [NOON, NOON, LI],
    )
    await judged(rule_watch, clock, minutes=0.1)
    assert await cases(connection) == [(BLOCK, LI, 1, True)]
    await connection.execute("UPDATE emergency SET closed_at = %s", [clock()])
    await judged(rule_watch, clock, minutes=0.1)
    assert await cases(connection) == [(BLOCK, LI, 1, False)]


async def test_a_press_of_nobodys_terminal_belongs_where_it_was_pressed(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, kind=Kind.SOS, hold_min=0, together=None)
    await connection.execute(
        "INSERT INTO emergency (terminal, sos_id, pressed_at, received_at, grid) VALUES (%s, '1', %s, %s, %s)",
        [LI, NOON, NOON, BLOCK],
    )
    await judged(rule_watch, clock, minutes=0.1)
    assert await cases(connection) == [(BLOCK, None, 1, True)]


async def test_a_member_out_of_their_grid_is_seen_in_the_rules_units_only(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.street, unit=JINSHUI, kind=Kind.OUTSIDE)
    for member in (LI, ZHAO):
        await connection.execute(
            "INSERT INTO outing (member, since, opened_at, terminal, grid) VALUES (%s, %s, %s, %s, 0)",
            [member, NOON, NOON, member],
        )
    await judged(rule_watch, clock, minutes=11)
    assert await cases(connection) == [(JINSHUI, None, 1, True)]


async def test_who_is_on_leave_is_not_missed(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, hold_min=0)
    for member in (LI, WANG):
        await a_sign(connection, member, "silent", NOON)
    await connection.execute(
        "INSERT INTO duty_exception VALUES (%s, %s, %s, false)",
        [LI, NOON - timedelta(hours=1), NOON + timedelta(hours=1)],
    )
    await judged(rule_watch, clock)
    assert await all_of(connection, "SELECT member FROM rule_subject") == [WANG]


async def test_a_grid_is_empty_when_the_last_of_its_people_is_gone(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await connection.execute("UPDATE member SET closed_at = %s WHERE id BETWEEN 100 AND 110", [NOON])  # leaders
    await on(connection, desk_of_rules, people.mayor, kind=Kind.GRID_EMPTY, at_level="grid-2", hold_min=0)
    await judged(rule_watch, clock)
    assert await cases(connection) == []
    for member in (LI, WANG):
        await a_sign(connection, member, "silent", clock())
    await judged(rule_watch, clock)
    assert await all_of(connection, "SELECT unit, member FROM rule_subject") == [(WENHUA, None)]
    await a_sign(connection, WANG, "online", clock())
    await judged(rule_watch, clock)
    await judged(rule_watch, clock, minutes=5)
    assert await cases(connection) == [(JINSHUI, None, 1, False)]


async def test_a_crowd_is_counted_where_it_is_and_a_count_where_people_belong(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    at_block = {"at_level": "grid-3", "together": None, "hold_min": 0}
    crowd = await on(connection, desk_of_rules, people.mayor, kind=Kind.CROWDING, bound=2, **at_block)
    online = await on(
        connection, desk_of_rules, people.mayor, kind=Kind.COUNT, measure=Measure.ONLINE, bound=1, **at_block
    )
    await judged(rule_watch, clock)
    assert await all_of(connection, "SELECT rule, unit FROM rule_case") == [(crowd, BLOCK)]
    await a_sign(connection, ZHAO, "silent", clock())
    await judged(rule_watch, clock)
    await judged(rule_watch, clock, minutes=6)
    assert await all_of(connection, "SELECT count(*) FROM rule_case WHERE ended_at IS NULL") == [0]
    assert online > crowd


async def test_two_programs_that_watch_open_one_case(
    people: City,
    connection: Connection,
    desk_of_rules: RuleDesk,
    rule_watch: RuleWatch,
    clock: Clock,
    pool: AsyncConnectionPool[Any],
    bus: LocalBus,
) -> None:
    await on(connection, desk_of_rules, people.mayor, does=Does.DRAFT, hold_min=0)
    await a_sign(connection, LI, "silent", NOON)
    clock.forward(minutes=1)
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(RuleWatch(pool, bus, clock).judge_due())
    assert await cases(connection) == [(JINSHUI, None, 1, True)]
    assert await all_of(connection, "SELECT count(*) FROM alert") == [1]


async def test_very_many_changes_are_taken_in_some_at_a_time_and_make_the_same_case(
    people: City,
    connection: Connection,
    desk_of_rules: RuleDesk,
    rule_watch: RuleWatch,
    clock: Clock,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "MOST", 1)
    await on(connection, desk_of_rules, people.mayor, does=Does.DRAFT, hold_min=0)
    for member in (LI, WANG):
        await a_sign(connection, member, "silent", NOON)
    await judged(rule_watch, clock)
    assert await cases(connection) == [(JINSHUI, None, 2, True)]
    assert ["共2项" in alert.content.description for alert in await desk.list()] == [True]


async def test_a_case_that_a_person_closed_is_not_opened_again_by_the_same_trouble(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, hold_min=0, clear_min=0, rest_min=0)
    await a_sign(connection, LI, "silent", NOON)
    await judged(rule_watch, clock)
    case = (await desk_of_rules.cases(connection, left=1, right=16, only_open=True, rule=None, limit=10))[0]
    await desk_of_rules.take(connection, case, people.mayor)
    with pytest.raises(Conflict, match="taken"):
        await desk_of_rules.take(connection, case, people.mayor)
    await desk_of_rules.close(connection, case, people.mayor)
    for _ in range(3):
        await judged(rule_watch, clock)
    assert await cases(connection) == [(JINSHUI, None, 1, False)]
    await a_sign(connection, LI, "online", clock())
    await judged(rule_watch, clock)
    await a_sign(connection, LI, "silent", clock())
    await judged(rule_watch, clock)
    assert await cases(connection) == [(JINSHUI, None, 1, False), (JINSHUI, None, 1, True)]


async def test_after_an_outage_what_came_and_went_is_kept_with_its_own_times_and_not_proposed(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    await on(connection, desk_of_rules, people.mayor, does=Does.DRAFT)
    await judged(rule_watch, clock)
    await a_sign(connection, LI, "silent", NOON + timedelta(minutes=30))
    await a_sign(connection, LI, "online", NOON + timedelta(minutes=60))
    await a_sign(connection, ZHAO, "silent", NOON + timedelta(minutes=90))
    await judged(rule_watch, clock, minutes=120)
    found = await all_of(connection, "SELECT unit, opened_at, ended_at, alert IS NULL FROM rule_case ORDER BY 2")
    assert found == [
        (JINSHUI, NOON + timedelta(minutes=40), NOON + timedelta(minutes=65), True),
        (HUAYUAN, NOON + timedelta(minutes=100), None, True),
    ]


async def test_a_rule_that_is_changed_is_off_and_who_saved_second_is_told(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    rule = await on(connection, desk_of_rules, people.mayor, hold_min=0)
    await a_sign(connection, LI, "silent", NOON)
    await judged(rule_watch, clock)
    await desk_of_rules.change(connection, rule, people.mayor, revision=1, changes={"hold_min": 20})
    with pytest.raises(Conflict):
        await desk_of_rules.change(connection, rule, people.mayor, revision=1, changes={"hold_min": 30})
    standing = await desk_of_rules.find(connection, rule)
    assert standing is not None
    assert (standing.row.is_on, standing.row.revision, standing.row.hold_min, standing.open_cases) == (False, 2, 20, 0)
    versions = await desk_of_rules.versions(connection, rule)
    assert [(version[0], version[1]["hold_min"]) for version in versions] == [(2, 20), (1, 0)]
    assert await all_of(connection, "SELECT count(*) FROM rule_spell") == [0]


async def test_a_level_that_is_not_there_is_refused_with_its_field(
    people: City, connection: Connection, desk_of_rules: RuleDesk
) -> None:
    with pytest.raises(Invalid) as refused:
        await desk_of_rules.add(connection, a_rule(together="planet"), people.mayor)
    assert refused.value.field == "together"


async def test_a_trial_tells_how_often_it_would_have_fired_and_tells_nobody(
    people: City, connection: Connection, desk_of_rules: RuleDesk, rule_watch: RuleWatch, clock: Clock
) -> None:
    rule = await desk_of_rules.add(connection, a_rule(), people.mayor)
    for days, minutes in ((1, 60), (1.5, 60), (1.5, 5)):
        at = NOON - timedelta(days=days, minutes=minutes)
        await a_sign(connection, LI, "silent", at)
        await a_sign(connection, LI, "online", at + timedelta(minutes=minutes / 2))
    await desk_of_rules.ask_trial(connection, rule, people.mayor, days=7)
    assert await rule_watch.try_next()
    assert not await rule_watch.try_next()
    standing = await desk_of_rules.find(connection, rule)
    assert standing is not None
    assert standing.trial is not None
    result = standing.trial.result
    assert result is not None
    assert (result["count"], result["standing"], result["subjects"]) == (2, 0, 2)
    assert result["by_day"] == {"2026-07-18": 1, "2026-07-19": 1}
    assert result["sample"][0]["unit"] == JINSHUI
    assert standing.trial.done == standing.trial.pieces > 0
    assert await cases(connection) == []


@pytest.mark.parametrize(
    ("kind", "more", "fired"),
    [
        (Kind.SOS, {"together": None}, 1),
        (Kind.OUTSIDE, {}, 1),
        (Kind.GRID_EMPTY, {"at_level": "grid-3"}, 1),
        (Kind.CROWDING, {"at_level": "grid-3", "bound": 1}, 1),
        (Kind.COUNT, {"at_level": "grid-2", "measure": Measure.ONLINE, "is_below": True, "bound": 2}, 1),
    ],
)
async def test_every_kind_of_rule_is_tried(
    people: City,
    connection: Connection,
    desk_of_rules: RuleDesk,
    rule_watch: RuleWatch,
    kind: Kind,
    more: dict[str, Any],
    fired: int,
) -> None:
    await connection.execute("UPDATE member SET closed_at = %s WHERE id BETWEEN 100 AND 110", [NOON])  # leaders
    await _a_past(connection)
    rule = await desk_of_rules.add(connection, a_rule(kind=kind, **more), people.mayor)
    await desk_of_rules.ask_trial(connection, rule, people.mayor, days=1)
    await rule_watch.try_next()
    standing = await desk_of_rules.find(connection, rule)
    assert standing is not None
    assert standing.trial is not None
    assert standing.trial.result is not None
    assert standing.trial.result["count"] == fired, standing.trial.result


async def _a_past(connection: Connection) -> None:
    """Six hours ago, for an hour each: a press of Li, an outing, silence, and Zhao visiting their grid."""
    began, over = NOON - timedelta(hours=6), NOON - timedelta(hours=5)
    await connection.execute(
        """
        INSERT INTO emergency (terminal, sos_id, member, pressed_at, received_at, closed_at)
        VALUES (%(who)s, '1', %(who)s, %(began)s, %(began)s, %(over)s)
        """,
        {"who": LI, "began": began, "over": over},
    )
    await connection.execute(
        "INSERT INTO outing VALUES (%(who)s, %(began)s, %(began)s, %(over)s, false, %(who)s, 0)",
        {"who": LI, "began": began, "over": over},
    )
    await a_sign(connection, LI, "silent", began - timedelta(hours=3))
    await a_sign(connection, LI, "online", over - timedelta(hours=3))
    for member, grid in ((WANG, WENHUA), (ZHAO, HUAYUAN)):
        await connection.execute("UPDATE terminal_state SET confirmed_grid = %s WHERE terminal = %s", [grid, member])
    for kind, at in (("enter", began), ("exit", over)):
        await connection.execute("INSERT INTO crossing VALUES (%s, %s, %s, %s, %s, 1)", [ZHAO, at, kind, BLOCK, ZHAO])


async def _may_issue(connection: Connection, actor: Actor) -> None:
    await connection.execute(
        "INSERT INTO account_role (account, role, unit) VALUES (%s, 'issuer', %s)", [actor.account, actor.unit]
    )
