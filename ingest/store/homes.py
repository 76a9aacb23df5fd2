"""The own grids of all members, read whole: who is assigned where, and where that lies in the tree."""

import asyncio
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from ingest.rules.own_grid import Assigned, Homes, homes_of

Connection = psycopg.AsyncConnection[Any]


async def mark(connection: Connection) -> tuple[int, ...]:
    """Return numbers that are others after an assignment, the tree's numbering or the grid set in force changed.

    Reads all assignments: to be asked after a doorbell, and now and then.
    """
    cursor = await connection.execute(
        """
        SELECT (SELECT number FROM tree_numbering), grid_set_at(now()),
               (SELECT count(*) FROM unit),
               (SELECT coalesce(bit_xor(hashint8extended((member::bigint << 32) | unit, hashtext(role))), 0)
                FROM assignment)
        """
    )
    return await cursor.fetchone() or ()


async def load(connection: Connection) -> Homes:
    """Return the homes of now. Put together in a thread: 317,000 assignments take 0.4 s on a busy machine."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # of one numbering
        assigned, lefts, leaves = await _assigned(connection), await _lefts(connection), await _leaves(connection)
    return await asyncio.to_thread(homes_of, assigned, lefts, leaves)


async def _assigned(connection: Connection) -> Assigned:
    # Whole columns as bytes: as Python's objects so many rows hold the event loop for half a second.
    cursor = await connection.cursor(binary=True).execute(
        """
        SELECT coalesce(string_agg(int4send(member), ''), ''), coalesce(string_agg(int4send(unit), ''), ''),
               coalesce(string_agg(int4send(tree_left), ''), ''), coalesce(string_agg(int4send(tree_right), ''), '')
        FROM assignment JOIN unit ON unit.id = assignment.unit
        """
    )
    columns: Any = await cursor.fetchone()
    return Assigned(*(_integers(column) for column in columns))


async def _lefts(connection: Connection) -> npt.NDArray[np.int32]:
    """Return the number of each unit, by its id."""
    cursor = await connection.cursor(binary=True).execute(
        "SELECT coalesce(string_agg(int4send(id), ''), ''), coalesce(string_agg(int4send(tree_left), ''), '') FROM unit"
    )
    columns: Any = await cursor.fetchone()
    ids, numbers = (_integers(column) for column in columns)
    lefts = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
    lefts[ids] = numbers
    return lefts


async def _leaves(connection: Connection) -> npt.NDArray[np.int32]:
    """Return the numbers of the leaves of the grid set in force."""
    cursor = await connection.cursor(binary=True).execute(
        """
        SELECT coalesce(string_agg(int4send(tree_left), ''), '') FROM grid JOIN unit ON unit.id = grid.unit
        WHERE version = grid_set_at(now()) AND is_leaf
        """
    )
    columns: Any = await cursor.fetchone()
    return _integers(columns[0])


def _integers(column: bytes) -> npt.NDArray[np.int32]:
    return np.frombuffer(column, ">i4").astype(np.int32)
