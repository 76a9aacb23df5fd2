"""Crossings, suspects, steps and intervals as a function of fixes in order of time."""

import math

import numpy as np
import pytest
import shapely

from ingest.rules import tracks
from ingest.rules.columns import US
from ingest.rules.tracks import Rules
from tracker.geometry.atlas import one
from tracker.geometry.fences import Fences
from tracker.model.positions import DEGREE, POSITION, UNSAID, Flag, Positions

WEST, EAST = 11, 12  # meet at 113.60
CITY = one(
    Fences(
        units=[WEST, EAST],
        areas=[shapely.box(113.5, 34.7, 113.6, 34.8), shapely.box(113.6, 34.7, 113.7, 34.8)],
    )
).sheet(0)
METRE = 1 / 91_300  # degrees of longitude at 34.75 N
RULES = Rules(speed_mps=1e9)  # these walks are made of leaps


def walk(*metres_east: float | None, step_s: float = 10, accuracy_m: float | None = None) -> Positions:
    """Fixes at these distances from the border, east positive, one a step; None: no fix in that step."""
    steps = [(number, metres) for number, metres in enumerate(metres_east) if metres is not None]
    rows = np.zeros(len(steps), POSITION)
    rows["terminal"] = 1
    rows["fixed_at_us"] = [(1000 + number * step_s) * US for number, _ in steps]
    rows["lon"] = [round((113.6 + metres * METRE) * DEGREE) for _, metres in steps]
    rows["lat"] = round(34.75 * DEGREE)
    rows["accuracy_dm"] = UNSAID if accuracy_m is None else round(accuracy_m * 10)
    rows["grid"] = CITY.place(rows["lon"] / DEGREE, rows["lat"] / DEGREE)
    return rows


def observe(rows: Positions, rules: Rules = RULES) -> list[tuple[float, int, int]]:
    """Return (step, from, to) of each crossing."""
    state = tracks.unknown(np.array([1]), rules)
    found = tracks.observe(state, np.zeros(len(rows), np.intp), rows, CITY, rules)
    return [((at / US - 1000) / 10, left, entered) for _, at, left, entered in found.tolist()]


@pytest.mark.parametrize(
    ("metres_east", "crossings"),
    [
        ((-500,), []),  # the first fix sets the grid silently
        ((-500, 500), []),  # one fix confirms nothing
        ((-500, 500, 500), [(1, WEST, EAST)]),  # two do, stamped with the first
        ((-500, 500, -500, 500, -500), []),  # a fix at home clears the candidate
        ((-500, 20, 25, 20, 29), []),  # nearer than 30 m: held
        ((-500, 500, 20, 500), [(1, WEST, EAST)]),  # a held fix neither counts nor clears
        ((-500, 20_000, 20_000), [(1, WEST, 0)]),  # out of the city
        ((20_000, 500, 500), [(1, 0, EAST)]),  # into it
        ((-500, 500, 20_000, 500, 500), [(3, WEST, EAST)]),  # another candidate starts anew
        ((-500, 500, 500, -500, -500), [(1, WEST, EAST), (3, EAST, WEST)]),
        ((-500, 500, *[None] * 60, 500, 500), [(1, WEST, EAST)]),  # fixes 10 min apart confirm each other
        ((-500, 500, *[None] * 200, 500, 500), [(202, WEST, EAST)]),  # but not those 33 min apart
    ],
)
def test_the_crossing_rule(metres_east: tuple[float | None, ...], crossings: list[tuple[float, int, int]]) -> None:
    assert observe(walk(*metres_east)) == crossings


def test_a_configured_interval_says_how_far_apart_two_fixes_confirm_a_crossing() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    state["interval_s"], state["is_configured"] = 10, True
    rows = walk(-500, 500, *[None] * 60, 500, 500)
    found = tracks.observe(state, np.zeros(len(rows), np.intp), rows, CITY, RULES)
    assert found["fixed_at_us"].tolist() == [rows["fixed_at_us"][2]]  # the second of the three there is the first again


def test_a_member_who_jitters_on_the_border_stays() -> None:
    jitter = np.random.default_rng(7).normal(0, 8, 200)
    assert observe(walk(-500, *jitter.tolist())) == []


@pytest.mark.parametrize(("accuracy_m", "held"), [(None, False), (45.0, True), (500.0, True)])
def test_an_inaccurate_fix_is_held_up_to_50_m(accuracy_m: float | None, held: bool) -> None:  # noqa: FBT001
    rows = walk(-500, 40, 40, accuracy_m=accuracy_m)
    assert (observe(rows) == []) is held


def test_a_jump_is_suspect_until_the_next_fix_agrees() -> None:
    rows = walk(-500, 8000, -490, 8000, 8010)
    observe(rows, Rules())
    flags = [Flag.NONE, Flag.SUSPECT, Flag.NONE, Flag.SUSPECT, Flag.NONE]
    assert rows["flags"].tolist() == flags


def test_one_batch_and_many_end_in_the_same_track() -> None:
    rng = np.random.default_rng(3)
    rows = walk(*np.cumsum(rng.normal(0, 60, 120)).tolist())
    whole = tracks.unknown(np.array([1]), RULES)
    at_once = tracks.observe(whole, np.zeros(len(rows), np.intp), rows.copy(), CITY, RULES)
    parts = tracks.unknown(np.array([1]), RULES)
    one_by_one = [
        tracks.observe(parts, np.zeros(1, np.intp), rows[at : at + 1].copy(), CITY, RULES) for at in range(len(rows))
    ]
    assert np.concatenate(one_by_one).tolist() == at_once.tolist()
    assert parts.tolist()[0][:-2] == whole.tolist()[0][:-2]


def test_many_terminals_in_one_batch_do_not_disturb_each_other() -> None:
    one = walk(-500, 500, 500)
    rows = np.concatenate([one] * 50)
    slots = np.repeat(np.arange(50), len(one))
    found = tracks.observe(tracks.unknown(np.arange(50), RULES), slots, rows, CITY, RULES)
    assert sorted(found["terminal"].tolist()) == list(range(50))


def test_the_interval_is_the_median_of_the_last_20() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    rows = walk(*[-500] * 30, step_s=15)
    tracks.observe(state, np.zeros(30, np.intp), rows, CITY, RULES)
    assert state["interval_s"].tolist() == [15]


@pytest.mark.parametrize(("slow", "interval_s"), [(0, 10), (10, 10), (11, 60), (20, 60), (25, 60)])
def test_the_interval_turns_once_most_of_the_last_20_say_so(slow: int, interval_s: float) -> None:
    state = tracks.unknown(np.array([1]), RULES)
    rows = walk(*[-500] * (31 + slow))
    rows["fixed_at_us"][31:] += np.arange(1, slow + 1) * 50 * US  # after 30 gaps of 10 s, some of 60
    tracks.observe(state, np.zeros(len(rows), np.intp), rows, CITY, RULES)
    assert state["interval_s"].tolist() == [interval_s]


def test_an_interval_that_outlived_its_gaps_stands_for_them() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    rows = walk(*[-500] * 2, *[None] * 60, -500)
    state["interval_s"] = 12
    tracks.recall_intervals(state, np.array([0]), RULES)
    tracks.observe(state, np.zeros(len(rows), np.intp), rows, CITY, RULES)
    assert state["interval_s"].tolist() == [12]


def test_a_terminal_that_learned_nothing_yet_learns_from_its_first_gap() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    tracks.recall_intervals(state, np.array([0]), RULES)
    tracks.observe(state, np.zeros(2, np.intp), walk(-500, -500), CITY, RULES)
    assert state["interval_s"].tolist() == [10]


def test_a_configured_interval_is_not_learned_over() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    state["interval_s"], state["is_configured"] = 60, True
    tracks.observe(state, np.zeros(30, np.intp), walk(*[-500] * 30), CITY, RULES)
    assert state["interval_s"].tolist() == [60]


def test_a_step_is_the_way_and_the_time_since_the_last_believed_fix() -> None:
    rows = walk(-500, -480, 8000, -440)
    observe(rows, Rules())
    assert rows["step_m"].tolist() == [0, 20, 0, 40]  # none to the first, none to a suspect one
    assert rows["step_s"].tolist() == [0, 10, 0, 20]


def test_a_silence_is_no_step() -> None:
    rows = walk(-500, -480, *[None] * 18, -460, *[None] * 17, -440)
    observe(rows)
    assert rows["step_m"].tolist() == [0, 20, 0, 20]
    assert rows["step_s"].tolist() == [0, 10, 0, 180]


def test_a_step_longer_than_its_column_is_clipped() -> None:
    state = tracks.unknown(np.array([1]), RULES)
    state["interval_s"], state["is_configured"] = 36_000, True
    rows = walk(0, 90_000, step_s=40_000)
    tracks.observe(state, np.zeros(2, np.intp), rows, CITY, RULES)
    assert rows["step_m"].tolist() == rows["step_s"].tolist() == [0, 32_767]


@pytest.mark.parametrize("seed", range(20))
def test_steps_agree_with_a_slow_oracle_whatever_the_batches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixes = [wander(terminal, rng) for terminal in (1, 2, 3)]
    wanted = [step for rows in fixes for step in plain_steps(rows)]
    state = tracks.unknown(np.array([1, 2, 3]), Rules())
    cuts = np.sort(rng.integers(0, 60, 5))
    for part in zip(*(np.split(rows, cuts) for rows in fixes), strict=True):
        batch = np.concatenate(part)
        tracks.observe(state, batch["terminal"].astype(np.intp) - 1, batch, CITY, Rules())
        for rows in fixes:
            mine = batch[batch["terminal"] == rows["terminal"][0]]
            rows[np.isin(rows["fixed_at_us"], mine["fixed_at_us"])] = mine
    found = [(int(fix["step_m"]), int(fix["step_s"])) for rows in fixes for fix in rows]
    assert all(
        abs(is_m - want_m) <= 1 and is_s == want_s for (is_m, is_s), (want_m, want_s) in zip(found, wanted, strict=True)
    )


def wander(terminal: int, rng: np.random.Generator) -> Positions:
    """Sixty fixes with leaps and silences between them."""
    rows = walk(*np.cumsum(rng.normal(0, 60, 60)).tolist())
    rows["terminal"] = terminal
    rows["lon"][rng.random(60) < 0.1] += 1_000_000
    rows["fixed_at_us"] += np.cumsum(np.where(rng.random(60) < 0.1, rng.integers(100, 400, 60), 0)) * US
    return rows


def plain_steps(rows: Positions) -> list[tuple[int, int]]:
    """The rule again, fix by fix: on great circles, with lists."""
    steps: list[tuple[int, int]] = []
    last: tuple[float, float, float] | None = None
    doubted: tuple[float, float, float] | None = None
    gaps: list[float] = []
    interval_s = 30.0
    for fix in rows:
        here = (int(fix["fixed_at_us"]) / US, fix["lon"] / DEGREE, fix["lat"] / DEGREE)
        if last is None:
            steps.append((0, 0))
        elif is_possible(last, here) or (doubted is not None and is_possible(doubted, here)):
            gap_s = here[0] - last[0]
            is_silence = gap_s > max(5 * interval_s, 180)
            steps.append((0, 0) if is_silence else (round(haversine_m(last, here)), round(gap_s)))
            gaps = [*gaps, gap_s][-20:]
            interval_s = sorted(gaps)[(len(gaps) - 1) // 2]
        else:
            doubted = here
            steps.append((0, 0))
            continue
        last, doubted = here, None
    return steps


def is_possible(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    return haversine_m(one, other) / max(other[0] - one[0], 1) <= Rules().speed_mps


def haversine_m(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    lon, lat, to_lon, to_lat = (math.radians(degrees) for degrees in (*one[1:], *other[1:]))
    half = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))
