"""Circulars: what becomes of one, when it may leave, and who is left out of it.

A warning knows none of these limits: it neither waits for the end of quiet hours nor counts towards a daily cap.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from alerts.core.errors import IllegalMove
from alerts.core.rules import Quiet
from alerts.core.words import Words
from tracker.organisation.phones import phone_of

PRIORITY: Final = 20  # behind every warning: tellings are 1 to 4, reminders to 8, drills to 16
VALID_FOR: Final = timedelta(hours=24)  # from when it leaves; what has not left by then is old news
LATEST: Final = timedelta(days=90)  # that one may be put off
MOST_NUMBERS: Final = 10_000  # typed into one circular
UNLISTED: Final = "test mode: the number is not on its list"  # why a message that was queued before does not leave


class State(StrEnum):
    WAITING = "waiting"  # for a second person; its recipients are frozen, nothing is queued
    SENDING = "sending"  # its messages are queued, or past that
    DECLINED = "declined"
    CANCELLED = "cancelled"  # what had not left did not leave


class Move(StrEnum):
    RELEASE = "release"
    DECLINE = "decline"
    CANCEL = "cancel"


MOVES: Final[Mapping[State, Mapping[Move, State]]] = {
    State.WAITING: {
        Move.RELEASE: State.SENDING,
        Move.DECLINE: State.DECLINED,
        Move.CANCEL: State.CANCELLED,
    },
    State.SENDING: {Move.CANCEL: State.CANCELLED},
    State.DECLINED: {},
    State.CANCELLED: {},
}


class LeftOut(StrEnum):
    """Why somebody who was meant is not sent it; the first that holds is told."""

    NO_PHONE = "no_phone"
    BAD_NUMBER = "bad_number"
    NOT_YOURS = "not_yours"  # in a team or a group, and in no unit of the sender's
    STOPPED = "stopped"  # the number wrote STOP, and neither START since nor did anybody lift it
    DUPLICATE = "duplicate"  # the number is somebody else's in the list, too
    TEST_MODE = "test_mode"
    OVER_CAP = "over_cap"
    NO_VALUE = "no_value"  # the text names the reader, and a bare number has no name


class ConfirmBy(StrEnum):
    NUMBER = "number"  # whoever sends types how many it goes to
    PERSON = "person"  # a second person lets it go


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for every circular of the city. Times are local; both are None where there are no quiet hours."""

    signature_zh: str
    signature_en: str
    price: Decimal  # of one part
    currency: str
    quiet_from: time | None
    quiet_to: time | None
    daily_cap: int | None
    confirm_above: int
    confirm_by: ConfirmBy
    is_test: bool
    test_numbers: tuple[str, ...]
    revision: int = 1

    @property
    def quiet(self) -> Quiet | None:
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return None
        return Quiet(self.quiet_from, self.quiet_to)

    def confirms(self, recipients: int) -> ConfirmBy | None:
        """Return how a circular to so many is confirmed; None: it is not."""
        return self.confirm_by if recipients > self.confirm_above else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What was typed: those that can be called, each once, and those that are none."""

    good: tuple[str, ...]
    bad: tuple[str, ...]
    repeated: int = 0  # of the good ones, those that were typed more than once, however often


def after(state: State, move: Move) -> State:
    """Return the state that `move` leads to; raises IllegalMove."""
    target = MOVES[state].get(move)
    if target is None:
        raise IllegalMove(_WHY_NOT[state])
    return target


def leaves_at(wanted: datetime | None, *, now: datetime, limits: Limits, zone: ZoneInfo) -> datetime:
    """Return when it leaves: when it was wanted, at the earliest now, and never within quiet hours."""
    at = now if wanted is None else max(now, wanted)
    quiet = limits.quiet
    return quiet.end_after(at, zone) if quiet is not None and quiet.holds(at, zone) else at


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def numbers_of(typed: Iterable[str]) -> Numbers:
    """Return what was typed as E.164; a number in three formats is one."""
    good, bad = Counter[str](), dict[str, None]()
    for text in typed:
        if not text.strip():
            continue
        try:
            number = phone_of(text.strip())
        except ValueError:
            bad[text.strip()] = None
            continue
        good[number] += 1
    return Numbers(good=tuple(good), bad=tuple(bad), repeated=sum(times > 1 for times in good.values()))


_WHY_NOT: Final[Mapping[State, Words]] = {
    State.WAITING: Words("正在等待第二人确认", "it waits for a second person"),
    State.SENDING: Words(
        "短信已进入发送队列，只能取消尚未发出的部分",
        "its messages are queued: what has not left can be cancelled",
    ),
    State.DECLINED: Words("该群发已被退回，请另行发送", "it was declined, and that is final: send a new one"),
    State.CANCELLED: Words("该群发已取消，请另行发送", "it was cancelled, and that is final: send a new one"),
}
