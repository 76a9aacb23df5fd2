from itertools import islice

from tracker.model.backoff import delays


def test_pauses_double_up_to_the_longest() -> None:
    assert list(islice(delays(lambda: 1.0, first_s=1, most_s=5), 5)) == [1, 2, 4, 5, 5]


def test_jitter_takes_at_most_half_away() -> None:
    assert list(islice(delays(lambda: 0.0, first_s=1, most_s=4), 4)) == [0.5, 1, 2, 2]
