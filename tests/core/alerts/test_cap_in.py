"""What other services send is read, or refused with words; whatever it is, nothing breaks."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.core import cap, cap_feeds, cap_in, cap_shapes, xml_in
from alerts.core.cap_in import Pair
from alerts.core.errors import BadDocument
from alerts.core.texts import Kind
from tests.core.alerts.test_cap import RING, a_bulletin
from tests.core.alerts.test_texts import a_notice

REAL: Final = Path(__file__).parents[4] / "shared" / "data" / "cap"  # read where it is, never copied
SQUARE: Final = "34.0,113.2 34.0,113.4 34.2,113.4 34.2,113.2 34.0,113.2"
INFO: Final = (
    "<info><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>"
    "<certainty>Likely</certainty>{more}</info>"
)


def a_document(*, more: str = "", info: str = INFO, namespace: str = cap.NAMESPACE, **changed: str) -> bytes:
    """A message of a weather service; `changed` replaces elements by name, empty leaves one out."""
    said = {
        "identifier": "41010041600000_20260720120000",
        "sender": "weather.example",
        "sent": "2026-07-20T12:00:00+08:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "references": "",
        **changed,
    }
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in said.items() if text)
    return f'<alert xmlns="{namespace}">{elements}{info.format(more=more)}</alert>'.encode()


def an_area(inner: str) -> str:
    return f"<area><areaDesc>金水区</areaDesc>{inner}</area>"


def as_xml_reads(text: str) -> str:
    """XML 1.0, section 2.11: every end of a line is a line feed."""
    return cap.clean(text).replace("\r\n", "\n").replace("\r", "\n")


def refused(document: bytes) -> str:
    with pytest.raises(BadDocument) as caught:
        cap_in.read(document)
    assert caught.value.reason.zh != caught.value.reason.en
    return caught.value.reason.en


def test_a_message_is_read_with_its_parts() -> None:
    more = (
        "<expires>2026-07-20T18:00:00+08:00</expires><headline>红色</headline>"
        "<parameter><valueName>colour</valueName><value>red</value></parameter>"
        + an_area(
            f"<polygon>{SQUARE}</polygon><circle>34.1,113.3 2</circle>"
            "<geocode><valueName>GB2260</valueName><value>410105</value></geocode>"
        )
    )
    read = cap_in.read(a_document(more=more, references="a,1,2026-07-20T11:00:00+08:00 b,2,2026-07-20T11:30:00+08:00"))
    (info,) = read.infos
    (area,) = info.areas
    assert (read.key, read.sent_at) == (
        "weather.example,41010041600000_20260720120000",
        datetime(2026, 7, 20, 4, tzinfo=UTC),
    )
    assert [reference.key for reference in read.references] == ["a,1", "b,2"]
    assert info.expires_at == datetime(2026, 7, 20, 10, tzinfo=UTC)
    assert (info.parameters, area.geocodes) == ((Pair("colour", "red"),), (Pair("GB2260", "410105"),))
    assert area.shapes[0].bounds == (113.2, 34.0, 113.4, 34.2)


@settings(deadline=None)  # a busy machine is no bug
@given(words=st.text(max_size=60), kind=st.sampled_from(list(cap.MESSAGE_TYPE)), is_drill=st.booleans())
def test_whatever_our_own_way_out_writes_is_read_back(words: str, kind: Kind, *, is_drill: bool) -> None:
    notice = a_notice(
        kind=kind, headline=words, description=words, instruction=words, event=words or "x", is_drill=is_drill
    )
    bulletin = a_bulletin(notices=[a_notice(), notice] if kind is not Kind.ISSUE else [notice])
    sent = cap.messages(bulletin)[-1]
    read = cap_in.read(cap.document(bulletin))
    (info,) = read.infos
    assert (read.identifier, read.sender, read.kind) == (sent.identifier, bulletin.sender, cap.MESSAGE_TYPE[kind])
    assert read.sent_at.isoformat() == datetime.fromisoformat(sent.sent).astimezone(UTC).isoformat()
    assert info.headline == as_xml_reads(cap.headline(notice))
    assert info.description == as_xml_reads(words)
    assert read.status == ("Exercise" if is_drill else "Actual")
    assert [len(area.shapes) for area in info.areas] == [1]


def test_our_own_areas_come_back_where_they_were() -> None:
    outline = shapely.to_wkb(shapely.MultiPolygon([RING, shapely.box(114.0, 35.0, 114.1, 35.1)]))
    bulletin = a_bulletin(regions=[cap.Region(name="两处", codes=("410105001",), outline=outline)])
    (area,) = cap_in.read(cap.document(bulletin)).infos[0].areas
    assert [shape.bounds for shape in area.shapes] == [(113.0, 34.0, 113.4, 34.4), (114.0, 35.0, 114.1, 35.1)]
    assert area.geocodes == (Pair("code", "410105001"),)


@pytest.mark.parametrize("namespace", cap_in.NAMESPACES)
def test_versions_1_1_and_1_2_are_read(namespace: str) -> None:
    assert cap_in.read(a_document(namespace=namespace)).infos[0].event == "暴雨"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "it is empty"),
        (b"   \n", "it is empty"),
        (b"hello", "well-formed"),
        (b"<alert>", "well-formed"),
        (b"\x89PNG\r\n\x1a\n", "is no utf-8"),
        (b"<alert/>", "its root is alert"),
        (b"<html><body/></html>", "its root is html"),
        (a_document(namespace="http://www.incident.com/cap/1.0"), "another version of CAP"),
        (a_document(identifier=""), "identifier is missing"),
        (a_document(identifier="a b"), "identifier is too long, or holds blanks"),
        (a_document(sent="yesterday"), "not a time like"),
        (a_document(sent="2026-07-20T12:00:00"), "not a time like"),
        (a_document(sent="2026-13-20T12:00:00Z"), "not a time like"),
        (a_document(sent="0001-01-01T00:00:00+14:00"), "not a time like"),
        (a_document(status="System"), "status System"),
        (a_document(status="Draft"), "status Draft"),
        (a_document(status="Real"), "its status is 'Real'"),
        (a_document(msgType="Ack"), "it is an Ack"),
        (a_document(msgType="Cry"), "its msgType is 'Cry'"),
        (a_document(scope=""), "scope is missing"),
        (a_document(references="a,b"), "not sender,identifier,sent"),
        (a_document(info=""), "no info element"),
        (a_document(info=INFO.replace("<event>暴雨</event>", "")), "event is missing"),
        (a_document(info=INFO.replace("Severe", "Awful")), "its severity is 'Awful'"),
        (a_document(more="<area><polygon>1,2</polygon></area>"), "has 1 points"),
        (a_document(more=an_area("<polygon>0,0 0,1 1,1 1,0</polygon>")), "not closed"),
        (a_document(more=an_area("<polygon>0,0 1,1 0,1 1,0 0,0</polygon>")), "crosses itself"),
        (a_document(more=an_area("<polygon>0,0 0,0 0,0 0,0</polygon>")), "encloses nothing"),
        (a_document(more=an_area("<polygon>0,0 91,1 1,1 0,0</polygon>")), "'91,1'"),
        (a_document(more=an_area("<polygon>0,0 nan,1 1,1 0,0</polygon>")), "'nan,1'"),
        (a_document(more=an_area("<circle>34,113</circle>")), "no number of kilometres"),
        (a_document(more=an_area("<circle>34,113 99999</circle>")), "too large"),
        (a_document(more=an_area("<circle>34,179.99 100</circle>")), "180th meridian"),
        (a_document(more="<area><circle>34,113 1</circle></area>"), "areaDesc is missing"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "encoding utf-7"),
        (b"<!DOCTYPE alert><alert/>", "document type"),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"), "document type"),
        (b"<a>" * 40 + b"</a>" * 40, "nested too deep"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "too many elements"),
        (b"<a>" + b"x" * xml_in.MOST_BYTES + b"</a>", "larger than 1 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_with_words(document: bytes, said: str) -> None:
    assert said in refused(document)


def a_comb(*, is_upright: bool, teeth: int = 1_200) -> str:
    """A polygon of so many teeth, standing or lying: two of them cross everywhere."""
    corners = [(113.0, 34.0)]
    for tooth in range(teeth):
        west = 113.0 + tooth / teeth
        corners += [(west, 35.0), (west + 0.5 / teeth, 35.0), (west + 0.5 / teeth, 34.01), (west + 1 / teeth, 34.01)]
    corners += [(114.0, 34.0), (113.0, 34.0)]
    turned = corners if is_upright else [(79.0 + lat, lon - 79.0) for lon, lat in corners]
    return "<polygon>" + " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in turned) + "</polygon>"


def test_shapes_that_would_cost_a_machine_its_memory_are_refused() -> None:
    combs = [a_comb(is_upright=is_upright) for is_upright in (True, False)]
    assert "too intricate" in refused(a_document(more=an_area("".join(combs))))
    triangles = "".join(
        f"<polygon>34,{113 + at / 1e4} 35,{113 + at / 1e4} 34,{114 + at / 1e4} 34,{113 + at / 1e4}</polygon>"
        for at in range(1_500)
    )
    assert "too intricate" in refused(a_document(more=an_area(triangles)))


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        '<!ENTITY c SYSTEM "file:///etc/passwd">',
        '<!ENTITY % c SYSTEM "http://127.0.0.1:9/x.dtd"> %c;',
    ],
)
def test_entities_are_refused_before_anything_is_expanded_or_fetched(declared: str) -> None:
    document = f"<!DOCTYPE alert [{declared}]><alert>&c;</alert>".encode()
    assert "document type" in refused(document)


def test_tables_of_the_mainland_are_read_in_their_encoding() -> None:
    text = a_document().decode()
    document = f'<?xml version="1.0" encoding="GB2312"?>{text}'.encode("gb18030")
    assert cap_in.read(document).infos[0].event == "暴雨"


@settings(deadline=None)  # a busy machine is no bug
@given(junk=st.binary(max_size=400))
def test_junk_is_refused(junk: bytes) -> None:
    refused(junk)


@settings(deadline=None)  # a busy machine is no bug
@given(data=st.data())
def test_a_document_that_lost_or_changed_bytes_is_read_or_refused(data: st.DataObject) -> None:
    document = bytearray(a_document(more=an_area(f"<polygon>{SQUARE}</polygon>")))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
    with suppress(BadDocument):
        assert cap_in.read(bytes(document)).infos


@settings(deadline=None)  # a busy machine is no bug
@given(point=st.tuples(st.floats(-80, 80), st.floats(-170, 170)), km=st.floats(0, 500))
def test_a_circle_holds_its_centre_and_reaches_as_far_as_it_says(point: tuple[float, float], km: float) -> None:
    lat, lon = point
    drawn = cap_shapes.circle(f"{lat:.6f},{lon:.6f} {km:.3f}")
    assert drawn.contains(shapely.Point(lon, lat))
    height = (drawn.bounds[3] - drawn.bounds[1]) / 2 * cap_shapes.KM_PER_DEGREE
    assert height == pytest.approx(max(km, cap_shapes.LEAST_KM), rel=0.01, abs=0.002)


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("410100", "4101"),
        ("410000", "41"),
        ("410105", "410105"),
        ("410105001", "410105001"),
        ("410105000000", "410105"),
    ],
)
def test_a_code_of_a_division_stands_for_all_in_it(code: str, begins: str) -> None:
    assert cap_shapes.division(code) == begins


@pytest.mark.parametrize("code", ["", "006109", "41", "41010X", "CAZ017", "\uff14\uff11\uff10\uff11\uff10\uff10"])
def test_what_is_no_code_of_a_division_is_none(code: str) -> None:
    assert cap_shapes.division(code) is None


def test_a_large_area_is_made_coarse_enough_for_a_draft() -> None:
    shapes = [shapely.Point(113 + number / 50, 34).buffer(0.1, quad_segs=200) for number in range(10)]
    whole = shapely.from_wkb(cap_shapes.union(shapes) or b"")
    assert shapely.get_num_coordinates(whole) <= cap_shapes.MOST_POINTS
    assert whole.area == pytest.approx(shapely.union_all(shapes).area, rel=0.01)


def test_an_atom_feed_leads_to_links_and_holds_messages() -> None:
    inside = a_document().decode()
    feed = cap_feeds.read(
        f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><updated>1</updated>
        <link href="page.html" type="text/html"/><link href="cap/1.xml" type="application/cap+xml"/></entry>
        <entry><content type="text/xml">{inside}</content></entry><entry/></feed>""".encode(),
        base="https://weather.example/feeds/atom.xml",
    )
    assert [(link.address, link.updated) for link in feed.links] == [("https://weather.example/feeds/cap/1.xml", "1")]
    assert [cap_in.read(one).infos[0].event for one in feed.messages] == ["暴雨"]


def test_an_rss_feed_leads_to_links() -> None:
    feed = cap_feeds.read(
        b"""<rss version="2.0"><channel><item><link>https://w.example/1.cap</link></item>
        <item><link>https://w.example/2.html</link><enclosure url="https://w.example/2.cap" type="application/cap+xml"/>
        </item></channel></rss>"""
    )
    assert [link.address for link in feed.links] == ["https://w.example/1.cap", "https://w.example/2.cap"]


def test_a_document_that_is_neither_is_refused() -> None:
    with pytest.raises(BadDocument, match="its root is html"):
        cap_feeds.read(b"<html/>")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("canada.cap", "Update"),
        ("ipaws-5e6dd9de023f1930ef6548d9.xml", "Cancel"),
        ("thunderstorm.cap", "Alert"),
        ("weather.cap", "Alert"),
        ("v1dot2_appendix_adot1.xml", "Alert"),
        ("v1dot2_appendix_adot2.xml", "Alert"),
        ("v1dot2_appendix_adot3.xml", "Update"),
        ("v1dot2_appendix_adot4.xml", "Alert"),
    ],
)
def test_real_messages_are_read(name: str, kind: str) -> None:
    if REAL.exists():
        assert cap_in.read((REAL / name).read_bytes()).kind == kind


@pytest.mark.parametrize(
    ("name", "said"),
    [("xee.cap", "document type"), ("invalid.cap", "scope is missing"), ("no_optional_fields.cap", "no info")],
)
def test_real_messages_that_are_hostile_or_broken_are_refused(name: str, said: str) -> None:
    if REAL.exists():
        assert said in refused((REAL / name).read_bytes())
