"""What MQTT packets hold, whatever the version. Values only; `bodies`, `decoder` and `encode` know the bytes."""

from enum import IntEnum
from typing import Final

import msgspec

from ingest.mqtt.properties import NONE, Properties

LARGEST_PACKET: Final = 268_435_460  # bytes, fixed header included (2.1.4)


class Level(IntEnum):
    """The protocol's level, as CONNECT says it."""

    V31 = 3
    V311 = 4
    V5 = 5


class Code(IntEnum):
    """Reason codes of MQTT 5 (2.4); those under 3 are also the granted QoS in SUBACK."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    UNSPECIFIED_ERROR = 0x80  # also: a refused subscription in 3.1.1
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_IN_USE = 0x91
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    SUBSCRIPTION_IDS_NOT_SUPPORTED = 0xA1
    WILDCARDS_NOT_SUPPORTED = 0xA2


class ConnectReturn(IntEnum):
    """Return codes of CONNACK in 3.1 and 3.1.1."""

    ACCEPTED = 0
    UNACCEPTABLE_VERSION = 1
    IDENTIFIER_REJECTED = 2
    SERVER_UNAVAILABLE = 3
    BAD_USER_NAME_OR_PASSWORD = 4
    NOT_AUTHORIZED = 5


class Publish(msgspec.Struct, frozen=True, gc=False):
    """`packet_id` is 0 with QoS 0. `topic` is empty only in MQTT 5, when a topic alias stands for it."""

    topic: str
    payload: bytes
    qos: int = 0
    packet_id: int = 0
    retain: bool = False
    dup: bool = False
    properties: Properties = NONE


class Acknowledge(msgspec.Struct, frozen=True, gc=False):
    """What PUBACK, PUBREC, PUBREL and PUBCOMP have in common; `code` is 0 before MQTT 5."""

    packet_id: int
    code: int = Code.SUCCESS
    properties: Properties = NONE


class Puback(Acknowledge, frozen=True, gc=False):
    pass


class Pubrec(Acknowledge, frozen=True, gc=False):
    pass


class Pubrel(Acknowledge, frozen=True, gc=False):
    pass


class Pubcomp(Acknowledge, frozen=True, gc=False):
    pass


class Will(msgspec.Struct, frozen=True, kw_only=True):
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = NONE


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    level: Level
    client_id: str
    clean_start: bool = True  # "clean session" before MQTT 5
    keep_alive_s: int = 0
    user: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = NONE


class Connack(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is a ConnectReturn before MQTT 5, a Code from there on."""

    session_present: bool = False
    code: int = 0
    properties: Properties = NONE


class Subscription(msgspec.Struct, frozen=True):
    """One filter and its options; the last three exist in MQTT 5 only. `retain_handling`: 0 send, 1 if new, 2 never."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(msgspec.Struct, frozen=True, kw_only=True):
    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: Properties = NONE


class Suback(msgspec.Struct, frozen=True, kw_only=True):
    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = NONE


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True):
    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NONE


class Unsuback(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` is empty before MQTT 5."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = NONE


class Pingreq(msgspec.Struct, frozen=True):
    pass


class Pingresp(msgspec.Struct, frozen=True):
    pass


class Disconnect(msgspec.Struct, frozen=True, kw_only=True):
    code: int = Code.SUCCESS
    properties: Properties = NONE


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The stream is broken: the last thing a decoder gives. Close the connection; in MQTT 5 say `code` first."""

    code: Code
    detail: str


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)
