"""The life of an alert and of a delivery, as tables. Code, SQL, tests and docs/state-tables.md are drawn from them.

A move that is not in a table changes nothing and is answered with the table's own words.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from alerts.core.errors import IllegalMove
from alerts.core.words import Words


class AlertState(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    ISSUED = "issued"
    LIFTED = "lifted"  # the danger is over
    CANCELLED = "cancelled"  # issued in error, or withdrawn before issue
    EXPIRED = "expired"  # its time ran out


class AlertMove(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"  # by a second person; issues, or changes the level
    DECLINE = "decline"  # by a second person: back to the author
    ISSUE = "issue"
    CHANGE_LEVEL = "change_level"
    PROPOSE_LEVEL = "propose_level"  # to a second person
    LIFT = "lift"
    CANCEL = "cancel"
    EXPIRE = "expire"  # the clock's move


ALERT_MOVES: Final[Mapping[AlertState, Mapping[AlertMove, AlertState]]] = {
    AlertState.DRAFT: {
        AlertMove.EDIT: AlertState.DRAFT,
        AlertMove.SUBMIT: AlertState.PENDING_APPROVAL,
        AlertMove.ISSUE: AlertState.ISSUED,
        AlertMove.CANCEL: AlertState.CANCELLED,
    },
    AlertState.PENDING_APPROVAL: {
        AlertMove.EDIT: AlertState.DRAFT,
        AlertMove.APPROVE: AlertState.ISSUED,
        AlertMove.DECLINE: AlertState.DRAFT,
        AlertMove.ISSUE: AlertState.ISSUED,
        AlertMove.CANCEL: AlertState.CANCELLED,
    },
    AlertState.ISSUED: {
        AlertMove.CHANGE_LEVEL: AlertState.ISSUED,
        AlertMove.PROPOSE_LEVEL: AlertState.ISSUED,
        AlertMove.APPROVE: AlertState.ISSUED,
        AlertMove.DECLINE: AlertState.ISSUED,
        AlertMove.LIFT: AlertState.LIFTED,
        AlertMove.CANCEL: AlertState.CANCELLED,
        AlertMove.EXPIRE: AlertState.EXPIRED,
    },
    AlertState.LIFTED: {},
    AlertState.CANCELLED: {},
    AlertState.EXPIRED: {},
}

_NOT_YET_ISSUED: Final = Words(
    "尚未发布，没有人收到过；请先发布，或撤销草稿", "it is not issued yet, nobody has been told: issue it, or cancel it"
)
_IN_FORCE: Final = Words(
    "预警已经发布生效；如有变化，请变更级别、解除或撤销",
    "it is in force: change its level, lift it or cancel it instead",
)
_EDIT_INSTEAD: Final = Words("草稿没有版本可变更；请直接编辑", "a draft is not in force: edit it instead")
_WAITS: Final = Words("正在等待审批；请先退回编辑", "it is waiting for approval: edit it instead")
_NOT_SUBMITTED: Final = Words("尚未提交审批；请先提交", "it has not been submitted for approval: submit it first")
_SUBMITTED: Final = Words("已在等待审批", "it is already waiting for approval")

# An alert in force is approved or declined only where a change of level waits for it.
NOTHING_PROPOSED: Final = Words(
    "没有等待批准的级别变更", "no change of level is waiting: nothing to approve or decline"
)

WHY_NOT: Final[Mapping[AlertState, Mapping[AlertMove, Words]]] = {
    AlertState.DRAFT: {
        AlertMove.APPROVE: _NOT_SUBMITTED,
        AlertMove.DECLINE: _NOT_SUBMITTED,
        AlertMove.CHANGE_LEVEL: _EDIT_INSTEAD,
        AlertMove.PROPOSE_LEVEL: _EDIT_INSTEAD,
        AlertMove.LIFT: _NOT_YET_ISSUED,
        AlertMove.EXPIRE: _NOT_YET_ISSUED,
    },
    AlertState.PENDING_APPROVAL: {
        AlertMove.SUBMIT: _SUBMITTED,
        AlertMove.CHANGE_LEVEL: _WAITS,
        AlertMove.PROPOSE_LEVEL: _WAITS,
        AlertMove.LIFT: _NOT_YET_ISSUED,
        AlertMove.EXPIRE: _NOT_YET_ISSUED,
    },
    AlertState.ISSUED: {
        AlertMove.EDIT: _IN_FORCE,
        AlertMove.SUBMIT: _IN_FORCE,
        AlertMove.ISSUE: _IN_FORCE,
    },
    AlertState.LIFTED: dict.fromkeys(
        AlertMove,
        Words("预警已解除，不能再变更；如危险再现，请另发预警", "it was lifted; if danger returns, issue a new one"),
    ),
    AlertState.CANCELLED: dict.fromkeys(
        AlertMove, Words("预警已撤销，不能再变更；请另发预警", "it was cancelled, and that is final: issue a new one")
    ),
    AlertState.EXPIRED: dict.fromkeys(
        AlertMove, Words("预警已到期失效，不能再变更；请另发预警", "it has expired, and that is final: issue a new one")
    ),
}


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"  # claimed, under a lease; counts as told
    SENT = "sent"  # the provider has it
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # no receipt came within its validity


class DeliveryMove(StrEnum):
    CLAIMED = "claimed"
    ACCEPTED = "accepted"  # the provider took it
    CONFIRMED = "confirmed"  # a receipt: it arrived (it may come before our own `accepted` commits)
    DEFERRED = "deferred"  # throttled or unreachable: again later
    REFUSED = "refused"  # the provider will never take it
    LOST = "lost"  # a receipt: it will never arrive
    LEASE_LOST = "lease_lost"  # its sender died; flagged as a possible duplicate
    UNANSWERED = "unanswered"  # its sender lives and does not know whether it left; flagged, too
    SUPERSEDED = "superseded"  # a newer version, or an answer, made it pointless
    TIMED_OUT = "timed_out"  # its validity ended before it left, or the provider says so
    UNHEARD = "unheard"  # its validity ended without a receipt


DELIVERY_MOVES: Final[Mapping[DeliveryState, Mapping[DeliveryMove, DeliveryState]]] = {
    DeliveryState.QUEUED: {
        DeliveryMove.CLAIMED: DeliveryState.SENDING,
        DeliveryMove.CONFIRMED: DeliveryState.DELIVERED,  # of an attempt that nobody knew to have left
        DeliveryMove.SUPERSEDED: DeliveryState.EXPIRED,
        DeliveryMove.TIMED_OUT: DeliveryState.EXPIRED,
    },
    DeliveryState.SENDING: {
        DeliveryMove.ACCEPTED: DeliveryState.SENT,
        DeliveryMove.CONFIRMED: DeliveryState.DELIVERED,
        DeliveryMove.DEFERRED: DeliveryState.QUEUED,
        DeliveryMove.REFUSED: DeliveryState.FAILED,
        DeliveryMove.LEASE_LOST: DeliveryState.QUEUED,
        DeliveryMove.UNANSWERED: DeliveryState.QUEUED,
        DeliveryMove.LOST: DeliveryState.FAILED,  # the receipt was quicker than our own `accepted`
        DeliveryMove.SUPERSEDED: DeliveryState.EXPIRED,
        DeliveryMove.TIMED_OUT: DeliveryState.EXPIRED,
    },
    DeliveryState.SENT: {
        DeliveryMove.CONFIRMED: DeliveryState.DELIVERED,
        DeliveryMove.LOST: DeliveryState.FAILED,
        DeliveryMove.TIMED_OUT: DeliveryState.EXPIRED,
        DeliveryMove.UNHEARD: DeliveryState.UNKNOWN,
    },
    # A receipt may still come after we stopped waiting for it.
    DeliveryState.UNKNOWN: {
        DeliveryMove.CONFIRMED: DeliveryState.DELIVERED,
        DeliveryMove.LOST: DeliveryState.FAILED,
    },
    DeliveryState.DELIVERED: {},
    DeliveryState.FAILED: {},
    DeliveryState.EXPIRED: {},
}

# Whoever may have read the message: they are the ones a lift or a cancellation speaks to.
TOLD: Final = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNKNOWN)


def after(state: AlertState, move: AlertMove) -> AlertState:
    """Return the state that `move` leads to; raises IllegalMove with the table's words."""
    target = ALERT_MOVES[state].get(move)
    if target is None:
        raise IllegalMove(WHY_NOT[state][move])
    return target


def delivery_after(state: DeliveryState, move: DeliveryMove) -> DeliveryState:
    """Return the state that `move` leads to; raises IllegalMove."""
    target = DELIVERY_MOVES[state].get(move)
    if target is None:
        raise IllegalMove(
            Words(f"短信状态 {state} 不能 {move}", f"a delivery that is {state} cannot be {move.replace('_', ' ')}")
        )
    return target


def legal_moves(state: AlertState, *, has_proposal: bool = False) -> tuple[AlertMove, ...]:
    """Return the moves people can make from `state`, in the table's order; the clock's own is left out."""
    hidden = {AlertMove.EXPIRE}
    if state is AlertState.ISSUED and not has_proposal:
        hidden |= {AlertMove.APPROVE, AlertMove.DECLINE}
    return tuple(move for move in ALERT_MOVES[state] if move not in hidden)


def delivery_pairs(move: DeliveryMove) -> tuple[list[str], list[str]]:
    """Return (states before, states after) of `move`, for SQL that moves many deliveries by the table."""
    pairs = [(before, moves[move]) for before, moves in DELIVERY_MOVES.items() if move in moves]
    return [before.value for before, _ in pairs], [target.value for _, target in pairs]
