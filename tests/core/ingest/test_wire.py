"""Payloads: what becomes of them, typed, whatever the bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.wire import ack, nmea, owntracks, pos, sos, status
from ingest.wire.reports import MAX_REPORTS, Decoded, Fix, Reason, Refusal

FULL = {"t": 1.5, "lon": 113.6, "lat": 34.7, "acc": 5, "spd": 1.4, "hdg": 87, "alt": 104, "bat": 83, "seq": 9}
BARE = {"t": 1.5, "lon": 113.6, "lat": 34.7}
NUMBERS = st.floats() | st.integers()
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*FULL, "crs", "receipt", "_type", "tst", "id", "fixes"), ANY_JSON | NUMBERS)
)
ANYTHING = (
    st.binary(max_size=300)
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
    | (NEARLY | st.lists(NEARLY, max_size=4)).map(lambda value: json.dumps(value).encode())
    | st.text(alphabet="$GPRMCA,*.0123456789VNSE\n", max_size=120).map(str.encode)
)


def sentence(body: str) -> bytes:
    checksum = 0
    for letter in body.encode():
        checksum ^= letter
    return f"${body}*{checksum:02X}".encode()


def reasons(decoded: Decoded) -> list[tuple[int, Reason, int]]:
    return [(refusal.at, refusal.reason, refusal.reports) for refusal in decoded.refusals]


@given(ANYTHING)
def test_any_bytes_are_taken_apart_without_an_exception(payload: bytes) -> None:
    for decode in (pos.decode, owntracks.decode, nmea.decode):
        decoded = decode(payload)
        assert decoded.fixes or decoded.refusals or decoded.ignored
        assert len(decoded.fixes) == len(decoded.indexes)
        assert all(isinstance(fix.t, int | float) for fix in decoded.fixes)
    for parse in (sos.decode, ack.decode, status.decode):
        parse(payload)


def test_a_position_may_say_all_there_is() -> None:
    assert pos.decode(json.dumps(FULL).encode()).fixes == [
        Fix(
            t=1.5,
            lon=113.6,
            lat=34.7,
            accuracy_m=5,
            speed_mps=1.4,
            heading_deg=87,
            altitude_m=104,
            battery_pct=83,
        )
    ]


def test_a_time_is_seconds_or_text_with_a_zone() -> None:
    texts = ["1970-01-01T00:01:00Z", "1970-01-01T08:01:00.5+08:00", "1970-01-01T00:01:00", "soon"]
    decoded = pos.decode(json.dumps([{**BARE, "t": text} for text in texts]).encode())
    assert [fix.t for fix in decoded.fixes] == [60, 60.5]
    assert reasons(decoded) == [(2, Reason.BAD_TIME, 1), (3, Reason.BAD_TIME, 1)]


def test_null_means_not_said() -> None:
    assert pos.decode(json.dumps({**BARE, "acc": None}).encode()).fixes == [Fix(t=1.5, lon=113.6, lat=34.7)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('{"t":1,"lon":1}', Reason.MISSING_FIELD),
        ('{"t":1,"lon":"1","lat":2}', Reason.WRONG_TYPE),
        ('{"t":1,"lon":true,"lat":2}', Reason.WRONG_TYPE),
        ('{"t":1,"lon":1,"lat":2,"crs":"bd09"}', Reason.UNKNOWN_CRS),
        ('{"t":"\\ud800","lon":1,"lat":2}', Reason.INVALID_UTF8),
        ("[1]", Reason.NOT_AN_OBJECT),
        ("null", Reason.NOT_AN_OBJECT),
    ],
)
def test_a_broken_report_refuses_itself_and_not_its_neighbours(broken: str, reason: Reason) -> None:
    decoded = pos.decode(f"[{json.dumps(BARE)},{broken},{json.dumps(BARE)}]".encode())
    assert decoded.indexes == [0, 2]
    assert reasons(decoded) == [(1, reason, 1)]


def test_nan_in_one_report_leaves_the_others_readable() -> None:
    decoded = pos.decode(f'[{{"t":1,"lon":NaN,"lat":2}},{json.dumps(BARE)}]'.encode())
    assert decoded.indexes == [0, 1]


def test_invalid_utf8_in_one_report_leaves_the_others_readable() -> None:
    decoded = pos.decode(b'[{"t":1,"lon":1,"lat":2,"crs":"\xff"},' + json.dumps(BARE).encode() + b"]")
    assert (decoded.indexes, reasons(decoded)) == ([1], [(0, Reason.INVALID_UTF8, 1)])


def test_more_than_500_reports_are_refused_from_the_501st_on() -> None:
    decoded = pos.decode(json.dumps([BARE] * (MAX_REPORTS + 3)).encode())
    assert len(decoded.fixes) == MAX_REPORTS
    assert reasons(decoded) == [(MAX_REPORTS, Reason.TOO_MANY, 3)]


@pytest.mark.parametrize(
    "said",
    [{**BARE, "receipt": "r"}, [BARE, {**BARE, "receipt": "r"}], {"receipt": "r", "fixes": [BARE, BARE]}],
    ids=["object", "array", "envelope"],
)
def test_a_receipt_can_be_asked_for(said: Any) -> None:
    assert pos.decode(json.dumps(said).encode()).receipt == "r"


def test_an_envelope_keeps_its_good_reports() -> None:
    decoded = pos.decode(json.dumps({"receipt": 7, "fixes": [BARE, {}, BARE]}).encode())
    assert (decoded.receipt, decoded.indexes) == (7, [0, 2])


def owntracks_said(**fields: Any) -> Decoded:
    return owntracks.decode(json.dumps({"_type": "location", "tst": 10, "lon": 1.0, "lat": 2.0, **fields}).encode())


def test_owntracks_speaks_km_per_hour() -> None:
    assert owntracks_said(vel=36, cog=90, batt=80).fixes == [
        Fix(t=10, lon=1, lat=2, speed_mps=10, heading_deg=90, battery_pct=80)
    ]


def test_owntracks_time_may_be_text() -> None:
    assert [owntracks_said(tst=tst).fixes[0].t for tst in ("10", "1970-01-01T00:00:10Z")] == [10, 10]


@pytest.mark.parametrize("kind", ["transition", "waypoint", "waypoints", "card", "lwt", "encrypted", "novelty"])
def test_other_owntracks_messages_are_ignored_and_not_refused(kind: str) -> None:
    assert owntracks.decode(json.dumps({"_type": kind, "tst": "1"}).encode()) == Decoded(ignored=1)


def test_the_last_will_of_a_phone_is_known() -> None:
    assert owntracks.is_farewell(b'{"_type":"lwt","tst":"1"}')
    assert not owntracks.is_farewell(b'{"_type":"card"}')


RMC = "GPRMC,123519.809,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
GGA = "GPGGA,123519.809,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,"


def test_an_rmc_and_its_gga_are_one_report() -> None:
    for order in ((RMC, GGA), (GGA, RMC)):
        (fix,) = nmea.decode(b"\r\n".join(map(sentence, order))).fixes
        assert (fix.t, fix.altitude_m) == (764426119.809, 545.4)
        assert (fix.lon, fix.lat) == pytest.approx((11.516667, 48.1173))
        assert fix.speed_mps == pytest.approx(11.5235, abs=1e-4)


def test_a_bad_checksum_refuses_the_sentence_and_not_the_packet() -> None:
    decoded = nmea.decode(sentence(RMC) + b"\n" + sentence(GGA)[:-2] + b"00\n" + sentence("GPGSV,1,1,00"))
    assert (len(decoded.fixes), decoded.ignored, reasons(decoded)) == (1, 1, [(1, Reason.BAD_CHECKSUM, 1)])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (sentence(RMC.replace(",A,", ",V,")), Reason.NO_FIX),
        (sentence(GGA), Reason.NO_DATE),
        (sentence(RMC).partition(b"*")[0], Reason.NO_CHECKSUM),
        (sentence(RMC.replace("230394", "990394")), Reason.BAD_TIME),
        (sentence(RMC.replace("4807.038", "")), Reason.MISSING_FIELD),
        (sentence(RMC.replace("4807.038", "north")), Reason.BROKEN_SENTENCE),
        (b"hello", Reason.BROKEN_SENTENCE),
        (b"\xff\xfe", Reason.BROKEN_SENTENCE),
        (b"", Reason.EMPTY),
    ],
)
def test_a_sentence_that_says_no_place_is_refused_with_a_reason(line: bytes, reason: Reason) -> None:
    assert reasons(nmea.decode(line)) == [(0, reason, 1)]


def test_any_talker_and_lower_case_letters_will_do() -> None:
    lines = [sentence(RMC.replace("GPRMC", word).replace("123519", f"12351{n}")) for n, word in enumerate(TALKERS)]
    lines[0] = lines[0][:-2] + lines[0][-2:].lower()
    assert len(nmea.decode(b"\n".join(lines)).fixes) == len(TALKERS)


TALKERS = ("GPRMC", "GNRMC", "BDRMC", "GBRMC", "gprmc")


def test_a_press_survives_a_bad_clock_and_a_broken_fix() -> None:
    press = sos.decode(b'{"id":"p","t":"noon","lon":999,"lat":NaN,"note":5}')
    assert isinstance(press, sos.Press)
    assert (press.sos_id, press.t, press.lon, press.lat, press.note) == ("p", None, None, None, "")


def test_a_press_needs_its_own_id() -> None:
    assert sos.decode(b'{"t":1}') == Refusal(0, Reason.MISSING_FIELD, "id")


def test_a_status_is_a_word() -> None:
    assert [status.decode(said) for said in (b"online", b"Offline\n", b"")] == list(status.Status)
    assert isinstance(status.decode(b"asleep"), Refusal)
