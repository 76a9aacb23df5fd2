"""Columns reach the database as they are."""

from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt
import psycopg
import pytest
from psycopg.sql import SQL

from tracker.database.columns import EPOCH_2000_US, Column, columns_of, take_columns

COLUMNS: dict[LiteralString, npt.NDArray[Any]] = {
    "boolean[]": np.array([True, False, True]),
    "smallint[]": np.array([-32_768, 0, 32_767], np.int16),
    "integer[]": np.array([-(2**31), 0, 2**31 - 1], np.int32),
    "bigint[]": np.array([-(2**63), 0, 2**63 - 1], np.int64),
    "real[]": np.array([-1.5, 0.25, np.inf], np.float32),
    "double precision[]": np.array([-1.1, 0.0, 1e300], np.float64),
}


@pytest.mark.parametrize("kind", COLUMNS)
async def test_a_column_arrives_as_an_array(database: str, kind: LiteralString) -> None:
    async with await psycopg.AsyncConnection[Any].connect(database) as connection:
        take_columns(connection)
        for values in (COLUMNS[kind], COLUMNS[kind][:0], COLUMNS[kind][::-1]):
            statement = SQL("SELECT %s::{}").format(SQL(kind))
            row = await (await connection.execute(statement, [Column(values)])).fetchone()
            assert row == (values.tolist(),)


async def test_a_column_of_a_field_of_rows_arrives_too(database: str) -> None:
    rows = np.zeros(3, [("terminal", "<i4"), ("at", "<i8")])
    rows["terminal"] = [7, 8, 9]
    async with await psycopg.AsyncConnection[Any].connect(database) as connection:
        take_columns(connection)
        cursor = await connection.execute("SELECT sum(unnest) FROM unnest(%s::integer[])", [Column(rows["terminal"])])
        assert await cursor.fetchone() == (24,)


LOOK = """
    SELECT string_agg(int4send(at), ''), string_agg(timestamptz_send(timestamptz 'epoch' + at * interval '1 s'), ''),
        string_agg(boolsend(at > 1), '')
    FROM generate_series(1, %s) AS at
    """


async def test_columns_come_back_as_rows_and_of_nothing_none_come(database: str) -> None:
    kind = np.dtype([("at", "<i4"), ("at_us", "<i8"), ("is_late", "?")])
    async with await psycopg.AsyncConnection[Any].connect(database) as connection:
        cursor = connection.cursor(binary=True)
        found = [columns_of(await (await cursor.execute(LOOK, [count])).fetchone() or (), kind) for count in (2, 0)]
    assert found[0]["at"].tolist() == [1, 2]
    assert (found[0]["at_us"] + EPOCH_2000_US).tolist() == [1_000_000, 2_000_000]
    assert found[0]["is_late"].tolist() == [False, True]
    assert len(found[1]) == 0
