"""Recordings of real movement: read whole, bad lines named, moved in time without being bent."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gpxpy
import pynmea2
import pytest

from simulators.sources import gpx, nmea, owntracks
from simulators.sources.files import read_recording
from simulators.sources.recording import RecordingError, believable
from simulators.timeline import lay_timelines, turns

DATA = Path(__file__).parents[4] / "shared" / "data"
NOW_S = 1_800_000_000.0
A_DAY_S = 86_400

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not part of the project")

RMC = b"$GPRMC,235959.50,A,4742.21,N,01200.75,E,1.0,90.0,311226,,,A"
GGA = b"$GPGGA,235959.50,4742.21,N,01200.75,E,1,06,1.2,167.2,M,8.3,M,,"


def signed(body: bytes) -> bytes:
    return b"%s*%02X\r\n" % (body, nmea.checksum(body[1:]))


def a_track(*points: str) -> bytes:
    return ("<gpx><trk><trkseg>\n" + "\n".join(points) + "\n</trkseg></trk></gpx>").encode()


def a_point(lon: float = 113.6, lat: float = 34.7, time: str = "2026-05-01T08:00:00Z", more: str = "") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}"><time>{time}</time>{more}</trkpt>'


@needs_data
@pytest.mark.parametrize("name", ["cerknicko-jezero.gpx", "track-with-empty-segment.gpx", "Mojstrovka.gpx"])
def test_a_gpx_file_reads_as_gpxpy_reads_it(name: str) -> None:
    path = DATA / "gpx" / name
    points = [point for track in gpxpy.parse(path.read_text()).tracks for point in track.walk(only_points=True)]
    wanted = sorted((point.longitude, point.latitude, point.time.timestamp()) for point in points if point.time)
    said = [json.loads(message.payload(0)) for message in read_recording(path).messages]
    assert sorted((each["lon"], each["lat"], each["t"]) for each in said) == [
        (lon, lat, pytest.approx(t, abs=1e-3)) for lon, lat, t in wanted
    ]


@needs_data
def test_points_without_a_time_are_named_one_by_one() -> None:
    recording = read_recording(DATA / "gpx" / "track-with-extremes.gpx")
    assert recording.messages == []
    assert [fault.line for fault in recording.faults][:2] == [14, 17]
    assert {fault.why for fault in recording.faults} == {"a point without a time"}


@needs_data
def test_fixes_from_before_gps_are_left_out_and_named() -> None:
    recording = believable(read_recording(DATA / "gpx" / "Mojstrovka.gpx"), now_s=NOW_S)
    assert recording.messages == []
    assert len(recording.faults) == 184
    assert str(recording.faults[0]).endswith("Mojstrovka.gpx:12: dated 1901-12-13, before GPS existed: left out")


@needs_data
@pytest.mark.parametrize(
    ("name", "messages", "without_fix"),
    [("beidou-gb.log", 5, 3), ("haicom-305N.log", 74, 6), ("iTrek.log", 37, 2), ("meinberg-gps164.log", 90, 20)],
)
def test_a_receivers_log_becomes_one_message_an_instant(name: str, messages: int, without_fix: int) -> None:
    recording = read_recording(DATA / "nmea" / name)
    assert len(recording.messages) == messages
    assert recording.faults == []
    assert recording.notes[0].startswith(f"{without_fix} messages hold no fix")


@needs_data
@pytest.mark.parametrize("name", ["beidou-gb.log", "haicom-305N.log", "iTrek.log", "meinberg-gps164.log"])
def test_moved_sentences_have_good_checksums_and_the_new_time(name: str) -> None:
    for message in read_recording(DATA / "nmea" / name).messages:
        for line in message.payload(500 * A_DAY_S + 3_601).decode().split():
            sentence: Any = pynmea2.parse(line, check=True)
            if sentence.sentence_type == "RMC":
                at = datetime.combine(sentence.datestamp, sentence.timestamp.replace(tzinfo=UTC))
                assert at.timestamp() == pytest.approx(message.at_s + 500 * A_DAY_S + 3_601, abs=1e-3)


@needs_data
def test_unmoved_sentences_are_as_recorded() -> None:
    path = DATA / "nmea" / "haicom-305N.log"
    recorded = {line.strip() for line in path.read_bytes().split(b"\n")}
    said = b"".join(message.payload(0) for message in read_recording(path).messages)
    assert set(said.split()) <= recorded


def test_a_move_over_midnight_and_new_year_rolls_the_date() -> None:
    (message,) = nmea.read(Path("x.log"), signed(GGA) + signed(RMC)).messages
    moved = message.payload(1).split()
    assert moved[0].startswith(b"$GPGGA,000000.50,")
    assert moved[1].startswith(b"$GPRMC,000000.50,")
    assert b",010127," in moved[1]


def test_a_gga_takes_the_day_of_its_neighbour_across_midnight() -> None:
    late = signed(GGA.replace(b"235959.50", b"000000.50"))
    first, second = nmea.read(Path("x.log"), signed(RMC) + late).messages
    assert second.at_s - first.at_s == pytest.approx(1.0)


def test_a_bad_checksum_costs_its_sentence_only() -> None:
    data = b"# a note\n" + signed(RMC) + signed(GGA).replace(b"167.2", b"176.3")
    recording = nmea.read(Path("x.log"), data)
    assert len(recording.messages) == 1
    assert [fault.line for fault in recording.faults] == [3]
    assert "bad checksum" in recording.faults[0].why


def test_lines_that_are_no_sentences_are_named() -> None:
    data = b"\xff\xfe\x00binary\n$GPRMC,nonsense\n" + signed(RMC.replace(b"311226", b"321326")) + signed(RMC)
    recording = nmea.read(Path("x.log"), data)
    assert [fault.line for fault in recording.faults] == [1, 2, 3]
    assert len(recording.messages) == 1


def test_a_log_of_gga_alone_has_no_date() -> None:
    recording = nmea.read(Path("x.log"), signed(GGA))
    assert recording.messages == []
    assert "no RMC in the file" in recording.faults[0].why


@pytest.mark.parametrize(
    ("point", "why"),
    [
        (a_point(lat=91), "lat 91 is out of range"),
        ('<trkpt lat="x" lon="1"><time>2026-05-01T08:00:00Z</time></trkpt>', "lat 'x' is no number"),
        ('<trkpt lon="1"><time>2026-05-01T08:00:00Z</time></trkpt>', "a point without lat"),
        (a_point(time="yesterday"), "'yesterday' is no time"),
        (a_point(more="<ele>NaN</ele>"), "ele is NaN"),
    ],
)
def test_a_bad_point_costs_itself_only(point: str, why: str) -> None:
    recording = gpx.read(Path("x.gpx"), a_track(a_point(), point, a_point(time="2026-05-01T08:00:10Z")))
    assert len(recording.messages) == 2
    assert [str(fault) for fault in recording.faults] == [f"x.gpx:3: {why}"]


def test_a_file_cut_off_keeps_what_came_before() -> None:
    recording = gpx.read(Path("x.gpx"), a_track(a_point(), a_point())[:-60])
    assert len(recording.messages) == 1
    assert "broken XML" in recording.faults[0].why


def test_a_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + a_track(a_point())
    recording = gpx.read(Path("x.gpx"), bomb)
    assert recording.messages == []
    assert "document type" in recording.faults[0].why


def test_a_route_is_read_like_a_track_and_tracks_are_put_in_order_of_time() -> None:
    late = a_point(time="2026-05-01T09:00:00Z").replace("trkpt", "rtept")
    data = f"<gpx><rte>{late}</rte><trk><trkseg>{a_point()}</trkseg></trk></gpx>".encode()
    first, second = gpx.read(Path("x.gpx"), data).messages
    assert second.at_s - first.at_s == 3_600


def a_rec_line(tst: object = 1_777_622_400, kind: str = "location", **more: object) -> bytes:
    said = {"_type": kind, "tst": tst, "lat": 34.7, "lon": 113.6, **more}
    return b"2026-05-01T08:00:00Z\t*                 \t" + json.dumps(said).encode() + b"\n"


def test_a_recorder_line_is_published_as_the_phone_did() -> None:
    data = a_rec_line(topic="owntracks/jane/phone", created_at=1_777_622_401, acc=5) + a_rec_line(kind="lwt")
    recording = owntracks.read(Path("x.rec"), data)
    (message,) = recording.messages
    assert message.topic("T1") == "owntracks/T1/phone"
    moved = json.loads(message.payload(1_000))
    assert (moved["tst"], moved["created_at"], moved["acc"]) == (1_777_623_400, 1_777_623_401, 5)
    assert message.payload(0) == data.split(b"\n")[0].split(b"\t")[2]
    assert recording.notes == ["1 lines that are no location passed over"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"garbage\n", "no recorder line"),
        (b"2026-05-01T08:00:00Z\t*\t{broken\n", "broken JSON"),
        (b"2026-05-01T08:00:00Z\t*\t[1]\n", "the JSON is no object"),
        (b"2026-05-01T08:00:00Z\t*\t\xff\xfe\n", "broken JSON"),
        (a_rec_line(tst="soon"), "no time in tst: soon"),
        (a_rec_line(tst=None), "no time in tst: None"),
    ],
)
def test_a_bad_recorder_line_costs_itself_only(line: bytes, why: str) -> None:
    recording = owntracks.read(Path("x.rec"), a_rec_line() + line + a_rec_line(tst="1777622500"))
    assert len(recording.messages) == 2
    assert [(fault.line, fault.why.startswith(why)) for fault in recording.faults] == [(2, True)]


def test_the_kind_of_a_file_is_told_by_its_beginning(tmp_path: Path) -> None:
    for name, data in (("a", a_track(a_point())), ("b.log", b"# x\n" + signed(RMC)), ("c.txt", a_rec_line())):
        (tmp_path / name).write_bytes(data)
        assert len(read_recording(tmp_path / name).messages) == 1


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"lon,lat\n1,2\n"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(data)
    with pytest.raises(RecordingError, match=r"x\.bin: neither GPX nor"):
        read_recording(tmp_path / "x.bin")


def test_a_fix_of_the_future_is_left_out() -> None:
    read = gpx.read(Path("x.gpx"), a_track(a_point(), a_point(time="2099-01-01T00:00:00Z")))
    recording = believable(read, now_s=NOW_S)
    assert len(recording.messages) == 1
    assert "in the future" in recording.faults[0].why


def test_a_replay_keeps_gaps_over_speed_and_all_files_end_together() -> None:
    long = gpx.read(Path("long.gpx"), a_track(a_point(), a_point(time="2026-05-01T09:00:00Z")))
    short = gpx.read(Path("short.gpx"), a_track(a_point(), a_point(time="2026-05-01T08:10:00Z")))
    timelines = lay_timelines([long, short], speed=60.0)
    assert [(turn.due_s, turn.file) for turn in turns(timelines)] == [(0.0, 0), (50.0, 1), (60.0, 0), (60.0, 1)]


def test_moved_times_end_with_the_replay_and_keep_their_spacing() -> None:
    recording = gpx.read(Path("x.gpx"), a_track(a_point(), a_point(time="2026-05-01T09:00:00.25Z")))
    (timeline,) = lay_timelines([recording], speed=60.0)
    shift_s = timeline.shift_s(NOW_S)
    first, last = (json.loads(message.payload(shift_s))["t"] for message in recording.messages)
    assert 0 <= NOW_S - last < 1
    assert last - first == 3_600.25


def test_a_date_before_gps_does_not_stretch_a_replay() -> None:
    recording = gpx.read(Path("x.gpx"), a_track(a_point(time="1901-12-13T20:45:52.2073437Z"), a_point()))
    (timeline,) = lay_timelines([recording], speed=1.0)
    assert timeline.offsets_s == (0.0, 0.0)


def test_a_file_without_fixes_takes_no_time() -> None:
    (timeline,) = lay_timelines([gpx.read(Path("x.gpx"), a_track())], speed=1.0)
    assert (timeline.offsets_s, timeline.ends_s) == ((), 0.0)
