"""Which alphabet, how many segments, and that nothing is cut where a phone could not put it together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.smpp import alphabets, segments
from alerts.smpp.alphabets import Coding
from alerts.smpp.segments import Concatenation, Place, TooLong
from simulators.sms_centre.alphabets import read_text
from simulators.sms_centre.pdus import ShortMessage
from simulators.sms_centre.segments import take_apart

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=900)
GSM = st.text(st.sampled_from("abcXYZ019 @£Δ€{}[]~^|\\\n"), max_size=900)


@pytest.mark.parametrize(
    ("text", "coding", "octets"),
    [
        ("", Coding.DEFAULT, b""),
        ("@£Δ", Coding.DEFAULT, b"\x00\x01\x10"),
        ("[€]", Coding.DEFAULT, b"\x1b\x3c\x1b\x65\x1b\x3e"),
        ("çé", Coding.UCS_2, "çé".encode("utf-16-be")),
        ("洪水", Coding.UCS_2, b"\x6d\x2a\x6c\x34"),
        ("🌊", Coding.UCS_2, b"\xd8\x3c\xdf\x0a"),
    ],
)
def test_the_alphabet_is_chosen_by_the_text(text: str, coding: Coding, octets: bytes) -> None:
    assert alphabets.chosen(text) == (coding, octets)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("洪" * 70, 1),
        ("洪" * 71, 2),
        ("洪" * 134, 2),
        ("洪" * 135, 3),
        ("🌊" * 35, 1),
        ("🌊" * 36, 2),
        ("🌊" * 67, 3),  # a segment of 67 characters has room for 33 pairs
    ],
)
def test_how_many_segments_a_text_is(text: str, count: int) -> None:
    assert segments.count(text) == count
    assert len(segments.segments(text, reference=1)) == count


@given(text=st.one_of(TEXTS, GSM), reference=st.integers(0, 100_000))
def test_every_segment_reads_by_itself_and_all_of_them_are_the_text(text: str, reference: int) -> None:
    read: list[str] = []
    for number, segment in enumerate(segments.segments(text, reference=reference), start=1):
        assert len(segment.payload) <= (160 if segment.data_coding == Coding.DEFAULT else 140)
        message = ShortMessage(
            destination="1", esm_class=segment.esm_class, data_coding=segment.data_coding, payload=segment.payload
        )
        place, payload = take_apart(message)
        assert place is None or (place.reference, place.number) == (reference % 256, number)
        read.append(read_text(payload, segment.data_coding))
    assert "".join(read) == text
    assert all(not part.encode("utf-16-be", "surrogatepass").startswith(b"\xdc") for part in read)


@given(text=GSM)
def test_the_default_alphabet_reads_what_it_wrote(text: str) -> None:
    assert alphabets.from_gsm(alphabets.to_gsm(text)) == text


@given(octets=st.binary(max_size=300), coding=st.integers(0, 255))
def test_any_octets_of_any_coding_are_some_text(octets: bytes, coding: int) -> None:
    alphabets.read(coding, octets).encode()


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert alphabets.to_ucs2("a\ud83c") == "a\ufffd".encode("utf-16-be")


def test_by_payload_a_long_text_is_one_submission() -> None:
    one = segments.segments("洪" * 200, reference=1, by=Concatenation.PAYLOAD)
    assert [(each.is_payload_parameter, len(each.payload), each.esm_class) for each in one] == [(True, 400, 0)]


@pytest.mark.parametrize(
    ("text", "by", "words"),
    [
        ("洪" * 20_000, Concatenation.UDH, "20,000 characters need 299 segments, and 255 are allowed"),
        ("洪" * 40_000, Concatenation.PAYLOAD, "need 598 segments"),
    ],
)
def test_a_text_that_is_too_long_is_refused_with_its_count(text: str, by: Concatenation, words: str) -> None:
    with pytest.raises(TooLong, match=words):
        segments.segments(text, reference=1, by=by)


@pytest.mark.parametrize(
    ("esm_class", "payload", "parameters", "place", "text"),
    [
        (0, b"hi", {}, None, b"hi"),
        (0x40, b"\x05\x00\x03\x2a\x02\x01hi", {}, Place(42, 1, 2), b"hi"),
        (0x40, b"\x06\x08\x04\x01\x00\x03\x02hi", {}, Place(256, 2, 3), b"hi"),
        (0x40, b"\x0b\x05\x04\x00\x01\x00\x02\x00\x03\x07\x02\x02hi", {}, Place(7, 2, 2), b"hi"),
        (0x40, b"\x05\x00\x03\x2a\x02\x03hi", {}, None, b"hi"),  # part 3 of 2
        (0x40, b"\x99hi", {}, None, b"\x99hi"),  # a header that is longer than the message
        (0, b"hi", {0x020C: b"\0\7", 0x020F: b"\2", 0x020E: b"\3"}, Place(7, 2, 3), b"hi"),
    ],
)
def test_where_a_received_segment_belongs(
    esm_class: int, payload: bytes, parameters: dict[int, bytes], place: Place | None, text: bytes
) -> None:
    assert segments.placed(esm_class, payload, parameters) == (place, text)


@given(
    payload=st.binary(max_size=50), parameters=st.dictionaries(st.sampled_from([0x020C, 0x020E, 0x020F]), st.binary())
)
def test_any_header_is_survived(payload: bytes, parameters: dict[int, bytes]) -> None:
    segments.placed(0x40, payload, parameters)
    segments.placed(0, payload, parameters)
