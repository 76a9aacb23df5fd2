"""The tree's intervals, in the real database."""

from typing import Any

import psycopg
import pytest

from tracker.organisation import tree
from tracker.organisation.errors import Invalid

Connection = psycopg.AsyncConnection[Any]


async def plant(connection: Connection, *units: tuple[int, str, int | None]) -> None:
    for id_, code, parent in units:
        await connection.execute(
            "INSERT INTO unit (id, code, name, level, parent) VALUES (%s, %s, %s, 'department', %s)",
            [id_, code, code, parent],
        )


async def order(connection: Connection) -> list[str]:
    found = await connection.execute("SELECT code FROM unit ORDER BY tree_left")
    return [row[0] for row in await found.fetchall()]


async def test_a_parent_comes_before_its_children_and_children_by_code(connection: Connection) -> None:
    await plant(connection, (1, "city", None), (2, "b", 1), (3, "a", 1), (4, "a2", 3), (5, "a1", 3))
    async with connection.transaction():
        assert await tree.renumber(connection) == 5
    assert await order(connection) == ["city", "a", "a1", "a2", "b"]
    found = await connection.execute("SELECT tree_left, tree_right FROM unit WHERE id = 3")
    assert await found.fetchone() == (2, 7)


async def test_only_what_changed_is_written(connection: Connection) -> None:
    await plant(connection, (1, "city", None), (2, "a", 1), (3, "b", 1))
    async with connection.transaction():
        await tree.renumber(connection)
        assert await tree.renumber(connection) == 0
        await plant(connection, (4, "c", 1))
        assert await tree.renumber(connection) == 2  # the new one, and the end of the city


async def test_units_in_a_circle_are_refused(connection: Connection) -> None:
    await plant(connection, (1, "city", None), (2, "a", 1), (3, "b", 2))
    await connection.execute("UPDATE unit SET parent = 3 WHERE id = 2")
    with pytest.raises(Invalid, match="circle") as refused:
        async with connection.transaction():
            await tree.renumber(connection)
    assert refused.value.word == "cycle"


async def test_a_tree_may_be_deeper_than_the_stack_of_calls(connection: Connection) -> None:
    await connection.execute(
        """
        INSERT INTO unit (id, code, name, level, parent)
        SELECT n, n::text, n::text, 'department', NULLIF(n - 1, 0) FROM generate_series(1, 20560) AS n
        """
    )
    async with connection.transaction():
        assert await tree.renumber(connection) == 20_560
    found = await connection.execute("SELECT tree_left, tree_right FROM unit WHERE id = 20560")
    assert await found.fetchone() == (20_560, 20_561)
