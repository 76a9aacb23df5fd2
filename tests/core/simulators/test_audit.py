"""The audit of a load run: what was published against what is stored, and how late it was."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulators.ledger import (
    BACKLOG,
    PUBLISHED,
    PUBLISHED_FILE,
    REPEATED,
    SEEN,
    SETTLED,
    SILENT,
    TO_BE_REFUSED,
    Records,
    Stream,
)
from simulators.load.audit import (
    Sent,
    asked_ms,
    compare,
    displaced,
    join,
    keys_of,
    per_second,
    said_of,
    span_ms,
    stored_keys,
)
from simulators.load.goals import holds, judge
from simulators.load.latency import answered_us, framed_us, percentiles
from simulators.load.ledgers import read_sent
from simulators.load.plan import Instant
from simulators.load.sections import connected_at_end
from simulators.load.stage import unplayed
from simulators.load.witness import STORED
from simulators.report.model import Connections, Counts, Crossings, Goal, Latency, Machine, Percentiles, Report
from simulators.scenario.model import Goals
from simulators.scenario.reading import read_scenario

START_MS = 1_800_000_000_000
START_US = START_MS * 1000


def a_fix(
    terminal: int = 0, second: float = 0.0, *, flags: int = 0, late_us: int = 0, lon: int = 0, lat: int = 0
) -> tuple[int, ...]:
    due_us = START_US + int(second * 1e6)
    return (terminal, START_MS + int(second * 1000), due_us, due_us + late_us + 1, lon, lat, flags)


def published(*fixes: tuple[int, ...]) -> Records:
    return np.array(list(fixes), PUBLISHED)


def answers(*rows: int, after_us: int = 20_000) -> Records:
    return np.array([(row, START_US + after_us) for row in rows], SETTLED)


NOTHING = np.empty(0, SETTLED)


def sent(fixes: Records, acknowledged: Records = NOTHING, receipted: Records = NOTHING) -> Sent:
    return join([(fixes, acknowledged, receipted)])


def stored(*fixes: tuple[int, float]) -> Records:
    return np.array([(terminal, START_MS + int(second * 1000), 0, 0) for terminal, second in fixes], STORED)


def kept(*fixes: tuple[int, float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return stored_keys([stored(*fixes)], terminals=10)


def test_a_key_tells_its_terminal_and_its_time() -> None:
    fixes = published(a_fix(270_341, 3.5))
    assert said_of(int(keys_of(fixes["terminal"], fixes["said_ms"])[0])) == (270_341, START_MS + 3500)


def test_what_was_acknowledged_and_is_stored_is_not_lost() -> None:
    found = compare(sent(published(a_fix(1), a_fix(2)), answers(0, 1)), kept((1, 0), (2, 0)))
    assert (found.stored, found.lost, found.duplicated) == (2, 0, 0)


def test_what_was_acknowledged_and_is_not_stored_is_lost() -> None:
    found = compare(sent(published(a_fix(1), a_fix(2)), answers(0, 1)), kept((1, 0)))
    assert found.lost == 1
    assert [said_of(key) for key in found.missing.tolist()] == [(2, START_MS)]


def test_what_was_receipted_and_is_not_stored_is_lost() -> None:
    assert compare(sent(published(a_fix(1)), receipted=answers(0)), kept()).lost == 1


def test_what_nobody_answered_is_not_lost() -> None:
    assert compare(sent(published(a_fix(1))), kept()).lost == 0


def test_a_fix_stored_twice_is_duplicated() -> None:
    found = compare(sent(published(a_fix(1)), answers(0)), kept((1, 0), (1, 0), (1, 0)))
    assert (found.stored, found.repeated, found.duplicated) == (1, 2, 2)


def test_a_fix_that_nobody_published_is_duplicated() -> None:
    found = compare(sent(published(a_fix(1)), answers(0)), kept((1, 0), (1, 0.001)))
    assert (found.foreign, found.duplicated) == (1, 1)


def test_terminals_that_are_not_simulated_are_none_of_ours() -> None:
    keys = stored_keys([stored((1, 0), (10, 0), (-1, 0))], terminals=10)
    assert compare(sent(published(a_fix(1)), answers(0)), keys).duplicated == 0


def test_a_repetition_on_purpose_is_stored_once() -> None:
    fixes = published(a_fix(1), a_fix(1, flags=REPEATED))
    found = compare(sent(fixes, answers(0, 1)), kept((1, 0)))
    assert (found.stored, found.lost, found.duplicated) == (1, 0, 0)


def test_what_had_to_be_refused_and_was_is_no_loss() -> None:
    found = compare(sent(published(a_fix(1, flags=TO_BE_REFUSED)), answers(0)), kept())
    assert (found.refused_on_purpose, found.lost) == (1, 0)


def test_what_had_to_be_refused_and_is_stored_is_told() -> None:
    found = compare(sent(published(a_fix(1, flags=TO_BE_REFUSED)), answers(0)), kept((1, 0)))
    assert (found.kept_though_bad, found.refused_on_purpose, found.duplicated) == (1, 0, 1)


def test_rows_of_several_workers_are_told_apart() -> None:
    parts = [(published(a_fix(1)), answers(0), NOTHING), (published(a_fix(2), a_fix(3)), answers(1), NOTHING)]
    assert join(parts).was_answered.tolist() == [True, False, True]


def test_the_first_of_two_answers_counts() -> None:
    twice = np.concatenate([answers(0, after_us=10_000), answers(0, after_us=90_000)])
    assert sent(published(a_fix()), twice).acknowledged_us.tolist() == [START_US + 10_000]


def test_an_answer_to_a_row_that_was_torn_off_is_passed_over() -> None:
    assert sent(published(a_fix()), answers(0, 1)).was_answered.tolist() == [True]


def test_half_a_record_at_the_end_of_a_file_is_left_out(tmp_path: Path) -> None:
    with Stream(tmp_path / "fleet-0" / PUBLISHED_FILE, PUBLISHED) as stream:
        stream.append(published(a_fix(1), a_fix(2)))
    file = tmp_path / "fleet-0" / PUBLISHED_FILE
    file.write_bytes(file.read_bytes()[:-1])
    assert read_sent(tmp_path).rows["terminal"].tolist() == [1]


def test_a_folder_without_ledgers_has_nothing_in_it(tmp_path: Path) -> None:
    found = read_sent(tmp_path)
    assert (len(found.rows), span_ms(found)) == (0, (0, 0))
    assert compare(found, kept()).lost == 0


def test_what_was_there_before_the_run_is_nobodys_mistake_though_a_clock_is_behind() -> None:
    behind = (2, START_MS - 7_200_000, START_US, START_US + 1, 0, 0, 0)
    later = (2, START_MS - 7_190_000, START_US + 10_000_000, START_US + 10_000_001, 0, 0, 0)
    fixes = sent(published(a_fix(1), behind, later), answers(0, 1, 2))
    assert compare(fixes, kept((1, -3600), (1, 0), (2, -7300), (2, -7200), (2, -7190))).duplicated == 0
    assert compare(fixes, kept((1, 0), (2, -7200), (2, -7195), (2, -7190), (3, 1))).foreign == 2


def test_a_fix_a_day_ahead_that_is_stored_is_looked_for() -> None:
    fixes = sent(published(a_fix(1), a_fix(1, 86_400, flags=TO_BE_REFUSED)), answers(0, 1))
    assert asked_ms(fixes) == (START_MS, START_MS + 86_400_001)


def test_the_connections_that_count_are_those_at_the_end() -> None:
    fixes = sent(published(a_fix(0, 0), a_fix(0, 9)))
    seconds = [Instant(5.0, 10, 10, 0.0), Instant(9.0, 6, 10, 0.0), Instant(11.0, 0, 10, 0.0)]
    assert connected_at_end(fixes, seconds, starts_at=START_MS / 1000) == 0.6
    assert connected_at_end(fixes, [Instant(9.0, 0, 0, 0.0)], starts_at=START_MS / 1000) is None


def test_the_range_asked_for_leaves_out_times_that_had_to_be_refused() -> None:
    fixes = published(a_fix(1, 1), a_fix(1, 2), a_fix(1, 999_999, flags=TO_BE_REFUSED))
    assert span_ms(sent(fixes)) == (START_MS + 1000, START_MS + 2001)


def test_moments_are_counted_by_the_second() -> None:
    moments = np.array([0, START_US - 5, START_US + 5, START_US + 1_500_000, START_US + 99_000_000])
    assert per_second(moments, starts_at=START_US / 1e6, seconds=3) == [2, 1, 1]


def test_latency_counts_from_the_intended_moment() -> None:
    found = sent(published(a_fix(late_us=5_000_000)), answers(0, after_us=5_100_000))
    assert answered_us(found, found.acknowledged_us).tolist() == [5_100_000]


def test_what_was_kept_without_signal_has_no_latency() -> None:
    found = sent(published(a_fix(flags=BACKLOG | SILENT), a_fix(1)), answers(0, 1))
    assert answered_us(found, found.acknowledged_us).tolist() == [20_000]


def test_what_was_kept_because_the_system_was_away_was_waited_for() -> None:
    found = sent(published(a_fix(flags=BACKLOG)), answers(0, after_us=3_000_000))
    assert answered_us(found, found.acknowledged_us).tolist() == [3_000_000]


def test_percentiles_of_a_million_are_right_to_a_thousandth() -> None:
    spans_us = np.random.default_rng(1).permutation(np.arange(1, 1_000_001))
    found = percentiles(spans_us)
    assert found is not None
    assert (found.count, found.max) == (1_000_000, 1000.0)
    assert [found.p50, found.p90, found.p99, found.p999] == pytest.approx([500, 900, 990, 999], rel=0.002)
    assert list(found.curve) == sorted(found.curve)


def test_there_are_no_percentiles_of_nothing() -> None:
    assert percentiles(np.zeros(0, np.int64)) is None


MEMBERS = np.array([100, 101, -1], np.int32)


def seen(*rows: tuple[int, int, int, int, int]) -> Records:
    """Rows of viewer, ms after the start, member, lon, lat."""
    return np.array([(who, START_US + ms * 1000, 1, member, lon, lat) for who, ms, member, lon, lat in rows], SEEN)


def frames(fixes: Sequence[tuple[int, ...]], shown: Records, *, begins_ms: int = -1000) -> list[int]:
    """What framed_us says when each viewer had a first frame, of somebody else, at `begins_ms`."""
    first = seen(*((int(viewer), begins_ms, 999, 0, 0) for viewer in np.unique(shown["viewer"])))
    return framed_us(sent(published(*fixes)), np.concatenate([first, shown]), MEMBERS).tolist()


def test_a_frame_is_joined_with_the_fix_that_it_shows() -> None:
    fixes = [a_fix(0, lon=7, lat=8), a_fix(1, lon=9, lat=8), a_fix(0, 1, lon=5, lat=8)]
    assert sorted(frames(fixes, seen((0, 400, 101, 9, 8), (0, 1600, 100, 5, 8)))) == [400_000, 600_000]


def test_a_fix_that_waited_for_the_viewer_has_no_latency() -> None:
    fixes = [a_fix(0, lon=7, lat=8), a_fix(1, 3, lon=9, lat=8)]
    shown = seen((0, 2000, 100, 7, 8), (0, 3500, 101, 9, 8))
    assert frames(fixes, shown, begins_ms=2000) == [500_000]


def test_each_viewer_counts_and_only_the_first_time() -> None:
    fixes = [a_fix(0, lon=7, lat=8)]
    assert frames(fixes, seen((0, 400, 100, 7, 8), (0, 900, 100, 7, 8), (1, 500, 100, 7, 8))) == [400_000, 500_000]


def test_what_a_viewer_saw_that_nobody_published_has_no_latency() -> None:
    fixes = [a_fix(0, 1, lon=7, lat=8)]
    of_another_member, from_before = (0, 1400, 101, 7, 8), (0, 400, 100, 7, 8)
    assert frames(fixes, seen(of_another_member, from_before)) == []


def test_no_percentile_is_longer_than_the_longest() -> None:
    found = percentiles(np.array([1_000, 2_936_001]))
    assert found is not None
    assert found.p99 == found.max == 2936.001


def test_events_after_the_end_of_a_run_are_told() -> None:
    events = read_scenario("broker-restart").events
    assert unplayed(events, duration_s=600) is None
    said = unplayed(events, duration_s=60)
    assert said == "3 of 3 events of the scenario come after the end: the last at 300 s (--for)"


def a_report(*, lost: int | None = 0, published: int = 1000, p99_ms: float | None = None) -> Report:
    puback = None if p99_ms is None else Percentiles(count=1, p50=1, p90=1, p99=p99_ms, p999=p99_ms, max=p99_ms)
    return Report(
        version="0",
        scenario="steady",
        started_at=0,
        ended_at=1,
        seed=1,
        command="",
        machine=Machine(cores=1),
        terminals=100,
        interval_s=1,
        duration_s=1,
        held=False,
        counts=Counts(lost=lost, published=published),
        connections=Connections(real=100, at_most=100),
        latency=Latency(puback=puback),
    )


def judged(goals: Goals, report: Report, *, connected_share: float | None = 1.0) -> list[Goal]:
    return judge(goals, report, worst_lag_s=0.1, connected_share=connected_share)


def verdicts(goals: Goals, report: Report, *, connected_share: float | None = 1.0) -> dict[str, bool | None]:
    return {goal.name: goal.held for goal in judged(goals, report, connected_share=connected_share)}


def test_one_lost_position_misses_the_goal() -> None:
    goals = judged(Goals(), a_report(lost=1))
    assert [goal.name for goal in goals if goal.held is False] == ["lost"]
    assert not holds(goals)


def test_a_share_is_a_limit_from_below() -> None:
    assert verdicts(Goals(connected_share=0.9), a_report(), connected_share=0.91)["connected_share"] is True
    assert verdicts(Goals(connected_share=0.9), a_report(), connected_share=0.89)["connected_share"] is False


@pytest.mark.parametrize(("expected", "held"), [(19, None), (20, True), (40, False)])
def test_a_share_of_few_crossings_is_not_judged(*, expected: int, held: bool | None) -> None:
    found = Crossings(sample=50, expected=expected, reported=18, matched=18, missed=expected - 18, unexpected=0)
    report = msgspec.structs.replace(a_report(), crossings=found)
    assert verdicts(Goals(crossings_missed_share=0.1), report)["crossings_missed_share"] is held


def test_a_latency_is_judged_in_seconds() -> None:
    assert verdicts(Goals(ack_p99_s=1.0), a_report(p99_ms=999.0))["ack_p99_s"] is True
    assert verdicts(Goals(ack_p99_s=1.0), a_report(p99_ms=1001.0))["ack_p99_s"] is False


def test_a_run_in_which_nothing_was_published_does_not_hold() -> None:
    goals = judged(Goals(connected_share=None), a_report(published=0), connected_share=None)
    assert [goal.name for goal in goals if goal.held is False] == ["published"]
    assert not holds(goals)


def test_what_nobody_measured_is_neither_held_nor_missed() -> None:
    goals = judged(Goals(), a_report(lost=None))
    assert next(goal for goal in goals if goal.name == "lost").held is None
    assert holds(goals)


def test_a_fix_that_is_stored_at_another_place_is_named() -> None:
    fixes = sent(published(a_fix(1, lon=7, lat=8), a_fix(2, 1, lon=7, lat=8), a_fix(3, 2, lon=7, lat=8)), answers(0, 1))
    rows = stored((3, 2), (1, 0), (2, 1), (4, 0))
    rows["lon"], rows["lat"] = 7, [8, 8, 9, 1]
    assert [said_of(key) for key in displaced(fixes, [rows[:2], rows[2:]]).tolist()] == [(2, START_MS + 1000)]
    assert len(displaced(sent(published()), [rows])) == 0
