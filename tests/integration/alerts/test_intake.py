"""Messages of other services: kept once, read beside what they would be, settled; fetched from a feed that answers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import shapely
from psycopg_pool import AsyncConnectionPool

from alerts import fetching
from alerts.changes.matching import Reading
from alerts.core.cap_states import Offer
from alerts.core.errors import BadContent, BadDocument, IllegalMove, NotAllowed, UnknownMessage
from alerts.core.levels import Level
from alerts.core.records import Actor
from alerts.core.states import AlertState
from alerts.desk import Desk
from alerts.fetching import Feeds, FeedWatch
from alerts.intake import Intake
from tests.core.alerts.test_cap_in import INFO, a_document, an_area
from tests.integration.alerts.builders import (
    CITY,
    EAST_STREET,
    HUAYUAN,
    JINSHUI,
    WENHUA,
    WEST,
    City,
    Clock,
    a_content,
)
from tests.integration.alerts.weather import Page, Weather, a_weather_service
from tracker.bus.local import LocalBus

SENT = "2026-07-20T11:30:00+08:00"
FIRST = f"weather.example,one,{SENT}"
# In degrees: the street of Jingbalu in the west, Huayuanlu beside it, Dongdajie in the east
OUTLINES = {
    JINSHUI: (113.60, 113.65),
    WENHUA: (113.60, 113.65),
    HUAYUAN: (113.65, 113.70),
    WEST: (113.60, 113.70),
    EAST_STREET: (113.70, 113.75),
}


@pytest.fixture
async def grids(connection: psycopg.AsyncConnection[Any], city: City) -> None:
    await connection.execute("INSERT INTO grid_set (version, takes_effect_at) VALUES (1, '2026-01-01')")
    for unit, (west, east) in OUTLINES.items():
        await connection.execute(
            "INSERT INTO grid VALUES (1, %s, false, %s, %s, 34.7, %s, 34.8)",
            [unit, shapely.to_wkb(shapely.box(west, 34.7, east, 34.8)), west, east],
        )


@pytest.fixture
def intake(pool: AsyncConnectionPool[Any], bus: LocalBus, clock: Clock, grids: None) -> Intake:
    return Intake(pool, bus, clock)


@pytest.fixture
async def weather() -> AsyncIterator[Weather]:
    async with a_weather_service() as service:
        yield service


def a_box(west: float, east: float) -> str:
    ring = " ".join(
        f"{lat},{lon}" for lon, lat in ((west, 34.7), (east, 34.7), (east, 34.8), (west, 34.8), (west, 34.7))
    )
    return an_area(f"<polygon>{ring}</polygon>")


def a_code(code: str, name: str = "GB/T 2260") -> str:
    return an_area(f"<geocode><valueName>{name}</valueName><value>{code}</value></geocode>")


def a_message(identifier: str = "one", **changed: Any) -> bytes:
    return a_document(identifier=identifier, sent=SENT, **{"more": a_box(113.62, 113.63), **changed})


async def bring(intake: Intake, document: bytes, by: Actor) -> int:
    (outcome,) = await intake.bring(document, source="a.xml", by=by)
    assert outcome.received is not None
    return outcome.received.message


async def look(intake: Intake, message: int, by: Actor, info: int | None = None) -> Reading:
    return await intake.read(await intake.find(message), by=by, within=by.unit, info=info)


async def become(intake: Intake, desk: Desk, message: int, by: Actor, *, level: Level = Level.YELLOW) -> UUID:
    """Make a draft of a message and issue it."""
    alert = uuid4()
    await intake.draft(message, alert, by=by, content=a_content(level=level))
    await desk.issue(alert, by, 1, override_reason="it cannot wait")
    return alert


def told(reading: Reading) -> str:
    return "; ".join(note.en for note in reading.notes)


async def test_a_message_waits_and_nothing_is_issued(intake: Intake, desk: Desk, city: City) -> None:
    message = await bring(intake, a_message(), city.county)
    row = await intake.find(message)
    assert (row.state, row.unit, row.level, row.source, row.received_by) == ("waiting", WEST, "orange", "a.xml", 2)
    assert await desk.list() == []


async def test_the_same_message_again_is_kept_once_and_another_content_is_said(intake: Intake, city: City) -> None:
    first = await bring(intake, a_message(), city.county)
    (again,) = await intake.bring(a_message(), source="b.xml", by=city.deputy)
    (other,) = await intake.bring(a_message(note="changed"), source="c.xml", by=city.county)
    found = [outcome.received for outcome in (again, other)]
    assert [(one.message, one.is_new, one.is_same) for one in found if one] == [
        (first, False, True),
        (first, False, False),
    ]
    assert await intake.document(first) == a_message()
    assert (await bring(intake, a_message(), city.mayor)) != first  # of another unit: each has its own


async def test_a_county_reads_its_own_streets_and_nobody_else_s(intake: Intake, city: City) -> None:
    document = a_message(more=a_box(113.64, 113.80))
    seen = await look(intake, await bring(intake, document, city.county), city.county)
    assert [(name.id, round(touch.share or 0, 2)) for name, touch in seen.touched.units] == [
        (JINSHUI, 0.2),
        (HUAYUAN, 1.0),
    ]
    assert [name.id for name in seen.touched.targets] == [WEST]  # all of its streets: the county itself
    whole = await look(intake, await bring(intake, document, city.mayor), city.mayor)
    assert [name.id for name, _ in whole.touched.units] == [JINSHUI, HUAYUAN, EAST_STREET]
    assert [name.id for name in whole.touched.targets] == [CITY]
    street = await look(intake, await bring(intake, document, city.street), city.street)
    assert [name.id for name, _ in street.touched.units] == [WENHUA]


@pytest.mark.parametrize(
    ("code", "units"),
    [
        ("410105", [JINSHUI, HUAYUAN]),
        ("410105000000", [JINSHUI, HUAYUAN]),
        ("410100", [JINSHUI, HUAYUAN, EAST_STREET]),
        ("410105002", [HUAYUAN]),
        ("410105001001001", [JINSHUI]),  # a block of ours: the street that holds it is told
        ("110000", []),
    ],
)
async def test_codes_name_units(intake: Intake, city: City, code: str, units: list[int]) -> None:
    seen = await look(intake, await bring(intake, a_message(more=a_code(code)), city.mayor), city.mayor)
    assert [name.id for name, _ in seen.touched.units] == units
    assert ("no area that is known here" in told(seen)) == (units == [])


async def test_an_area_elsewhere_touches_nobody_and_says_so(intake: Intake, city: City) -> None:
    seen = await look(intake, await bring(intake, a_message(more=a_box(120.0, 121.0)), city.mayor), city.mayor)
    assert seen.touched.units == ()
    assert "touches none of your units" in told(seen)


async def test_a_draft_is_made_of_a_message_once(intake: Intake, desk: Desk, city: City) -> None:
    message, alert = await bring(intake, a_message(), city.county), uuid4()
    assert await intake.draft(message, alert, by=city.county, content=a_content())
    assert not await intake.draft(message, alert, by=city.county, content=a_content())  # a lost answer, asked again
    found, row = await desk.get(alert), await intake.find(message)
    assert (found.state, row.state, row.alert, row.settler) == (AlertState.DRAFT, "drafted", alert, 2)
    with pytest.raises(IllegalMove, match="became a warning already"):
        await intake.draft(message, uuid4(), by=city.county, content=a_content())
    assert len(await desk.list()) == 1


async def test_a_draft_that_is_refused_leaves_the_message_waiting(intake: Intake, desk: Desk, city: City) -> None:
    message = await bring(intake, a_message(), city.county)
    with pytest.raises(NotAllowed):
        await intake.draft(message, uuid4(), by=city.county, content=a_content(targets=(EAST_STREET,)))
    assert (await intake.find(message)).state == "waiting"
    assert await desk.list() == []


async def test_a_message_is_dismissed_with_a_reason_and_taken_up_again(intake: Intake, city: City) -> None:
    message = await bring(intake, a_message(), city.county)
    with pytest.raises(BadContent, match="say why"):
        await intake.dismiss(message, by=city.county, reason="  ")
    await intake.dismiss(message, by=city.county, reason="of last year")
    row = await intake.find(message)
    assert (row.state, row.reason, row.settler) == ("dismissed", "of last year", 2)
    await intake.reopen(message, by=city.deputy)
    row = await intake.find(message)
    assert (row.state, row.reason, row.settled_at) == ("waiting", "", None)


async def test_what_was_brought_to_others_is_not_there(intake: Intake, city: City) -> None:
    message = await bring(intake, a_message(), city.county)
    for stranger in (city.east, city.street):
        with pytest.raises(UnknownMessage):
            await intake.dismiss(message, by=stranger, reason="not mine")
    await intake.dismiss(message, by=city.mayor, reason="a superior may")


async def test_who_may_not_issue_settles_nothing(intake: Intake, city: City) -> None:
    message = await bring(intake, a_message(), city.county)
    with pytest.raises(NotAllowed):
        await intake.dismiss(message, by=Actor(account=3, unit=WEST, may_issue=False), reason="x")


async def test_an_update_overtakes_what_it_refers_to_also_when_it_came_first(intake: Intake, city: City) -> None:
    first = await bring(intake, a_message(), city.county)
    second = await bring(intake, a_message("two", msgType="Update", references=FIRST), city.county)
    row = await intake.find(first)
    assert (row.state, row.overtaken_by) == ("overtaken", second)
    seen = await look(intake, second, city.county)
    assert (seen.offer, seen.earlier.id if seen.earlier else None, seen.alert) == (Offer.DRAFT, first, None)

    newer = await bring(
        intake, a_message("four", msgType="Update", references=f"weather.example,three,{SENT}"), city.county
    )
    late = await intake.find(await bring(intake, a_message("three"), city.county))
    assert (late.state, late.overtaken_by) == ("overtaken", newer)


async def test_an_update_of_a_draft_changes_the_draft(intake: Intake, city: City) -> None:
    first, alert = await bring(intake, a_message(), city.county), uuid4()
    await intake.draft(first, alert, by=city.county, content=a_content())
    second = await bring(intake, a_message("two", msgType="Update", references=FIRST), city.county)
    seen = await look(intake, second, city.county)
    assert (seen.offer, seen.alert.id if seen.alert else None) == (Offer.EDIT, alert)
    await intake.join(second, alert, by=city.county)
    assert (await intake.find(second)).alert == alert


async def test_an_update_of_a_warning_in_force_proposes_another_level_or_nothing(
    intake: Intake, desk: Desk, city: City
) -> None:
    alert = await become(intake, desk, await bring(intake, a_message(), city.county), city.county, level=Level.ORANGE)
    same = await bring(intake, a_message("two", msgType="Update", references=FIRST), city.county)
    red = await bring(
        intake,
        a_message("three", msgType="Update", references=FIRST, info=INFO.replace("Severe", "Extreme")),
        city.county,
    )
    seen = await look(intake, same, city.county)
    assert seen.offer is Offer.NOTHING
    assert "nothing to change" in told(seen)
    seen = await look(intake, red, city.county)
    assert (seen.offer, seen.alert.id if seen.alert else None) == (Offer.LEVEL, alert)


@pytest.mark.parametrize(
    ("changed", "offer"),
    [
        ({"msgType": "Cancel"}, Offer.CANCEL),
        ({"msgType": "Cancel", "info": ""}, Offer.CANCEL),
        ({"msgType": "Update", "info": INFO.replace("Immediate", "Past")}, Offer.LIFT),
        (
            {"msgType": "Update", "info": INFO.replace("<urgency>", "<responseType>AllClear</responseType><urgency>")},
            Offer.LIFT,
        ),
    ],
)
async def test_the_end_of_a_warning_elsewhere_proposes_its_end_here(
    intake: Intake, desk: Desk, city: City, changed: dict[str, str], offer: Offer
) -> None:
    alert = await become(intake, desk, await bring(intake, a_message(), city.county), city.county)
    over = await bring(intake, a_message("two", references=FIRST, **changed), city.county)
    seen = await look(intake, over, city.county)
    assert (seen.offer, seen.alert.id if seen.alert else None) == (offer, alert)
    assert (await desk.get(alert)).state is AlertState.ISSUED  # proposed, not done


async def test_the_end_of_what_never_was_a_warning_proposes_nothing(intake: Intake, city: City) -> None:
    await bring(intake, a_message(), city.county)
    over = await look(
        intake, await bring(intake, a_message("two", msgType="Cancel", references=FIRST), city.county), city.county
    )
    unknown = f"weather.example,zero,{SENT}"
    lost = await look(
        intake, await bring(intake, a_message("x", msgType="Cancel", references=unknown), city.county), city.county
    )
    assert (over.offer, lost.offer) == (Offer.NOTHING, Offer.NOTHING)
    assert "never became a warning" in told(over)
    assert "never received here" in told(lost)


async def test_everything_that_happens_to_a_message_is_in_the_audit(
    intake: Intake, city: City, connection: psycopg.AsyncConnection[Any]
) -> None:
    message = await bring(intake, a_message(), city.county)
    await intake.dismiss(message, by=city.county, reason="by mistake")
    await intake.reopen(message, by=city.county)
    await intake.draft(message, uuid4(), by=city.county, content=a_content())
    cursor = await connection.execute(
        "SELECT action, account, unit FROM audit WHERE subject = %s ORDER BY id", [f"cap {message}"]
    )
    actions = ["cap.received", "cap.dismissed", "cap.reopened", "cap.drafted"]
    assert await cursor.fetchall() == [(action, 2, WEST) for action in actions]


async def test_a_feed_file_brings_its_messages_and_says_which_are_refused(intake: Intake, city: City) -> None:
    entries = [a_message("one"), a_message("two", status="System")]
    feed = b"<feed xmlns='http://www.w3.org/2005/Atom'>" + b"".join(
        b"<entry><content type='text/xml'>" + entry + b"</content></entry>" for entry in entries
    )
    good, bad = await intake.bring(feed + b"</feed>", source="feed.xml", by=city.county)
    assert good.received is not None
    assert bad.refused is not None
    assert "status System" in bad.refused.en
    with pytest.raises(BadDocument, match="feed of links"):
        await intake.bring(
            b"<rss><channel><item><link>http://x.example/</link></item></channel></rss>", source="r", by=city.county
        )


class Watched:
    """A watch over one feed, whose clock is moved by hand."""

    def __init__(self, pool: AsyncConnectionPool[Any], intake: Intake, clock: Clock, weather: Weather) -> None:
        self.pool, self.intake, self.clock, self.weather = pool, intake, clock, weather
        self.every = timedelta(minutes=5)
        self.hosts = frozenset[str]()

    async def fetch(self, path: str = "/feed", *, after_min: float = 0) -> int:
        """Fetch what is due; return how many feeds were."""
        self.clock.forward(minutes=after_min)
        feeds = Feeds(addresses=(self.weather.url(path),), every=self.every, hosts=self.hosts)
        async with fetching.new_client() as client:
            watch = FeedWatch(self.pool, self.intake, self.clock, feeds, client)
            await watch.keep()
            fetched = 0
            while await watch.fetch_due():
                fetched += 1
        return fetched

    async def identifiers(self) -> list[str]:
        return sorted(row.identifier for row in await self.intake.list(left=0, right=1_000))

    async def trouble(self) -> str:
        (feed,) = await self.intake.feeds()
        return " ".join(words.en for words in (feed.trouble, feed.last_refusal) if words is not None)


@pytest.fixture
def watched(pool: AsyncConnectionPool[Any], intake: Intake, clock: Clock, weather: Weather) -> Watched:
    return Watched(pool, intake, clock, weather)


def a_feed(*links: str) -> bytes:
    entries = "".join(f"<entry><link href='{link}' type='application/cap+xml'/></entry>" for link in links)
    return f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>".encode()


async def test_what_is_new_in_a_feed_waits_for_the_city(watched: Watched, weather: Weather) -> None:
    weather.pages = {
        "/feed": Page(a_feed("/1", "/2"), headers={"ETag": '"a"'}),
        "/1": Page(a_message("one")),
        "/2": Page(a_message("two")),
    }
    assert await watched.fetch() == 1
    assert await watched.identifiers() == ["one", "two"]
    rows = await watched.intake.list(left=0, right=1_000)
    assert {(row.unit, row.received_by, row.source) for row in rows} == {
        (CITY, None, weather.url("/1")),
        (CITY, None, weather.url("/2")),
    }
    assert await watched.fetch() == 0  # not due yet
    assert await watched.fetch(after_min=6) == 1
    assert weather.paths == ["/feed", "/1", "/2", "/feed"]
    assert weather.asked[-1][1]["if-none-match"] == '"a"'


async def test_only_what_was_not_fetched_before_is_fetched(watched: Watched, weather: Weather) -> None:
    weather.pages = {"/feed": Page(a_feed("/1")), "/1": Page(a_message("one")), "/2": Page(a_message("two"))}
    await watched.fetch()
    weather.pages["/feed"] = Page(a_feed("/2", "/1"))
    await watched.fetch(after_min=6)
    assert weather.paths == ["/feed", "/1", "/feed", "/2"]
    assert await watched.identifiers() == ["one", "two"]


async def test_an_entry_that_cannot_be_had_is_asked_for_again_and_one_that_is_refused_is_not(
    watched: Watched, weather: Weather
) -> None:
    weather.pages = {"/feed": Page(a_feed("/1", "/2"), headers={"ETag": '"a"'}), "/2": Page(b"<html/>")}
    await watched.fetch()
    assert "its root is html" in await watched.trouble()
    weather.pages["/1"] = Page(a_message("one"))
    await watched.fetch(after_min=6)
    assert weather.paths == ["/feed", "/1", "/2", "/feed", "/1"]
    assert await watched.identifiers() == ["one"]


async def test_an_address_may_be_a_message_itself(watched: Watched, weather: Weather) -> None:
    weather.pages = {"/feed": Page(a_message("one"))}
    await watched.fetch()
    weather.pages = {"/feed": Page(a_message("two", msgType="Update", references=FIRST))}
    await watched.fetch(after_min=6)
    assert await watched.identifiers() == ["one", "two"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Page(status=500), "HTTP 500"),
        (Page(b"x" * (1 << 20) + b"x"), "larger than 1 MiB"),
        (Page(b"<!DOCTYPE feed><feed/>"), "document type"),
        (Page(b"nothing"), "well-formed"),
        (Page(a_feed(), headers={"Content-Encoding": "gzip"}), "compressed"),
        (Page(status=302, headers={"Location": "ftp://127.0.0.1/feed"}), "not http as its feed"),
        (Page(status=302, headers={"Location": "http://10.0.0.1/feed"}), "another host, 10.0.0.1"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "not http as its feed"),
        (Page(status=302, headers={"Location": "/feed"}), "redirects too often"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_feed_that_goes_wrong_says_why(watched: Watched, weather: Weather, page: Page, said: str) -> None:
    weather.pages = {"/feed": page}
    await watched.fetch()
    assert said in await watched.trouble()
    assert await watched.identifiers() == []


async def test_a_feed_behind_a_redirect_on_the_same_host_is_read(watched: Watched, weather: Weather) -> None:
    weather.pages = {
        "/feed": Page(status=301, headers={"Location": "/here/feed"}),
        "/here/feed": Page(a_feed("1")),
        "/here/1": Page(a_message("one")),
    }
    await watched.fetch()
    assert await watched.identifiers() == ["one"]


async def test_an_entry_that_leads_to_another_host_is_not_followed_unless_that_is_set(
    watched: Watched, weather: Weather
) -> None:
    weather.pages = {"/feed": Page(a_feed(f"http://localhost:{weather.port}/1")), "/1": Page(a_message("one"))}
    await watched.fetch()
    assert weather.paths == ["/feed"]
    assert "another host, localhost" in await watched.trouble()
    watched.hosts = frozenset({"localhost"})
    weather.pages["/feed"] = Page(a_feed(f"http://localhost:{weather.port}/1?again"))
    weather.pages["/1?again"] = Page(a_message("one"))
    await watched.fetch(after_min=6)
    assert await watched.identifiers() == ["one"]


async def test_a_feed_that_fails_is_asked_ever_more_seldom_and_as_usual_when_it_is_back(
    watched: Watched, weather: Weather
) -> None:
    weather.pages = {"/feed": Page(status=503)}
    assert [await watched.fetch(after_min=after) for after in (0, 6, 6, 6, 14, 7)] == [1, 1, 0, 1, 0, 1]
    weather.pages = {"/feed": Page(a_feed())}
    assert [await watched.fetch(after_min=after) for after in (61, 6)] == [1, 1]
    assert await watched.trouble() == ""


async def test_an_address_that_is_set_no_more_is_forgotten(watched: Watched, weather: Weather) -> None:
    weather.pages = {"/feed": Page(a_feed()), "/other": Page(a_feed())}
    await watched.fetch()
    await watched.fetch("/other")
    assert [feed.address for feed in await watched.intake.feeds()] == [weather.url("/other")]


async def test_two_programs_fetch_a_feed_once(watched: Watched, weather: Weather) -> None:
    weather.pages = {"/feed": Page(a_feed())}
    assert [await watched.fetch(), await watched.fetch()] == [1, 0]
    assert weather.paths == ["/feed"]
