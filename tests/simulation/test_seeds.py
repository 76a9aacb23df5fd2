"""Worlds from seeds: whatever is doubled, late, out of order or redone, the core ends where the oracle says."""

from pathlib import Path

import pytest

from tests.simulation.trial import attempt

KEPT = [int(line.split()[0]) for line in (Path(__file__).parent / "kept_seeds.txt").read_text().splitlines()]


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_the_core_does_what_the_oracle_foretells(first: int) -> None:
    outcomes = [attempt(seed) for seed in range(first, first + 50)]
    assert [outcome.story for outcome in outcomes if outcome.differences] == []
    assert sum(outcome.crossings for outcome in outcomes) > 100  # the worlds are not empty


@pytest.mark.parametrize("seed", KEPT)
def test_a_seed_that_once_failed_passes(seed: int) -> None:
    outcome = attempt(seed)
    assert outcome.differences == (), outcome.story
