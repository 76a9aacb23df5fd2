"""The kinds of packets: the upper four bits of a packet's first byte, and what the lower four must be (2.1.3)."""

from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    WILL = 0  # no packet: the will inside a CONNECT, which has properties of its own
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


# PUBLISH has flags of its own; of the others these three carry what was QoS 1 in MQTT 3.1, the rest nothing.
FLAGS: Final = {kind: 2 if kind in {Kind.PUBREL, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE} else 0 for kind in Kind}
