"""Before anybody is told: draft, edit, submit."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from alerts.changes import targets
from alerts.changes.opening import open_for
from alerts.core.errors import BadContent, IllegalMove, NotAllowed, VersionConflict
from alerts.core.records import Actor, Content
from alerts.core.states import AlertMove
from alerts.core.words import Words
from alerts.store import alerts, audit, authority
from alerts.store.alerts import Head, NewVersion

Connection = AsyncConnection[Any]

LONGEST: Final = {"headline": 200, "description": 5_000, "instruction": 2_000, "event": 60}  # characters


async def draft(connection: Connection, alert: UUID, *, by: Actor, content: Content, now: datetime) -> bool:
    """Make a draft of the account's unit; False when the same account made this id before (a retry)."""
    if not by.may_issue:
        raise NotAllowed(Words("此账号没有发布预警的权限", "this account may not issue alerts"))
    await check_content(connection, content, now=now)
    await targets.check_own(connection, issuer=by.unit, targets=content.targets, level=content.level)
    await targets.check_teams(connection, issuer=by.unit, teams=content.teams)
    is_new = await alerts.create(
        connection,
        alert=alert,
        unit=by.unit,
        account=by.account,
        now=now,
        expires_at=content.expires_at,
        is_drill=content.is_drill,
    )
    if not is_new:
        await _check_repeat(connection, alert, by)
        return False
    await alerts.add_version(connection, written(alert, 1, "draft", content, by=by, now=now))
    await audit.record(connection, at=now, by=by, action="alert.drafted", subject=str(alert))
    return True


async def edit(
    connection: Connection, alert: UUID, *, by: Actor, expected_version: int, content: Content, now: datetime
) -> None:
    """Rewrite what nobody has been told; what waited for approval becomes a draft again.

    The same words sent again are one edit; others, from another window of the same account, raise VersionConflict.
    """
    opened = await open_for(
        connection,
        alert,
        by=by,
        expected_version=expected_version,
        move=AlertMove.EDIT,
        kinds=frozenset({"edit"}),
    )
    if opened.is_repeat:
        same = written(alert, opened.head.version, "edit", content, by=by, now=now)
        if not await alerts.is_written(connection, same, expires_at=content.expires_at, is_drill=content.is_drill):
            raise VersionConflict(opened.head.version)
        return
    await check_content(connection, content, now=now)
    await targets.check_own(connection, issuer=opened.head.unit, targets=content.targets, level=content.level)
    await targets.check_teams(connection, issuer=opened.head.unit, teams=content.teams)
    version = opened.head.version + 1
    await alerts.add_version(connection, written(alert, version, "edit", content, by=by, now=now))
    await alerts.move(connection, alert, state=opened.target, version=version)
    await alerts.rewrite(connection, alert, expires_at=content.expires_at, is_drill=content.is_drill)
    await audit.record(connection, at=now, by=by, action="alert.edited", subject=str(alert), version=version)


async def submit(connection: Connection, alert: UUID, *, by: Actor, expected_version: int, now: datetime) -> None:
    """Ask for a second person's approval; the authority is judged now, so that nobody approves in vain."""
    opened = await open_for(
        connection,
        alert,
        by=by,
        expected_version=expected_version,
        move=AlertMove.SUBMIT,
        kinds=frozenset({"submit"}),
    )
    if opened.is_repeat:
        return
    head = opened.head
    await targets.permitted(connection, issuer=head.unit, targets=tuple(head.targets), level=head.alert_level)
    version = head.version + 1
    await alerts.add_version(connection, carried(head, version, "submit", made_by=by.account, now=now))
    await alerts.move(connection, alert, state=opened.target, version=version)
    await audit.record(connection, at=now, by=by, action="alert.submitted", subject=str(alert), version=version)


async def check_content(connection: Connection, content: Content, *, now: datetime) -> None:
    """Raise BadContent for what can never be issued."""
    texts = {name: getattr(content, name) for name in LONGEST}
    too_long = [name for name, text in texts.items() if len(text) > LONGEST[name]]
    if too_long:
        raise BadContent(Words(f"内容过长：{', '.join(too_long)}", f"too long: {', '.join(too_long)}"))
    if not content.headline.strip() or not content.event.strip():
        raise BadContent(Words("请填写事件和标题", "say what threatens, and give a headline"))
    if not content.targets:
        raise BadContent(Words("请至少选择一个对象", "choose at least one unit to warn"))
    if content.expires_at is not None and content.expires_at <= now:
        raise BadContent(Words("失效时间已过，请改为将来的时间", "its end is in the past: choose a later one"))
    known = await authority.places(connection, content.targets)
    if len(known) < len(set(content.targets)):
        raise BadContent(Words("对象中有不存在的组织", "one of the targets is not a unit of this city"))
    if content.depth is not None and content.depth not in await authority.levels(connection):
        raise BadContent(Words(f"没有此级别：{content.depth}", f"there is no unit level {content.depth}"))


def written(alert: UUID, version: int, kind: str, content: Content, *, by: Actor, now: datetime) -> NewVersion:
    """Return the version that holds newly typed content."""
    return NewVersion(
        alert=alert,
        version=version,
        kind=kind,
        level=content.level.value,
        event=content.event,
        headline=content.headline,
        description=content.description,
        instruction=content.instruction,
        targets=content.targets,
        teams=content.teams,
        grids=(),
        depth=content.depth,
        area=content.area,
        payload="",
        note="",
        made_by=by.account,
        made_at=now,
    )


def carried(
    head: Head,
    version: int,
    kind: str,
    *,
    made_by: int | None,
    now: datetime,
    level: str | None = None,
    grids: list[int] | None = None,
    payload: str = "",
    note: str = "",
) -> NewVersion:
    """Return the version that carries the newest content on, changed where a value is given."""
    return NewVersion(
        alert=head.id,
        version=version,
        kind=kind,
        level=level or head.level,
        event=head.event,
        headline=head.headline,
        description=head.description,
        instruction=head.instruction,
        targets=head.targets,
        teams=head.teams,
        grids=head.grids if grids is None else grids,
        depth=head.depth,
        area=head.area,
        payload=payload,
        note=note,
        made_by=made_by,
        made_at=now,
    )


async def _check_repeat(connection: Connection, alert: UUID, by: Actor) -> None:
    head = await alerts.lock(connection, alert)
    if head is None or head.created_by != by.account:
        raise IllegalMove(Words("此编号已被使用，请重新生成", "this id belongs to another alert: make a new one"))
