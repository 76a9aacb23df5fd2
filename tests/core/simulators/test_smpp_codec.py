"""Bytes are PDUs or refused with a status; what is written is read as it was."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.sms_centre import pdus
from simulators.sms_centre.codec import BODIES, FIELDS, Field, Octet, Payload, Text, write
from simulators.sms_centre.commands import LENGTHS, Command, Status, Tag, answer_to
from simulators.sms_centre.pdus import Body, Broken, Pdu, ShortMessage, tlv, tlv_number
from simulators.sms_centre.stream import LARGEST_PDU, Stream

OCTETS = st.integers(0, 255)
LETTERS = st.characters(min_codepoint=1, max_codepoint=255)


def texts(most: int) -> st.SearchStrategy[str]:
    return st.text(LETTERS, max_size=most - 1)


@st.composite
def tlvs(draw: st.DrawFn) -> pdus.Tlvs:
    tags = draw(st.lists(st.sampled_from(sorted(LENGTHS)) | st.integers(0x1400, 0x3FFF), max_size=4))
    sizes = [LENGTHS.get(tag) for tag in tags]
    return tuple(
        (int(tag), draw(st.binary(min_size=size.least if size else 0, max_size=min(size.most, 300) if size else 20)))
        for tag, size in zip(tags, sizes, strict=True)
    )


def values(field: Field) -> st.SearchStrategy[object]:
    match field:
        case Text():
            return texts(field.most)
        case Octet():
            return OCTETS
        case Payload():
            return st.binary(max_size=254)
        case _:
            return tlvs()


def short_messages() -> st.SearchStrategy[Body]:
    return st.builds(
        ShortMessage,
        *(texts(6), OCTETS, OCTETS, texts(21), OCTETS, OCTETS, texts(21), OCTETS, OCTETS, OCTETS),
        *(texts(17), texts(17), OCTETS, OCTETS, OCTETS, OCTETS, st.binary(max_size=254), tlvs()),
    )


@st.composite
def whole_pdus(draw: st.DrawFn) -> Pdu:
    command = draw(st.sampled_from(sorted(BODIES)))
    kind = BODIES[command]
    fields = FIELDS.get(kind, ())
    body = draw(short_messages()) if kind is ShortMessage else kind(*(draw(values(field)) for field in fields))
    return Pdu(command, draw(st.integers(0, 2**32 - 1)), body, draw(st.integers(0, 2**32 - 1)))


@given(st.lists(whole_pdus(), max_size=4), st.integers(1, 40))
def test_what_is_written_is_read_as_it_was_however_it_is_cut(written: list[Pdu], size: int) -> None:
    octets = b"".join(write(pdu) for pdu in written)
    stream = Stream()
    read = [each for at in range(0, len(octets), size) for each in stream.feed(octets[at : at + size])]
    assert read == written


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_pdus_or_broken_ones(octets: bytes) -> None:
    for received in Stream().feed(octets):
        assert isinstance(received, Pdu | Broken)


@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=200))
def test_an_arbitrary_body_is_read_or_refused_with_a_status(command: Command, body: bytes) -> None:
    octets = struct.pack(">IIII", 16 + len(body), command, 0, 7) + body
    (received,) = Stream().feed(octets)
    if isinstance(received, Broken):
        assert received.status != Status.ESME_ROK
        assert (received.command, received.sequence, received.is_fatal) == (command, 7, False)
    else:
        assert Stream().feed(write(received)) == [received]


@given(whole_pdus(), st.data())
def test_a_pdu_that_says_to_be_shorter_than_it_is_never_stops_the_stream(pdu: Pdu, data: st.DataObject) -> None:
    octets = write(pdu)
    length = data.draw(st.integers(16, len(octets)))
    cut = struct.pack(">I", length) + octets[4:length]
    alive = Pdu(Command.ENQUIRE_LINK, 9)
    assert Stream().feed(cut + write(alive))[-1] == alive


@pytest.mark.parametrize("length", [0, 4, 15, LARGEST_PDU + 1, 2**32 - 1])
def test_a_command_length_out_of_bounds_ends_the_stream(length: int) -> None:
    stream = Stream()
    (broken,) = stream.feed(struct.pack(">IIII", length, Command.ENQUIRE_LINK, 0, 3))
    assert isinstance(broken, Broken)
    assert (broken.status, broken.sequence, broken.is_fatal) == (Status.ESME_RINVCMDLEN, 3, True)
    assert stream.feed(write(Pdu(Command.ENQUIRE_LINK, 4))) == []


def test_an_unknown_command_is_one_that_generic_nack_answers() -> None:
    (broken,) = Stream().feed(struct.pack(">IIII", 18, 0x0777, 0, 5) + b"ab")
    assert broken == Broken(Status.ESME_RINVCMDID, "command_id 0x00000777 is none of ours", sequence=5)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (ShortMessage(service_type="123456"), Status.ESME_RINVSERTYP),
        (ShortMessage(source="1" * 21), Status.ESME_RINVSRCADR),
        (ShortMessage(destination="1" * 21), Status.ESME_RINVDSTADR),
        (ShortMessage(schedule_time="1" * 17), Status.ESME_RINVSCHED),
        (ShortMessage(validity_period="1" * 17), Status.ESME_RINVEXPIRY),
        (ShortMessage(tlvs=((Tag.SAR_TOTAL_SEGMENTS, b"12"),)), Status.ESME_RINVPARLEN),
    ],
)
def test_a_field_that_is_too_long_is_refused_by_its_name(body: ShortMessage, status: Status) -> None:
    (broken,) = Stream().feed(write(Pdu(Command.SUBMIT_SM, 1, body)))
    assert isinstance(broken, Broken)
    assert broken.status == status


def test_a_tlv_that_runs_past_the_end_is_refused() -> None:
    octets = write(Pdu(Command.SUBMIT_SM, 1, ShortMessage(destination="1", tlvs=((0x1400, b"abc"),))))
    octets = octets[:-5] + struct.pack(">H", 9) + octets[-3:]
    (broken,) = Stream().feed(octets)
    assert isinstance(broken, Broken)
    assert broken.status == Status.ESME_RINVOPTPARSTREAM


def test_a_short_message_of_more_than_254_octets_is_refused() -> None:
    octets = bytearray(write(Pdu(Command.SUBMIT_SM, 1, ShortMessage(payload=b"x" * 254))))
    octets[-255] = 255
    octets += b"x"
    octets[3] += 1
    (broken,) = Stream().feed(bytes(octets))
    assert isinstance(broken, Broken)
    assert broken.status == Status.ESME_RINVMSGLEN


@pytest.mark.parametrize("body", [ShortMessage(payload=b"x" * 255), pdus.MessageId("a\0b")])
def test_what_has_no_room_on_the_wire_is_not_written(body: Body) -> None:
    with pytest.raises(ValueError, match=r"octets|no text"):
        write(Pdu(Command.SUBMIT_SM, 1, body))


def test_a_response_with_an_error_may_come_without_a_body() -> None:
    pdu = Pdu(Command.SUBMIT_SM_RESP, 1, status=Status.ESME_RTHROTTLED)
    assert len(write(pdu)) == 16
    assert Stream().feed(write(pdu)) == [pdu]


def test_every_request_has_its_response_and_an_alert_none() -> None:
    assert answer_to(Command.SUBMIT_SM) is Command.SUBMIT_SM_RESP
    assert answer_to(Command.ENQUIRE_LINK) is Command.ENQUIRE_LINK_RESP
    assert answer_to(Command.ALERT_NOTIFICATION) is Command.GENERIC_NACK


def test_a_tlv_is_found_by_its_tag() -> None:
    some = ((int(Tag.SAR_MSG_REF_NUM), b"\1\2"), (int(Tag.MESSAGE_STATE), b"\5"))
    assert tlv_number(some, Tag.SAR_MSG_REF_NUM) == 0x0102
    assert tlv(some, Tag.MESSAGE_STATE) == b"\5"
    assert tlv_number(some, Tag.MESSAGE_PAYLOAD) is None
