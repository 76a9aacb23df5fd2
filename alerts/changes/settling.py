"""What becomes of a received message: a draft, a part of a warning that is there, or nothing, with the reason."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import drafting
from alerts.core.cap_states import MessageMove, MessageState, after
from alerts.core.errors import BadContent, NotAllowed, UnknownMessage
from alerts.core.records import Actor, Content
from alerts.core.words import Words
from alerts.store import audit, authority, cap_messages
from alerts.store.cap_messages import MessageRow

Connection = AsyncConnection[Any]

LONGEST_REASON: Final = 500


async def draft(
    connection: Connection, message: int, alert: UUID, *, by: Actor, content: Content, now: datetime
) -> bool:
    """Make a draft of a message; False when this very alert was made of it before (a retry)."""
    row = await _open(connection, message, by)
    if _is_repeat(row, alert):
        return False
    state = after(row.message_state, MessageMove.DRAFT)
    await drafting.draft(connection, alert, by=by, content=content, now=now)
    await cap_messages.settle(connection, message, state=state, now=now, by=by.account, alert=alert)
    await _note(connection, row, "cap.drafted", by=by, now=now, alert=str(alert))
    return True


async def join(connection: Connection, message: int, alert: UUID, *, by: Actor, now: datetime) -> None:
    """Note that a message changed a warning that is there; the change itself was the warning's own move."""
    row = await _open(connection, message, by)
    if _is_repeat(row, alert):
        return
    state = after(row.message_state, MessageMove.JOIN)
    await cap_messages.settle(connection, message, state=state, now=now, by=by.account, alert=alert)
    await _note(connection, row, "cap.joined", by=by, now=now, alert=str(alert))


async def dismiss(connection: Connection, message: int, *, by: Actor, reason: str, now: datetime) -> None:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadContent(Words("请填写忽略的原因（不超过 500 字）", "say why it is dismissed, in up to 500 characters"))
    row = await _open(connection, message, by)
    if row.message_state is MessageState.DISMISSED and row.settler == by.account and row.reason == reason:
        return
    state = after(row.message_state, MessageMove.DISMISS)
    await cap_messages.settle(connection, message, state=state, now=now, by=by.account, reason=reason)
    await _note(connection, row, "cap.dismissed", by=by, now=now, reason=reason)


async def reopen(connection: Connection, message: int, *, by: Actor, now: datetime) -> None:
    """Let a message that was dismissed wait again."""
    row = await _open(connection, message, by)
    state = after(row.message_state, MessageMove.REOPEN)
    await cap_messages.settle(connection, message, state=state, now=now, by=by.account)
    await _note(connection, row, "cap.reopened", by=by, now=now)


async def _open(connection: Connection, message: int, by: Actor) -> MessageRow:
    """Lock a message; raises UnknownMessage also where it was brought to a unit outside the role's, or NotAllowed."""
    if not by.may_issue:
        raise NotAllowed(Words("此账号没有发布预警的权限", "this account may not issue alerts"))
    row = await cap_messages.lock(connection, message)
    if row is None:
        raise UnknownMessage(message)
    places = await authority.places(connection, [by.unit])
    mine = places.get(by.unit)
    if mine is None or not mine.tree_left <= row.tree_left <= mine.tree_right:
        raise UnknownMessage(message)
    return row


def _is_repeat(row: MessageRow, alert: UUID) -> bool:
    return row.message_state is MessageState.DRAFTED and row.alert == alert


async def _note(
    connection: Connection, row: MessageRow, action: str, *, by: Actor, now: datetime, **detail: object
) -> None:
    await audit.record_message(
        connection, at=now, by=by, action=action, message=row.id, unit=row.unit, name=row.headline, **detail
    )
