"""What a command_status means for the message that met it. A table; pure.

Operators disagree about the rest: a status that is not in the table is taken for a refusal of this message, because to
send it again for ever would cost money and say nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerts.smpp.commands import Status, status_name


class Verdict(StrEnum):
    TAKEN = "taken"
    SLOWER = "slower"  # we are too fast: the whole session slows down, and the segment is tried again
    LATER = "later"  # not now: the message is tried again after its backoff
    REFUSED = "refused"  # never
    BROKEN = "broken"  # the session is not what we think: it ends, and the segment is tried over the next one
    LOST = "lost"  # nobody knows whether it left


VERDICTS: Final[Mapping[Status, Verdict]] = {
    Status.ESME_ROK: Verdict.TAKEN,
    Status.ESME_RTHROTTLED: Verdict.SLOWER,
    Status.ESME_RMSGQFUL: Verdict.LATER,
    Status.ESME_RSYSERR: Verdict.LATER,
    Status.ESME_RX_T_APPN: Verdict.LATER,
    Status.ESME_RSUBMITFAIL: Verdict.LATER,
    Status.ESME_RUNKNOWNERR: Verdict.LATER,
    Status.ESME_RINVBNDSTS: Verdict.BROKEN,
    Status.ESME_RINVCMDID: Verdict.BROKEN,
    Status.ESME_RINVCMDLEN: Verdict.BROKEN,
    Status.ESME_RINVSRCADR: Verdict.REFUSED,
    Status.ESME_RINVDSTADR: Verdict.REFUSED,
    Status.ESME_RINVMSGLEN: Verdict.REFUSED,
    Status.ESME_RINVESMCLASS: Verdict.REFUSED,
    Status.ESME_RINVEXPIRY: Verdict.REFUSED,
    Status.ESME_RX_P_APPN: Verdict.REFUSED,
    Status.ESME_RX_R_APPN: Verdict.REFUSED,
}

# Of a bind: those that no second try will change until somebody corrects the settings
HOPELESS: Final = frozenset(
    {Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RINVSYSTYP, Status.ESME_RBINDFAIL}
)
_BIND_WORDS: Final[Mapping[int, str]] = {
    Status.ESME_RINVPASWD: "wrong password",
    Status.ESME_RINVSYSID: "it does not know this system_id",
    Status.ESME_RINVSYSTYP: "it does not take this system_type",
    Status.ESME_RBINDFAIL: "bind refused: wrong name or password, or too many connections",
    Status.ESME_RALYBND: "this system_id is connected already",
    Status.ESME_RTHROTTLED: "too many binds in a short time",
}


def verdict(status: int) -> Verdict:
    try:
        return VERDICTS.get(Status(status), Verdict.REFUSED)
    except ValueError:
        return Verdict.REFUSED


def bind_words(status: int) -> str:
    """Say in one line why a bind was refused."""
    words = _BIND_WORDS.get(status)
    return status_name(status) if words is None else f"{words} ({status_name(status)})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one segment: the operator's id when it was taken, else why it was not."""

    verdict: Verdict
    operator_id: str = ""
    detail: str = ""


class Ending(StrEnum):
    """What becomes of a message of some segments."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNANSWERED = "unanswered"  # it may have left, in whole or in part


def judged(answers: Sequence[Answer]) -> tuple[Ending, str]:
    """Return what became of a message, and why.

    One segment that is refused refuses the message, whatever became of the others: it can never be whole. Where some
    left and others must be tried again, all will leave again, and so it is a possible duplicate.
    """
    found = {answer.verdict for answer in answers}
    if Verdict.REFUSED in found:
        return Ending.REFUSED, _detail(answers, Verdict.REFUSED)
    if found == {Verdict.TAKEN}:
        return Ending.ACCEPTED, ""
    if Verdict.LOST in found:
        return Ending.UNANSWERED, _detail(answers, Verdict.LOST)
    why = next(answer.detail for answer in answers if answer.verdict is not Verdict.TAKEN)
    if Verdict.TAKEN in found:
        left = sum(answer.verdict is Verdict.TAKEN for answer in answers)
        return Ending.UNANSWERED, f"{left} of {len(answers)} segments left: {why}"
    return Ending.DEFERRED, why


def _detail(answers: Sequence[Answer], wanted: Verdict) -> str:
    return next(answer.detail for answer in answers if answer.verdict is wanted)
