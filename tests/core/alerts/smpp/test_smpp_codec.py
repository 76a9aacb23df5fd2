"""Octets to PDUs and back; what is no SMPP is refused with a reason."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.smpp import pdus
from alerts.smpp.commands import RESPONSE, Command, Tag
from alerts.smpp.pdus import HEADER, Address, ProtocolError, Submit
from alerts.smpp.stream import LONGEST_PDU, Frames
from simulators.sms_centre import codec as theirs
from simulators.sms_centre.commands import Command as TheirCommand
from simulators.sms_centre.pdus import ShortMessage
from tests.core.alerts.smpp.octets import a_deliver


def test_a_submission_reads_as_it_was_written_by_a_reader_that_is_not_ours() -> None:
    body = pdus.submit_body(
        Submit(
            source=Address("10690001", 5, 0),
            destination=Address("8613800000001", 1, 1),
            payload="洪水".encode("utf-16-be"),
            data_coding=8,
            validity="260720040000000+",
        )
    )
    read = theirs.read_body(TheirCommand.SUBMIT_SM, body, 0, len(body))
    assert isinstance(read, ShortMessage)
    assert (read.source_ton, read.source, read.destination_ton, read.destination) == (5, "10690001", 1, "8613800000001")
    assert (read.data_coding, read.payload.decode("utf-16-be"), read.validity_period) == (8, "洪水", "260720040000000+")
    assert read.registered_delivery == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("system_id", "x" * 16, "system_id of 16 characters: SMPP 3.4 has room for 15"),
        ("password", "123456789", "password of 9 characters: SMPP 3.4 has room for 8"),
        ("password", "密码", "password must be plain ASCII"),
    ],
)
def test_what_a_bind_has_no_room_for_is_named(field: str, value: str, words: str) -> None:
    given = {"system_id": "gridwarden", "password": "secret", field: value}
    with pytest.raises(ValueError, match=words):
        pdus.bind(Command.BIND_TRANSCEIVER, 1, **given)


def test_a_length_of_4_gib_breaks_the_stream_and_what_came_before_it_counts() -> None:
    frames = Frames()
    whole = pdus.header(RESPONSE | Command.ENQUIRE_LINK, 7)
    assert frames.feed(whole + HEADER.pack(0xFFFF_FFFF, 5, 0, 8)) == [(RESPONSE | Command.ENQUIRE_LINK, 0, 7, b"")]
    with pytest.raises(ProtocolError, match=r"a PDU of 4,294,967,295 octets \(command 0x00000005\): this is no SMPP"):
        frames.check()


@pytest.mark.parametrize("length", [0, 15, LONGEST_PDU + 1])
def test_a_length_out_of_bounds_breaks_the_stream(length: int) -> None:
    frames = Frames()
    assert frames.feed(HEADER.pack(length, 5, 0, 8)) == []
    with pytest.raises(ProtocolError):
        frames.check()


@given(bodies=st.lists(st.binary(max_size=300), max_size=20), cuts=st.lists(st.integers(1, 50), max_size=40))
def test_pdus_are_the_same_however_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pdus.header(5, number, body=body) for number, body in enumerate(bodies))
    frames, found, at = Frames(), [], 0
    for size in [*cuts, len(stream)]:
        found += frames.feed(stream[at : at + size])
        at += size
    assert found == [(5, 0, number, body) for number, body in enumerate(bodies)]
    assert frames.is_between


@given(body=st.binary(max_size=400))
def test_any_octets_are_a_deliver_sm_or_refused_with_a_reason(body: bytes) -> None:
    try:
        deliver = pdus.read_deliver(1, body)
    except ProtocolError:
        return
    assert len(deliver.payload) <= len(body)


@given(body=st.binary(max_size=100))
def test_any_octets_are_an_answer_or_refused_with_a_reason(body: bytes) -> None:
    for read in (pdus.read_message_id, pdus.read_queried):
        with contextlib.suppress(ProtocolError):
            read(body)


def test_a_deliver_sm_of_message_payload_reads_like_any_other() -> None:
    body = a_deliver(payload=b"", parameters={Tag.MESSAGE_PAYLOAD: b"long"})
    assert pdus.read_deliver(3, body).payload == b"long"


def test_a_text_too_long_for_short_message_is_not_written() -> None:
    one = Submit(source=Address(""), destination=Address("1"), payload=b"x" * 255, data_coding=0)
    with pytest.raises(ValueError, match="255 octets"):
        pdus.submit_body(one)
