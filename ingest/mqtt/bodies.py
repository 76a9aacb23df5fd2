"""The bodies of all packets but PUBLISH: one function for each kind, and the table that finds it."""

from collections.abc import Callable
from typing import Final, TypeVar

from ingest.mqtt import packets, properties
from ingest.mqtt.errors import MalformedPacketError, ProtocolError, UnsupportedVersionError
from ingest.mqtt.fields import Reader
from ingest.mqtt.kinds import Kind
from ingest.mqtt.packets import Level, Packet
from ingest.mqtt.properties import NONE, Properties
from ingest.mqtt.topics import check_filter, decode_name

PROTOCOLS: Final = {("MQIsdp", 3): Level.V31, ("MQTT", 4): Level.V311, ("MQTT", 5): Level.V5}

_RESERVED, _CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _USER = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS_SHIFT: Final = 3
_HIGHEST_QOS: Final = 2
_PACKET_ID_ALONE: Final = 2  # bytes of an acknowledgement's body without code and properties
_WITH_CODE: Final = 3


def read_connect(reader: Reader) -> packets.Connect:
    """Raises UnsupportedVersionError for a name or level that is none of ours."""
    level = _level(reader.text(), reader.uint8())
    flags = reader.uint8()
    _check_connect_flags(flags, level)
    keep_alive_s = reader.uint16()
    said = _properties(reader, Kind.CONNECT, level)
    client_id = reader.text()
    will = _will(reader, flags, level) if flags & _WILL else None
    user = reader.text() if flags & _USER else None
    password = reader.binary() if flags & _PASSWORD else None
    return packets.Connect(
        level=level,
        client_id=client_id,
        clean_start=bool(flags & _CLEAN),
        keep_alive_s=keep_alive_s,
        user=user,
        password=password,
        will=will,
        properties=said,
    )


def _level(name: str, number: int) -> Level:
    level = PROTOCOLS.get((name, number))
    if level is None:
        raise UnsupportedVersionError(f"protocol {name[:16]!r} level {number}")
    return level


def _check_connect_flags(flags: int, level: Level) -> None:
    will_flags = flags & 0x38
    if flags & _RESERVED and level is not Level.V31:
        raise MalformedPacketError("CONNECT's reserved flag is set")
    if will_flags and not flags & _WILL:
        raise MalformedPacketError("QoS or retain of a will that is not there")
    if flags >> _WILL_QOS_SHIFT & 3 > _HIGHEST_QOS:
        raise MalformedPacketError("a will of QoS 3")
    if flags & _PASSWORD and not flags & _USER and level is not Level.V5:
        raise MalformedPacketError("a password without a user name")


def _will(reader: Reader, flags: int, level: Level) -> packets.Will:
    said = _properties(reader, Kind.WILL, level)
    topic = decode_name(reader.binary())
    if not topic:
        raise MalformedPacketError("a will without a topic")
    return packets.Will(
        topic=topic,
        payload=reader.binary(),
        qos=flags >> _WILL_QOS_SHIFT & 3,
        retain=bool(flags & _WILL_RETAIN),
        properties=said,
    )


def _properties(reader: Reader, place: Kind, level: Level) -> Properties:
    return properties.read(reader, place) if level is Level.V5 else NONE


def _connect(reader: Reader, _level: Level) -> Packet:
    return read_connect(reader)


def _connack(reader: Reader, level: Level) -> Packet:
    flags, code = reader.uint8(), reader.uint8()
    if flags > 1:
        raise MalformedPacketError("CONNACK's reserved flags are set")
    said = _properties(reader, Kind.CONNACK, level)
    return packets.Connack(session_present=flags == 1, code=code, properties=said)


_Answer = TypeVar("_Answer", packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp)


def _acknowledgement(kind: Kind, make: type[_Answer]) -> Callable[[Reader, Level], _Answer]:
    def read(reader: Reader, level: Level) -> _Answer:
        length = reader.end - reader.at
        packet_id = reader.packet_id()
        if length == _PACKET_ID_ALONE or level is not Level.V5:
            return make(packet_id)
        code = reader.uint8()
        return make(packet_id, code, NONE if length == _WITH_CODE else properties.read(reader, kind))

    return read


def _subscribe(reader: Reader, level: Level) -> Packet:
    packet_id = reader.packet_id()
    said = _properties(reader, Kind.SUBSCRIBE, level)
    subscriptions: list[packets.Subscription] = []
    while not reader.is_done:
        subscriptions.append(_subscription(check_filter(reader.text()), reader.uint8(), level))
    if not subscriptions:
        raise ProtocolError("SUBSCRIBE without a filter")
    return packets.Subscribe(packet_id=packet_id, subscriptions=tuple(subscriptions), properties=said)


def _subscription(pattern: str, options: int, level: Level) -> packets.Subscription:
    qos, retain_handling = options & 3, options >> 4 & 3
    if qos > _HIGHEST_QOS or retain_handling > 2 or options & (0xC0 if level is Level.V5 else 0xFC):  # noqa: PLR2004
        raise MalformedPacketError(f"subscription options {options:#04x}")
    return packets.Subscription(pattern, qos, bool(options & 4), bool(options & 8), retain_handling)


def _suback(reader: Reader, level: Level) -> Packet:
    packet_id = reader.packet_id()
    said = _properties(reader, Kind.SUBACK, level)
    codes = tuple(reader.rest())
    if not codes:
        raise MalformedPacketError("SUBACK without a code")
    return packets.Suback(packet_id=packet_id, codes=codes, properties=said)


def _unsubscribe(reader: Reader, level: Level) -> Packet:
    packet_id = reader.packet_id()
    said = _properties(reader, Kind.UNSUBSCRIBE, level)
    patterns: list[str] = []
    while not reader.is_done:
        patterns.append(check_filter(reader.text()))
    if not patterns:
        raise ProtocolError("UNSUBSCRIBE without a filter")
    return packets.Unsubscribe(packet_id=packet_id, filters=tuple(patterns), properties=said)


def _unsuback(reader: Reader, level: Level) -> Packet:
    packet_id = reader.packet_id()
    said = _properties(reader, Kind.UNSUBACK, level)
    return packets.Unsuback(
        packet_id=packet_id, codes=tuple(reader.rest()) if level is Level.V5 else (), properties=said
    )


def _pingreq(_reader: Reader, _level: Level) -> Packet:
    return packets.Pingreq()


def _pingresp(_reader: Reader, _level: Level) -> Packet:
    return packets.Pingresp()


def _disconnect(reader: Reader, level: Level) -> Packet:
    if reader.is_done or level is not Level.V5:
        return packets.Disconnect()
    code = reader.uint8()
    said = NONE if reader.is_done else properties.read(reader, Kind.DISCONNECT)
    return packets.Disconnect(code=code, properties=said)


def _auth(_reader: Reader, _level: Level) -> Packet:
    raise ProtocolError("AUTH: extended authentication is not spoken here")


READ: Final[dict[Kind, Callable[[Reader, Level], Packet]]] = {
    Kind.CONNECT: _connect,
    Kind.CONNACK: _connack,
    Kind.PUBACK: _acknowledgement(Kind.PUBACK, packets.Puback),
    Kind.PUBREC: _acknowledgement(Kind.PUBREC, packets.Pubrec),
    Kind.PUBREL: _acknowledgement(Kind.PUBREL, packets.Pubrel),
    Kind.PUBCOMP: _acknowledgement(Kind.PUBCOMP, packets.Pubcomp),
    Kind.SUBSCRIBE: _subscribe,
    Kind.SUBACK: _suback,
    Kind.UNSUBSCRIBE: _unsubscribe,
    Kind.UNSUBACK: _unsuback,
    Kind.PINGREQ: _pingreq,
    Kind.PINGRESP: _pingresp,
    Kind.DISCONNECT: _disconnect,
    Kind.AUTH: _auth,
}
