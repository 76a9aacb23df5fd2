"""Columns as parameters and as results, each in one step, without an object for each value.

22,000 rows of 17 columns as lists hold the event loop for 0.2 to 0.3 s, as columns for some 10 ms. The statement names
the type: `%(terminals)s::integer[]`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format

EPOCH_2000_US: Final = 946_684_800_000_000  # PostgreSQL's times count from there

# numpy's type -> the wire's, and the oid of the element's type (pg_type.dat)
_ELEMENTS: Final = {
    np.dtype(np.bool_): ("?", 16),
    np.dtype(np.int64): (">i8", 20),
    np.dtype(np.int16): (">i2", 21),
    np.dtype(np.int32): (">i4", 23),
    np.dtype(np.float32): (">f4", 700),
    np.dtype(np.float64): (">f8", 701),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One dimension, no nulls, of a type in the table above; else KeyError when it is sent."""

    values: npt.NDArray[Any]


class _ColumnDumper(Dumper):
    """Source: array_send and array_recv in PostgreSQL's arrayfuncs.c.

    A header (dimensions, whether there are nulls, the element's oid), the length and the first index of each dimension,
    then each element's length and value, big-endian.
    """

    format = Format.BINARY
    oid = 0  # the server takes it from the statement's cast

    def dump(self, obj: Column) -> bytes:
        kind, element = _ELEMENTS[obj.values.dtype]
        if not len(obj.values):
            return struct.pack(">iii", 0, 0, element)
        rows = np.empty(len(obj.values), [("length", ">i4"), ("value", kind)])
        rows["length"], rows["value"] = np.dtype(kind).itemsize, obj.values
        return struct.pack(">iiiii", 1, 0, element, len(rows), 1) + rows.tobytes()


def take_columns(connection: AsyncConnection[Any]) -> None:
    """Let statements of this connection have a Column as a parameter."""
    connection.adapters.register_dumper(Column, _ColumnDumper)


def columns_of(row: Sequence[bytes | None], kind: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Return rows of `kind` from its columns, each one the values of `int4send` and the like, one behind the other.

    `SELECT string_agg(int4send(a), ''), string_agg(int2send(b), '')`: whole columns as bytes, without an object for
    each value; of no rows they are null. A timestamptz is microseconds since 2000-01-01 (EPOCH_2000_US).
    """
    columns = {
        name: np.frombuffer(column or b"", kind[name].newbyteorder(">"))
        for name, column in zip(kind.names or (), row, strict=True)
    }
    rows = np.zeros(max(map(len, columns.values())), kind)
    for name, column in columns.items():
        rows[name] = column
    return rows
