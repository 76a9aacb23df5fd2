"""What viewers held at the end of a load run, against the tables."""

from collections.abc import Collection

import numpy as np

from simulators.ledger import FINAL
from simulators.load.onlookers import wrong_viewers
from simulators.load.witness import NEWEST
from simulators.viewers.plan import DIGEST, ROLL

STREET, COUNTY = 4, 2
LI, WANG = 101, 102
NOW_MS = 1_800_000_000_000
LONG_AGO_MS = NOW_MS - 60_000


def wrong(*shown: tuple[int, int], unit: int = STREET, is_summary: int = 0, said_ms: int = LONG_AGO_MS) -> set[int]:
    """Viewers 0 and 1 watch `unit`; 0 is its witness and holds `shown`: (member, longitude). Both are at 7."""
    return wrong_viewers(
        np.array([(0, member, lon, 0) for member, lon in shown], FINAL),
        np.array([(viewer, unit, 9, len(shown), is_summary, 1) for viewer in (0, 1)], DIGEST),
        np.array([(at, member, said_ms, 7, 0) for at, member in enumerate((LI, WANG))], NEWEST),
        np.array([(unit, member) for member in (LI, WANG)], ROLL),
        until_ms=NOW_MS,
    )


def nobody() -> Collection[int]:
    return set[int]()


def test_who_shows_everybody_where_the_tables_have_them_is_right() -> None:
    assert wrong((LI, 7), (WANG, 7)) == nobody()


def test_who_shows_somebody_elsewhere_is_wrong() -> None:
    assert wrong((LI, 7), (WANG, 8)) == {0}


def test_all_viewers_of_a_unit_are_wrong_where_a_member_is_missing() -> None:
    assert wrong((LI, 7)) == {0, 1}
    assert wrong() == {0, 1}


def test_nobody_is_missing_in_a_unit_shown_as_counts() -> None:
    assert wrong(unit=COUNTY, is_summary=1) == nobody()


def test_who_was_moved_just_now_may_be_missing_still() -> None:
    assert wrong((LI, 7), said_ms=NOW_MS - 1_000) == nobody()
