"""A message of another service comes in: kept once, and earlier ones that it speaks of move out of its way.

Nothing here makes a warning; a message waits until a person makes a draft of it or dismisses it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from alerts.core import cap_mapping
from alerts.core.cap_in import Incoming
from alerts.core.cap_signatures import Checked
from alerts.core.records import Actor
from alerts.store import audit, cap_messages
from alerts.store.cap_messages import NewMessage

Connection = AsyncConnection[Any]

LONGEST_SOURCE: Final = 300
LONGEST_HEADLINE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`is_same`: byte for byte what was there already; True for a new one."""

    message: int
    is_new: bool
    is_same: bool


async def receive(
    connection: Connection,
    checked: Checked,
    document: bytes,
    *,
    source: str,
    unit: int,
    by: Actor | None,
    now: datetime,
) -> Received:
    """Keep a message for `unit`; `by` None: it was fetched from a feed. The same one again changes nothing."""
    message = checked.message
    await cap_messages.serialise(connection)
    new = _row(checked, document, source=source, unit=unit, by=by, now=now)
    number = await cap_messages.add(connection, new)
    if number is None:
        known = await cap_messages.known(connection, unit=unit, sender=message.sender, identifier=message.identifier)
        assert known is not None  # noqa: S101 - nothing is ever deleted, and we hold the lock
        return Received(message=known[0], is_new=False, is_same=known[1] == document)
    keys = [reference.key for reference in message.references]
    overtaken = await cap_messages.overtake(connection, unit=unit, keys=keys, by=number, now=now)
    await _yield_to_newer(connection, message, number, unit=unit, now=now)
    await audit.record_message(
        connection,
        at=now,
        by=by,
        action="cap.received",
        message=number,
        unit=unit,
        name=new.headline,
        source=new.source,
        identifier=message.identifier,
        overtakes=overtaken,
    )
    return Received(message=number, is_new=True, is_same=True)


async def _yield_to_newer(connection: Connection, message: Incoming, number: int, *, unit: int, now: datetime) -> None:
    """Let a message that comes late be overtaken by the one that came before it and speaks of it."""
    newer = await cap_messages.newer_than(connection, unit=unit, key=message.key)
    if newer is not None and newer != number:
        await cap_messages.overtake(connection, unit=unit, keys=[message.key], by=newer, now=now)


def _row(checked: Checked, document: bytes, *, source: str, unit: int, by: Actor | None, now: datetime) -> NewMessage:
    message = checked.message
    suggestion = cap_mapping.suggest(message, now=now)
    headline = suggestion.headline if suggestion else message.note or message.identifier
    return NewMessage(
        unit=unit,
        sender=message.sender,
        identifier=message.identifier,
        sent_at=message.sent_at,
        kind=message.kind,
        refers_to=[reference.key for reference in message.references],
        headline=headline[:LONGEST_HEADLINE],
        level=suggestion.level.value if suggestion else None,
        is_drill=message.status != "Actual",
        document=document,
        source=source[:LONGEST_SOURCE],
        signature=checked.signature.value,
        signer=checked.signer,
        received_at=now,
        received_by=None if by is None else by.account,
    )
