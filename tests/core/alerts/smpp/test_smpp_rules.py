"""Receipts, verdicts, pace, numbers, replies: the tables, line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.core import replies
from alerts.core.pace import BACK_IN_S, HOLD_S, Pace
from alerts.core.replies import Route
from alerts.core.verdicts import Answer, Ending, Fate, Verdict, judged
from alerts.smpp import pdus, receipts
from alerts.smpp.commands import ESM_RECEIPT, Status, Tag
from alerts.smpp.numbers import e164
from alerts.smpp.pdus import Address, Deliver
from alerts.smpp.receipts import BadReceipt, Ids, Receipt
from alerts.smpp.states import LINK_MOVES, LinkMove, LinkState, link_after
from alerts.smpp.verdicts import bind_words, verdict
from tests.core.alerts.smpp.octets import a_deliver

TEXT = b"id:2A sub:001 dlvrd:001 submit date:2607200400 done date:2607200401 stat:DELIVRD err:000 Text:."


def a_receipt(text: bytes = TEXT, parameters: dict[int, bytes] | None = None) -> Deliver:
    return pdus.read_deliver(1, a_deliver(esm_class=ESM_RECEIPT, payload=text, parameters=parameters))


@pytest.mark.parametrize(
    ("text", "parameters", "ids", "found"),
    [
        (TEXT, {}, Ids.SAME, Receipt("2A", Fate.DELIVERED, "DELIVRD", "000")),
        (b"id:42 stat:undeliv err:1B", {}, Ids.HEX_THEN_DECIMAL, Receipt("2a", Fate.FAILED, "UNDELIV", "1B")),
        (b"id:002A stat:EXPIRED", {}, Ids.DECIMAL_THEN_HEX, Receipt("42", Fate.EXPIRED, "EXPIRED", "")),
        (b"id: 7  stat: ACCEPTD", {}, Ids.SAME, Receipt("7", Fate.UNDER_WAY, "ACCEPTD", "")),
        (b"id:7 stat:WONDER", {}, Ids.SAME, Receipt("7", Fate.UNDER_WAY, "WONDER", "")),
        (b"", {Tag.RECEIPTED_MESSAGE_ID: b"9\0", Tag.MESSAGE_STATE: b"\2"}, Ids.SAME,
         Receipt("9", Fate.DELIVERED, "DELIVRD", "")),
        (TEXT, {Tag.RECEIPTED_MESSAGE_ID: b"0F\0", Tag.MESSAGE_STATE: b"\5"}, Ids.HEX_THEN_DECIMAL,
         Receipt("f", Fate.FAILED, "UNDELIV", "000")),
        (b"id:15 stat:DELIVRD", {Tag.RECEIPTED_MESSAGE_ID: b"15\0"}, Ids.HEX_THEN_DECIMAL,
         Receipt("f", Fate.DELIVERED, "DELIVRD", "")),
    ],
)  # fmt: skip
def test_what_a_receipt_says(text: bytes, parameters: dict[int, bytes], ids: Ids, found: Receipt) -> None:
    assert receipts.read(a_receipt(text, parameters), ids) == found


@pytest.mark.parametrize("text", [b"", b"hello", b"stat:DELIVRD", b"id:7", b"\xff\xfe\x00"])
def test_a_receipt_that_names_no_message_or_no_state_is_refused(text: bytes) -> None:
    with pytest.raises(BadReceipt):
        receipts.read(a_receipt(text), Ids.SAME)


@given(text=st.binary(max_size=254), ids=st.sampled_from(Ids))
def test_any_text_is_a_receipt_or_refused(text: bytes, ids: Ids) -> None:
    try:
        found = receipts.read(a_receipt(text), ids)
    except BadReceipt:
        return
    assert len(found.operator_id) <= pdus.LONGEST_MESSAGE_ID


@given(number=st.integers(0, 2**63), ids=st.sampled_from([Ids.HEX_THEN_DECIMAL, Ids.DECIMAL_THEN_HEX]))
def test_an_id_in_either_base_is_the_same_id(number: int, ids: Ids) -> None:
    response, receipt = (f"{number:08X}", str(number)) if ids is Ids.HEX_THEN_DECIMAL else (str(number), f"{number:X}")
    assert receipts.translated(receipt, ids) == receipts.canonical(response, ids)


def test_a_receipt_is_known_by_its_class_or_by_its_parameter() -> None:
    assert receipts.is_receipt(a_receipt())
    assert receipts.is_receipt(pdus.read_deliver(1, a_deliver(parameters={Tag.RECEIPTED_MESSAGE_ID: b"1\0"})))
    assert not receipts.is_receipt(pdus.read_deliver(1, a_deliver()))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, Verdict.TAKEN),
        (Status.ESME_RTHROTTLED, Verdict.SLOWER),
        (Status.ESME_RMSGQFUL, Verdict.LATER),
        (Status.ESME_RSYSERR, Verdict.LATER),
        (Status.ESME_RINVDSTADR, Verdict.REFUSED),
        (Status.ESME_RINVBNDSTS, Verdict.BROKEN),
        (0x0000_0499, Verdict.REFUSED),  # an operator's own
    ],
)
def test_what_a_status_means(status: int, expected: Verdict) -> None:
    assert verdict(status) is expected


TAKEN, LATER = Answer(Verdict.TAKEN, "1"), Answer(Verdict.LATER, detail="queue full")
REFUSED, LOST = Answer(Verdict.REFUSED, detail="bad number"), Answer(Verdict.LOST, detail="no answer")


@pytest.mark.parametrize(
    ("answers", "ending", "detail"),
    [
        ([TAKEN], Ending.ACCEPTED, ""),
        ([TAKEN, TAKEN], Ending.ACCEPTED, ""),
        ([LATER], Ending.DEFERRED, "queue full"),
        ([TAKEN, LATER], Ending.UNANSWERED, "1 of 2 segments left: queue full"),
        ([LOST], Ending.UNANSWERED, "no answer"),
        ([TAKEN, LOST, LATER], Ending.UNANSWERED, "no answer"),
        ([TAKEN, REFUSED, LOST], Ending.REFUSED, "bad number"),
    ],
)
def test_what_becomes_of_a_message_of_some_segments(answers: list[Answer], ending: Ending, detail: str) -> None:
    assert judged(answers) == (ending, detail)


def test_a_wrong_password_is_called_one() -> None:
    assert bind_words(Status.ESME_RINVPASWD) == "wrong password (ESME_RINVPASWD)"
    assert bind_words(0x499) == "status 0x00000499"


def test_a_throttled_session_holds_still_and_goes_on_at_half() -> None:
    pace = Pace.full(100.0, at_s=0.0).throttled(at_s=10.0)
    assert pace.per_s == 50.0
    assert pace.take(10, at_s=10.0 + HOLD_S / 2)[1] == 0
    assert pace.take(10, at_s=10.0 + HOLD_S + 0.1)[1] == 5


def test_a_window_that_is_throttled_halves_the_pace_once() -> None:
    pace = Pace.full(100.0, at_s=0.0)
    for _ in range(64):
        pace = pace.throttled(at_s=10.0)
    assert pace.per_s == 50.0
    assert pace.throttled(at_s=11.0).per_s == 25.0


def test_a_slowed_session_is_back_at_its_full_pace_in_half_a_minute() -> None:
    pace = Pace.full(100.0, at_s=0.0).throttled(at_s=10.0)
    halfway, _ = pace.take(0, at_s=10.0 + BACK_IN_S / 4)
    assert halfway.per_s == 75.0
    pace, _ = halfway.take(0, at_s=10.0 + BACK_IN_S)
    assert pace.per_s == 100.0


@given(times=st.lists(st.floats(0, 5), max_size=60))
def test_no_pace_lets_more_leave_than_was_agreed(times: list[float]) -> None:
    pace, now_s, left = Pace.full(50.0, at_s=0.0), 0.0, 0
    for step, wait_s in enumerate(times):
        now_s += wait_s
        pace, granted = pace.take(1_000, at_s=now_s)
        left += granted
        if step % 3 == 0:
            pace = pace.throttled(at_s=now_s)
        assert granted >= 0
    assert left <= 50.0 * now_s + 5


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("move", LinkMove)
def test_a_move_that_is_not_in_the_table_changes_nothing(state: LinkState, move: LinkMove) -> None:
    assert link_after(state, move) is LINK_MOVES[state].get(move, state)


@pytest.mark.parametrize(
    ("digits", "ton", "number"),
    [
        ("8613800000001", 1, "+8613800000001"),
        ("8613800000001", 0, "+8613800000001"),
        ("008613800000001", 0, "+8613800000001"),
        ("+8613800000001", 0, "+8613800000001"),
        ("13800000001", 2, "+8613800000001"),
        ("037112345678", 0, "+8637112345678"),
        ("10086", 0, "10086"),
        ("Bank", 5, "Bank"),
        ("", 0, ""),
    ],
)
def test_a_number_however_the_operator_writes_it(digits: str, ton: int, number: str) -> None:
    assert e164(Address(digits, ton), country_code="86") == number


@pytest.mark.parametrize(
    ("text", "route"),
    [
        *(
            (text, Route.ACKNOWLEDGEMENT)
            for text in ["1", "Y", "y", "收到", "收到。", " 收到！", "\uff11", "OK", "【收到】"]
        ),
        *((text, Route.STOP) for text in ["STOP", "退订", "TD", "t"]),
        *((text, Route.RESIDENT) for text in ["", "11", "我家进水了", "收到了吗", "stop that rain", "\0"]),
    ],
)
def test_what_a_reply_means(text: str, route: Route) -> None:
    assert replies.routed(text) == (route, None)


def test_a_reply_may_name_the_alert() -> None:
    named = replies.routed("4101050000000001_20260720040000")
    assert named == (Route.ACKNOWLEDGEMENT, "4101050000000001_20260720040000")


def test_parts_are_put_in_order_once_each_and_a_missing_one_shows() -> None:
    assert replies.joined(["b", "a", "a"], [2, 1, 1], 2) == "ab"
    assert replies.joined(["a", "c"], [1, 3], 3) == "a…c"
