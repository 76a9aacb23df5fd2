"""The same seed and the same submissions: the same fate of each message. And each share is what it says."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from simulators.sms_centre.commands import MessageState, Status
from simulators.sms_centre.fates import Accident, Fate, Fates, Reply
from simulators.sms_centre.faults import Answers, Faults, Links, Outcomes, Receipts, Refusals, read_faults

HOSTILE = read_faults("hostile")


def numbers(count: int) -> list[str]:
    return [f"86138{number:08d}" for number in range(count)]


def drawn(faults: Faults, *, seed: int = 1, count: int = 4000) -> list[Fate]:
    fates = Fates(faults, seed=seed)
    return [fates.of(number, b"text", attempt=0) for number in numbers(count)]


@given(st.integers(), st.text(st.characters(max_codepoint=255)), st.binary(), st.integers(0, 100))
def test_a_fate_depends_on_seed_number_content_and_attempt_alone(
    seed: int, number: str, content: bytes, attempt: int
) -> None:
    seed %= 2**63
    assert Fates(HOSTILE, seed=seed).of(number, content, attempt=attempt) == Fates(HOSTILE, seed=seed).of(
        number, content, attempt=attempt
    )


def test_another_seed_number_content_or_attempt_is_another_draw() -> None:
    fates = Fates(HOSTILE, seed=1)
    first = [fates.of(number, b"text", attempt=0) for number in numbers(50)]
    assert first != [Fates(HOSTILE, seed=2).of(number, b"text", attempt=0) for number in numbers(50)]
    assert first != [fates.of(number, b"other", attempt=0) for number in numbers(50)]
    assert first != [fates.of(number, b"text", attempt=1) for number in numbers(50)]
    assert first == [fates.of(number, b"text", attempt=0) for number in numbers(50)]


def test_a_fault_that_is_added_changes_nothing_of_the_others() -> None:
    calm = drawn(Faults(receipts=Receipts(lost_share=0.3)))
    worse = drawn(Faults(receipts=Receipts(lost_share=0.3), refusals=Refusals(throttled_share=0.3)))
    assert [fate.receipt_delays_s for fate in calm] == [fate.receipt_delays_s for fate in worse]


def test_no_faults_are_no_faults() -> None:
    for fate in drawn(Faults()):
        assert (fate.status, fate.reply, fate.accident) == (Status.ESME_ROK, Reply.GIVEN, Accident.NONE)
        assert (fate.state, fate.reply_delay_s, fate.done_after_s) == (MessageState.DELIVERED, 0.0, 0.0)
        assert fate.receipt_delays_s == (0.0,)


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("throttled_share", Status.ESME_RTHROTTLED),
        ("queue_full_share", Status.ESME_RMSGQFUL),
        ("system_error_share", Status.ESME_RSYSERR),
        ("submit_failed_share", Status.ESME_RSUBMITFAIL),
        ("unknown_number_share", Status.ESME_RINVDSTADR),
    ],
)
def test_each_refusal_comes_as_often_as_its_share_says(field: str, status: Status) -> None:
    faults = Faults(refusals=structs.replace(Refusals(), **{field: 0.1}))
    counted = Counter(fate.status for fate in drawn(faults))
    assert set(counted) == {Status.ESME_ROK, status}
    assert 300 < counted[status] < 500


def test_a_number_that_is_unknown_stays_so() -> None:
    fates = Fates(Faults(refusals=Refusals(unknown_number_share=0.5)), seed=3)
    for number in numbers(50):
        assert len({fates.of(number, b"%d" % attempt, attempt=attempt).status for attempt in range(5)}) == 1


def test_a_refusal_that_is_no_unknown_number_passes_when_tried_again() -> None:
    fates = Fates(Faults(refusals=Refusals(throttled_share=0.5)), seed=3)
    tries = [[fates.of(number, b"text", attempt=attempt).status for attempt in range(20)] for number in numbers(50)]
    assert all(Status.ESME_ROK in each for each in tries)


def test_prefixes_choose_the_numbers_that_fail() -> None:
    faults = Faults(
        refusals=Refusals(unknown_prefixes=("86100",)), outcomes=Outcomes(undeliverable_prefixes=("86101", "86102"))
    )
    fates = Fates(faults, seed=1)
    assert fates.of("8610012345678", b"", attempt=0).status is Status.ESME_RINVDSTADR
    assert fates.of("8610212345678", b"", attempt=0).state is MessageState.UNDELIVERABLE
    assert fates.of("8610312345678", b"", attempt=0).state is MessageState.DELIVERED


def test_outcomes_replies_and_accidents_come_as_often_as_they_say() -> None:
    faults = Faults(
        answers=Answers(unanswered_share=0.1, ignored_share=0.2, late_share=0.1, late_s=9),
        outcomes=Outcomes(undeliverable_share=0.1, expired_share=0.2, rejected_share=0.3),
        links=Links(dropped_share=0.1, unbound_share=0.1, garbage_share=0.2, cut_share=0.3),
    )
    fates = drawn(faults)
    kinds: list[tuple[Callable[[Fate], bool], float]] = [
        (lambda fate: fate.reply is Reply.UNANSWERED, 0.1),
        (lambda fate: fate.reply is Reply.IGNORED, 0.2),
        (lambda fate: fate.is_late and fate.reply_delay_s == 9, 0.1),
        (lambda fate: fate.state is MessageState.UNDELIVERABLE, 0.1),
        (lambda fate: fate.state is MessageState.EXPIRED, 0.2),
        (lambda fate: fate.state is MessageState.REJECTED, 0.3),
        (lambda fate: fate.accident is Accident.DROPPED, 0.1),
        (lambda fate: fate.accident is Accident.UNBOUND, 0.1),
        (lambda fate: fate.accident is Accident.GARBAGE, 0.2),
        (lambda fate: fate.accident is Accident.CUT, 0.3),
    ]
    for kind, share in kinds:
        assert abs(sum(map(kind, fates)) / len(fates) - share) < 0.03


def test_receipts_are_lost_repeated_held_back_and_early() -> None:
    assert {fate.receipt_delays_s for fate in drawn(Faults(receipts=Receipts(lost_share=1)))} == {()}
    twice = Receipts(repeated_share=1, repeat_after_s=3)
    assert {fate.receipt_delays_s for fate in drawn(Faults(receipts=twice))} == {(0.0, 3.0)}
    held_back = {fate.receipt_delays_s for fate in drawn(Faults(receipts=Receipts(reordered_share=0.5, reordered_s=4)))}
    assert held_back == {(0.0,), (4.0,)}
    early = drawn(Faults(receipts=Receipts(early_share=1, delay_s=5, reordered_share=1)))
    assert {(fate.is_early, fate.done_after_s, fate.receipt_delays_s) for fate in early} == {(True, 0.0, (0.0,))}


def test_delays_lie_between_their_bounds() -> None:
    faults = Faults(answers=Answers(delay_s=1, jitter_s=2), receipts=Receipts(delay_s=10, jitter_s=5))
    fates = drawn(faults)
    assert all(1 <= fate.reply_delay_s < 3 and 10 <= fate.done_after_s < 15 for fate in fates)
    assert len({fate.reply_delay_s for fate in fates}) > 3900
