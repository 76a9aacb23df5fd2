"""Whatever a terminal sends is counted by its reason and kept, the rest of it is stored, and the service goes on."""

import json
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from gridwarden.embedded import EmbeddedPostgres
from tests.running import Running, running
from tests.strangers import Credential, Terminal, a_fix, at_the_desk, credentials, mosquitto_pub, until

MIB = 1024 * 1024
Y1970 = 86_400.0
Y2099 = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
CITY = {"lon": 113.6253, "lat": 34.7466}


@dataclass(frozen=True, slots=True)
class Service:
    up: Running
    desk: httpx.Client
    own: Credential
    other: Credential
    dsn: str

    def refusals(self) -> Counter[str]:
        return Counter({row["reason"]: row["reports"] for row in self._ingest()["refusals"]})

    def newest_refused(self) -> dict[str, Any]:
        return self._ingest()["refused"][0]

    def is_stored(self, fix: dict[str, Any]) -> bool:
        with psycopg.connect(self.dsn) as connection:
            found = connection.execute(
                "SELECT count(*) FROM position JOIN terminal ON terminal.id = terminal WHERE code = %s"
                " AND fixed_at = to_timestamp(%s)",
                [self.own.terminal, fix["t"]],
            )
            return found.fetchone() == (1,)

    def _ingest(self) -> Any:
        return self.desk.get("/api/ingest").json()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    data = tmp_path_factory.mktemp("bad-input") / "data"
    with running(data) as up, at_the_desk(up.url, up.login) as desk:
        own, other, *_ = credentials(data)
        yield Service(up, desk, own, other, EmbeddedPostgres(data).dsn)


@pytest.fixture(scope="module")
def handset(service: Service) -> Generator[Terminal]:
    with Terminal(service.up.mqtt_port, service.own) as connected:
        yield connected


@pytest.fixture(
    scope="module",
    params=[MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5],
    ids=lambda version: version.name,
)
def terminal(service: Service, request: pytest.FixtureRequest) -> Generator[Terminal]:
    with Terminal(service.up.mqtt_port, service.own, version=request.param) as connected:
        yield connected


def sentence(body: str) -> str:
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}"


BAD: dict[str, tuple[str, Any, str]] = {
    "broken JSON": ("pos", '{"t": 1, "lon"', "broken json"),
    "not JSON at all": ("pos", b"\x00\x01\x02\x03", "broken json"),
    "a string for a number": ("pos", a_fix(lon="east"), "wrong type"),
    "a list for a time": ("pos", a_fix(t=[1]), "wrong type"),
    "null for a place": ("pos", a_fix(lat=None), "wrong type"),
    "a bare number": ("pos", "17", "not an object"),
    "no place": ("pos", {"t": Y1970}, "missing field"),
    "NaN": ("pos", '{"t": 1, "lon": NaN, "lat": 34.7}', "not finite"),
    "infinity": ("pos", '{"t": 1, "lon": 1e999, "lat": 34.7}', "not finite"),
    "north of the pole": ("pos", a_fix(lat=90.1), "out of range"),
    "null island": ("pos", a_fix(lon=0, lat=0), "null island"),
    "1970": ("pos", a_fix(t=Y1970), "too old"),
    "2099": ("pos", a_fix(t=Y2099), "future"),
    "the year 10^18": ("pos", a_fix(t=1e18), "future"),
    "a time in words": ("pos", a_fix(t="yesterday"), "bad time"),
    "a time without zone": ("pos", a_fix(t="2026-11-22T08:00:00"), "bad time"),
    "another system of coordinates": ("pos", a_fix(crs="bd09"), "unknown crs"),
    "an empty array": ("pos", "[]", "empty"),
    "an empty payload": ("pos", "", "empty"),
    "a megabyte": ("pos", b"x" * MIB, "payload too large"),
    "a megabyte of an open array": ("pos", b"[" * MIB, "payload too large"),
    "a deep hole": ("pos", b"[" * 200_000, "nested too deep"),
    "invalid UTF-8": ("pos", b'{"t": "\xff\xfe", "lon": 1, "lat": 1}', "invalid utf-8"),
    "an unknown word": ("gw/v2/t/x/pos", "{}", "unknown topic"),
    "a topic of our own": ("stored", "{}", "unknown topic"),
    "a broken press": ("sos", "{}", "missing field"),
    "an answer to nothing": ("ack", {"alert": "00000000-0000-4000-8000-000000000000", "version": 1}, "unknown alert"),
    "a strange status": ("status", "asleep", "unknown word"),
    "NMEA garbled": ("nmea", sentence("GPRMC,120000,A,3444.8,N,11337.5,E,,,221126,,")[:-2] + "00", "bad checksum"),
    "NMEA with NULs": ("nmea", b"\0\0\0\0", "broken sentence"),
    "OwnTracks without a place": ("owntracks", {"_type": "location", "tst": 1}, "missing field"),
    "OwnTracks that is none": ("owntracks", "hello", "broken json"),
}


@pytest.mark.parametrize("name", BAD)
def test_is_counted_by_its_reason_and_kept_and_the_next_good_fix_is_stored(
    service: Service, handset: Terminal, name: str
) -> None:
    word, payload, reason = BAD[name]
    topic = f"owntracks/{service.own.terminal}/phone" if word == "owntracks" else word
    before = service.refusals()
    handset.say(topic, payload)
    assert service.refusals() - before == {reason: 1}
    assert service.newest_refused()["reason"] == reason
    good = a_fix()
    handset.say("pos", good)
    assert service.is_stored(good)


def test_every_version_of_mqtt_is_answered_and_goes_on(service: Service, terminal: Terminal) -> None:
    before = service.refusals()
    good = a_fix()
    terminal.say("pos", "broken")
    terminal.say("pos", good)
    assert service.refusals() - before == {"broken json": 1}
    assert service.is_stored(good)


def test_a_foreign_topic_is_refused_and_writes_nothing(service: Service, terminal: Terminal) -> None:
    before, fix = service.refusals(), a_fix()
    terminal.say(f"gw/v1/t/{service.other.terminal}/pos", fix)
    terminal.say(f"owntracks/{service.other.terminal}/phone", {"_type": "location", "tst": fix["t"], **CITY})
    assert service.refusals() - before == {"foreign topic": 2}
    with psycopg.connect(service.dsn) as connection:
        found = connection.execute("SELECT count(*) FROM position WHERE fixed_at = to_timestamp(%s)", [fix["t"]])
        assert found.fetchone() == (0,)


def test_nothing_good_of_an_array_is_lost(service: Service, terminal: Terminal) -> None:
    before, good = service.refusals(), [a_fix(), a_fix(), a_fix()]
    mixed = [good[0], a_fix(lon=999), "?", good[1], a_fix(t=Y2099), {"t": 1}, good[2], a_fix(t=None)]
    terminal.say("pos", mixed)
    counted = {"out of range": 1, "not an object": 1, "future": 1, "missing field": 1, "wrong type": 1}
    assert service.refusals() - before == counted
    assert [service.is_stored(fix) for fix in good] == [True, True, True]


def test_nan_in_an_array_refuses_its_own_element_alone(service: Service, terminal: Terminal) -> None:
    before, good = service.refusals(), a_fix()
    terminal.say("pos", f'[{json.dumps(good)}, {{"t": {a_fix()["t"]}, "lon": NaN, "lat": 34.7}}]')
    assert service.refusals() - before == {"not finite": 1}
    assert service.is_stored(good)


def test_a_bad_checksum_refuses_the_sentence_and_not_the_packet(service: Service, terminal: Terminal) -> None:
    before, fixes = service.refusals(), [a_fix(), a_fix(), a_fix()]
    hundredths = [round(fix["t"] * 1000) // 10 for fix in fixes]  # which NMEA counts in
    instants = [datetime.fromtimestamp(at / 100, UTC) for at in hundredths]
    lines = [
        sentence(f"GNRMC,{t:%H%M%S}.{t.microsecond // 10_000:02},A,3444.8,N,11337.5,E,1.0,90.0,{t:%d%m%y},,")
        for t in instants
    ]
    lines[1] = lines[1].replace("A,3444.8", "A,3444.9")
    terminal.say("nmea", "\r\n".join(lines))
    assert service.refusals() - before == {"bad checksum": 1}
    stored = [service.is_stored({"t": t.timestamp()}) for t in instants]
    assert stored == [True, False, True]


def test_the_501st_of_an_array_is_refused_and_500_are_stored(service: Service, handset: Terminal) -> None:
    before, fixes = service.refusals(), [a_fix() for _ in range(503)]
    handset.say("pos", fixes)
    assert service.refusals() - before == {"too many reports": 3}
    assert [service.is_stored(fix) for fix in (fixes[0], fixes[499], fixes[500])] == [True, True, False]


PHONE: dict[str, dict[str, Any]] = {
    "lwt": {"_type": "lwt", "tst": "1763800000"},
    "transition": {"_type": "transition", "wtst": 1, "tst": 1, "event": "enter", "lat": 1.0, "lon": 1.0},
    "waypoint": {"_type": "waypoint", "tst": 1, "desc": "home", "lat": 1.0, "lon": 1.0, "rad": 50},
    "card": {"_type": "card", "name": "Jane", "face": "iVBORw0KGgo="},
    "encrypted": {"_type": "encrypted", "data": "AAAA"},
    "steps": {"_type": "steps", "tst": 1, "steps": 100},
}


@pytest.mark.parametrize("kind", PHONE)
def test_what_a_stock_phone_says_beside_its_place_is_no_error(service: Service, terminal: Terminal, kind: str) -> None:
    before, good = service.refusals(), a_fix()
    topic = f"owntracks/{service.own.terminal}/phone"
    terminal.say(topic, PHONE[kind])
    stock = {"_type": "location", "tid": "ab", "tst": good["t"], "batt": 71, "acc": 14, "vel": 4, "conn": "m", **CITY}
    terminal.say(topic, stock)
    assert service.refusals() - before == {}
    assert service.is_stored(good)


def test_mosquitto_pub_is_answered_like_everybody_else(service: Service) -> None:
    before = service.refusals()
    topic = f"gw/v1/t/{service.own.terminal}/pos"
    assert mosquitto_pub(service.up.mqtt_port, service.own, topic, "[{]") == 0
    assert service.refusals() - before == {"broken json": 1}


def test_an_unknown_terminal_is_refused_at_the_door_and_counted(service: Service) -> None:
    assert mosquitto_pub(service.up.mqtt_port, Credential("nobody", "x"), "gw/v1/t/nobody/pos", "{}") != 0
    counted = httpx.get(f"{service.up.url}/metrics").text
    assert 'gridwarden_listen_connects_total{answer="bad credentials"}' in counted


def test_what_is_refused_shows_in_the_health(service: Service, handset: Terminal) -> None:
    handset.say("pos", "[[]]")
    until(lambda: int(service.up.health()["refused"]) == service.refusals().total())
