"""Refused reports in words: whatever a terminal sent, a line stays a line and the screen is left alone."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.store.refused import RefusedRow
from gridwarden.refused_words import as_json, hexdump, moment, payload_lines, plain

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def a_refused(payload: bytes = b"{", **more: str) -> RefusedRow:
    facts = {"topic": "gw/v1/t/t7/pos", "reason": "broken json", "detail": ""} | more
    return RefusedRow(id=7, received_at=NOW, terminal="t7", payload=payload, **facts)


@pytest.mark.parametrize(
    ("said", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("3d", timedelta(days=3)),
        ("2026-11-29T10:00:00Z", timedelta(hours=2)),
        ("2026-11-29T18:00:00+08:00", timedelta(hours=2)),
        ("2026-11-28", timedelta(hours=36)),
    ],
)
def test_since_is_a_duration_or_a_time(said: str, ago: timedelta) -> None:
    assert moment(said, now=NOW) == NOW - ago


@pytest.mark.parametrize("said", ["", "5", "m", "-5m", "yesterday", "5 m"])
def test_since_is_nothing_else(said: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment(said, now=NOW)


def test_a_line_has_five_fields_whatever_the_topic_is() -> None:
    line = plain(a_refused(topic="a\tb\n\x1b[2J", detail="\u202etxt"))
    assert line == "2026-11-29T12:00:00Z\tt7\tbroken json\ta\\tb\\n\\x1b[2J\t\\u202etxt"


def test_text_is_shown_as_it_is_and_anything_else_as_a_hexdump() -> None:
    assert payload_lines("{\n 经度}".encode()) == ["{", " 经度}"]
    assert payload_lines(b"") == ["(empty)"]
    assert payload_lines(b"\x1b[2J") == hexdump(b"\x1b[2J")
    assert payload_lines(b"{\xff" + bytes(range(16))) == [
        "00000000  7b ff 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d  |{...............|",
        "00000010  0e 0f                                            |..|",
    ]


def test_a_program_gets_one_object_a_line_and_every_byte() -> None:
    text, bytes_ = json.loads(as_json(a_refused(b'{"t":\n1'))), json.loads(as_json(a_refused(b"\xff\x00")))
    assert (text["payload"], text["received_at"]) == ('{"t":\n1', "2026-11-29T12:00:00Z")
    assert "payload" not in bytes_
    assert bytes.fromhex(bytes_["payload_hex"]) == b"\xff\x00"
    assert "\n" not in as_json(a_refused(b"a\nb"))
