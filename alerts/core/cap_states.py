"""The life of a received message, and what is proposed for it, as tables; docs/state-tables.md is drawn from them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from alerts.core.errors import IllegalMove
from alerts.core.states import AlertState
from alerts.core.words import Words


class MessageState(StrEnum):
    WAITING = "waiting"
    DRAFTED = "drafted"  # it became a warning, or changed one
    DISMISSED = "dismissed"  # by a person, with a reason
    OVERTAKEN = "overtaken"  # a newer message of its sender refers to it


class MessageMove(StrEnum):
    DRAFT = "draft"  # into a new draft
    JOIN = "join"  # to a warning that is there, which it changes
    DISMISS = "dismiss"
    REOPEN = "reopen"
    OVERTAKE = "overtake"  # the newer message's own move


MESSAGE_MOVES: Final[Mapping[MessageState, Mapping[MessageMove, MessageState]]] = {
    MessageState.WAITING: {
        MessageMove.DRAFT: MessageState.DRAFTED,
        MessageMove.JOIN: MessageState.DRAFTED,
        MessageMove.DISMISS: MessageState.DISMISSED,
        MessageMove.OVERTAKE: MessageState.OVERTAKEN,
    },
    MessageState.DISMISSED: {MessageMove.REOPEN: MessageState.WAITING},
    MessageState.DRAFTED: {},
    MessageState.OVERTAKEN: {},
}
WHY_NOT: Final[Mapping[MessageState, Words]] = {
    MessageState.WAITING: Words("该报文正在等待处理", "this message is waiting already"),
    MessageState.DRAFTED: Words(
        "该报文已转为预警，请打开该预警处理", "this message became a warning already: open that one"
    ),
    MessageState.DISMISSED: Words("该报文已被忽略；请先重新处理", "this message was dismissed: take it up again first"),
    MessageState.OVERTAKEN: Words(
        "来源单位已发出更新的报文，请处理新的那份", "its sender sent a newer message: take that one"
    ),
}


class Says(StrEnum):
    """What a message says of the danger."""

    THERE = "there"
    OVER = "over"  # AllClear, or urgency Past
    WITHDRAWN = "withdrawn"  # Cancel


class Offer(StrEnum):
    """What a person is offered to do; the values are the screen's words for it."""

    DRAFT = "draft"
    EDIT = "edit"  # the draft that the earlier message became
    LEVEL = "level"
    LIFT = "lift"
    CANCEL = "cancel"
    NOTHING = "nothing"


# By the state of the warning that an earlier message became; None: there is no such warning.
OFFERS: Final[Mapping[Says, Mapping[AlertState | None, Offer]]] = {
    Says.THERE: {
        None: Offer.DRAFT,
        AlertState.DRAFT: Offer.EDIT,
        AlertState.PENDING_APPROVAL: Offer.EDIT,
        AlertState.ISSUED: Offer.LEVEL,
        AlertState.LIFTED: Offer.DRAFT,
        AlertState.CANCELLED: Offer.DRAFT,
        AlertState.EXPIRED: Offer.DRAFT,
    },
    Says.OVER: {
        None: Offer.NOTHING,
        AlertState.DRAFT: Offer.CANCEL,
        AlertState.PENDING_APPROVAL: Offer.CANCEL,
        AlertState.ISSUED: Offer.LIFT,
        AlertState.LIFTED: Offer.NOTHING,
        AlertState.CANCELLED: Offer.NOTHING,
        AlertState.EXPIRED: Offer.NOTHING,
    },
    Says.WITHDRAWN: {
        None: Offer.NOTHING,
        AlertState.DRAFT: Offer.CANCEL,
        AlertState.PENDING_APPROVAL: Offer.CANCEL,
        AlertState.ISSUED: Offer.CANCEL,
        AlertState.LIFTED: Offer.NOTHING,
        AlertState.CANCELLED: Offer.NOTHING,
        AlertState.EXPIRED: Offer.NOTHING,
    },
}


def after(state: MessageState, move: MessageMove) -> MessageState:
    """Return the state that `move` leads to; raises IllegalMove with the table's words."""
    target = MESSAGE_MOVES[state].get(move)
    if target is None:
        raise IllegalMove(WHY_NOT[state])
    return target


def says(kind: str, *, is_over: bool) -> Says:
    """Return what a message says. A Cancel that clears says that it is over: it was no error."""
    if is_over:
        return Says.OVER
    return Says.WITHDRAWN if kind == "Cancel" else Says.THERE


def offer(said: Says, alert: AlertState | None, *, is_same_level: bool = False) -> Offer:
    """Return what to offer; a warning in force that has the level already needs nothing."""
    found = OFFERS[said][alert]
    return Offer.NOTHING if found is Offer.LEVEL and is_same_level else found
