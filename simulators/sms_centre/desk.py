"""Who decides: takes a message or refuses it, and answers questions about it. The time is an argument."""

import re
from typing import Final, NamedTuple

from msgspec import structs

from simulators.sms_centre.codec import UnreadableError
from simulators.sms_centre.commands import MessageState, Status
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.fates import Fate, Fates, Reply
from simulators.sms_centre.faults import Faults
from simulators.sms_centre.limits import Bucket, PerNumber
from simulators.sms_centre.memory import Memory
from simulators.sms_centre.pdus import Cancel, Queried, Query, Replace, ShortMessage
from simulators.sms_centre.records import Submission
from simulators.sms_centre.segments import Part, take_apart
from simulators.sms_centre.times import TimeError, read_time, write_time

_NUMBER: Final = re.compile(r"\+?\d{1,20}", re.ASCII)
_HIGHEST_PRIORITY: Final = 3
_RECEIPT_BITS: Final = 0b11  # of registered_delivery: none, always, on failure
_ALWAYS, _ON_FAILURE = 1, 2
_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0
_ERRORS: Final = {  # network error codes as an operator might say them in a receipt
    MessageState.DELIVERED: 0,
    MessageState.UNDELIVERABLE: 27,
    MessageState.EXPIRED: 34,
    MessageState.REJECTED: 99,
}


class Verdict(NamedTuple):
    """`fate` is None where a limit or a mistake of the client decided; `submission` where the message was not taken."""

    status: Status
    fate: Fate | None = None
    submission: Submission | None = None


class Desk:
    def __init__(self, faults: Faults, *, seed: int, counts: Counts, rate_per_s: float | None, keep: int) -> None:
        """`rate_per_s` takes the place of the one that the faults name."""
        limits = faults.limits
        rate = rate_per_s or limits.rate_per_s
        self._fates: Final = Fates(faults, seed=seed)
        self._counts: Final = counts
        self._bucket: Final = Bucket(rate, burst=rate * limits.burst_s) if rate else None
        self._minute: Final = (
            PerNumber(limits.number_per_minute, within_s=_MINUTE_S) if limits.number_per_minute else None
        )
        self._day: Final = PerNumber(limits.number_per_day, within_s=_DAY_S) if limits.number_per_day else None
        self._queue: Final = limits.queue
        self._under_way = 0
        self._last_id = 0
        self.memory: Final = Memory(keep)

    def submit(self, system_id: str, message: ShortMessage, *, now_s: float) -> Verdict:
        try:
            starts_at, valid_until = _times(message, now_s)
            part, payload = take_apart(message)
        except UnreadableError as error:
            return Verdict(error.status)
        status = _mistake(message) or self._limit(message.destination, now_s)
        if status:
            return Verdict(status)
        content = _content(message, part, payload)
        attempt = self.memory.count_try(message.destination, content)
        fate = self._fates.of(message.destination, content, attempt=attempt)
        if fate.status or fate.reply is Reply.IGNORED:
            return Verdict(fate.status, fate)
        done_at, outcome = max(starts_at or now_s, now_s) + fate.done_after_s, fate.state
        if valid_until is not None and valid_until < done_at:
            done_at, outcome = max(valid_until, now_s), MessageState.EXPIRED
        self._last_id += 1
        message_id = f"{self._last_id:08x}"
        submission = Submission(
            id=message_id,
            system_id=system_id,
            message=message,
            part=part,
            payload=payload,
            whole=self.memory.whole_of(message, part, payload, id=message_id, now_s=now_s),
            attempt=attempt,
            is_duplicate=self.memory.count_taken(message.destination, content),
            fate=fate,
            taken_at=now_s,
            done_at=done_at,
            outcome=outcome,
        )
        self._take(submission, now_s)
        return Verdict(Status.ESME_ROK, fate, submission)

    def finish(self, submission: Submission) -> bool:
        """Bring a message to its end; return whether a receipt of it is wanted. The second time nothing happens."""
        if submission.state is not MessageState.ENROUTE:
            return False
        return self._end(submission, submission.outcome)

    def query(self, system_id: str, query: Query) -> tuple[Status, Queried | None]:
        submission = self._find(system_id, query.message_id)
        if submission is None:
            return Status.ESME_RINVMSGID, None
        if submission.message.source != query.source:
            return Status.ESME_RQUERYFAIL, None
        is_final = submission.state is not MessageState.ENROUTE
        return Status.ESME_ROK, Queried(
            message_id=submission.id,
            final_date=write_time(submission.done_at) if is_final else "",
            state=submission.state,
            error=error_of(submission.state),
        )

    def cancel(self, system_id: str, cancel: Cancel, *, now_s: float) -> tuple[Status, list[Submission]]:
        """Return (status, what was deleted and wants a receipt)."""
        if cancel.message_id:
            found = self._find(system_id, cancel.message_id)
            if found is None:
                return Status.ESME_RINVMSGID, []
            chosen = [found] if found.message.source == cancel.source else []
        else:
            chosen = list(
                self.memory.under_way(system_id=system_id, source=cancel.source, destination=cancel.destination)
            )
        chosen = [each for each in chosen if each.state is MessageState.ENROUTE]
        if not chosen:
            return Status.ESME_RCANCELFAIL, []
        for each in chosen:
            each.done_at = now_s
        return Status.ESME_ROK, [each for each in chosen if self._end(each, MessageState.DELETED)]

    def replace(self, system_id: str, replace: Replace) -> Status:
        """Give a message that is not done another text. Its times and its fate stay."""
        found = self._find(system_id, replace.message_id)
        if found is None:
            return Status.ESME_RINVMSGID
        is_replaceable = found.state is MessageState.ENROUTE and found.part is None
        if not is_replaceable or found.message.source != replace.source:
            return Status.ESME_RREPLACEFAIL
        found.message = structs.replace(
            found.message, payload=replace.payload, registered_delivery=replace.registered_delivery
        )
        found.payload = found.whole.payloads[1] = replace.payload
        return Status.ESME_ROK

    def _limit(self, number: str, now_s: float) -> Status:
        """Return ESME_ROK where no limit is reached. Only the rate is counted here: the numbers are when taken."""
        if self._bucket is not None and not self._bucket.take(now_s):
            return Status.ESME_RTHROTTLED
        if self._minute is not None and self._minute.is_over(number, now_s):
            return Status.ESME_RTHROTTLED
        if self._day is not None and self._day.is_over(number, now_s):
            return Status.ESME_RSUBMITFAIL
        if self._queue is not None and self._under_way >= self._queue:
            return Status.ESME_RMSGQFUL
        return Status.ESME_ROK

    def _take(self, submission: Submission, now_s: float) -> None:
        self._under_way += 1
        for limit in (self._minute, self._day):
            if limit is not None:
                limit.count(submission.number, now_s)
        self._counts.duplicates += submission.is_duplicate
        self.memory.add(submission)

    def _end(self, submission: Submission, state: MessageState) -> bool:
        submission.state = state
        self._under_way -= 1
        self._counts.done += 1
        wanted = submission.message.registered_delivery & _RECEIPT_BITS
        return wanted == _ALWAYS or (wanted == _ON_FAILURE and state is not MessageState.DELIVERED)

    def _find(self, system_id: str, message_id: str) -> Submission | None:
        found = self.memory.submissions.get(message_id)
        return found if found is not None and found.system_id == system_id else None


def error_of(state: MessageState) -> int:
    """Return the network error code of a state; 0 where nothing went wrong."""
    return _ERRORS.get(state, 0)


def _times(message: ShortMessage, now_s: float) -> tuple[float | None, float | None]:
    """Return (when it starts, until when it is valid), epoch s; None is now, and for ever."""
    if not message.schedule_time and not message.validity_period:
        return None, None
    try:
        starts_at = read_time(message.schedule_time, now_s=now_s)
    except TimeError as error:
        raise UnreadableError(Status.ESME_RINVSCHED, str(error)) from error
    try:
        return starts_at, read_time(message.validity_period, now_s=now_s)
    except TimeError as error:
        raise UnreadableError(Status.ESME_RINVEXPIRY, str(error)) from error


def _mistake(message: ShortMessage) -> Status:
    """Return what the client did wrong in a field, or ESME_ROK."""
    if _NUMBER.fullmatch(message.destination) is None:
        return Status.ESME_RINVDSTADR
    if message.priority > _HIGHEST_PRIORITY:
        return Status.ESME_RINVPRTFLG
    if message.registered_delivery & _RECEIPT_BITS == _RECEIPT_BITS:
        return Status.ESME_RINVREGDLVFLG
    return Status.ESME_ROK


def _content(message: ShortMessage, part: Part | None, payload: bytes) -> bytes:
    """Return what makes a message the same when it is tried again. The reference of its parts may be another then."""
    number, total = (1, 1) if part is None else (part.number, part.total)
    return b"%d %d %d " % (message.data_coding, number, total) + payload
