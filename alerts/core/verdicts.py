"""What an operator's answer means for the message that met it, whatever protocol the answer came by. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from alerts.core.states import DeliveryMove


class Verdict(StrEnum):
    TAKEN = "taken"
    SLOWER = "slower"  # we are too fast: the whole gateway slows down, and the segment is tried again
    LATER = "later"  # not now: the message is tried again after its backoff
    REFUSED = "refused"  # never
    BROKEN = "broken"  # the session or the account is not what we think: nothing leaves here until that is mended
    LOST = "lost"  # nobody knows whether it left


class Fate(StrEnum):
    """What became of a segment that was taken, as far as it matters here."""

    UNDER_WAY = "under_way"  # no last word
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


class Answer(NamedTuple):
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


GOOD: Final = frozenset({Verdict.TAKEN, Verdict.REFUSED})  # of a gateway's health: a refusal is the message's fault

MOVES: Final[Mapping[Ending, DeliveryMove]] = {
    Ending.ACCEPTED: DeliveryMove.ACCEPTED,
    Ending.DEFERRED: DeliveryMove.DEFERRED,
    Ending.REFUSED: DeliveryMove.REFUSED,
    Ending.UNANSWERED: DeliveryMove.UNANSWERED,
}


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
