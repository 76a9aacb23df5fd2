"""What people do at the desk, against the real tables."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from alerts.core.errors import BadContent, IllegalMove, NotAllowed, UnknownAlert, VersionConflict
from alerts.core.levels import Level
from alerts.core.states import AlertMove, AlertState
from alerts.desk import Desk
from tests.integration.alerts.builders import (
    BLOCK,
    CITY,
    EAST_STREET,
    HUAYUAN,
    JINSHUI,
    WENHUA,
    WEST,
    City,
    Clock,
    a_content,
    a_last_fix,
    a_member,
    a_position,
    a_square,
    a_team,
    a_terminal,
    all_of,
    an_id,
    issued,
)
from tracker.model.positions import Flag

Connection = psycopg.AsyncConnection[Any]


async def test_issuing_freezes_the_leaders_below_with_their_reasons(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    people = await desk.audience(alert.id)
    assert [person.member for person in people.people] == [100 + JINSHUI, 100 + WENHUA, 100 + BLOCK]
    assert people.people[0].reasons == ({"why": "leader", "unit": JINSHUI, "role": "leader"},)
    assert [line.state for line in people.people[0].deliveries] == ["queued"]
    assert (alert.state, alert.version, alert.reach.audience, alert.reach.queued) == (AlertState.ISSUED, 2, 3, 3)


async def test_the_identifier_is_of_the_form_that_cap_feeds_use(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    assert alert.identifier == "41010500000001_20260720120000"


async def test_a_depth_keeps_the_alert_from_the_grids_below_it(desk: Desk, city: City) -> None:
    alert = await issued(desk, city, depth="grid-2")
    people = await desk.audience(alert.id)
    assert [person.member for person in people.people] == [100 + JINSHUI, 100 + WENHUA]


async def test_the_whole_city_is_told_through_its_first_level_grids(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.mayor, a_content(targets=(CITY,)))
    alert = await desk.issue(draft.id, city.mayor, 1)
    people = await desk.audience(alert.id)
    assert {person.member - 100 for person in people.people} == {JINSHUI, WENHUA, BLOCK, HUAYUAN, EAST_STREET}


async def test_a_county_cannot_warn_its_neighbours_street(desk: Desk, city: City) -> None:
    with pytest.raises(NotAllowed, match="Jinshui district may not issue to this unit: it lies outside"):
        await desk.draft(an_id(), city.county, a_content(targets=(EAST_STREET,)))
    assert await desk.list() == []


async def test_the_city_warns_streets_and_not_blocks(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.mayor, a_content(targets=(BLOCK,)))
    with pytest.raises(NotAllowed, match="Zhengzhou may not issue to Wenhua block 1: it may target First-level grid"):
        await desk.issue(draft.id, city.mayor, 1)
    assert (await desk.get(draft.id)).state is AlertState.DRAFT


async def test_the_same_id_twice_drafts_and_issues_once(desk: Desk, city: City, connection: Connection) -> None:
    alert_id = an_id()
    first = await desk.draft(alert_id, city.county, a_content())
    again = await desk.draft(alert_id, city.county, a_content())
    assert [is_new for _, is_new in (first, again)] == [True, False]
    once = await desk.issue(alert_id, city.county, 1)
    twice = await desk.issue(alert_id, city.county, 1)
    assert once.version == twice.version == 2
    assert await all_of(connection, "SELECT count(*) FROM delivery") == [3]


async def test_another_account_cannot_take_an_id(desk: Desk, city: City) -> None:
    alert_id = an_id()
    await desk.draft(alert_id, city.county, a_content())
    with pytest.raises(IllegalMove, match="belongs to another alert"):
        await desk.draft(alert_id, city.street, a_content())


async def test_of_two_accounts_that_issue_at_once_one_wins(desk: Desk, city: City, connection: Connection) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content())
    answers: list[object] = []

    async def issue(by: Any) -> None:
        try:
            answers.append(await desk.issue(draft.id, by, draft.version))
        except VersionConflict as conflict:
            answers.append(conflict.current)

    async with asyncio.TaskGroup() as group:
        group.create_task(issue(city.county))
        group.create_task(issue(city.deputy))
    assert sorted(type(answer).__name__ for answer in answers) == ["Alert", "int"]
    assert 2 in answers
    assert await all_of(connection, "SELECT count(*) FROM delivery") == [3]


async def test_orange_is_refused_without_a_second_person(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content(level=Level.ORANGE))
    with pytest.raises(NotAllowed, match="second person"):
        await desk.issue(draft.id, city.county, 1)


async def test_orange_goes_out_when_another_account_approves(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content(level=Level.ORANGE))
    pending = await desk.submit(draft.id, city.county, 1)
    assert pending.state is AlertState.PENDING_APPROVAL
    with pytest.raises(NotAllowed, match="cannot approve it"):
        await desk.approve(draft.id, city.county, pending.version)
    alert = await desk.approve(draft.id, city.deputy, pending.version)
    assert (alert.state, alert.reach.audience) == (AlertState.ISSUED, 3)


async def test_an_emergency_override_is_logged(desk: Desk, city: City, connection: Connection) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content(level=Level.RED))
    alert = await desk.issue(draft.id, city.county, 1, override_reason="dam broke, nobody else here")
    logged = await all_of(connection, "SELECT account, detail->>'reason' FROM audit WHERE action = 'alert.overridden'")
    assert logged == [(2, "dam broke, nobody else here")]
    assert (await desk.versions(alert.id))[-1].note == "dam broke, nobody else here"


async def test_editing_takes_a_submitted_alert_back_to_draft(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content(level=Level.ORANGE))
    await desk.submit(draft.id, city.county, 1)
    edited = await desk.edit(draft.id, city.county, 2, a_content(level=Level.ORANGE, headline="改后"))
    assert (edited.state, edited.content.headline) == (AlertState.DRAFT, "改后")


async def test_an_edit_sent_again_is_one_and_another_from_the_same_account_is_not_lost(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content())
    first = await desk.edit(draft.id, city.county, 1, a_content(headline="改后"))
    again = await desk.edit(draft.id, city.county, 1, a_content(headline="改后"))
    assert (first.version, again.version) == (2, 2)
    with pytest.raises(VersionConflict):
        await desk.edit(draft.id, city.county, 1, a_content(headline="另一窗口"))
    assert (await desk.get(draft.id)).content.headline == "改后"


async def test_a_version_is_never_changed_nor_deleted(desk: Desk, city: City, connection: Connection) -> None:
    await desk.draft(an_id(), city.county, a_content())
    with pytest.raises(psycopg.errors.RestrictViolation, match="never changed"):
        await connection.execute("UPDATE alert_version SET headline = 'other'")
    with pytest.raises(psycopg.errors.RestrictViolation):
        await connection.execute("DELETE FROM alert_version")


async def test_a_street_cannot_lift_what_its_county_issued_but_the_city_can(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    with pytest.raises(NotAllowed, match="a unit above it"):
        await desk.lift(alert.id, city.street, alert.version)
    lifted = await desk.lift(alert.id, city.mayor, alert.version, "rain is over")
    assert (lifted.state, lifted.moves) == (AlertState.LIFTED, ())


async def test_what_has_ended_stays_ended(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    lifted = await desk.lift(alert.id, city.county, alert.version)
    with pytest.raises(IllegalMove, match="it was lifted"):
        await desk.cancel(alert.id, city.county, lifted.version)


async def test_a_cancelled_draft_tells_nobody(desk: Desk, city: City, connection: Connection) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content())
    await desk.cancel(draft.id, city.county, 1)
    assert await all_of(connection, "SELECT count(*) FROM delivery") == [0]


async def test_a_new_level_tells_everybody_again_and_expires_what_had_not_left(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    raised = await desk.change_level(
        alert.id, city.county, alert.version, Level.RED, override_reason="river over its banks"
    )
    assert (raised.version, raised.content.level, raised.reach.queued) == (3, Level.RED, 3)
    counted = await all_of(connection, "SELECT version, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1")
    assert counted == [(2, "expired", 3), (3, "queued", 3)]
    assert [version.kind for version in await desk.versions(alert.id)] == ["draft", "issue", "upgrade"]


async def test_work_teams_are_told_beside_the_leaders_and_each_person_once(
    desk: Desk, city: City, connection: Connection
) -> None:
    diver, closed = await a_member(connection, 301, unit=HUAYUAN), await a_member(connection, 302, unit=HUAYUAN)
    await a_team(connection, 1, unit=WEST, members=(diver, 100 + JINSHUI))
    await a_team(connection, 2, unit=EAST_STREET, members=(closed,))
    preview = await desk.preview(city.county, a_content(teams=(1,)))
    assert preview.by_reason == {"leader": 3, "team": 1}
    alert = await issued(desk, city, teams=(1,))
    people = {person.member: person for person in (await desk.audience(alert.id)).people}
    assert set(people) == {100 + JINSHUI, 100 + WENHUA, 100 + BLOCK, diver}
    assert people[diver].reasons == ({"why": "team", "team": 1, "name": "team 1"},)
    assert [reason["why"] for reason in people[100 + JINSHUI].reasons] == ["leader", "team"]
    assert [team.name for team in alert.teams] == ["team 1"]
    with pytest.raises(BadContent, match="not of your own subtree"):
        await desk.draft(an_id(), city.county, a_content(teams=(2,)))
    await connection.execute("UPDATE work_team SET closed_at = now() WHERE id = 1")
    with pytest.raises(BadContent, match="closed"):
        await desk.draft(an_id(), city.county, a_content(teams=(1,)))


async def test_a_proposed_level_is_told_when_a_second_person_approves_and_goes_on_by_the_old_one_till_then(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    waiting = await desk.propose_level(alert.id, city.county, alert.version, Level.RED, "river over its banks")
    assert (waiting.version, waiting.content.level, waiting.reach.queued) == (alert.version, Level.YELLOW, 3)
    assert waiting.proposal is not None
    assert (waiting.proposal.level, waiting.proposal.note) == (Level.RED, "river over its banks")
    assert AlertMove.APPROVE in waiting.moves
    with pytest.raises(NotAllowed, match="who proposed a level cannot approve it"):
        await desk.approve(alert.id, city.county, alert.version)
    raised = await desk.approve(alert.id, city.deputy, alert.version)
    again = await desk.approve(alert.id, city.deputy, alert.version)  # the answer was lost
    assert (raised.version, again.version, raised.content.level, raised.proposal) == (3, 3, Level.RED, None)
    newest = (await desk.versions(alert.id))[-1]
    assert (newest.kind, newest.note, newest.made_by and newest.made_by.id) == ("upgrade", "river over its banks", 3)
    assert await all_of(connection, "SELECT made_by, settled_by, outcome FROM alert_proposal") == [(2, 3, "approved")]


async def test_where_no_level_waits_there_is_nothing_to_approve_nor_to_decline(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    assert not {AlertMove.APPROVE, AlertMove.DECLINE} & set(alert.moves)
    with pytest.raises(IllegalMove, match="no change of level is waiting"):
        await desk.approve(alert.id, city.deputy, alert.version)
    with pytest.raises(IllegalMove, match="no change of level is waiting"):
        await desk.decline(alert.id, city.deputy, alert.version, "no")


async def test_a_newer_proposal_replaces_an_older_one_and_a_repeated_one_is_the_same(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    for level, why in ((Level.ORANGE, "rain"), (Level.ORANGE, "rain"), (Level.RED, "flood")):
        waiting = await desk.propose_level(alert.id, city.county, alert.version, level, why)
    assert waiting.proposal is not None
    assert waiting.proposal.level is Level.RED
    assert await all_of(connection, "SELECT level, outcome FROM alert_proposal ORDER BY id") == [
        ("orange", "replaced"),
        ("red", None),
    ]


async def test_a_proposal_lapses_with_the_version_it_was_made_upon(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    await desk.propose_level(alert.id, city.county, alert.version, Level.RED, "flood")
    lowered = await desk.change_level(alert.id, city.county, alert.version, Level.BLUE, note="it only drizzles")
    assert lowered.proposal is None
    with pytest.raises(IllegalMove, match="no change of level is waiting"):
        await desk.approve(alert.id, city.deputy, lowered.version)


async def test_what_a_second_person_declines_stays_as_it_is_and_the_reason_is_kept(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    await desk.propose_level(alert.id, city.county, alert.version, Level.RED, "flood")
    with pytest.raises(BadContent, match="say why"):
        await desk.decline(alert.id, city.deputy, alert.version, " ")
    kept = await desk.decline(alert.id, city.deputy, alert.version, "the gauge is broken")
    assert (kept.version, kept.content.level, kept.proposal) == (alert.version, Level.YELLOW, None)
    assert await all_of(connection, "SELECT outcome, answer FROM alert_proposal") == [
        ("declined", "the gauge is broken")
    ]


async def test_a_draft_that_a_second_person_declines_is_its_authors_again(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content(level=Level.ORANGE))
    await desk.submit(draft.id, city.county, 1)
    returned = await desk.decline(draft.id, city.deputy, 2, "which dike?")
    again = await desk.decline(draft.id, city.deputy, 2, "which dike?")
    assert (returned.state, returned.version, again.version) == (AlertState.DRAFT, 3, 3)
    assert (await desk.versions(draft.id))[-1].note == "which dike?"
    await desk.edit(draft.id, city.county, 3, a_content(level=Level.ORANGE, headline="改后"))
    await desk.submit(draft.id, city.county, 4)
    approved = await desk.approve(draft.id, city.deputy, 5)  # who only declined it wrote nothing of it
    assert approved.state is AlertState.ISSUED


async def test_people_inside_the_drawn_area_are_told_and_each_phone_once(
    desk: Desk, city: City, clock: Clock, connection: Connection
) -> None:
    inside = await a_member(connection, 201, unit=HUAYUAN)
    same_phone = await a_member(connection, 202, unit=HUAYUAN, phone="+8613800000201")
    silent = await a_member(connection, 203, unit=HUAYUAN)
    foreign = await a_member(connection, 204, unit=EAST_STREET)
    for terminal, member in enumerate((inside, same_phone, silent, foreign), start=1):
        await a_terminal(connection, terminal, member=member)
    for terminal, grid in ((1, HUAYUAN), (2, HUAYUAN), (4, EAST_STREET)):
        await a_last_fix(connection, terminal, lon=113.605, lat=34.705, at=clock.now, grid=grid)
    await a_last_fix(connection, 3, lon=113.605, lat=34.705, at=clock.now.replace(hour=1), grid=HUAYUAN)
    alert = await issued(desk, city, area=a_square(west=113.6, south=34.7))
    people = {person.member: person for person in (await desk.audience(alert.id)).people}
    assert set(people) == {100 + JINSHUI, 100 + WENHUA, 100 + BLOCK, inside}
    assert [reason["why"] for reason in people[inside].reasons] == ["inside", "inside"]


async def test_who_is_inside_is_judged_by_the_last_position_not_by_an_older_checkpoint(
    desk: Desk, city: City, clock: Clock, connection: Connection
) -> None:
    members = [await a_member(connection, number, unit=HUAYUAN) for number in (201, 202, 203)]
    came, left, believed = members
    for terminal, member in enumerate(members, start=1):
        await a_terminal(connection, terminal, member=member)
    inside, outside, before = (113.605, 34.705), (113.625, 34.705), clock.now - timedelta(seconds=60)
    for terminal, (lon, lat) in ((1, outside), (2, inside), (3, inside)):
        await a_last_fix(connection, terminal, lon=lon, lat=lat, at=before, grid=HUAYUAN)
    for terminal, (lon, lat), flag in ((1, inside, Flag.NONE), (2, outside, Flag.NONE), (3, outside, Flag.SUSPECT)):
        await a_position(connection, terminal, lon=lon, lat=lat, at=clock.now, grid=HUAYUAN, flag=flag)
    alert = await issued(desk, city, area=a_square(west=113.6, south=34.7))
    people = {person.member: person for person in (await desk.audience(alert.id)).people}
    assert (came in people, left in people, believed in people) == (True, False, True)
    assert [people[member].reasons[0]["fix_age_s"] for member in (came, believed)] == [0, 60]


async def test_a_person_without_phone_and_terminal_shows_as_failed(
    desk: Desk, city: City, connection: Connection
) -> None:
    await a_member(connection, 210, unit=BLOCK, role="leader", phone=None)
    alert = await issued(desk, city)
    assert (alert.reach.audience, alert.reach.failed, alert.reach.queued) == (4, 1, 3)


RETAINED = """
    SELECT split_part(topic, '/', 4), convert_from(payload, 'UTF8')::jsonb ->> 'level'
    FROM retained WHERE payload <> '' ORDER BY topic
"""


async def test_the_alert_in_force_is_retained_in_its_grids_and_below(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    assert await all_of(connection, RETAINED) == [
        ("410105001", "yellow"),
        ("410105001001", "yellow"),
        ("410105001001001", "yellow"),
    ]
    await desk.lift(alert.id, city.county, alert.version)
    assert await all_of(connection, RETAINED) == []
    assert await all_of(connection, "SELECT count(*) FROM retained") == [3]


async def test_it_is_retained_no_further_down_than_its_depth(desk: Desk, city: City, connection: Connection) -> None:
    await issued(desk, city, depth="grid-2")
    assert await all_of(connection, RETAINED) == [("410105001", "yellow"), ("410105001001", "yellow")]


async def test_of_several_alerts_the_highest_is_retained_and_a_real_one_before_a_drill(
    desk: Desk, city: City, connection: Connection
) -> None:
    drill = await issued(desk, city, level=Level.RED, is_drill=True)
    blue = await issued(desk, city, level=Level.BLUE, depth="grid-1")
    orange, _ = await desk.draft(an_id(), city.street, a_content(level=Level.YELLOW, targets=(WENHUA,)))
    await desk.issue(orange.id, city.street, 1)
    assert await all_of(connection, RETAINED) == [
        ("410105001", "blue"),
        ("410105001001", "yellow"),
        ("410105001001001", "yellow"),
    ]
    await desk.lift(blue.id, city.county, blue.version)
    assert (await all_of(connection, RETAINED))[0] == ("410105001", "red")
    await desk.lift(drill.id, city.county, drill.version)
    assert [grid for grid, _ in await all_of(connection, RETAINED)] == ["410105001001", "410105001001001"]


async def test_a_grid_that_is_closed_meanwhile_does_not_keep_an_alert_that_has_ended(
    desk: Desk, city: City, connection: Connection
) -> None:
    alert = await issued(desk, city)
    other = await issued(desk, city, level=Level.BLUE, targets=(HUAYUAN,))
    await connection.execute("UPDATE unit SET closed_at = now() WHERE id = %s", [BLOCK])
    await desk.lift(alert.id, city.county, alert.version)
    assert await all_of(connection, RETAINED) == [("410105002", "blue")]
    await desk.lift(other.id, city.county, other.version)
    assert await all_of(connection, RETAINED) == []


async def test_two_issuers_at_the_same_second_leave_the_higher_alert_retained(
    desk: Desk, city: City, connection: Connection
) -> None:
    """Each works out the highest alert in force: neither may miss the other's, which is not committed yet."""
    for _ in range(10):
        low, _ = await desk.draft(an_id(), city.county, a_content(level=Level.BLUE))
        high, _ = await desk.draft(an_id(), city.deputy, a_content(level=Level.YELLOW))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(desk.issue(high.id, city.deputy, 1))
            second = group.create_task(desk.issue(low.id, city.county, 1))
        assert {level for _, level in await all_of(connection, RETAINED)} == {"yellow"}
        await desk.lift(high.id, city.deputy, first.result().version)
        assert {level for _, level in await all_of(connection, RETAINED)} == {"blue"}
        await desk.lift(low.id, city.county, second.result().version)


async def test_a_viewer_sees_what_concerns_their_unit_and_nothing_else(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    assert [found.id for found in await desk.list(within=JINSHUI)] == [alert.id]
    assert await desk.list(within=EAST_STREET) == []
    with pytest.raises(UnknownAlert):
        await desk.get(alert.id, within=EAST_STREET)
    assert (await desk.audience(alert.id, within=WENHUA)).total == 2


async def test_a_preview_counts_explains_and_stores_nothing(desk: Desk, city: City, connection: Connection) -> None:
    preview = await desk.preview(city.mayor, a_content(targets=(WEST,)))
    assert (preview.total, preview.allowed) == (4, True)
    assert preview.by_level == {"grid-1": 2, "grid-2": 1, "grid-3": 1}
    assert preview.explanation.en == (
        "Zhengzhou may issue to Jinshui district: it goes to all its units of level First-level grid"
    )
    assert preview.parts["zh"] >= 2
    refused = await desk.preview(city.street, a_content(targets=(HUAYUAN,)))
    assert (refused.total, refused.allowed) == (0, False)
    assert await all_of(connection, "SELECT count(*) FROM alert") == [0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"headline": " "}, "give a headline"),
        ({"headline": "长" * 201}, "too long: headline"),
        ({"targets": ()}, "at least one unit"),
        ({"targets": (9999,)}, "not a unit of this city"),
        ({"depth": "galaxy"}, "no unit level galaxy"),
    ],
)
async def test_what_could_never_be_issued_is_not_drafted(
    desk: Desk, city: City, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadContent, match=words):
        await desk.draft(an_id(), city.county, replace(a_content(), **changes))


async def test_only_people_of_the_audience_acknowledge_and_only_once(desk: Desk, city: City) -> None:
    alert = await issued(desk, city)
    assert await desk.acknowledge(alert.id, 100 + BLOCK, "desk")
    assert not await desk.acknowledge(alert.id, 100 + BLOCK, "link")
    with pytest.raises(NotAllowed, match="not in the audience"):
        await desk.acknowledge(alert.id, 100 + EAST_STREET, "desk")
    assert (await desk.reach(alert.id)).within(1, 16).by_level["grid-3"].acknowledged == 1


async def test_an_unknown_alert_is_unknown(desk: Desk, city: City) -> None:
    with pytest.raises(UnknownAlert):
        await desk.issue(an_id(), city.county, 1)


async def test_an_account_without_the_right_to_issue_may_not_even_draft(desk: Desk, city: City) -> None:
    with pytest.raises(NotAllowed, match="may not issue alerts"):
        await desk.draft(an_id(), replace(city.county, may_issue=False), a_content())


async def test_the_moves_shown_are_the_tables_own(desk: Desk, city: City) -> None:
    draft, _ = await desk.draft(an_id(), city.county, a_content())
    assert draft.moves == (AlertMove.EDIT, AlertMove.SUBMIT, AlertMove.ISSUE, AlertMove.CANCEL)
