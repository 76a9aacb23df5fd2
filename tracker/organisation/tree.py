"""The tree as intervals (a nested set), written anew after every change of its shape.

Theory. A subtree is `tree_left BETWEEN root.tree_left AND root.tree_right`: one index range, which every look at the
city needs. The price is that a new unit moves the numbers of all units behind it; a city changes its tree a few times
a day, and numbering 20,560 units anew takes a fraction of a second. Whoever changes codes or parents calls `lock`
first: two changes at once would each number a tree that the other one does not see.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from tracker.organisation.errors import Invalid

LOCK: Final = 0x6369_7479  # "city": one change of the tree at a time; a load of a whole city takes it too

Connection = psycopg.AsyncConnection[Any]


class Branch(NamedTuple):
    id: int
    code: str
    parent: int | None
    tree_left: int
    tree_right: int


async def lock(connection: Connection) -> None:
    """Hold the tree until the transaction ends; to be called before any row of it is touched."""
    await connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": LOCK})


async def renumber(connection: Connection) -> int:
    """Write the intervals of all units, closed ones included; return how many changed.

    A parent comes before its children, children in the order of their codes. Raises Invalid for units that lie in each
    other.
    """
    await lock(connection)
    branches = await _branches(connection)
    changed = await asyncio.to_thread(_changed, branches)
    if changed:
        await _write(connection, changed)
    return len(changed)


def intervals(branches: Iterable[Branch]) -> dict[int, tuple[int, int]]:
    """Return (left, right) of each unit: numbers given on entering and on leaving it. Raises Invalid for a circle."""
    ordered = sorted(branches, key=lambda branch: branch.code)
    children: dict[int | None, list[Branch]] = {}
    for branch in ordered:
        children.setdefault(branch.parent, []).append(branch)
    numbered = _walk(children)
    if len(numbered) != len(ordered):
        raise Invalid(
            "some units lie in each other, in a circle", "部分组织互为上级，形成循环", "cycle", field="parent"
        )
    return numbered


def _walk(children: Mapping[int | None, Sequence[Branch]]) -> dict[int, tuple[int, int]]:
    """Number by entering and leaving, without recursion: a tree may be of any depth."""
    stack = [(branch.id, False) for branch in reversed(children.get(None, []))]
    left: dict[int, int] = {}
    numbered: dict[int, tuple[int, int]] = {}
    number = 0
    while stack:
        unit, is_leaving = stack.pop()
        number += 1
        if is_leaving:
            numbered[unit] = (left[unit], number)
            continue
        left[unit] = number
        stack.append((unit, True))
        stack.extend((child.id, False) for child in reversed(children.get(unit, [])))
    return numbered


def _changed(branches: Sequence[Branch]) -> list[tuple[int, int, int]]:
    numbered = intervals(branches)
    return [
        (branch.id, *numbered[branch.id])
        for branch in branches
        if numbered[branch.id] != (branch.tree_left, branch.tree_right)
    ]


async def _branches(connection: Connection) -> list[Branch]:
    async with connection.cursor(row_factory=class_row(Branch), binary=True) as cursor:
        await cursor.execute("SELECT id, code, parent, tree_left, tree_right FROM unit")
        return await cursor.fetchall()


async def _write(connection: Connection, changed: Sequence[tuple[int, int, int]]) -> None:
    ids, lefts, rights = (list(column) for column in zip(*changed, strict=True))
    await connection.execute(
        """
        UPDATE unit SET tree_left = numbered.tree_left, tree_right = numbered.tree_right
        FROM unnest(%(ids)s::integer[], %(lefts)s::integer[], %(rights)s::integer[])
            AS numbered (id, tree_left, tree_right)
        WHERE unit.id = numbered.id
        """,
        {"ids": ids, "lefts": lefts, "rights": rights},
    )
