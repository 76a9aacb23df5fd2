"""The promises of `targets` on what hypothesis and, for a moment, atheris think of; the long hours are by hand."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
CHANGES = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4), st.binary(max_size=4)), max_size=6)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_hold(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].holds(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_decoder_keeps_its_promise_for_any_bytes(name: str, data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from(TARGETS[name].seeds) | st.binary(max_size=200)))
    for at, length, other in data.draw(CHANGES):
        place = at % (len(changed) + 1)
        changed[place : place + length] = other
    TARGETS[name].holds(bytes(changed))


def test_a_moment_of_fuzzing_finds_nothing() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.atheris_run",
        "all",
        "--runs",
        "1000",
        "--seed",
        "7",
        "--seconds",
        "60",
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)  # noqa: S603
    assert found.returncode == 0, found.stderr[-3000:]
    assert "Done" in found.stdout + found.stderr
