"""What is written is read again, whatever the version and however the network cuts it; other bytes end in one Fault."""

import itertools
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt import packets
from ingest.mqtt.decoder import LARGEST_CONNECT, Decoder, Received, Side
from ingest.mqtt.encode import encode, puback, publish
from ingest.mqtt.packets import Code, Fault, Level, Packet
from ingest.mqtt.properties import NONE, TABLE, Properties, Type

A_CONNECT: Final = packets.Connect(level=Level.V311, client_id="a")

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
topics = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0+#"), min_size=1, max_size=20)
binaries = st.binary(max_size=200)
ids = st.integers(1, 65_535)
levels = st.sampled_from(Level)
qos = st.integers(0, 2)

VALUES: Final[dict[Type, st.SearchStrategy[Any]]] = {
    Type.FLAG: st.booleans(),
    Type.UINT16: st.integers(0, 65_535),
    Type.POSITIVE16: st.integers(1, 65_535),
    Type.UINT32: st.integers(0, 2**32 - 1),
    Type.POSITIVE32: st.integers(1, 2**32 - 1),
    Type.VARINTS: st.tuples(st.integers(1, 268_435_455)),
    Type.TEXT: texts,
    Type.BINARY: binaries,
    Type.PAIRS: st.lists(st.tuples(texts, texts), min_size=1, max_size=3).map(tuple),
}


def properties_of(kind: str) -> st.SearchStrategy[Properties]:
    rows = [row for row in TABLE if kind in {place.name for place in row.places}]
    said = st.fixed_dictionaries({}, optional={row.name: VALUES[row.type] for row in rows})
    return said.map(lambda values: Properties(**values) if values else NONE)


wills = st.builds(
    packets.Will,
    topic=topics,
    payload=binaries,
    qos=qos,
    retain=st.booleans(),
    properties=properties_of("WILL"),
)
subscriptions = st.builds(
    packets.Subscription,
    st.sampled_from(["a", "a/+/b", "#", "+", "a/#", "/"]),
    qos,
    st.booleans(),
    st.booleans(),
    qos,
)
acknowledgement_codes = st.sampled_from([0, 0x10, 0x87])
from_a_client = st.one_of(
    st.builds(packets.Puback, ids, acknowledgement_codes, properties_of("PUBACK")),
    st.builds(packets.Pubrec, ids, acknowledgement_codes, properties_of("PUBREC")),
    st.builds(packets.Pubrel, ids, acknowledgement_codes, properties_of("PUBREL")),
    st.builds(packets.Pubcomp, ids, acknowledgement_codes, properties_of("PUBCOMP")),
    st.builds(
        packets.Subscribe,
        packet_id=ids,
        subscriptions=st.lists(subscriptions, min_size=1, max_size=3).map(tuple),
        properties=properties_of("SUBSCRIBE"),
    ),
    st.builds(
        packets.Unsubscribe,
        packet_id=ids,
        filters=st.lists(st.sampled_from(["a", "b/#"]), min_size=1, max_size=3).map(tuple),
        properties=properties_of("UNSUBSCRIBE"),
    ),
    st.builds(packets.Pingreq),
    st.builds(packets.Disconnect, code=st.sampled_from([0, 4]), properties=properties_of("DISCONNECT")),
)
from_a_server = st.one_of(
    st.builds(packets.Connack, session_present=st.booleans(), properties=properties_of("CONNACK")),
    st.builds(
        packets.Suback,
        packet_id=ids,
        codes=st.lists(st.sampled_from([0, 1, 2, 0x80]), min_size=1, max_size=3).map(tuple),
        properties=properties_of("SUBACK"),
    ),
    st.builds(packets.Unsuback, packet_id=ids, codes=st.just((0,)), properties=properties_of("UNSUBACK")),
    st.builds(packets.Pingresp),
)


@st.composite
def publishes(draw: st.DrawFn) -> packets.Publish:
    quality = draw(qos)
    return packets.Publish(
        draw(topics),
        draw(binaries),
        quality,
        draw(ids) if quality else 0,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(properties_of("PUBLISH")),
    )


@st.composite
def connects(draw: st.DrawFn, level: Level) -> packets.Connect:
    user = draw(st.none() | texts)
    return packets.Connect(
        level=level,
        client_id=draw(texts),
        clean_start=draw(st.booleans()),
        keep_alive_s=draw(st.integers(0, 65_535)),
        user=user,
        password=draw(st.none() | binaries) if user is not None or level is Level.V5 else None,
        will=draw(st.none() | wills),
        properties=draw(properties_of("CONNECT")),
    )


def plain(packet: Packet, level: Level) -> Packet:
    """What is left of a packet in a version that knows neither properties nor codes nor options."""
    if level is Level.V5:
        return packet
    replaced: dict[str, Any] = {"properties": NONE} if hasattr(packet, "properties") else {}
    if isinstance(packet, packets.Acknowledge | packets.Disconnect):
        replaced["code"] = 0
    if isinstance(packet, packets.Unsuback):
        replaced["codes"] = ()
    if isinstance(packet, packets.Subscribe):
        replaced["subscriptions"] = tuple(packets.Subscription(item.filter, item.qos) for item in packet.subscriptions)
    if isinstance(packet, packets.Connect) and packet.will is not None:
        replaced["will"] = msgspec.structs.replace(packet.will, properties=NONE)
    return msgspec.structs.replace(packet, **replaced)


def feed_in_pieces(decoder: Decoder, raw: bytes, cuts: list[int]) -> list[Received]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    received: list[Received] = []
    for begin, end in itertools.pairwise(places):
        received += decoder.feed(raw[begin:end])
    return received


@given(data=st.data(), level=levels, cuts=st.lists(st.integers(0, 100_000), max_size=20))
def test_a_server_reads_what_a_client_writes_however_it_is_cut(
    data: st.DataObject, level: Level, cuts: list[int]
) -> None:
    connect = data.draw(connects(level))
    sent: list[Packet] = [connect, *data.draw(st.lists(from_a_client | publishes(), max_size=5))]
    raw = b"".join(encode(packet, level) for packet in sent)
    assert feed_in_pieces(Decoder(Side.SERVER), raw, cuts) == [plain(packet, level) for packet in sent]


@given(
    level=levels,
    sent=st.lists(from_a_server | publishes(), max_size=5),
    cuts=st.lists(st.integers(0, 100_000), max_size=20),
)
def test_a_client_reads_what_a_server_writes_however_it_is_cut(
    level: Level, sent: list[Packet], cuts: list[int]
) -> None:
    raw = b"".join(encode(packet, level) for packet in sent)
    received = feed_in_pieces(Decoder(Side.CLIENT, level=level), raw, cuts)
    assert received == [plain(packet, level) for packet in sent]


@given(raw=st.binary(max_size=400), level=st.none() | levels, side=st.sampled_from(Side))
def test_any_bytes_give_packets_and_at_most_one_fault_at_the_end(raw: bytes, level: Level | None, side: Side) -> None:
    decoder = Decoder(side, level=level)
    received = feed_in_pieces(decoder, raw, list(range(0, 400, 7)))
    faults = [index for index, packet in enumerate(received) if isinstance(packet, Fault)]
    assert faults in ([], [len(received) - 1])
    if faults:
        assert decoder.feed(b"\xc0\0") == []


@given(data=st.data(), level=levels, place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_flipped_byte_never_raises(data: st.DataObject, level: Level, place: int, byte: int) -> None:
    sent: list[Packet] = [data.draw(connects(level)), *data.draw(st.lists(from_a_client | publishes(), max_size=3))]
    raw = bytearray(b"".join(encode(packet, level) for packet in sent))
    raw[place % len(raw)] = byte
    Decoder(Side.SERVER).feed(bytes(raw))


@given(level=levels, topic=topics, payload=binaries, packet_id=ids)
def test_a_cut_publish_is_never_a_publish(level: Level, topic: str, payload: bytes, packet_id: int) -> None:
    raw = publish(topic.encode(), payload, level=level, qos=1, packet_id=packet_id)
    for end in range(len(raw)):
        assert Decoder(Side.SERVER, level=level).feed(raw[:end]) == []


def test_a_puback_is_four_bytes() -> None:
    assert puback(0x1234) == b"\x40\x02\x12\x34"
    assert Decoder(Side.CLIENT, level=Level.V5).feed(puback(7)) == [packets.Puback(7)]


def test_many_packets_of_one_read_come_in_order() -> None:
    raw = b"".join(publish(b"a", b"%d" % number, level=Level.V311, qos=1, packet_id=number) for number in range(1, 500))
    received = Decoder(Side.SERVER, level=Level.V311).feed(raw)
    assert [packet.payload for packet in received if isinstance(packet, packets.Publish)] == [
        b"%d" % number for number in range(1, 500)
    ]


def test_a_large_packet_in_single_bytes_is_looked_at_once() -> None:
    decoder = Decoder(Side.SERVER, level=Level.V311)
    raw = publish(b"a", bytes(100_000), level=Level.V311)
    received = [packet for place in range(len(raw)) for packet in decoder.feed(raw[place : place + 1])]
    assert [len(packet.payload) for packet in received if isinstance(packet, packets.Publish)] == [100_000]


def fault_of(raw: bytes, level: Level | None = Level.V5, *, side: Side = Side.SERVER, largest: int = 100_000) -> Code:
    received = Decoder(side, level=level, largest_packet=largest).feed(raw)
    assert isinstance(received[-1], Fault), received
    return received[-1].code


BROKEN: Final = {
    "publish before connect": (None, b"\x30\x03\x00\x01a", Code.PROTOCOL_ERROR),
    "ping before connect": (None, b"\xc0\0", Code.PROTOCOL_ERROR),
    "connect twice": (Level.V311, encode(A_CONNECT, Level.V311), Code.PROTOCOL_ERROR),
    "another protocol": (None, b"\x10\x0c\0\x04MQTX\x04\2\0\0\0\0", Code.UNSUPPORTED_VERSION),
    "another level": (None, b"\x10\x0c\0\x04MQTT\x06\2\0\0\0\0", Code.UNSUPPORTED_VERSION),
    "a request of the web": (None, b"GET / HTTP/1.1\r\n\r\n", Code.PROTOCOL_ERROR),
    "a greeting of TLS": (None, b"\x16\x03\x01\x02\x00\x01\x00", Code.MALFORMED_PACKET),
    "the reserved kind": (Level.V5, b"\0\0", Code.PROTOCOL_ERROR),
    "extended authentication": (Level.V5, b"\xf0\0", Code.PROTOCOL_ERROR),
    "a packet of a server": (Level.V5, b"\xd0\0", Code.PROTOCOL_ERROR),
    "qos 3": (Level.V5, b"\x36\x07\0\1a\0\1\0x", Code.MALFORMED_PACKET),
    "packet identifier 0": (Level.V311, b"\x32\x05\0\1a\0\0", Code.MALFORMED_PACKET),
    "a topic longer than its packet": (Level.V311, b"\x30\x03\0\x09a", Code.MALFORMED_PACKET),
    "a publish of one byte": (Level.V311, b"\x30\x01\0", Code.MALFORMED_PACKET),
    "a wildcard in a topic": (Level.V311, b"\x30\x03\0\1+", Code.MALFORMED_PACKET),
    "a topic that is not utf-8": (Level.V311, b"\x30\x04\0\2\xc3\x28", Code.MALFORMED_PACKET),
    "a surrogate in a topic": (Level.V311, b"\x30\x05\0\3\xed\xa0\x80", Code.MALFORMED_PACKET),
    "a nul in a topic": (Level.V311, b"\x30\x03\0\1\0", Code.MALFORMED_PACKET),
    "no topic": (Level.V311, b"\x30\x02\0\0", Code.PROTOCOL_ERROR),
    "neither topic nor alias": (Level.V5, b"\x30\x03\0\0\0", Code.PROTOCOL_ERROR),
    "topic alias 0": (Level.V5, b"\x30\x06\0\0\x03\x23\0\0", Code.PROTOCOL_ERROR),
    "an unknown property": (Level.V5, b"\x30\x06\0\1a\x02\x7f\0", Code.MALFORMED_PACKET),
    "a property of another packet": (Level.V5, b"\x30\x07\0\1a\x03\x21\0\1", Code.PROTOCOL_ERROR),
    "a property twice": (Level.V5, b"\x30\x08\0\1a\x04\1\0\1\0", Code.PROTOCOL_ERROR),
    "properties longer than their packet": (Level.V5, b"\x30\x04\0\1a\x09", Code.MALFORMED_PACKET),
    "a length of five bytes": (Level.V5, b"\x30\xff\xff\xff\xff\x01", Code.MALFORMED_PACKET),
    "a packet over the limit": (Level.V5, b"\x30\xff\xff\x7f", Code.PACKET_TOO_LARGE),
    "flags where none belong": (Level.V311, b"\xc1\0", Code.MALFORMED_PACKET),
    "a subscribe without its flag": (Level.V311, b"\x80\x06\0\1\0\1a\0", Code.MALFORMED_PACKET),
    "a subscribe without filters": (Level.V311, b"\x82\x02\0\1", Code.PROTOCOL_ERROR),
    "a filter with a wildcard inside": (Level.V311, b"\x82\x07\0\1\0\2a+\0", Code.PROTOCOL_ERROR),
    "a subscription of qos 3": (Level.V311, b"\x82\x06\0\1\0\1a\x03", Code.MALFORMED_PACKET),
    "bytes behind a packet": (Level.V311, b"\xc0\1x", Code.MALFORMED_PACKET),
    "a password without a user": (None, b"\x10\x0f\0\x04MQTT\x04\x42\0\0\0\0\0\1x", Code.MALFORMED_PACKET),
    "the reserved flag of connect": (None, b"\x10\x0c\0\x04MQTT\x04\3\0\0\0\0", Code.MALFORMED_PACKET),
    "a will's qos without a will": (None, b"\x10\x0c\0\x04MQTT\x04\x0a\0\0\0\0", Code.MALFORMED_PACKET),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_bytes_have_a_reason(case: str) -> None:
    level, raw, code = BROKEN[case]
    assert fault_of(raw, level) == code


def test_what_came_whole_before_the_fault_is_given() -> None:
    received = Decoder(Side.SERVER, level=Level.V311).feed(b"\xc0\0\x30\x03\0\1a\x36\x01x\xc0\0")
    assert [type(packet) for packet in received] == [packets.Pingreq, packets.Publish, Fault]


def test_who_has_not_logged_in_may_not_fill_our_memory() -> None:
    large = packets.Connect(
        level=Level.V311, client_id="a", will=packets.Will(topic="t", payload=bytes(LARGEST_CONNECT))
    )
    assert fault_of(encode(large, Level.V311)[:5], None) == Code.PACKET_TOO_LARGE


def test_mqtt_3_1_tolerates_the_duplicate_flag_on_a_subscribe() -> None:
    received = Decoder(Side.SERVER, level=Level.V31).feed(b"\x8a\x06\0\1\0\1a\1")
    assert received == [packets.Subscribe(packet_id=1, subscriptions=(packets.Subscription("a", 1),))]


def test_a_changed_topic_is_read_anew() -> None:
    raw = b"".join(publish(topic, b"", level=Level.V311) for topic in (b"a", b"a", b"b", b"a"))
    received = Decoder(Side.SERVER, level=Level.V311).feed(raw)
    assert [packet.topic for packet in received if isinstance(packet, packets.Publish)] == ["a", "a", "b", "a"]


def test_a_string_that_mqtt_cannot_carry_is_refused_in_writing() -> None:
    with pytest.raises(ValueError, match="65,535 bytes"):
        encode(packets.Connect(level=Level.V5, client_id="x" * 65_536), Level.V5)
