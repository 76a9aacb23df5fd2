import numpy as np
import pytest

from tracker.model.presence import ORDER, US, Presence, states

NOW_US = 1_800_000_000 * US


def presence(*, age_s: float, interval_s: float) -> Presence:
    received_at_us = np.array([NOW_US - int(age_s * US)], np.int64)
    return ORDER[states(received_at_us, np.array([interval_s]), NOW_US)[0]]


@pytest.mark.parametrize(
    ("interval_s", "age_s", "expected"),
    [
        (10, 0, Presence.FRESH),
        (10, 60, Presence.FRESH),
        (10, 60.1, Presence.AGEING),
        (10, 180, Presence.AGEING),
        (10, 180.1, Presence.SILENT),
        (60, 120, Presence.FRESH),
        (60, 120.1, Presence.AGEING),
        (60, 300.1, Presence.SILENT),
        (0, 60.1, Presence.AGEING),  # interval not known yet
        (10, 86_400, Presence.SILENT),
        (10, 86_400.1, Presence.OFFLINE),
        (40_000, 86_400.1, Presence.OFFLINE),
        (10, -5, Presence.FRESH),  # our own clock was set back
    ],
)
def test_presence_follows_age_and_interval(interval_s: float, age_s: float, expected: Presence) -> None:
    assert presence(age_s=age_s, interval_s=interval_s) is expected


def test_a_terminal_never_seen_is_offline() -> None:
    assert states(np.zeros(1, np.int64), np.array([10.0]), NOW_US).tolist() == [ORDER.index(Presence.OFFLINE)]
