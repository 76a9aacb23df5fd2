"""MQTT 5's properties (2.2.2) as one table: identifier, name, type, and in which packets each may stand."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec

from ingest.mqtt import fields
from ingest.mqtt.errors import MalformedPacketError, PacketTooLargeError, ProtocolError
from ingest.mqtt.fields import Reader
from ingest.mqtt.kinds import Kind


class Properties(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """None: not said. Times in seconds, sizes in bytes. The names are those of the table below."""

    is_text: bool | None = None  # payload format indicator
    message_expiry_s: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    subscription_ids: tuple[int, ...] = ()
    session_expiry_s: int | None = None
    assigned_client_id: str | None = None
    server_keep_alive_s: int | None = None
    auth_method: str | None = None
    auth_data: bytes | None = None
    wants_problems: bool | None = None
    will_delay_s: int | None = None
    wants_response_information: bool | None = None
    response_information: str | None = None
    server_reference: str | None = None
    reason: str | None = None
    receive_maximum: int | None = None
    topic_alias_maximum: int | None = None
    topic_alias: int | None = None
    maximum_qos: int | None = None
    has_retain: bool | None = None
    user: tuple[tuple[str, str], ...] = ()
    maximum_packet_bytes: int | None = None
    has_wildcards: bool | None = None
    has_subscription_ids: bool | None = None
    has_shared: bool | None = None


NONE: Final = Properties()
LARGEST: Final = 64 * 1024  # bytes of one list: two megabytes of five-byte user properties held the loop for seconds


class Type(Enum):
    FLAG = 1  # a byte, 0 or 1
    UINT16 = 2
    POSITIVE16 = 3  # 0 is a protocol error
    UINT32 = 4
    POSITIVE32 = 5
    VARINTS = 6  # positive; may be repeated
    TEXT = 7
    BINARY = 8
    PAIRS = 9  # may be repeated


class Row(NamedTuple):
    identifier: int
    name: str
    type: Type
    places: frozenset[Kind]


_MESSAGE: Final = frozenset({Kind.PUBLISH, Kind.WILL})
_GREETING: Final = frozenset({Kind.CONNECT, Kind.CONNACK})
_CONNECT: Final = frozenset({Kind.CONNECT})
_CONNACK: Final = frozenset({Kind.CONNACK})
_ANYWHERE: Final = frozenset(Kind) - {Kind.PINGREQ, Kind.PINGRESP}
_ANSWERS: Final = _ANYWHERE - {Kind.CONNECT, Kind.WILL, Kind.PUBLISH, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE}

TABLE: Final = (
    Row(1, "is_text", Type.FLAG, _MESSAGE),
    Row(2, "message_expiry_s", Type.UINT32, _MESSAGE),
    Row(3, "content_type", Type.TEXT, _MESSAGE),
    Row(8, "response_topic", Type.TEXT, _MESSAGE),
    Row(9, "correlation", Type.BINARY, _MESSAGE),
    Row(11, "subscription_ids", Type.VARINTS, frozenset({Kind.PUBLISH, Kind.SUBSCRIBE})),
    Row(17, "session_expiry_s", Type.UINT32, _GREETING | {Kind.DISCONNECT}),
    Row(18, "assigned_client_id", Type.TEXT, _CONNACK),
    Row(19, "server_keep_alive_s", Type.UINT16, _CONNACK),
    Row(21, "auth_method", Type.TEXT, _GREETING),
    Row(22, "auth_data", Type.BINARY, _GREETING),
    Row(23, "wants_problems", Type.FLAG, _CONNECT),
    Row(24, "will_delay_s", Type.UINT32, frozenset({Kind.WILL})),
    Row(25, "wants_response_information", Type.FLAG, _CONNECT),
    Row(26, "response_information", Type.TEXT, _CONNACK),
    Row(28, "server_reference", Type.TEXT, frozenset({Kind.CONNACK, Kind.DISCONNECT})),
    Row(31, "reason", Type.TEXT, _ANSWERS),
    Row(33, "receive_maximum", Type.POSITIVE16, _GREETING),
    Row(34, "topic_alias_maximum", Type.UINT16, _GREETING),
    Row(35, "topic_alias", Type.POSITIVE16, frozenset({Kind.PUBLISH})),
    Row(36, "maximum_qos", Type.FLAG, _CONNACK),
    Row(37, "has_retain", Type.FLAG, _CONNACK),
    Row(38, "user", Type.PAIRS, _ANYWHERE),
    Row(39, "maximum_packet_bytes", Type.POSITIVE32, _GREETING),
    Row(40, "has_wildcards", Type.FLAG, _CONNACK),
    Row(41, "has_subscription_ids", Type.FLAG, _CONNACK),
    Row(42, "has_shared", Type.FLAG, _CONNACK),
)
_BY_IDENTIFIER: Final = {row.identifier: row for row in TABLE}


def read(reader: Reader, place: Kind) -> Properties:
    """Read a property list with its length in front. Raises a BrokenError."""
    length = reader.varint()
    if length == 0:
        return NONE
    if length > LARGEST:
        raise PacketTooLargeError(f"{length} bytes of properties; at most {LARGEST}")
    part = Reader(reader.take(length), 0, length)
    found: dict[str, Any] = {}
    many: dict[str, list[Any]] = {}
    while not part.is_done:
        row = _row(part.varint(), place)
        value = _READ[row.type](part)
        if row.type is Type.PAIRS or (row.type is Type.VARINTS and place is Kind.PUBLISH):
            many.setdefault(row.name, []).extend(value)
        elif row.name in found:
            raise ProtocolError(f"property {row.identifier} twice")
        else:
            found[row.name] = value
    found.update((name, tuple(values)) for name, values in many.items())
    return Properties(**found)


def write(properties: Properties) -> bytes:
    """Return the list with its length in front. Whether they belong there is the caller's business."""
    if properties is NONE:
        return b"\0"
    parts: list[bytes] = []
    for row in TABLE:
        value = getattr(properties, row.name)
        if value is not None:
            parts.extend(fields.varint(row.identifier) + raw for raw in _WRITE[row.type](value))
    body = b"".join(parts)
    return fields.varint(len(body)) + body


def _row(identifier: int, place: Kind) -> Row:
    row = _BY_IDENTIFIER.get(identifier)
    if row is None:
        raise MalformedPacketError(f"unknown property {identifier}")
    if place not in row.places:
        raise ProtocolError(f"property {identifier} in {place.name}")
    return row


def _flag(reader: Reader) -> bool:
    value = reader.uint8()
    if value > 1:
        raise ProtocolError(f"a property that is yes or no says {value}")
    return value == 1


def _positive(value: int) -> int:
    if value == 0:
        raise ProtocolError("a property that must not be 0")
    return value


_READ: Final[dict[Type, Callable[[Reader], Any]]] = {
    Type.FLAG: _flag,
    Type.UINT16: Reader.uint16,
    Type.POSITIVE16: lambda reader: _positive(reader.uint16()),
    Type.UINT32: Reader.uint32,
    Type.POSITIVE32: lambda reader: _positive(reader.uint32()),
    Type.VARINTS: lambda reader: (_positive(reader.varint()),),
    Type.TEXT: Reader.text,
    Type.BINARY: Reader.binary,
    Type.PAIRS: lambda reader: ((reader.text(), reader.text()),),
}

_WRITE: Final[dict[Type, Callable[[Any], list[bytes]]]] = {
    Type.FLAG: lambda value: [bytes((int(value),))],
    Type.UINT16: lambda value: [value.to_bytes(2, "big")],
    Type.POSITIVE16: lambda value: [value.to_bytes(2, "big")],
    Type.UINT32: lambda value: [value.to_bytes(4, "big")],
    Type.POSITIVE32: lambda value: [value.to_bytes(4, "big")],
    Type.VARINTS: lambda values: [fields.varint(value) for value in values],
    Type.TEXT: lambda value: [fields.text(value)],
    Type.BINARY: lambda value: [fields.binary(value)],
    Type.PAIRS: lambda pairs: [fields.text(name) + fields.text(value) for name, value in pairs],
}
