"""Serves what clients ask for: the desk decides, the clerk answers in time or late or never, and does the accidents."""

from collections.abc import Callable, Mapping
from typing import Final, cast

from simulators.sms_centre.agenda import Agenda
from simulators.sms_centre.commands import VERSION, Command, Status
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.desk import Desk, Verdict, error_of
from simulators.sms_centre.fates import Accident, Reply
from simulators.sms_centre.faults import Faults
from simulators.sms_centre.link import Link
from simulators.sms_centre.pdus import Cancel, MessageId, Nothing, Pdu, Query, Replace, ShortMessage
from simulators.sms_centre.postman import Postman
from simulators.sms_centre.receipts import receipt_of
from simulators.sms_centre.records import Delivery, Kind, Submission
from simulators.sms_centre.sessions import State

_SHORT: Final = 2  # a cut answer keeps one part in so many
_HEX: Final = 16


class Clerk:
    def __init__(
        self,
        *,
        desk: Desk,
        postman: Postman,
        agenda: Agenda,
        counts: Counts,
        faults: Faults,
        clock: Callable[[], float],
    ) -> None:
        self._desk: Final = desk
        self._postman: Final = postman
        self._agenda: Final = agenda
        self._counts: Final = counts
        self._faults: Final = faults
        self._clock: Final = clock
        self._services: Final[Mapping[Command, Callable[[Link, Pdu], None]]] = {
            Command.SUBMIT_SM: self._submit,
            Command.QUERY_SM: self._query,
            Command.CANCEL_SM: self._cancel,
            Command.REPLACE_SM: self._replace,
        }

    def serve(self, link: Link, pdu: Pdu) -> None:
        self._services[pdu.command](link, pdu)

    def _submit(self, link: Link, pdu: Pdu) -> None:
        link.submitted += 1
        self._counts.submitted += 1
        window = self._faults.limits.window
        if window is not None and link.unanswered >= window:
            self._answer(link, pdu, Verdict(Status.ESME_RTHROTTLED))
        else:
            now_s = self._clock()
            verdict = self._desk.submit(link.system_id, cast("ShortMessage", pdu.body), now_s=now_s)
            if verdict.submission is not None:
                self._take(link, verdict.submission, now_s)
            self._reply(link, pdu, verdict)
        self._wear(link)

    def _take(self, link: Link, submission: Submission, now_s: float) -> None:
        self._counts.taken += 1
        if submission.fate.is_early:
            self._finish(submission, link)
        else:
            self._agenda.after(submission.done_at - now_s, self._finish, submission, link)

    def _reply(self, link: Link, pdu: Pdu, verdict: Verdict) -> None:
        """Answer now or later. What a limit or a mistake decided is answered at once."""
        fate = verdict.fate
        if fate is None:
            self._answer(link, pdu, verdict)
        elif not verdict.status and fate.reply is not Reply.GIVEN:
            self._counts.ignored += fate.reply is Reply.IGNORED
            self._counts.unanswered += fate.reply is Reply.UNANSWERED
        elif fate.reply_delay_s:
            self._counts.late += fate.is_late
            link.unanswered += 1
            self._agenda.after(fate.reply_delay_s, self._answer_at_last, link, pdu, verdict)
        else:
            self._answer(link, pdu, verdict)

    def _answer_at_last(self, link: Link, pdu: Pdu, verdict: Verdict) -> None:
        link.unanswered -= 1
        if link.state is not State.CLOSED:
            self._answer(link, pdu, verdict)

    def _answer(self, link: Link, pdu: Pdu, verdict: Verdict) -> None:
        submission = verdict.submission
        if submission is None:
            self._counts.refused[verdict.status] += 1
            link.answer(pdu, verdict.status)
            return
        answer = link.answer_to(pdu, Status.ESME_ROK, MessageId(submission.id))
        match submission.fate.accident:
            case Accident.NONE:
                link.say(answer)
            case Accident.DROPPED:
                self._counts.links_dropped += 1
                link.drop()
            case Accident.GARBAGE:
                self._counts.garbage += 1
                link.say(submission.fate.garbage)
            case Accident.CUT:
                self._counts.links_cut += 1
                link.say(answer[: len(answer) // _SHORT])
                link.close()
            case Accident.UNBOUND:
                link.say(answer)
                self._counts.links_unbound += 1
                link.unbind()

    def _wear(self, link: Link) -> None:
        """Do to a connection what comes to it after so many messages."""
        links = self._faults.links
        if link.submitted == links.silent_after_messages:
            self._counts.links_silent += 1
            link.fall_silent()
        if link.submitted == links.unbind_after_messages:
            self._counts.links_unbound += 1
            link.unbind()
        if link.submitted == links.drop_after_messages:
            self._counts.links_dropped += 1
            link.drop()

    def _finish(self, submission: Submission, link: Link) -> None:
        if self._desk.finish(submission):
            self._send_receipts(submission, link)

    def _send_receipts(self, submission: Submission, link: Link) -> None:
        delays_s = submission.fate.receipt_delays_s
        self._counts.receipts_lost += not delays_s
        self._counts.receipts_repeated += len(delays_s) > 1
        self._counts.receipts_early += submission.fate.is_early
        for copy, delay_s in enumerate(delays_s):
            if delay_s:
                self._agenda.after(delay_s, self._send_receipt, submission, link, copy)
            else:
                self._send_receipt(submission, link, copy)

    def _send_receipt(self, submission: Submission, link: Link, copy: int) -> None:
        number = int(submission.id, _HEX)
        receipt = receipt_of(
            submission.message,
            message_id=str(number) if self._faults.receipts.decimal_ids else submission.id,
            state=submission.state,
            error=error_of(submission.state),
            submitted_at=submission.taken_at,
            done_at=submission.done_at,
            with_tlvs=link.version >= VERSION,
        )
        delivery = Delivery(
            kind=Kind.RECEIPT, system_id=submission.system_id, message=receipt, submission=submission, copy=copy
        )
        self._postman.post(delivery, over=link)

    def _query(self, link: Link, pdu: Pdu) -> None:
        self._counts.queries += 1
        status, found = self._desk.query(link.system_id, cast("Query", pdu.body))
        link.answer(pdu, status, found or Nothing())

    def _cancel(self, link: Link, pdu: Pdu) -> None:
        self._counts.cancels += 1
        status, deleted = self._desk.cancel(link.system_id, cast("Cancel", pdu.body), now_s=self._clock())
        link.answer(pdu, status)
        for submission in deleted:
            self._send_receipts(submission, link)

    def _replace(self, link: Link, pdu: Pdu) -> None:
        self._counts.replaces += 1
        link.answer(pdu, self._desk.replace(link.system_id, cast("Replace", pdu.body)))
