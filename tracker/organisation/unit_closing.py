"""Closing a unit: what is below must be closed before, what belongs to it goes where somebody answers for it."""

from dataclasses import dataclass
from typing import Any

import psycopg

from tracker.organisation import tree
from tracker.organisation.errors import Conflict, Invalid
from tracker.organisation.units import Unit, find, held

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What closing a unit took with it."""

    unit: Unit
    members: tuple[int, ...]  # moved to the unit named
    terminals: int  # that belong to the parent now


async def close(connection: Connection, unit: int, *, revision: int, members_to: int | None) -> Closed:
    """Close a unit without open units below; its members go to `members_to`, its other things to the parent."""
    await tree.lock(connection)
    closed = await held(connection, unit, revision)
    if closed.parent is None:
        raise Conflict("the top of the tree cannot be closed", "最高级组织不能撤销", "is_top")
    await _check_nothing_hangs_on(connection, closed)
    members = await _members_of(connection, unit)
    if members and members_to is None:
        raise Conflict(
            f"{len(members)} members belong to it: name the unit they go to",
            f"该组织还有{len(members)}名成员，请指定接收组织",
            "has_members",
        )
    if members and members_to is not None:
        if (await find(connection, members_to)).id == unit:
            raise Invalid("members must go to another unit", "请选择其他组织接收成员", field="members_to")
        await _move_members(connection, unit, members_to)
    terminals = await _leave_to_parent(connection, closed)
    await connection.execute(
        "UPDATE unit SET closed_at = now(), revision = revision + 1 WHERE id = %(unit)s", {"unit": unit}
    )
    return Closed(unit=closed, members=members, terminals=terminals)


async def _check_nothing_hangs_on(connection: Connection, unit: Unit) -> None:
    """Raise Conflict while something would hang in the air."""
    cursor = await connection.execute(
        """
        SELECT
            (SELECT count(*) FROM unit WHERE parent = %(unit)s AND closed_at IS NULL),
            (SELECT count(*) FROM account WHERE closed_at IS NULL
                AND (unit = %(unit)s OR id IN (SELECT account FROM account_role WHERE unit = %(unit)s))),
            EXISTS (SELECT FROM grid WHERE unit = %(unit)s AND version = (
                SELECT version FROM grid_set WHERE withdrawn_at IS NULL
                ORDER BY takes_effect_at DESC, version DESC LIMIT 1))
        """,
        {"unit": unit.id},
    )
    children, accounts, has_area = await cursor.fetchone() or (0, 0, False)
    if children:
        raise Conflict(
            f"{children} units lie in it: close or move them first",
            f"其下还有{children}个组织，请先撤销或移走",
            "has_children",
        )
    if accounts:
        raise Conflict(
            f"{accounts} accounts work for it: give them another unit first",
            f"还有{accounts}个账号属于该组织，请先调整账号",
            "has_accounts",
        )
    if has_area:
        raise Conflict(
            "it has an area: give that to its neighbours on the grid map first",
            "该网格仍有地块，请先在网格图中并入相邻网格",
            "has_area",
        )


async def _members_of(connection: Connection, unit: int) -> tuple[int, ...]:
    cursor = await connection.execute(
        """
        SELECT DISTINCT member.id FROM assignment JOIN member ON member.id = assignment.member
        WHERE unit = %(unit)s AND member.closed_at IS NULL ORDER BY member.id
        """,
        {"unit": unit},
    )
    return tuple(row[0] for row in await cursor.fetchall())


async def _move_members(connection: Connection, unit: int, to: int) -> None:
    """Whoever has the same role there already keeps that one; it becomes primary if this one was."""
    parameters = {"unit": unit, "to": to}
    await connection.execute(
        """
        UPDATE member SET revision = revision + 1
        WHERE closed_at IS NULL AND id IN (SELECT member FROM assignment WHERE unit = %(unit)s)
        """,
        parameters,
    )
    await connection.execute(
        """
        DELETE FROM assignment old USING assignment kept, member
        WHERE old.unit = %(unit)s AND kept.unit = %(to)s AND kept.member = old.member AND kept.role = old.role
            AND member.id = old.member AND member.closed_at IS NULL
        """,
        parameters,
    )
    await connection.execute(
        """
        UPDATE assignment SET unit = %(to)s FROM member
        WHERE unit = %(unit)s AND member.id = assignment.member AND member.closed_at IS NULL
        """,
        parameters,
    )
    await connection.execute(
        """
        UPDATE assignment SET is_primary = true
        WHERE unit = %(to)s AND role = (
                SELECT min(role) FROM assignment least WHERE least.member = assignment.member AND least.unit = %(to)s)
            AND NOT EXISTS (SELECT FROM assignment other WHERE other.member = assignment.member AND other.is_primary)
        """,
        parameters,
    )


async def _leave_to_parent(connection: Connection, unit: Unit) -> int:
    """Give terminals, teams, rosters and contacts to the parent; return the number of terminals."""
    parameters = {"unit": unit.id, "parent": unit.parent}
    moved = await connection.execute(
        """
        UPDATE terminal SET unit = %(parent)s, revision = revision + 1 WHERE unit = %(unit)s AND closed_at IS NULL
        """,
        parameters,
    )
    for statement in (
        "UPDATE work_team SET unit = %(parent)s WHERE unit = %(unit)s AND closed_at IS NULL",
        "UPDATE roster SET unit = %(parent)s WHERE unit = %(unit)s AND closed_at IS NULL",
        "UPDATE contact SET unit = %(parent)s WHERE unit = %(unit)s AND closed_at IS NULL",
    ):
        await connection.execute(statement, parameters)
    return moved.rowcount
