"""Alphabets, times, parts and receipts of short messages."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib.gsm import gsm_encode

from simulators.sms_centre.alphabets import UNKNOWN, Coding, coding_of, read_text, write_gsm, write_text
from simulators.sms_centre.codec import UnreadableError
from simulators.sms_centre.commands import MessageState, Status, Tag
from simulators.sms_centre.pdus import ShortMessage, tlv
from simulators.sms_centre.receipts import receipt_of
from simulators.sms_centre.segments import Part, split, take_apart
from simulators.sms_centre.times import TimeError, read_time, receipt_time, write_time

NOW = datetime(2025, 1, 31, 12, 0, 0, tzinfo=UTC).timestamp()


def test_the_default_alphabet_is_that_of_a_library_that_is_not_ours() -> None:
    text = "Grid 4: @£$¥ {[~]} €5 ÄÖÜ ñ Ω\n"
    assert write_gsm(text) == gsm_encode(text)
    assert read_text(gsm_encode(text), 0) == text


@given(st.text(st.sampled_from("AZaz09 @£Δ_ΦßÉ^{}\\[~]|€\n"), max_size=160))
def test_text_of_the_default_alphabet_comes_back(text: str) -> None:
    assert write_text(text)[0] == Coding.GSM
    assert read_text(write_text(text)[1], 0) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=70))
def test_any_text_comes_back(text: str) -> None:
    coding, octets = write_text(text)
    assert read_text(octets, coding) == text


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (1, b"plain", "plain"),
        (3, b"Z\xfcrich", "Zürich"),
        (8, "洪水🌊".encode("utf-16-be"), "洪水🌊"),
        (0x18, "水".encode("utf-16-be"), "水"),
        (0xF0, b"flash", "flash"),
        (4, b"\x01\x02", "0102"),
        (0x99, b"\x01\x02", "0102"),
        (0, b"\xff", UNKNOWN),
        (0, b"\x1b\x41\x1b", "A"),
        (8, b"\x4e", UNKNOWN),
    ],
)
def test_each_data_coding_is_read_by_its_own_alphabet(data_coding: int, octets: bytes, text: str) -> None:
    assert read_text(octets, data_coding) == text


@given(st.binary(max_size=160), st.integers(0, 255))
def test_no_octets_stop_the_reading_of_text(octets: bytes, data_coding: int) -> None:
    assert isinstance(read_text(octets, data_coding), str)


def test_a_coding_that_is_not_simulated_has_no_alphabet() -> None:
    assert coding_of(0x99) is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("250201083000000+", "2025-02-01T08:30:00+00:00"),
        ("250201083000532+", "2025-02-01T00:30:00.500000+00:00"),
        ("250201083000020-", "2025-02-01T13:30:00+00:00"),
        ("000002030405000R", "2025-02-02T15:04:05+00:00"),
        ("000100000000000R", "2025-02-28T12:00:00+00:00"),
        ("011200000000000R", "2027-01-31T12:00:00+00:00"),
    ],
)
def test_times_are_absolute_with_a_zone_or_relative(text: str, iso: str) -> None:
    assert read_time(text, now_s=NOW) == datetime.fromisoformat(iso).timestamp()


@pytest.mark.parametrize("text", ["250201", "2502010830000000", "259901083000000+", "250201083000049+", "x" * 16])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeError):
        read_time(text, now_s=NOW)


def test_a_time_that_is_written_is_read() -> None:
    assert read_time(write_time(NOW + 0.5), now_s=0) == NOW + 0.5
    assert read_time("", now_s=NOW) is None
    assert receipt_time(NOW + 59) == "2501311200"


@given(st.text(st.sampled_from("预警水Az€🌊"), min_size=1, max_size=400), st.integers(0, 255))
def test_a_text_in_parts_is_the_text_again(text: str, reference: int) -> None:
    payloads: list[bytes] = []
    for number, (coding, esm_class, payload) in enumerate(split(text, reference=reference), start=1):
        part, rest = take_apart(ShortMessage(esm_class=esm_class, data_coding=coding, payload=payload))
        assert len(payload) <= (140 if coding else 160)
        assert part is None or (part.reference, part.number, part.width) == (reference, number, 1)
        payloads.append(rest)
    assert read_text(b"".join(payloads), write_text(text)[0]) == text


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        (b"\x05\x00\x03\x2a\x03\x02ab", Part(0x2A, 2, 3, 1)),
        (b"\x06\x08\x04\x12\x34\x03\x02ab", Part(0x1234, 2, 3, 2)),
        (b"\x0b\x05\x04\x0b\x84\x00\x00\x00\x03\x2a\x03\x02ab", Part(0x2A, 2, 3, 1)),
        (b"\x06\x05\x04\x0b\x84\x00\x00ab", None),
    ],
)
def test_user_data_headers_say_which_part_it_is(payload: bytes, part: Part | None) -> None:
    assert take_apart(ShortMessage(esm_class=0x40, payload=payload)) == (part, b"ab")


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x05\x00\x03", b"\x02\x00\x03ab", b"\x05\x00\x03\x01\x02\x03", b"\x05\x00\x03\x01\x02\x00", b"\x01\x00ab"],
)
def test_a_header_that_lies_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadableError) as refused:
        take_apart(ShortMessage(esm_class=0x40, payload=payload))
    assert refused.value.status == Status.ESME_RINVESMCLASS


def test_sar_tlvs_say_which_part_it_is() -> None:
    sar = (
        (Tag.SAR_MSG_REF_NUM, b"\0\7"),
        (Tag.SAR_TOTAL_SEGMENTS, b"\2"),
        (Tag.SAR_SEGMENT_SEQNUM, b"\1"),
    )
    assert take_apart(ShortMessage(payload=b"ab", tlvs=sar)) == (Part(7, 1, 2, 0), b"ab")
    assert take_apart(ShortMessage(payload=b"ab", tlvs=sar[:2])) == (None, b"ab")


def test_a_message_payload_takes_the_place_of_the_short_message() -> None:
    long = ((int(Tag.MESSAGE_PAYLOAD), b"x" * 1000),)
    assert take_apart(ShortMessage(tlvs=long)) == (None, b"x" * 1000)
    with pytest.raises(UnreadableError):
        take_apart(ShortMessage(payload=b"y", tlvs=long))


def test_a_receipt_says_the_same_in_words_and_in_tlvs() -> None:
    message = ShortMessage(source="10690", destination="8613800000000", payload=b"Flood at gate 4, leave now")
    receipt = receipt_of(
        message,
        message_id="0000002a",
        state=MessageState.UNDELIVERABLE,
        error=27,
        submitted_at=NOW,
        done_at=NOW + 60,
        with_tlvs=True,
    )
    assert receipt.payload == (
        b"id:0000002a sub:001 dlvrd:000 submit date:2501311200 done date:2501311201 stat:UNDELIV err:027 "
        b"text:Flood at gate 4, lea"
    )
    assert (receipt.esm_class, receipt.source, receipt.destination) == (0x04, "8613800000000", "10690")
    assert tlv(receipt.tlvs, Tag.RECEIPTED_MESSAGE_ID) == b"0000002a\0"
    assert tlv(receipt.tlvs, Tag.MESSAGE_STATE) == bytes((MessageState.UNDELIVERABLE,))
