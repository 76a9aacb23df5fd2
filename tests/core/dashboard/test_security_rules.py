"""Pure rules of the log-in: one-time codes, floods, sealed secrets, passwords."""

from datetime import UTC, datetime, timedelta

import pytest
from pyotp.totp import TOTP

from dashboard.api.audit import safe
from dashboard.security import totp
from dashboard.security.failures import MOST_A_MINUTE, Failures
from dashboard.security.passwords import check_strength
from dashboard.security.problems import Problem
from dashboard.security.seal import Seal
from dashboard.security.throttle import Throttle

AT = datetime(2026, 1, 5, 8, 0, 10, tzinfo=UTC)


def test_the_code_of_the_standard_is_accepted() -> None:
    """RFC 6238, appendix B: SHA-1, at 59 s; six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.accepted_step(secret, "287082", at=datetime.fromtimestamp(59, UTC), last_step=0) == 1


@pytest.mark.parametrize(("steps", "is_accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(steps: int, *, is_accepted: bool) -> None:
    secret = totp.new_secret()
    code = TOTP(secret).at(AT, counter_offset=steps)
    found = totp.accepted_step(secret, code, at=AT, last_step=0)
    assert found == (totp.step_of(AT) + steps if is_accepted else None)


def test_a_code_is_accepted_once_and_so_is_none_before_it() -> None:
    secret, step = totp.new_secret(), totp.step_of(AT)
    assert totp.accepted_step(secret, TOTP(secret).at(AT), at=AT, last_step=step) is None
    assert totp.accepted_step(secret, TOTP(secret).at(AT, counter_offset=-1), at=AT, last_step=step) is None
    later = AT + timedelta(seconds=30)
    assert totp.accepted_step(secret, TOTP(secret).at(later), at=later, last_step=step) == step + 1


def test_what_is_no_code_is_refused_quietly() -> None:
    for code in ("", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "\N{SLIGHTLY SMILING FACE}"):
        assert totp.accepted_step(totp.new_secret(), code, at=AT, last_step=0) is None


def test_a_seal_opens_only_for_its_purpose_and_by_its_secret() -> None:
    sealed = Seal(b"one").close(b"secret", purpose="a")
    assert Seal(b"one").open(sealed, purpose="a") == b"secret"
    assert Seal(b"one").open(sealed, purpose="b") is None
    assert Seal(b"two").open(sealed, purpose="a") is None
    assert Seal(b"one").open(sealed[:-1] + bytes([sealed[-1] ^ 1]), purpose="a") is None
    assert Seal(b"one").open(b"", purpose="a") is None


def test_a_flood_of_failures_is_counted_not_written() -> None:
    failures = Failures()
    first = [failures.detail_of(60.0 + number / 100) for number in range(MOST_A_MINUTE + 500)]
    assert first[:MOST_A_MINUTE] == [{}] * MOST_A_MINUTE
    assert first[MOST_A_MINUTE:] == [None] * 500
    assert failures.detail_of(120.0) == {"unwritten_before": 500}
    assert failures.detail_of(121.0) == {}


def test_a_known_password_does_not_set_the_count_of_codes_back() -> None:
    throttle = Throttle()
    for second in range(4):
        throttle.failed(name="chen", address="a", now_s=second)
    throttle.failed(name="chen", address="a", now_s=5)
    throttle.forgive(name="chen", address="a")
    assert throttle.wait_s(name="chen", address="a", now_s=6) == 0
    throttle.failed(name="chen", address="a", now_s=7)
    assert throttle.wait_s(name="chen", address="a", now_s=8) > 0


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "chen chen chen", "x" * 11])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Problem):
        check_strength(password, name="chen")


def test_a_long_phrase_is_a_password() -> None:
    check_strength("a walk by the river", name="chen")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_that_would_be_computed_is_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
