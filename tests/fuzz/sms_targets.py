"""What the SMPP client and the finder of places must hold for any bytes; `targets` says how they are used."""

import contextlib
import itertools
import struct
from collections.abc import Sequence
from typing import Final

from alerts.core import place_names, points
from alerts.core.place_names import NamedUnit
from alerts.smpp import alphabets, pdus, receipts, segments
from alerts.smpp.commands import Command
from alerts.smpp.pdus import Deliver, ProtocolError
from alerts.smpp.receipts import BadReceipt, Ids
from alerts.smpp.segments import TooLong
from alerts.smpp.stream import Frame, Frames


def smpp(data: bytes) -> None:
    """The SMPP client: pieces give the same PDUs as the whole; a body is read or refused, and what it says is text."""
    piece, raw = 1 + (data[0] if data else 0), data[1:]
    whole = _frames([raw])
    assert whole == _frames([raw[at : at + piece] for at in range(0, len(raw), piece)])
    for _, _, sequence, body in whole[0]:
        for read in (pdus.read_message_id, pdus.read_queried):
            with contextlib.suppress(ProtocolError):
                read(body)
        with contextlib.suppress(ProtocolError):
            _is_heard(pdus.read_deliver(sequence, body))
    _is_cut_and_joined(raw.decode("utf-8", "replace"))


def _frames(pieces: Sequence[bytes]) -> tuple[list[Frame], bool]:
    """Return the PDUs of a stream that comes in pieces, and whether it broke: then nobody feeds it again."""
    stream, found = Frames(), list[Frame]()
    for piece in pieces:
        found += stream.feed(piece)
        try:
            stream.check()
        except ProtocolError:
            return found, True
    return found, False


def _is_heard(deliver: Deliver) -> None:
    place, octets = segments.placed(deliver.esm_class, deliver.payload, deliver.parameters)
    assert place is None or 1 <= place.part <= place.parts <= segments.MOST_PARTS
    assert deliver.payload.endswith(octets)
    alphabets.read(deliver.data_coding, octets).encode()
    for ids in Ids:
        with contextlib.suppress(BadReceipt):
            receipt = receipts.read(deliver, ids)
            assert receipt.operator_id
            (receipt.operator_id + receipt.word + receipt.error).encode()


def _is_cut_and_joined(text: str) -> None:
    """Whatever is sent in parts reads the same when it is put together again."""
    try:
        parts = segments.segments(text, reference=7)
    except TooLong:
        return
    read = [segments.placed(each.esm_class, each.payload, {}) for each in parts]
    numbers = [place.part for place, _ in read if place is not None]
    assert numbers == list(range(1, len(parts) + 1)) or len(parts) == 1
    joined = "".join(alphabets.read(parts[0].data_coding, octets) for _, octets in read)
    assert joined == text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def places(data: bytes) -> None:
    """Somebody's text: its points lie on the earth, its units are of those there are, and none lies in another."""
    text = data.decode("utf-8", "replace").replace("\0", "")
    found = points.points_in(text)
    assert len(found) <= points.MOST
    for point in found:
        assert abs(point.lat) <= 90 and abs(point.lon) <= 180  # noqa: PT018 - of the whole earth
        assert point.said.strip()
        assert "\0" not in point.said
    said = place_names.phrases(text)
    assert all(place_names.SHORTEST_NAME <= len(each.text) <= place_names.LONGEST_NAME for each in said)
    settled = [each.unit for each in place_names.settle(place_names.mentions(said, _UNITS))]
    assert len({unit.unit for unit in settled}) == len(settled)
    assert not any(one.holds(other) for one, other in itertools.permutations(settled, 2))


_UNITS: Final = [
    NamedUnit(unit=1, names=("金水区", "jinshuidistrict"), code="410105", tree_left=2, tree_right=9),
    NamedUnit(unit=2, names=("文化社区", "wenhuacommunity"), code="410105001", tree_left=3, tree_right=6),
    NamedUnit(unit=3, names=("文化社区第1网格", "community,grid1"), code="410105001001", tree_left=4, tree_right=5),
    NamedUnit(unit=4, names=("文化社区",), code="410104001", tree_left=11, tree_right=12),
]


def _delivered(payload: bytes, *, esm_class: int = 0, coding: int = 0, parameters: bytes = b"") -> bytes:
    fields = (
        b"\0\1\1" + b"8613800000001\0" + b"\0\1" + b"10690001\0" + bytes((esm_class, 0, 0)) + b"\0\0",
        bytes((0, 0, coding, 0, len(payload))) + payload + parameters,
    )
    return b"\x07" + pdus.header(Command.DELIVER_SM, 1, body=b"".join(fields))


OF_SMPP: Final[Sequence[bytes]] = [
    _delivered("水".encode("utf-16-be"), coding=8),
    _delivered(b"\x05\0\3\7\2\1" + "水".encode("utf-16-be"), esm_class=0x40, coding=8),
    _delivered(b"\x06\x08\4\0\7\2\1abc", esm_class=0x40),
    _delivered(b"id:7f sub:001 dlvrd:001 submit date:2601010101 stat:DELIVRD err:000 text:x", esm_class=4),
    _delivered(b"", esm_class=4, parameters=pdus.tlv(0x1E, b"7\0") + pdus.tlv(0x427, b"\2")),
    _delivered(b"", parameters=pdus.tlv(0x424, "文化社区🌊".encode("utf-16-be")), coding=8),
    b"\3" + struct.pack(">IIII", 0xFFFFFFFF, 5, 0, 1),
    b"\0" + pdus.header(0x8000_0004, 1, body=b"7f\0") + "🌊好".encode() * 40,
]
OF_PLACES: Final[Sequence[bytes]] = [
    text.encode()
    for text in (
        "我家在金水区文化社区第1网格，地下室进水了",
        "Community, Grid 1: water. 410105001001",
        "文化社区 34.75,113.65 北纬34.75 东经113.65 34°45'00\"N 113°39'00\"E",
        "geo:34.75,113.65;crs=wgs84?q=1 geo:0,0?q=34.75,113.65(x)",
        "https://uri.amap.com/marker?position=113.65,34.75&coordinate=wgs84 amapuri://x?lat=34.75&lon=113.65&dev=0",
        "http://api.map.baidu.com/marker?location=34.75,113.65&coord_type=bd09ll https://map.qq.com/?pointx=113&pointy=34",
        "https://apis.map.qq.com/uri/v1/marker?marker=coord:34.75,113.65;title:x https://[::1/?q=1",
    )
]
