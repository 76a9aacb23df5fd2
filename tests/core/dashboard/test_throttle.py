"""Guessing passwords is slowed down, by name and by address."""

from dashboard.security.throttle import MOST_FAILURES, MOST_KEYS, WINDOW_S, Throttle


def a_throttle(*, failures: int, name: str = "east", address: str = "10.0.0.1") -> Throttle:
    throttle = Throttle()
    for second in range(failures):
        throttle.failed(name=name, address=address, now_s=float(second))
    return throttle


def test_the_first_tries_are_free() -> None:
    throttle = a_throttle(failures=MOST_FAILURES["name"] - 1)
    assert throttle.wait_s(name="east", address="10.0.0.1", now_s=5) == 0


def test_a_name_guessed_at_must_wait_until_the_oldest_failure_is_forgotten() -> None:
    throttle = a_throttle(failures=MOST_FAILURES["name"])
    assert throttle.wait_s(name="east", address="10.0.0.9", now_s=10) == WINDOW_S - 10
    assert throttle.wait_s(name="east", address="10.0.0.9", now_s=WINDOW_S) == 0


def test_an_address_that_guesses_at_many_names_must_wait() -> None:
    throttle = Throttle()
    for number in range(MOST_FAILURES["address"]):
        throttle.failed(name=f"name {number}", address="10.0.0.1", now_s=0)
    assert throttle.wait_s(name="another", address="10.0.0.1", now_s=1) > 0
    assert throttle.wait_s(name="another", address="10.0.0.2", now_s=1) == 0


def test_the_right_password_forgives_the_name_but_not_the_address() -> None:
    throttle = a_throttle(failures=3)
    throttle.failed(name="east", address="10.0.0.1", now_s=3)
    throttle.succeeded(name="east", address="10.0.0.1")
    for number in range(MOST_FAILURES["address"] - 3):
        throttle.failed(name=f"name {number}", address="10.0.0.1", now_s=4)
    assert throttle.wait_s(name="east", address="10.0.0.1", now_s=5) > 0


def test_memory_is_bounded_whatever_is_tried() -> None:
    throttle = a_throttle(failures=MOST_FAILURES["name"])
    for number in range(MOST_KEYS):
        throttle.failed(name=f"name {number}", address=f"address {number}", now_s=5)
    assert throttle.wait_s(name="east", address="10.0.0.1", now_s=6) == 0  # forgotten: the longest unused goes first
