"""What the centre decides of a message, at a time that the test gives."""

from simulators.sms_centre.commands import MessageState, Status, Tag
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.desk import Desk, Verdict
from simulators.sms_centre.faults import Answers, Faults, Limits, Outcomes, Receipts, Refusals
from simulators.sms_centre.pdus import Cancel, Query, Replace, ShortMessage
from simulators.sms_centre.records import Submission

NOW = 1_700_000_000.0
NUMBER = "8613800000000"


def a_desk(faults: Faults | None = None, *, seed: int = 1, rate_per_s: float | None = None, keep: int = 1000) -> Desk:
    return Desk(faults or Faults(), seed=seed, counts=Counts(), rate_per_s=rate_per_s, keep=keep)


def a_message(text: str = "leave now", *, to: str = NUMBER, registered: int = 1, validity: str = "") -> ShortMessage:
    return ShortMessage(
        source="10690",
        destination=to,
        payload=text.encode(),
        registered_delivery=registered,
        validity_period=validity,
    )


def a_part(number: int, total: int, text: str, *, reference: int = 7) -> ShortMessage:
    header = bytes((5, 0, 3, reference, total, number))
    return ShortMessage(
        source="10690",
        destination=NUMBER,
        esm_class=0x40,
        data_coding=8,
        payload=header + text.encode("utf-16-be"),
    )


def submit(desk: Desk, message: ShortMessage, *, now_s: float = NOW) -> Verdict:
    return desk.submit("city", message, now_s=now_s)


def taken(desk: Desk, message: ShortMessage, *, now_s: float = NOW) -> Submission:
    submission = submit(desk, message, now_s=now_s).submission
    assert submission is not None
    return submission


def test_a_message_is_taken_and_known_by_its_id() -> None:
    desk = a_desk()
    submission = taken(desk, a_message())
    assert desk.memory.submissions[submission.id] is submission
    assert (submission.text, submission.number, submission.state) == ("leave now", NUMBER, MessageState.ENROUTE)


def test_parts_in_any_order_make_one_message() -> None:
    desk = a_desk()
    ids = {
        number: taken(desk, a_part(number, 3, text)).id for number, text in ((3, "地带"), (1, "请立即"), (2, "撤离"))
    }
    (whole,) = desk.memory.wholes
    assert (whole.text, whole.is_complete) == ("请立即撤离地带", True)
    assert whole.ids == (ids[1], ids[2], ids[3])


def test_a_missing_part_leaves_the_message_incomplete() -> None:
    desk = a_desk()
    taken(desk, a_part(1, 2, "请立即"))
    assert not desk.memory.wholes[0].is_complete


def test_a_part_that_comes_again_is_a_duplicate_of_the_same_message() -> None:
    desk = a_desk()
    kinds = [taken(desk, a_part(number, 2, f"part {number}")).is_duplicate for number in (1, 2, 1)]
    assert kinds == [False, False, True]
    assert [whole.text for whole in desk.memory.wholes] == ["part 1part 2"]


def test_a_reference_that_is_used_anew_begins_a_new_message() -> None:
    desk = a_desk()
    for text in ("old", "new"):
        taken(desk, a_part(1, 2, f"{text} 1"))
        taken(desk, a_part(2, 2, f"{text} 2"))
    assert [whole.text for whole in desk.memory.wholes] == ["old 1old 2", "new 1new 2"]


def test_a_message_that_is_submitted_twice_is_a_duplicate_whatever_the_reference_of_its_parts() -> None:
    desk = a_desk()
    assert [taken(desk, a_part(1, 2, "水", reference=reference)).is_duplicate for reference in (1, 2)] == [False, True]
    assert not taken(desk, a_message()).is_duplicate
    assert not taken(desk, a_message(to="8613800000001")).is_duplicate
    assert taken(desk, a_message()).attempt == 1


def test_the_same_submissions_meet_the_same_fates_in_any_order() -> None:
    faults = Faults(refusals=Refusals(throttled_share=0.3), answers=Answers(ignored_share=0.2))
    messages = [a_message(f"text {number % 40}", to=f"8613800000{number % 7:03d}") for number in range(400)]

    def fates(desk: Desk, order: list[ShortMessage]) -> list[str]:
        return sorted(str((message.destination, message.payload, submit(desk, message).fate)) for message in order)

    assert fates(a_desk(faults), messages) == fates(a_desk(faults), messages[::-1])
    assert fates(a_desk(faults), messages) != fates(a_desk(faults, seed=2), messages)


def test_mistakes_of_the_client_are_refused_by_their_names() -> None:
    desk = a_desk()
    refused = {
        Status.ESME_RINVDSTADR: a_message(to="the mayor"),
        Status.ESME_RINVPRTFLG: ShortMessage(destination=NUMBER, priority=4),
        Status.ESME_RINVREGDLVFLG: a_message(registered=3),
        Status.ESME_RINVEXPIRY: a_message(validity="tomorrow"),
        Status.ESME_RINVSCHED: ShortMessage(destination=NUMBER, schedule_time="tomorrow"),
        Status.ESME_RINVESMCLASS: ShortMessage(destination=NUMBER, esm_class=0x40),
        Status.ESME_ROPTPARNOTALLWD: ShortMessage(
            destination=NUMBER, payload=b"a", tlvs=((int(Tag.MESSAGE_PAYLOAD), b"b"),)
        ),
    }
    assert [submit(desk, message).status for message in refused.values()] == list(refused)
    assert not desk.memory.submissions


def test_a_rate_is_kept_in_the_long_run_and_a_burst_passes() -> None:
    desk = a_desk(rate_per_s=10)
    at_once = [submit(desk, a_message(str(number))).status for number in range(12)]
    assert at_once.count(Status.ESME_ROK) == 10
    assert at_once[-1] is Status.ESME_RTHROTTLED
    assert submit(desk, a_message(), now_s=NOW + 0.05).status is Status.ESME_RTHROTTLED
    assert submit(desk, a_message(), now_s=NOW + 0.11).status is Status.ESME_ROK


def test_what_a_limit_refuses_is_no_attempt() -> None:
    desk = a_desk(rate_per_s=1)
    submit(desk, a_message("other"))
    assert submit(desk, a_message()).status is Status.ESME_RTHROTTLED
    assert taken(desk, a_message(), now_s=NOW + 2).attempt == 0


def test_one_number_gets_so_many_a_minute_and_a_day() -> None:
    desk = a_desk(Faults(limits=Limits(number_per_minute=2, number_per_day=3)))

    def at(after_s: float, to: str = NUMBER) -> Status:
        return submit(desk, a_message(str(after_s), to=to), now_s=NOW + after_s).status

    assert [at(0), at(1), at(2)] == [Status.ESME_ROK, Status.ESME_ROK, Status.ESME_RTHROTTLED]
    assert at(2, to="8613800000001") is Status.ESME_ROK
    assert [at(61), at(200), at(86_300)] == [Status.ESME_ROK, Status.ESME_RSUBMITFAIL, Status.ESME_RSUBMITFAIL]
    assert at(86_401) is Status.ESME_ROK


def test_a_full_queue_refuses_until_a_message_is_done() -> None:
    desk = a_desk(Faults(limits=Limits(queue=1)))
    first = taken(desk, a_message("1"))
    assert submit(desk, a_message("2")).status is Status.ESME_RMSGQFUL
    desk.finish(first)
    assert submit(desk, a_message("2")).status is Status.ESME_ROK


def test_a_receipt_is_wanted_always_on_failure_or_never() -> None:
    delivered, failed = a_desk(), a_desk(Faults(outcomes=Outcomes(undeliverable_share=1)))
    wanted = {
        registered: tuple(desk.finish(taken(desk, a_message(registered=registered))) for desk in (delivered, failed))
        for registered in (0, 1, 2)
    }
    assert wanted == {0: (False, False), 1: (True, True), 2: (False, True)}


def test_a_message_is_done_once() -> None:
    desk = a_desk()
    submission = taken(desk, a_message())
    assert [desk.finish(submission), desk.finish(submission)] == [True, False]


def test_a_validity_that_ends_before_the_phone_is_reached_expires_the_message() -> None:
    desk = a_desk(Faults(receipts=Receipts(delay_s=600)))
    submission = taken(desk, a_message(validity="000000000500000R"))
    assert (submission.outcome, submission.done_at) == (MessageState.EXPIRED, NOW + 300)
    assert taken(desk, a_message(validity="000000002000000R")).outcome is MessageState.DELIVERED


def test_a_scheduled_message_is_done_after_its_time() -> None:
    desk = a_desk(Faults(receipts=Receipts(delay_s=2)))
    submission = taken(desk, ShortMessage(destination=NUMBER, schedule_time="000000010000000R"))
    assert submission.done_at == NOW + 3602


def test_a_query_tells_the_state_to_who_submitted() -> None:
    desk = a_desk(Faults(outcomes=Outcomes(undeliverable_share=1)))
    submission = taken(desk, a_message())
    question = Query(message_id=submission.id, source="10690")
    status, answer = desk.query("city", question)
    assert (status, answer and answer.state, answer and answer.final_date) == (Status.ESME_ROK, 1, "")
    desk.finish(submission)
    _, answer = desk.query("city", question)
    assert answer is not None
    assert (answer.state, answer.error, len(answer.final_date)) == (MessageState.UNDELIVERABLE, 27, 16)
    assert desk.query("stranger", question)[0] is Status.ESME_RINVMSGID
    assert desk.query("city", Query(message_id=submission.id, source="1"))[0] is Status.ESME_RQUERYFAIL


def test_what_is_cancelled_is_deleted_and_is_not_delivered_any_more() -> None:
    desk = a_desk()
    submission = taken(desk, a_message())
    cancel = Cancel(message_id=submission.id, source="10690")
    assert desk.cancel("city", cancel, now_s=NOW) == (Status.ESME_ROK, [submission])
    assert submission.state is MessageState.DELETED
    assert desk.finish(submission) is False
    assert desk.cancel("city", cancel, now_s=NOW)[0] is Status.ESME_RCANCELFAIL
    assert desk.cancel("city", Cancel(message_id="ffff"), now_s=NOW)[0] is Status.ESME_RINVMSGID


def test_all_from_one_address_to_another_can_be_cancelled() -> None:
    desk = a_desk()
    wanted = [taken(desk, a_message(str(number))) for number in range(3)]
    other = taken(desk, a_message(to="8613800000001"))
    status, deleted = desk.cancel("city", Cancel(source="10690", destination=NUMBER), now_s=NOW)
    assert (status, deleted) == (Status.ESME_ROK, wanted)
    assert other.state is MessageState.ENROUTE


def test_a_message_under_way_gets_another_text_and_a_delivered_one_does_not() -> None:
    desk = a_desk()
    submission = taken(desk, a_message("old"))
    replace = Replace(message_id=submission.id, source="10690", payload=b"new")
    assert desk.replace("city", replace) is Status.ESME_ROK
    assert (submission.text, desk.memory.wholes[0].text) == ("new", "new")
    desk.finish(submission)
    assert desk.replace("city", replace) is Status.ESME_RREPLACEFAIL
    assert desk.replace("city", Replace(message_id="ffff")) is Status.ESME_RINVMSGID


def test_the_oldest_is_forgotten_first() -> None:
    desk = a_desk(keep=10)
    ids = [taken(desk, a_message(str(number))).id for number in range(25)]
    assert list(desk.memory.submissions) == ids[-10:]
    assert len(desk.memory.wholes) == 10
