"""What every decoder must hold for any bytes, one function each: it returns, or raises because a promise is broken.

Shared by the hypothesis tests and by atheris. Seeds are bytes from which a fuzzer starts.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from dashboard.live import messages as live
from ingest.mqtt import packets
from ingest.mqtt.decoder import Decoder, Received, Side
from ingest.mqtt.encode import encode
from ingest.mqtt.packets import Fault, Level
from ingest.pipeline.batch import disassemble
from ingest.rules import screen
from ingest.rules.packets import Packet, address
from ingest.rules.screen import Limits
from ingest.wire import ack, nmea, owntracks, pos, sos, status
from ingest.wire.reports import MAX_REPORTS, Decoded
from simulators.sms_centre import codec, pdus
from simulators.sms_centre.alphabets import read_text
from simulators.sms_centre.stream import Stream
from tests.fuzz import sms_targets
from tracker.bus import messages as bus

NOW_US: Final = 1_700_000_000_000_000
FIX: Final = json.dumps({"t": 1_700_000_000, "lon": 113.6, "lat": 34.7, "acc": 5, "spd": 1.4, "bat": 55}).encode()
RMC: Final = b"$GPRMC,123519.809,A,4807.03800,N,01131.00000,E,022.4,084.4,230394,,,A*66"


@dataclass(frozen=True, slots=True)
class Target:
    holds: Callable[[bytes], None]
    seeds: Sequence[bytes]


def mqtt(data: bytes) -> None:
    """Both sides, all levels: any pieces give the same packets as the whole, and what is read can be written."""
    kind, cut, raw = data[0:1], data[1:2], data[2:]
    choice = kind[0] if kind else 0
    side, level = (Side.SERVER, Side.CLIENT)[choice & 1], (None, *Level)[choice >> 1 & 3]
    piece = 1 + (cut[0] if cut else 0)
    whole, cutter = Decoder(side, level=level), Decoder(side, level=level)
    received = whole.feed(raw)
    by_pieces: list[Received] = []
    for at in range(0, len(raw), piece):
        by_pieces += cutter.feed(raw[at : at + piece])
    assert by_pieces == received
    assert all(not isinstance(packet, Fault) for packet in received[:-1])
    for packet in received:
        if not isinstance(packet, Fault):
            _is_written_as_read(packet, side, whole.level)


def _is_written_as_read(packet: packets.Packet, side: Side, level: Level | None) -> None:
    known = packet.level if isinstance(packet, packets.Connect) else level
    assert known is not None
    again = Decoder(side, level=None if isinstance(packet, packets.Connect) else known)
    assert again.feed(encode(packet, known)) == [packet]


def positions(data: bytes) -> None:
    _is_whole(pos.decode(data))


def sentences(data: bytes) -> None:
    _is_whole(nmea.decode(data))


def phone(data: bytes) -> None:
    _is_whole(owntracks.decode(data))
    owntracks.is_farewell(data)


def _is_whole(decoded: Decoded) -> None:
    assert decoded.fixes or decoded.refusals or decoded.ignored
    assert len(decoded.fixes) == len(decoded.indexes) <= MAX_REPORTS
    assert all(isinstance(fix.t, int | float) for fix in decoded.fixes)
    assert not set(decoded.indexes) & {refusal.at for refusal in decoded.refusals}
    json.dumps(decoded.receipt).encode()


def answers(data: bytes) -> None:
    """The emergency button, the status word and the acknowledgement; what is kept of them is text a database takes."""
    press = sos.decode(data)
    if isinstance(press, sos.Press):
        assert "\0" not in press.sos_id + press.note
        (press.sos_id + press.note).encode()
    ack.decode(data)
    status.decode(data)


class _Nobody:
    def settle(self, token: int) -> None: ...


_TOPICS: Final = (
    *(f"gw/v1/t/a/{word}" for word in ("pos", "nmea", "sos", "status", "ack", "alert")),
    "owntracks/a/phone",
    "x",
)


def batch(data: bytes) -> None:
    """Several packets: each report is accounted for, and packets in one batch fare as each of them alone."""
    parts = data.split(b"\n\n")[:6]
    parcels = [_packet(part) for part in parts]
    together = _fates(parcels)
    alone = sum((_fates([parcel]) for parcel in parcels), Counter[str]())
    assert together.total() == alone.total()
    for word in together.keys() | alone.keys():
        if word not in {"stored", "duplicate", "conflicting fix"}:  # those depend on the others of the batch
            assert together[word] == alone[word], word


def _packet(part: bytes) -> Packet:
    topic = _TOPICS[part[0] % len(_TOPICS) if part else 0]
    return Packet(
        settler=_Nobody(),
        token=0,
        terminal=1,
        topic=topic,
        route=address(topic).route,
        payload=part[1:],
        received_at_us=NOW_US,
    )


def _fates(parcels: Sequence[Packet]) -> Counter[str]:
    taken = disassemble(parcels, Limits())
    assert int((taken.verdicts == screen.NEW).sum()) == len(taken.positions) == len(taken.source)
    fates = Counter(_WORDS[verdict] for verdict in taken.verdicts.tolist())
    for _, refusal in taken.refusals:
        fates[refusal.reason.value] += refusal.reports
    fates["ignored"] += taken.ignored
    fates["answers"] += len(taken.presses) + len(taken.acks) + len(taken.hellos) + len(taken.goodbyes)
    return fates


_WORDS: Final = ("stored", "duplicate", *(reason.value for reason in screen.REASONS if reason is not None))


def events(data: bytes) -> None:
    """The bus: an event that was read is written and read the same; the doorbell always rings."""
    event = bus.decode(data)
    if event is not None:
        assert bus.decode(bus.encode(event)) == event
    changed = bus.decode_city(data)
    assert bus.decode_city(bus.encode(changed)) == changed


def requests(data: bytes) -> None:
    """A viewer's WebSocket: a request, or the one error that the connection answers."""
    try:
        live.decode(data.decode("utf-8", "replace"))
    except msgspec.DecodeError:
        return


def sms(data: bytes) -> None:
    """The SMS centre: pieces give the same PDUs as the whole; what is read is written the same, and is text."""
    piece, raw = 1 + (data[0] if data else 0), data[1:]
    whole, cutter = Stream(), Stream()
    received = whole.feed(raw)
    assert received == list(
        itertools.chain.from_iterable(cutter.feed(raw[at : at + piece]) for at in range(0, len(raw), piece))
    )
    for pdu in received:
        if isinstance(pdu, pdus.Pdu):
            assert Stream().feed(codec.write(pdu)) == [pdu]
            if isinstance(pdu.body, pdus.ShortMessage):
                read_text(pdu.body.payload, pdu.body.data_coding).encode("utf-8", "replace")


_CONNECTS: Final = [
    bytes((choice, 2)) + encode(packets.Connect(level=level, client_id="a", user="u", password=b"p", will=will), level)
    for level in Level
    for choice in (0,)
    for will in (None, packets.Will(topic="w", payload=b"x", qos=1))
]
_SERVED: Final = [
    bytes((level_at * 2, 3))
    + encode(packets.Publish("gw/v1/t/a/pos", FIX, 1, 7), level)
    + encode(packets.Subscribe(packet_id=3, subscriptions=(packets.Subscription("a/#", 1),)), level)
    + encode(packets.Unsubscribe(packet_id=4, filters=("a", "b/+")), level)
    + encode(packets.Disconnect(), level)
    for level_at, level in enumerate(Level, start=1)
]
_SUBMIT: Final = bytes.fromhex("0000002f000000040000000000000002000101310001013234000000000000010000000568656c6c6f")

TARGETS: Final[Mapping[str, Target]] = {
    "mqtt": Target(mqtt, [*_CONNECTS, *_SERVED]),
    "pos": Target(
        positions, [FIX, b"[" + FIX + b"," + FIX + b"]", b'{"receipt": "r", "fixes": [' + FIX + b"]}", b"[]", b"[NaN]"]
    ),
    "nmea": Target(
        sentences, [RMC, RMC + b"\r\n$GPGGA,123519.809,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*71"]
    ),
    "owntracks": Target(
        phone,
        [
            b'{"_type": "location", "tst": 1700000000, "lon": 113.6, "lat": 34.7, "vel": 5, "batt": 50}',
            b'{"_type": "lwt"}',
        ],
    ),
    "answers": Target(
        answers,
        [
            b'{"id": "7f3a", "t": "2026-11-22T08:15:30Z", "lon": 113.6, "lat": 34.7, "note": "fire"}',
            b'{"alert": "123e4567-e89b-12d3-a456-426614174000", "version": 1}',
            b"online",
        ],
    ),
    "batch": Target(batch, [b"\0" + FIX + b"\n\n\0" + FIX, b"\1" + RMC + b"\n\n\3online\n\n\2{}\n\n\7x"]),
    "bus": Target(
        events,
        [
            bus.encode(bus.Crossed(terminal=1, member=2, from_grid=3, to_grid=0, fixed_at_us=NOW_US)),
            bus.encode(bus.CityChanged(kind="units", ids=(1, 2))),
        ],
    ),
    "viewer": Target(requests, [b'{"op": "watch", "unit": 1}', b'{"op": "ack", "tick": 3}', b'{"op": "ping"}']),
    "sms": Target(sms, [b"\3" + _SUBMIT, b"\0" + bytes.fromhex("00000010000000150000000000000001")]),
    "smpp": Target(sms_targets.smpp, sms_targets.OF_SMPP),
    "places": Target(sms_targets.places, sms_targets.OF_PLACES),
}
