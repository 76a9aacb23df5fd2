"""Packets to bytes: `encode` for any packet, and `puback` and `publish` for the two that are written by the million.

All raise ValueError for what MQTT cannot carry (strings over 65,535 bytes, packets over 256 MiB).
"""

from collections.abc import Callable
from typing import Any, Final

from ingest.mqtt import fields, packets, properties
from ingest.mqtt.bodies import PROTOCOLS
from ingest.mqtt.kinds import FLAGS, Kind
from ingest.mqtt.packets import Level, Packet
from ingest.mqtt.properties import NONE, Properties

PINGREQ: Final = b"\xc0\0"
PINGRESP: Final = b"\xd0\0"

_NAMES: Final = {level: (name, number) for (name, number), level in PROTOCOLS.items()}


def puback(packet_id: int) -> bytes:
    """Success: the same four bytes in every version."""
    return (0x40020000 | packet_id).to_bytes(4, "big")


def publish(
    topic: bytes,
    payload: bytes,
    *,
    level: Level,
    qos: int = 0,
    packet_id: int = 0,
    retain: bool = False,
    dup: bool = False,
    said: Properties = NONE,
) -> bytes:
    """Write a PUBLISH; the topic comes encoded, since senders repeat theirs."""
    parts = [len(topic).to_bytes(2, "big"), topic]
    if qos:
        parts.append(packet_id.to_bytes(2, "big"))
    if level is Level.V5:
        parts.append(properties.write(said))
    parts.append(payload)
    body = b"".join(parts)
    return bytes((0x30 | dup << 3 | qos << 1 | retain,)) + fields.varint(len(body)) + body


def encode(packet: Packet, level: Level) -> bytes:
    """Write any packet as a peer of `level` expects it; a CONNECT says its own level."""
    if isinstance(packet, packets.Publish):
        return publish(
            packet.topic.encode(),
            packet.payload,
            level=level,
            qos=packet.qos,
            packet_id=packet.packet_id,
            retain=packet.retain,
            dup=packet.dup,
            said=packet.properties,
        )
    kind, write = _WRITE[type(packet)]
    body = write(packet, level)
    return bytes((kind << 4 | FLAGS[kind],)) + fields.varint(len(body)) + body


def _properties(said: Properties, level: Level) -> bytes:
    return properties.write(said) if level is Level.V5 else b""


def _connect(packet: packets.Connect, _level: Level) -> bytes:
    name, number = _NAMES[packet.level]
    will = packet.will
    flags = packet.clean_start << 1 | (packet.user is not None) << 7 | (packet.password is not None) << 6
    if will is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
    parts = [fields.text(name), bytes((number, flags)), packet.keep_alive_s.to_bytes(2, "big")]
    parts += [_properties(packet.properties, packet.level), fields.text(packet.client_id)]
    if will is not None:
        parts += [_properties(will.properties, packet.level), fields.text(will.topic), fields.binary(will.payload)]
    if packet.user is not None:
        parts.append(fields.text(packet.user))
    if packet.password is not None:
        parts.append(fields.binary(packet.password))
    return b"".join(parts)


def _connack(packet: packets.Connack, level: Level) -> bytes:
    return bytes((packet.session_present, packet.code)) + _properties(packet.properties, level)


def _acknowledge(packet: packets.Acknowledge, level: Level) -> bytes:
    body = packet.packet_id.to_bytes(2, "big")
    if level is not Level.V5 or (packet.code == packets.Code.SUCCESS and packet.properties is NONE):
        return body
    said = b"" if packet.properties is NONE else properties.write(packet.properties)
    return body + bytes((packet.code,)) + said


def _subscribe(packet: packets.Subscribe, level: Level) -> bytes:
    parts = [packet.packet_id.to_bytes(2, "big"), _properties(packet.properties, level)]
    for item in packet.subscriptions:
        options = item.qos
        if level is Level.V5:
            options |= item.no_local << 2 | item.retain_as_published << 3 | item.retain_handling << 4
        parts += [fields.text(item.filter), bytes((options,))]
    return b"".join(parts)


def _suback(packet: packets.Suback, level: Level) -> bytes:
    return packet.packet_id.to_bytes(2, "big") + _properties(packet.properties, level) + bytes(packet.codes)


def _unsubscribe(packet: packets.Unsubscribe, level: Level) -> bytes:
    filters = b"".join(map(fields.text, packet.filters))
    return packet.packet_id.to_bytes(2, "big") + _properties(packet.properties, level) + filters


def _unsuback(packet: packets.Unsuback, level: Level) -> bytes:
    codes = bytes(packet.codes) if level is Level.V5 else b""
    return packet.packet_id.to_bytes(2, "big") + _properties(packet.properties, level) + codes


def _disconnect(packet: packets.Disconnect, level: Level) -> bytes:
    if level is not Level.V5 or (packet.code == packets.Code.SUCCESS and packet.properties is NONE):
        return b""
    said = b"" if packet.properties is NONE else properties.write(packet.properties)
    return bytes((packet.code,)) + said


def _empty(_packet: Packet, _level: Level) -> bytes:
    return b""


_WRITE: Final[dict[type[Packet], tuple[Kind, Callable[[Any, Level], bytes]]]] = {
    packets.Connect: (Kind.CONNECT, _connect),
    packets.Connack: (Kind.CONNACK, _connack),
    packets.Puback: (Kind.PUBACK, _acknowledge),
    packets.Pubrec: (Kind.PUBREC, _acknowledge),
    packets.Pubrel: (Kind.PUBREL, _acknowledge),
    packets.Pubcomp: (Kind.PUBCOMP, _acknowledge),
    packets.Subscribe: (Kind.SUBSCRIBE, _subscribe),
    packets.Suback: (Kind.SUBACK, _suback),
    packets.Unsubscribe: (Kind.UNSUBSCRIBE, _unsubscribe),
    packets.Unsuback: (Kind.UNSUBACK, _unsuback),
    packets.Pingreq: (Kind.PINGREQ, _empty),
    packets.Pingresp: (Kind.PINGRESP, _empty),
    packets.Disconnect: (Kind.DISCONNECT, _disconnect),
}
