"""A gateway that errs or dawdles is left at once and comes back slowly."""

import pytest

from alerts.core.health import ILL_S, PROBE_PER_S, RETURN_S, SLICE_S, Condition, Health, shares


def after(health: Health, *, good: int = 0, bad: int = 0, waited_s: float = 0.1, at_s: float) -> Health:
    return health.heard(good=good, bad=bad, waited_s=waited_s, at_s=at_s)


def an_ill_one(at_s: float = 0.0) -> Health:
    return after(Health(), bad=20, at_s=at_s)


@pytest.mark.parametrize(
    ("good", "bad", "waited_s", "condition"),
    [
        (100, 0, 0.1, Condition.WELL),
        (80, 20, 0.1, Condition.WELL),
        (60, 40, 0.1, Condition.ILL),
        (0, 19, 0.1, Condition.WELL),  # too few to conclude from
        (0, 20, 0.1, Condition.ILL),
        (100, 0, 6.0, Condition.ILL),  # it takes everything, and its time
    ],
)
def test_error_rate_and_answer_time_decide(good: int, bad: int, waited_s: float, condition: Condition) -> None:
    assert after(Health(), good=good, bad=bad, waited_s=waited_s, at_s=1.0).condition is condition


def test_what_was_more_than_half_a_minute_ago_is_forgotten() -> None:
    health = after(Health(), bad=19, at_s=1.0)
    assert after(health, bad=1, at_s=1.0 + 2 * SLICE_S).condition is Condition.WELL
    assert after(health, bad=1, at_s=SLICE_S + 1.0).condition is Condition.ILL


def test_an_ill_one_is_probed_and_then_returns_slowly() -> None:
    health = an_ill_one()
    assert health.share(per_s=100.0, at_s=1.0) == PROBE_PER_S / 100
    assert health.looked_at(at_s=ILL_S - 1).condition is Condition.ILL
    health = after(health, good=3, at_s=ILL_S)
    assert health.condition is Condition.RETURNING
    assert health.share(per_s=100.0, at_s=ILL_S) == pytest.approx(0.1)
    assert health.share(per_s=100.0, at_s=ILL_S + RETURN_S / 2) == pytest.approx(0.55)
    assert health.looked_at(at_s=ILL_S + RETURN_S).condition is Condition.WELL


def test_an_ill_one_whose_probes_fail_stays_ill() -> None:
    assert after(an_ill_one(), bad=2, at_s=ILL_S).condition is Condition.ILL


def test_one_that_errs_on_its_way_back_is_left_again() -> None:
    health = after(an_ill_one(), good=1, at_s=ILL_S)
    assert after(health, good=10, bad=20, at_s=ILL_S + 5).condition is Condition.ILL


def test_the_strongest_runs_at_its_full_rate_and_the_last_one_carries_all() -> None:
    assert shares({"a": 2.0, "b": 1.0}) == {"a": 1.0, "b": 0.5}
    assert shares({"a": 0.0, "b": 0.02}) == {"a": 0.0, "b": 1.0}
    assert shares({"a": 0.0, "b": 0.0}) == {"a": 0.0, "b": 0.0}
