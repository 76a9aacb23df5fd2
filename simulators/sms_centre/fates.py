"""What becomes of one try of one message: a pure function of seed, number, content and how often it was tried before.

Each decision has a draw of its own, so that a fault that is added to a file changes nothing of what the others did.
"""

import hashlib
import struct
from enum import Enum, IntEnum, auto
from typing import Final, NamedTuple

from simulators.sms_centre.commands import MessageState, Status
from simulators.sms_centre.faults import Faults, Refusals

_DRAWS: Final = struct.Struct(">16I")  # one BLAKE2b digest
_UNIT: Final = 2.0**-32
_GARBAGE: Final = 48  # octets
_LENGTHS: Final = (b"\x00\x00\x00\x05", b"\x7f\xff\xff\xff")  # a command_length too short, one too long


class Reply(Enum):
    GIVEN = "given"
    UNANSWERED = "unanswered"  # taken, but nobody says so
    IGNORED = "ignored"  # not taken


class Accident(Enum):
    """What happens to the connection instead of the answer, or behind it."""

    NONE = "none"
    DROPPED = "dropped"
    GARBAGE = "garbage"
    CUT = "cut"
    UNBOUND = "unbound"


class Fate(NamedTuple):
    """`done_after_s` counts from the submission; `receipt_delays_s` of each copy from then; none is a lost receipt."""

    status: Status
    reply: Reply
    reply_delay_s: float
    is_late: bool
    accident: Accident
    state: MessageState
    done_after_s: float
    receipt_delays_s: tuple[float, ...]
    is_early: bool
    garbage: bytes


class _Draw(IntEnum):
    THROTTLED = 0
    QUEUE_FULL = auto()
    SYSTEM_ERROR = auto()
    SUBMIT_FAILED = auto()
    JITTER = auto()
    LATE = auto()
    REPLY = auto()
    ACCIDENT = auto()
    OUTCOME = auto()
    DONE = auto()
    LOST = auto()
    REPEATED = auto()
    REORDERED = auto()
    EARLY = auto()


class Fates:
    def __init__(self, faults: Faults, *, seed: int) -> None:
        self._faults: Final = faults
        self._key: Final = seed.to_bytes(16, "big", signed=True)

    def of(self, number: str, content: bytes, *, attempt: int) -> Fate:
        """Return the fate of try `attempt` (0 is the first) of this content to this number."""
        digest = self._digest(b"%d\0%b\0%b" % (attempt, number.encode("latin-1"), content))
        draws = [each * _UNIT for each in _DRAWS.unpack(digest)]
        answers = self._faults.answers
        is_late = draws[_Draw.LATE] < answers.late_share
        delay_s = answers.late_s if is_late else answers.delay_s + answers.jitter_s * draws[_Draw.JITTER]
        receipts = self._faults.receipts
        is_early = draws[_Draw.EARLY] < receipts.early_share
        return Fate(
            status=self._refusal(number, draws),
            reply=_reply(draws[_Draw.REPLY], answers.unanswered_share, answers.ignored_share),
            reply_delay_s=delay_s,
            is_late=is_late,
            accident=self._accident(draws[_Draw.ACCIDENT]),
            state=self._outcome(number, draws[_Draw.OUTCOME]),
            done_after_s=0.0 if is_early else receipts.delay_s + receipts.jitter_s * draws[_Draw.DONE],
            receipt_delays_s=self._receipts(draws, is_early=is_early),
            is_early=is_early,
            garbage=_LENGTHS[digest[-1] & 1] + digest[-_GARBAGE:],
        )

    def _digest(self, what: bytes) -> bytes:
        return hashlib.blake2b(what, key=self._key).digest()

    def _refusal(self, number: str, draws: list[float]) -> Status:
        refusals = self._faults.refusals
        if self._is_unknown(number, refusals):
            return Status.ESME_RINVDSTADR
        for share, draw, status in (
            (refusals.throttled_share, _Draw.THROTTLED, Status.ESME_RTHROTTLED),
            (refusals.queue_full_share, _Draw.QUEUE_FULL, Status.ESME_RMSGQFUL),
            (refusals.system_error_share, _Draw.SYSTEM_ERROR, Status.ESME_RSYSERR),
            (refusals.submit_failed_share, _Draw.SUBMIT_FAILED, Status.ESME_RSUBMITFAIL),
        ):
            if draws[draw] < share:
                return status
        return Status.ESME_ROK

    def _is_unknown(self, number: str, refusals: Refusals) -> bool:
        if number.startswith(refusals.unknown_prefixes):
            return True
        if not refusals.unknown_number_share:
            return False
        digest = self._digest(b"number\0" + number.encode("latin-1"))
        return _DRAWS.unpack(digest)[0] * _UNIT < refusals.unknown_number_share

    def _accident(self, draw: float) -> Accident:
        links = self._faults.links
        for share, accident in (
            (links.dropped_share, Accident.DROPPED),
            (links.garbage_share, Accident.GARBAGE),
            (links.cut_share, Accident.CUT),
            (links.unbound_share, Accident.UNBOUND),
        ):
            if draw < share:
                return accident
            draw -= share
        return Accident.NONE

    def _outcome(self, number: str, draw: float) -> MessageState:
        outcomes = self._faults.outcomes
        if number.startswith(outcomes.undeliverable_prefixes):
            return MessageState.UNDELIVERABLE
        for share, state in (
            (outcomes.undeliverable_share, MessageState.UNDELIVERABLE),
            (outcomes.expired_share, MessageState.EXPIRED),
            (outcomes.rejected_share, MessageState.REJECTED),
        ):
            if draw < share:
                return state
            draw -= share
        return MessageState.DELIVERED

    def _receipts(self, draws: list[float], *, is_early: bool) -> tuple[float, ...]:
        receipts = self._faults.receipts
        if draws[_Draw.LOST] < receipts.lost_share:
            return ()
        is_reordered = draws[_Draw.REORDERED] < receipts.reordered_share and not is_early
        delay_s = receipts.reordered_s if is_reordered else 0.0
        if draws[_Draw.REPEATED] < receipts.repeated_share:
            return (delay_s, delay_s + receipts.repeat_after_s)
        return (delay_s,)


def _reply(draw: float, unanswered_share: float, ignored_share: float) -> Reply:
    if draw < unanswered_share:
        return Reply.UNANSWERED
    return Reply.IGNORED if draw < unanswered_share + ignored_share else Reply.GIVEN
