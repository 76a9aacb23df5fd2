"""SIGKILL of who sends, of the database and of the SMS centre in the middle of some thousand messages.

Every message reaches the centre; what reaches it twice is flagged, and is no more than a window and a claim batch for
each kill; nothing is stuck. `make chaos SMS=100000` does the same to so many.
"""

from pathlib import Path

import pytest

from tests.chaos.sms import Victim, Wish, kill_and_count, say


@pytest.mark.timeout(400)
async def test_what_was_under_way_when_somebody_was_killed_leaves_again_and_nothing_else_does(tmp_path: Path) -> None:
    wish = Wish(messages=4_000, kills=5, rate_per_s=2_000.0, patience_s=120.0, ends_leases=True)
    assert {victim for _, victim in wish.schedule} == set(Victim)
    told = await kill_and_count(wish, tmp_path, say)
    assert told.is_exact, told
