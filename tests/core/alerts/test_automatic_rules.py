"""What time makes of an automatic rule: cases open once, wait, rest, are quiet, and are over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.core.cases import MOVES, Book, Case, Interval, Outcome, Spell, State, Subject, advance, step
from alerts.core.levels import Level
from alerts.core.past import Past, Sign, Stay, common, crossed, intervals, presence
from alerts.core.rule_texts import Named, description
from alerts.core.rules import Does, Kind, Measure, Quiet, Rule, Threshold, fault_of
from alerts.core.tree import Node, Tree, sums
from alerts.core.trials import episodes, findings
from tracker.model.duty import Hours

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)  # 12:00 in the city
CITY, STREET, OTHER, LEAF, LEAF_2, OTHER_LEAF = range(1, 7)
TREE = Tree(
    CITY,
    [
        Node(CITY, None, "city", 0, 1, 12),
        Node(STREET, CITY, "grid-1", 2, 2, 7),
        Node(LEAF, STREET, "grid-3", 4, 3, 4),
        Node(LEAF_2, STREET, "grid-3", 4, 5, 6),
        Node(OTHER, CITY, "grid-1", 2, 8, 11),
        Node(OTHER_LEAF, OTHER, "grid-3", 4, 9, 10),
    ],
)


def a_rule(**changed: object) -> Rule:
    base = Rule(
        unit=CITY,
        name="失联",
        kind=Kind.SILENT,
        level=Level.YELLOW,
        hold_min=10,
        clear_min=5,
        rest_min=30,
    )
    return replace(base, **changed)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def away(starts: float, ends: float, *, member: int = 7, group: Subject | None = None, unit: int = LEAF) -> Interval:
    subject = Subject(unit, member)
    return Interval(subject, group or Subject(STREET), Hours(after(starts), after(ends)))


def told(rule: Rule, held: Sequence[Interval], *, until: float = 600) -> list[tuple[float, float | None, int]]:
    """Return (opened, over, subjects) of each case, in minutes."""
    found = episodes(rule, held, since=NOON, until=after(until), zone=ZONE)
    minutes = [(episode.opened_at, episode.ended_at, len(episode.subjects)) for episode in found]
    return [
        ((a - NOON).total_seconds() / 60, None if b is None else (b - NOON).total_seconds() / 60, n)
        for a, b, n in minutes
    ]


def test_a_case_opens_when_the_condition_has_held_and_is_over_when_it_stayed_away() -> None:
    assert told(a_rule(), [away(0, 60)]) == [(10, 65, 1)]


def test_what_does_not_hold_long_enough_is_no_case() -> None:
    assert told(a_rule(), [away(0, 9), away(20, 29)]) == []


def test_flapping_makes_one_case() -> None:
    assert told(a_rule(), [away(0, 20), *(away(start, start + 3) for start in range(22, 100, 5))]) == [(10, 105, 1)]


def test_a_place_rests_before_it_is_told_of_again() -> None:
    assert told(a_rule(), [away(0, 20), away(30, 200)]) == [(10, 25, 1), (55, 205, 1)]


def test_many_of_one_street_are_one_case_and_another_street_is_another() -> None:
    held = [
        *(away(0, 60, member=member) for member in range(1, 200)),
        away(30, 90, member=500),
        away(0, 60, member=900, group=Subject(OTHER), unit=OTHER_LEAF),
    ]
    assert told(a_rule(), held) == [(10, 95, 200), (10, 65, 1)]


def test_each_has_their_own_case_where_nothing_is_put_together() -> None:
    held = [away(0, 60, member=member, group=Subject(LEAF, member)) for member in (1, 2)]
    assert told(a_rule(together=None), held) == [(10, 65, 1), (10, 65, 1)]


def test_in_quiet_hours_no_case_opens_and_who_still_waits_is_told_of_afterwards() -> None:
    rule = a_rule(quiet_from=time(12, 0), quiet_to=time(13, 0))
    assert told(rule, [away(0, 40, member=1), away(0, 90, member=2)]) == [(60, 95, 1)]


def test_a_red_rule_ignores_quiet_hours() -> None:
    rule = a_rule(level=Level.RED, quiet_from=time(12, 0), quiet_to=time(13, 0))
    assert told(rule, [away(0, 40)]) == [(10, 45, 1)]


def test_who_joins_an_open_case_in_quiet_hours_joins_it() -> None:
    rule = a_rule(quiet_from=time(12, 20), quiet_to=time(14, 0))
    assert told(rule, [away(0, 90, member=1), away(20, 90, member=2)]) == [(10, 95, 2)]


@pytest.mark.parametrize("local", [time(22, 0), time(23, 59), time(5, 59), time(6, 0)])
def test_quiet_hours_go_over_midnight(local: time) -> None:
    at = datetime(2026, 7, 20, local.hour, local.minute, tzinfo=ZONE)
    quiet = Quiet(time(22, 0), time(6, 0))
    assert quiet.holds(at, ZONE) is (local != time(6, 0))
    assert quiet.end_after(at, ZONE).astimezone(ZONE).time() == time(6, 0)
    assert timedelta(0) < quiet.end_after(at, ZONE) - at <= timedelta(days=1)


def test_a_case_that_a_person_ended_is_not_opened_again_by_the_same_trouble() -> None:
    rule, book = a_rule(hold_min=0, rest_min=0), Book()
    spell = Spell(subject=Subject(LEAF, 7), group=Subject(STREET), since=NOON)
    assert len(step(rule, book, at=NOON, began=[spell], ended=[], zone=ZONE).opened) == 1
    del book.cases[Subject(STREET)]  # as a person does
    assert step(rule, book, at=after(60), began=[], ended=[], zone=ZONE).opened == []
    other = Spell(subject=Subject(LEAF_2, 8), group=Subject(STREET), since=after(61))
    second = step(rule, book, at=after(61), began=[other], ended=[], zone=ZONE)
    assert [case.size for case in second.opened] == [1]
    step(rule, book, at=after(62), began=[], ended=[spell.subject], zone=ZONE)
    assert step(rule, book, at=after(90), began=[], ended=[], zone=ZONE).over == []  # the second one holds still


def test_a_book_that_knows_no_more_of_who_holds_ends_what_no_history_covers() -> None:
    rule, book = a_rule(clear_min=0), Book()
    book.put(Spell(subject=Subject(LEAF, 7), group=Subject(STREET), since=after(-60), case=after(-50)))
    book.cases[Subject(STREET)] = Case(group=Subject(STREET), opened_at=after(-50), size=1)
    outcomes = list(advance(rule, book, [], since=NOON, until=after(60), zone=ZONE))
    assert [(outcome.at, len(outcome.over)) for outcome in outcomes] == [(NOON, 1)]


def test_every_move_of_a_spell_leads_to_a_state_of_the_table() -> None:
    assert {state for moves in MOVES.values() for state in moves.values()} == set(MOVES) == set(State)


minutes = st.integers(0, 300)
spans = st.tuples(st.integers(1, 4), minutes, minutes).map(
    lambda it: away(min(it[1:]), max(it[1:]) + 1, member=it[0], group=Subject(STREET if it[0] < 3 else OTHER))
)
ruled = st.builds(
    a_rule,
    hold_min=st.integers(0, 20),
    clear_min=st.integers(0, 20),
    rest_min=st.integers(0, 60),
    level=st.sampled_from([Level.YELLOW, Level.RED]),
    quiet_from=st.sampled_from([None, time(12, 30)]),
).map(lambda rule: replace(rule, quiet_to=None if rule.quiet_from is None else time(14, 0)))


def followed(rule: Rule, held: list[Interval]) -> list[Outcome]:
    return list(advance(rule, Book(), held, since=NOON, until=after(2_000), zone=ZONE))


@given(ruled, st.lists(spans, max_size=12))
def test_never_are_two_cases_of_one_group_open_and_all_are_over_in_the_end(rule: Rule, held: list[Interval]) -> None:
    open_now: set[Subject] = set()
    ended_at: dict[Subject, datetime] = {}
    last = NOON - timedelta(seconds=1)
    for outcome in followed(rule, held):
        assert outcome.at > last
        last = outcome.at
        for case in outcome.over:
            open_now.remove(case.group)
            ended_at[case.group] = outcome.at
        for case in outcome.opened:
            assert case.group not in open_now
            assert outcome.at - ended_at.get(case.group, NOON - timedelta(days=30)) >= rule.rest
            assert rule.quiet is None or not rule.quiet.holds(outcome.at, ZONE)
            open_now.add(case.group)
    assert open_now == set()


@given(ruled, st.lists(spans, max_size=12))
def test_a_subject_is_told_of_only_when_it_has_held_and_never_twice_in_one_case(
    rule: Rule, held: list[Interval]
) -> None:
    known: set[tuple[Subject, datetime | None]] = set()
    for outcome in followed(rule, held):
        for spell in outcome.told:
            assert outcome.at - spell.since >= rule.hold
            assert (spell.subject, spell.case) not in known or spell.since > NOON
            known.add((spell.subject, spell.case))


@given(ruled, st.lists(spans, max_size=10), st.integers(1, 299))
def test_a_run_that_is_cut_in_two_tells_the_same(rule: Rule, held: list[Interval], at: int) -> None:
    def cases(outcomes: list[Outcome]) -> list[tuple[datetime, list[Subject], list[Subject]]]:
        return [
            (it.at, sorted(case.group for case in it.opened), sorted(case.group for case in it.over))
            for it in outcomes
            if it.opened or it.over
        ]

    book = Book()
    first = list(advance(rule, book, held, since=NOON, until=after(at), zone=ZONE))
    second = list(advance(rule, book, held, since=after(at), until=after(2_000), zone=ZONE))
    assert cases(first + second) == cases(followed(rule, held))


def test_findings_count_by_local_day_and_leave_out_what_stood_before() -> None:
    rule = a_rule(hold_min=0, rest_min=0, clear_min=0)
    held = [away(-60, 30), *(away(start, start + 5) for start in (100, 800, 900, 2_000))]
    found = findings(episodes(rule, held, since=NOON, until=after(3_000), zone=ZONE), since=NOON, zone=ZONE)
    assert (found.count, found.standing) == (4, 1)
    assert [(day.isoformat(), count) for day, count in found.by_day.items()] == [
        ("2026-07-20", 1),
        ("2026-07-21", 3),
    ]
    assert found.sample[0].opened_at == after(2_000)


def hours(starts: float, ends: float) -> Hours:
    return Hours(after(starts), after(ends))


def test_a_member_is_silent_when_no_terminal_of_theirs_is_on_line() -> None:
    signs = [
        Sign(7, 1, after(-10), is_online=True),
        Sign(7, 1, after(20), is_online=False),
        Sign(7, 2, after(10), is_online=True),
        Sign(7, 2, after(40), is_online=False),
        Sign(7, 2, after(50), is_online=True),
    ]
    online, silent = presence(signs, NOON, after(100))
    assert online == {7: [hours(-10, 40), hours(50, 100)]}
    assert silent == {7: [hours(40, 50)]}


def test_who_was_silent_before_the_time_is_so_from_then_and_forgotten_after_a_day() -> None:
    _, silent = presence([Sign(7, 1, after(-60), is_online=False)], NOON, after(5_000))
    assert silent == {7: [hours(-60, 1_380)]}


def test_who_was_first_heard_of_as_silent_had_been_on_line() -> None:
    online, silent = presence([Sign(7, 1, after(30), is_online=False)], NOON, after(60))
    assert (online, silent) == ({7: [hours(0, 30)]}, {7: [hours(30, 60)]})


def test_off_duty_nobody_is_missed() -> None:
    past = Past(since=NOON, until=after(600), homes={7: LEAF, 8: LEAF}, silent={7: [hours(0, 100)], 8: [hours(0, 100)]})
    past.shifts = {7: [hours(50, 70)]}
    found = intervals(a_rule(), past, TREE, rank=2)
    assert [(it.subject.member, it.group, it.hours) for it in found] == [
        (7, Subject(STREET), hours(50, 70)),
        (8, Subject(STREET), hours(0, 100)),
    ]


def test_a_grid_is_empty_when_none_of_its_people_are_on_duty_and_never_when_it_has_none() -> None:
    rule = a_rule(kind=Kind.GRID_EMPTY, at_level="grid-3")
    past = Past(since=NOON, until=after(100), homes={7: LEAF, 8: LEAF, 9: LEAF_2})
    past.online = {7: [hours(0, 30)], 8: [hours(20, 60)], 9: [hours(0, 100)]}
    found = intervals(rule, past, TREE, rank=2)
    assert [(it.subject, it.hours) for it in found] == [(Subject(LEAF), hours(60, 100))]


def test_a_crowd_is_counted_where_it_is_and_while_it_is_on_line() -> None:
    rule = a_rule(kind=Kind.CROWDING, at_level="grid-1", bound=1)
    past = Past(since=NOON, until=after(100), online={7: [hours(0, 100)], 8: [hours(0, 40)], 9: [hours(0, 100)]})
    past.stays = [Stay(7, LEAF, hours(0, 80)), Stay(8, LEAF_2, hours(10, 90)), Stay(9, OTHER_LEAF, hours(0, 100))]
    found = intervals(rule, past, TREE, rank=None)
    assert [(it.group, it.hours) for it in found] == [(Subject(STREET), hours(10, 40))]


@given(st.lists(st.tuples(minutes, minutes).map(lambda it: hours(min(it), max(it) + 1)), max_size=8), st.integers(1, 3))
def test_a_threshold_is_crossed_when_a_count_minute_by_minute_says_so(spans: list[Hours], bound: int) -> None:
    threshold = Threshold(Measure.ONLINE, is_below=True, bound=bound)
    found = crossed(threshold, spans, NOON, after(320))
    for minute in range(320):
        at = after(minute + 0.5)
        count = sum(1 for span in spans if span.starts_at <= at < span.ends_at)
        assert any(span.starts_at <= at < span.ends_at for span in found) is (count < bound)


@given(*[st.lists(st.tuples(minutes, minutes).map(lambda it: hours(min(it), max(it) + 1)), max_size=6)] * 2)
def test_what_two_lists_of_hours_share_is_what_both_have(left: list[Hours], right: list[Hours]) -> None:
    left, right = (presence_like(spans) for spans in (left, right))
    shared = common(left, right)
    for minute in range(305):
        at = after(minute + 0.5)
        both = all(any(span.starts_at <= at < span.ends_at for span in spans) for spans in (left, right))
        assert any(span.starts_at <= at < span.ends_at for span in shared) is both


def presence_like(spans: list[Hours]) -> list[Hours]:
    """In order and without overlaps."""
    return crossed(Threshold(Measure.ONLINE, is_below=False, bound=0), spans, NOON, after(1_000))


def test_sums_go_over_subtrees() -> None:
    places = [TREE.nodes[unit] for unit in (CITY, STREET, OTHER, LEAF_2)]
    assert sums(places, [(3, 5), (5, 7), (9, 11)]) == [23, 12, 11, 7]


def test_parts_of_a_city_hold_whole_groups() -> None:
    assert sorted(map(sorted, TREE.parts(2))) == [[CITY], [STREET, LEAF, LEAF_2], [OTHER, OTHER_LEAF]]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"hold_min": -1}, "hold_min"),
        ({"rest_min": 20_000}, "rest_min"),
        ({"quiet_from": time(8, 0)}, "quiet_to"),
        ({"quiet_from": time(8, 0), "quiet_to": time(8, 0)}, "quiet_to"),
        ({"kind": Kind.COUNT, "at_level": "grid-3"}, "measure"),
        ({"kind": Kind.GRID_EMPTY}, "at_level"),
        ({"kind": Kind.CROWDING, "at_level": "grid-3", "bound": -1}, "bound"),
        ({"kind": Kind.COUNT, "measure": Measure.ONLINE, "at_level": "grid-3", "is_below": True}, "bound"),
        ({"does": Does.ISSUE, "level": Level.ORANGE}, "does"),
        ({"does": Does.ISSUE, "level": Level.RED}, "does"),
    ],
)
def test_what_cannot_be_right_is_named_with_its_field(changed: dict[str, object], field: str) -> None:
    fault = fault_of(a_rule(**changed))
    assert fault is not None
    assert fault.field == field
    assert fault.words.zh
    assert fault.words.en


def test_a_rule_that_can_be_right_has_no_fault() -> None:
    assert fault_of(a_rule(does=Does.ISSUE)) is None


def test_a_proposal_names_the_first_and_counts_them_all() -> None:
    names = [Named(f"员{number}", f"member {number}") for number in range(12)]
    text = description(a_rule(), Named("东街", "East street"), names, 12)
    assert "东街：员0、员1" in text
    assert "共12项，失联" in text
    assert "and 2 more" in text
