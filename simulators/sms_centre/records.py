"""What the centre knows of a message, a receipt and a session: for its own work, and for tests to look at."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from simulators.sms_centre.alphabets import read_text
from simulators.sms_centre.commands import MessageState
from simulators.sms_centre.fates import Fate
from simulators.sms_centre.pdus import ShortMessage
from simulators.sms_centre.segments import Part, Whole
from simulators.sms_centre.sessions import State


@dataclass(slots=True, kw_only=True)
class Submission:
    """One submit_sm that was taken: a message, or a part of one. Times are epoch s."""

    id: str
    system_id: str
    message: ShortMessage
    part: Part | None
    payload: bytes  # without its user data header
    whole: Whole
    attempt: int  # 0 is the first submission of this content to this number
    is_duplicate: bool  # an earlier one was taken
    fate: Fate
    taken_at: float
    done_at: float  # when it comes, or came, to its end
    outcome: MessageState
    state: MessageState = MessageState.ENROUTE

    @property
    def number(self) -> str:
        return self.message.destination

    @property
    def text(self) -> str:
        return read_text(self.payload, self.message.data_coding)


class Kind(Enum):
    RECEIPT = "receipt"
    ORIGINATED = "originated"  # from a phone


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One deliver_sm: sent until the client answers. `copy` counts the repetitions that a fault made of a receipt."""

    kind: Kind
    system_id: str
    message: ShortMessage
    submission: Submission | None = None
    copy: int = 0
    tries: int = 0
    sent_at: float | None = None  # first
    acknowledged_at: float | None = None
    status: int | None = None  # of the client's last answer

    @property
    def message_id(self) -> str:
        """The id that submit_sm_resp gave; empty for what a phone sent."""
        return "" if self.submission is None else self.submission.id


class Session(NamedTuple):
    """A connection at this moment."""

    peer: str
    system_id: str
    state: State
    submitted: int
    unanswered: int  # submissions whose answer has not left yet
    in_flight: int  # deliveries without an answer


class Originated(NamedTuple):
    """A message that a phone sends, say a reply; it goes to `system_id`, or to who bound first."""

    source: str
    destination: str
    text: str
    system_id: str | None = None
