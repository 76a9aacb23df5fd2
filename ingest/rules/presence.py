"""On-line, silent, off-line: what a terminal's arrivals, its clock of silence and its own words make of it.

Silence is counted on a clock that stands still while ingest itself is deaf, so our own outage makes nobody silent.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final


class Presence(IntEnum):
    UNSEEN = 0
    ONLINE = 1
    SILENT = 2
    OFFLINE = 3


class Sign(StrEnum):
    ARRIVED = "arrived"  # a new fix, an SOS, an acknowledgement, status `online`
    TIMED_OUT = "timed out"  # nothing for longer than its limit
    SAID_GOODBYE = "said goodbye"  # status `offline`, or its last will


MOVES: Final[Mapping[tuple[Presence, Sign], Presence]] = {
    (Presence.UNSEEN, Sign.ARRIVED): Presence.ONLINE,
    (Presence.SILENT, Sign.ARRIVED): Presence.ONLINE,
    (Presence.OFFLINE, Sign.ARRIVED): Presence.ONLINE,
    (Presence.ONLINE, Sign.TIMED_OUT): Presence.SILENT,
    (Presence.ONLINE, Sign.SAID_GOODBYE): Presence.OFFLINE,
    (Presence.SILENT, Sign.SAID_GOODBYE): Presence.OFFLINE,
}
# The words of presence_event.kind.
WORDS: Final[Mapping[Presence, str]] = {
    Presence.ONLINE: "online",
    Presence.SILENT: "silent",
    Presence.OFFLINE: "offline",
}
