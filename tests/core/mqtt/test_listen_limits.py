"""The listening door's limits as rules: buckets, turns, failures and strangers, none of which grows without bound."""

from ingest.doors.listen_limits import Bucket, Failures, Strangers, Turns, network_of


def a_turns(*, longest_s: float = 5.0) -> Turns[str]:
    return Turns(every_s=2.0, burst=3, longest_s=longest_s)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(per_s=10, burst=3)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert abs(bucket.wait_s(100.0) - 0.1) < 1e-9
    assert bucket.take(100.11)
    assert not bucket.take(100.11)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(per_s=10, burst=3)
    assert [bucket.take(now_s) for now_s in (0.0, 1e6, 1e6, 1e6, 1e6)] == [True, True, True, True, False]


def test_who_comes_often_waits_and_who_comes_too_often_is_sent_away() -> None:
    turns = a_turns()
    assert [turns.take("T1", 100.0) for _ in range(6)] == [0, 0, 0, 2, 4, None]
    assert turns.take("T2", 100.0) == 0


def test_who_is_sent_away_does_not_wait_longer_for_it() -> None:
    turns = a_turns()
    waited = [turns.take("T1", 100.0) for _ in range(100)]
    assert waited.count(None) == 95
    assert turns.take("T1", 102.0) == 4


def test_turns_of_who_comes_seldom_are_forgotten() -> None:
    turns = a_turns()
    turns.take("T1", 100.0)
    turns.take("T2", 101.0)
    turns.forget(102.5)
    assert len(turns) == 1


def test_failures_are_many_above_the_limit_and_within_the_window() -> None:
    failures = Failures(limit=2, window_s=60)
    assert [failures.note("T1", now_s) for now_s in (0, 1, 2, 3)] == [False, False, True, True]
    assert not failures.note("T2", 3)
    assert not failures.note("T1", 61)


def test_made_up_names_fill_no_memory_and_do_not_hide_the_one_that_fails() -> None:
    failures = Failures(limit=2, window_s=60, most=100)
    for number in range(1_000):
        failures.note(f"nobody {number}", 0)
        failures.note("T1", 0)
    assert failures.note("T1", 0)
    assert len(failures) == 100


def test_strangers_of_one_address_leave_room_for_others() -> None:
    strangers = Strangers(2)
    assert [strangers.enter("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert strangers.enter("10.0.0.2")
    strangers.leave("10.0.0.1")
    strangers.leave("10.0.0.1")
    assert strangers.enter("10.0.0.1")


def test_an_ipv6_customer_is_one_source_whatever_address_it_takes() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2::ffff") == "2001:db8:1:2::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("10.0.0.1") == "10.0.0.1"
