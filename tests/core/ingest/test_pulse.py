"""What a run says of itself, from what it was told once a batch."""

import numpy as np
import pytest
from prometheus_client import REGISTRY

from ingest.pipeline.pulse import Disposed, Pulse, Standing
from ingest.rules.presence import Presence


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def disposed(
    packets: int = 1, *, lag_s: tuple[float, float] = (0.1, 0.1), commit_s: float = 0.0, late: int = 0, known: int = 0
) -> Disposed:
    return Disposed(
        packets=packets,
        positions=packets - known,
        late=late,
        duplicates=known,
        refusals={},
        first_lag_s=lag_s[0],
        last_lag_s=lag_s[1],
        commit_s=commit_s,
    )


def standing(*presence: Presence, inbox: int = 0, cpu_s: float = 0.0) -> Standing:
    return Standing(inbox=inbox, connections=3, presence=np.array(presence, np.uint8), cpu_s=cpu_s)


def test_a_sample_counts_what_was_disposed_of_since_the_last() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.note(disposed(400, late=7))
    pulse.note(disposed(100, known=10))
    clock.now_s += 5
    first = pulse.sample(1, standing(inbox=12))
    clock.now_s += 5
    second = pulse.sample(2, standing())
    assert (first.packets, first.positions, first.late, first.duplicates) == (500, 490, 7, 10)
    assert (first.batches, first.largest_batch, first.inbox, first.span_ms) == (2, 400, 12, 5000)
    assert (second.packets, second.batches, second.lag_p99_ms, second.commit_p50_ms) == (0, 0, None, None)


def test_a_sample_that_waited_for_the_database_covers_the_outage() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    clock.now_s += 64.5
    assert pulse.sample(1, standing()).span_ms == 64_500


def test_lag_is_of_packets_and_a_large_batch_weighs_more() -> None:
    pulse = Pulse(Clock())
    pulse.note(disposed(990, lag_s=(0.02, 0.02)))
    pulse.note(disposed(10, lag_s=(3.0, 3.0)))
    sample = pulse.sample(1, standing())
    assert (sample.lag_p50_ms, sample.lag_p99_ms, sample.lag_max_ms) == pytest.approx((20, 20, 3000))


def test_the_packets_of_a_batch_came_one_after_the_other() -> None:
    pulse = Pulse(Clock())
    pulse.note(disposed(800, lag_s=(0.8, 0.1)))
    sample = pulse.sample(1, standing())
    assert sample.lag_p50_ms == pytest.approx(400)
    assert sample.lag_max_ms == pytest.approx(800)


def test_the_databases_time_is_the_sum_of_the_commits() -> None:
    pulse = Pulse(Clock())
    for commit_s in (0.01, 0.5, 0.02):
        pulse.note(disposed(commit_s=commit_s))
    sample = pulse.sample(1, standing())
    assert (sample.database_ms, sample.commit_p50_ms, sample.commit_max_ms) == pytest.approx((530, 20, 500))


def test_refusals_are_counted_by_reason() -> None:
    pulse = Pulse(Clock())
    for refusals in ({"future": 2}, {"future": 1, "not json": 4}):
        pulse.note(
            Disposed(
                packets=1, positions=0, late=0, duplicates=0, refusals=refusals, first_lag_s=0, last_lag_s=0, commit_s=0
            )
        )
    sample = pulse.sample(1, standing())
    assert (sample.refused, dict(sample.reasons)) == (7, {"future": 3, "not json": 4})


def test_terminals_are_counted_by_presence_and_the_process_by_what_it_used() -> None:
    pulse = Pulse(Clock())
    pulse.sample(1, standing(cpu_s=2.0))
    sample = pulse.sample(2, standing(Presence.UNSEEN, Presence.ONLINE, Presence.SILENT, Presence.SILENT, cpu_s=2.25))
    assert (sample.online, sample.silent, sample.offline, sample.cpu_ms) == (1, 2, 0, 250)


def test_prometheus_hears_of_each_batch() -> None:
    names = (
        "gridwarden_ingest_lag_seconds_sum",
        "gridwarden_ingest_packets_total",
        "gridwarden_ingest_late_positions_total",
    )
    before = [REGISTRY.get_sample_value(name) or 0 for name in names]
    Pulse(Clock()).note(disposed(50, lag_s=(0.5, 0.1), late=4))
    after = [REGISTRY.get_sample_value(name) or 0 for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == pytest.approx([0.5, 50, 4])
