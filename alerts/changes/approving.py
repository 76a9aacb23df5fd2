"""The second person: a draft or a change of level that waits is approved, which tells people, or declined."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import issuing, targets
from alerts.changes.drafting import carried
from alerts.changes.opening import Opened, open_for
from alerts.core.errors import BadContent, IllegalMove, NotAllowed
from alerts.core.levels import Level
from alerts.core.policy import Policy
from alerts.core.records import Actor
from alerts.core.states import NOTHING_PROPOSED, AlertMove, AlertState
from alerts.core.texts import Kind
from alerts.core.words import Words
from alerts.store import alerts, audit, proposals
from alerts.store.proposals import Waiting

Connection = AsyncConnection[Any]

OUT: Final = frozenset({Kind.ISSUE.value, Kind.UPGRADE.value, Kind.DOWNGRADE.value})
NOT_YOURS: Final = Words("不能审批自己编写的预警", "who wrote an alert cannot approve it: ask another account")
NOT_YOUR_LEVEL: Final = Words(
    "不能批准自己提出的级别变更", "who proposed a level cannot approve it: ask another account"
)


async def propose_level(
    connection: Connection, alert: UUID, *, by: Actor, expected_version: int, level: Level, note: str, now: datetime
) -> None:
    """Ask a second person for another level. Nobody is told; a proposal that waited is replaced."""
    opened = await open_for(
        connection,
        alert,
        by=by,
        expected_version=expected_version,
        move=AlertMove.PROPOSE_LEVEL,
        kinds=frozenset(),
    )
    head = opened.head
    if head.alert_level is level:
        raise IllegalMove(Words("级别没有变化", "it has this level already"))
    if not note.strip():
        raise BadContent(Words("请写明变更级别的理由", "say why the level should change"))
    before = await proposals.waiting(connection, alert, version=head.version)
    if before is not None and (before.alert_level, before.note, before.made_by) == (level, note, by.account):
        return  # a lost answer and a retry
    await targets.permitted(connection, issuer=head.unit, targets=tuple(head.targets), level=level)
    if before is not None:
        await proposals.settle(connection, before.id, outcome="replaced", account=by.account, now=now)
    await proposals.add(connection, alert, version=head.version, level=level, note=note, account=by.account, now=now)
    await audit.record(
        connection,
        at=now,
        by=by,
        action="alert.level_proposed",
        subject=str(alert),
        version=head.version,
        level=level.value,
        note=note,
    )


async def approve(
    connection: Connection, alert: UUID, *, by: Actor, expected_version: int, policy: Policy, now: datetime
) -> int | None:
    """Issue, or change the level, as the second person: an account that wrote no version, or did not propose it."""
    opened = await open_for(
        connection, alert, by=by, expected_version=expected_version, move=AlertMove.APPROVE, kinds=OUT
    )
    if opened.is_repeat:
        return None
    if opened.head.alert_state is AlertState.ISSUED:
        await _approve_level(connection, opened, by=by, policy=policy, now=now)
        return None
    if by.account in await alerts.authors(connection, alert):
        raise NotAllowed(NOT_YOURS)
    return await issuing.put_out(connection, opened, by=by, note="approved", policy=policy, now=now)


async def decline(
    connection: Connection, alert: UUID, *, by: Actor, expected_version: int, note: str, now: datetime
) -> None:
    """Send a draft back to its author, or turn a proposed level down, with the reason."""
    opened = await open_for(
        connection,
        alert,
        by=by,
        expected_version=expected_version,
        move=AlertMove.DECLINE,
        kinds=frozenset({"decline"}),
    )
    if opened.is_repeat:
        return
    if not note.strip():
        raise BadContent(Words("请写明退回的理由", "say why, so that its author knows what to change"))
    head, version = opened.head, opened.head.version
    if head.alert_state is AlertState.ISSUED:
        waiting = await _waiting(connection, opened)
        await proposals.settle(connection, waiting.id, outcome="declined", account=by.account, now=now, answer=note)
    else:
        version += 1
        await alerts.add_version(connection, carried(head, version, "decline", made_by=by.account, now=now, note=note))
        await alerts.move(connection, alert, state=opened.target, version=version)
    await audit.record(
        connection, at=now, by=by, action="alert.declined", subject=str(alert), version=version, note=note
    )


async def _approve_level(connection: Connection, opened: Opened, *, by: Actor, policy: Policy, now: datetime) -> None:
    waiting = await _waiting(connection, opened)
    if waiting.made_by == by.account:
        raise NotAllowed(NOT_YOUR_LEVEL)
    await proposals.settle(connection, waiting.id, outcome="approved", account=by.account, now=now)
    await issuing.speak_level(connection, opened, waiting.alert_level, by=by, note=waiting.note, policy=policy, now=now)


async def _waiting(connection: Connection, opened: Opened) -> Waiting:
    found = await proposals.waiting(connection, opened.head.id, version=opened.head.version)
    if found is None:
        raise IllegalMove(NOTHING_PROPOSED)
    return found
