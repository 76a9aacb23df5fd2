"""deliver_sm as centres write it."""

import struct
from collections.abc import Mapping


def a_deliver(
    *,
    source: str = "8613800000001",
    destination: str = "10690001",
    esm_class: int = 0,
    data_coding: int = 0,
    payload: bytes = b"1",
    parameters: Mapping[int, bytes] | None = None,
) -> bytes:
    tail = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in (parameters or {}).items())
    return b"".join(
        (
            b"\0\1\1",
            source.encode(),
            b"\0\0\0",
            destination.encode(),
            b"\0",
            bytes((esm_class, 0, 0)),
            b"\0\0",
            bytes((0, 0, data_coding, 0, len(payload))),
            payload,
            tail,
        )
    )
