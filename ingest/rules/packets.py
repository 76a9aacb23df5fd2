"""A packet: the bytes of one PUBLISH, who sent them, and who waits to hear that they were disposed of.

Both front doors make packets, the pipeline settles them after COMMIT. Nothing here reads the payload.
"""

import re
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

import msgspec

UNKNOWN_TERMINAL: Final = 0


class Route(IntEnum):
    """What a topic says the payload is."""

    POS = 1
    NMEA = 2
    SOS = 3
    STATUS = 4
    ACK = 5
    OWNTRACKS = 6
    OTHER = 7  # a topic that the contract does not know, or that is not the sender's own: refused


class Settler(Protocol):
    """Who delivered a packet: a terminal's connection (listen) or the session at a broker (subscribe)."""

    def settle(self, token: int) -> None:
        """Acknowledge the packet `token`; called once for each, after COMMIT. Must not raise on a dead connection."""
        ...


class Packet(msgspec.Struct, gc=False):
    """A Struct, since one is made for each message: 0.15 us, a dataclass 0.9. The doors name the fields by place."""

    settler: Settler
    token: int  # the settler's own word for the packet, e.g. the MQTT packet identifier; 0 for QoS 0
    terminal: int  # UNKNOWN_TERMINAL when nobody of ours
    topic: str
    route: Route
    payload: bytes
    received_at_us: int
    reply_topic: str | None = None  # MQTT 5 response topic
    correlation: bytes | None = None


class Address(NamedTuple):
    """Where a topic points: the route and the code of the terminal that may write there ("" for OTHER)."""

    route: Route
    terminal: str


_WORDS: Final = {
    "pos": Route.POS,
    "nmea": Route.NMEA,
    "sos": Route.SOS,
    "status": Route.STATUS,
    "ack": Route.ACK,
}
_UP: Final = "gw/v1/t/"
_POS: Final = "/pos"
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NOWHERE: Final = Address(Route.OTHER, "")


def address(topic: str) -> Address:
    """Return the address of an upward topic: `gw/v1/t/{terminal}/{word}` or `owntracks/{user}/{device}[/{word}]`."""
    parts = topic.split("/")
    if len(parts) == 5 and parts[:3] == ["gw", "v1", "t"]:  # noqa: PLR2004 - the levels of the contract's topics
        route, code = _WORDS.get(parts[4], Route.OTHER), parts[3]
    elif len(parts) in (3, 4) and parts[0] == "owntracks" and parts[2]:  # the app adds /event, /waypoints, /info, ...
        route, code = Route.OWNTRACKS, parts[1]
    else:
        return _NOWHERE
    return Address(route, code) if route is not Route.OTHER and _CODE.fullmatch(code) else _NOWHERE


def pos_code(topic: str) -> str:
    """Return the terminal of `gw/v1/t/{terminal}/pos`, what nearly every topic is; "" of any other.

    Nobody has checked that it is a code: only to be looked up among codes. A quarter of what `address` costs.
    """
    return topic[len(_UP) : -len(_POS)] if topic.startswith(_UP) and topic.endswith(_POS) else ""


class Downlink(Protocol):
    """How the pipeline answers a terminal at once; what must survive goes through the table downlink instead."""

    def send_now(self, terminal: int, topic: str, payload: bytes, correlation: bytes | None = None) -> None:
        """Send at QoS 1 if `terminal` is connected, else drop. Must not raise, must not wait."""
        ...
