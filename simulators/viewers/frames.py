"""The binary frames of the live map, read as a browser reads them: typed columns laid over the bytes.

Little-endian. A header of 32 bytes: magic `GWLF`, type u8, version u8, reserved u16, epoch u32, tick u32, the server's
time f64 (ms since 1970), rows u32, unit u32. Then whole columns, each padded to a multiple of four bytes. Written from
that description: an error of the server's encoder must not be shared.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

REMOVED: Final = 0x80  # bit of a point's state: left the unit

_HEADER: Final = struct.Struct("<4sBBHIIdII")
_MAGIC: Final = b"GWLF"
_VERSION: Final = 1
_PADDED: Final = 4

Column = npt.NDArray[Any]


class BadFrameError(Exception):
    """The bytes are no frame."""


class Kind(IntEnum):
    SNAPSHOT = 1  # forget what you have
    DELTA = 2
    SUMMARY = 3  # counts by grid


_POINTS: Final[Mapping[str, str]] = {
    "member": "<u4",
    "lon": "<i4",
    "lat": "<i4",
    "received_at_s": "<u4",
    "interval_s": "<u2",
    "battery_pct": "i1",
    "state": "u1",
}
_COUNTS: Final[Mapping[str, str]] = {"grid": "<u4", "online": "<u2", "silent": "<u2", "total": "<u2", "sos": "<u2"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """`columns` by name, all of one length: degrees are integers of 1e-7, times unix seconds."""

    kind: Kind
    epoch: int
    tick: int
    server_time_ms: float
    unit: int
    columns: Mapping[str, Column]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))


def decode(data: bytes) -> Frame:
    """Raises BadFrameError. The columns are views: they keep `data` alive."""
    if len(data) < _HEADER.size:
        raise BadFrameError(f"{len(data)} bytes are shorter than a header")
    magic, kind, version, reserved, epoch, tick, server_time_ms, rows, unit = _HEADER.unpack_from(data)
    if (magic, version, reserved) != (_MAGIC, _VERSION, 0) or kind not in Kind.__members__.values():
        raise BadFrameError(f"unknown header: {magic!r}, type {kind}, version {version}, reserved {reserved}")
    columns = _columns(data, rows, _COUNTS if kind == Kind.SUMMARY else _POINTS)
    return Frame(kind=Kind(kind), epoch=epoch, tick=tick, server_time_ms=server_time_ms, unit=unit, columns=columns)


def _columns(data: bytes, rows: int, kinds: Mapping[str, str]) -> dict[str, Column]:
    offset, columns = _HEADER.size, dict[str, Column]()
    for name, kind in kinds.items():
        dtype = np.dtype(kind)
        if offset + rows * dtype.itemsize > len(data):
            raise BadFrameError(f"{rows} rows, but {len(data)} bytes end in the column {name}")
        columns[name] = np.frombuffer(data, dtype, rows, offset)
        offset += -(-rows * dtype.itemsize // _PADDED) * _PADDED
    if offset != len(data):
        raise BadFrameError(f"{len(data) - offset} bytes behind the last column")
    return columns
