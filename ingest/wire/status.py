"""The `status` topic: `online` or `offline` in plain text; retained, and the last will."""

from enum import StrEnum

from ingest.wire.reports import Reason, Refusal


class Status(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"
    CLEARED = ""  # how a client clears its retained message


def decode(payload: bytes) -> Status | Refusal:
    try:
        return Status(payload.decode("utf-8").strip().lower())
    except ValueError:  # UnicodeDecodeError is one
        return Refusal(0, Reason.UNKNOWN_WORD, "expected online or offline")
