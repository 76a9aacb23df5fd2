"""The page on a member's own phone over HTTP: opened by a link, one member's own, and changed by nothing but a tap."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from alerts.core import links
from alerts.core.links import Link
from dashboard.security.throttle import MOST_FAILURES
from tests.integration.dashboard.builders import EAST_STREET, LI, QIAN, WEST_STREET, ZHAO, Place, now
from tests.integration.dashboard.conftest import SECRET
from tests.push_service import Browser, packed

Connection = psycopg.AsyncConnection[Any]
BROWSER = {"Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}
OPEN = "/my/"


class Desk:
    """The command centre that issues warnings to the east, or wherever it is told."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def issue(self, headline: str = "Rain tonight", **changed: Any) -> UUID:
        draft = {
            "id": str(uuid4()),
            "level": "yellow",
            "event": "rainstorm",
            "headline": headline,
            "description": "Up to 50 mm until morning.",
            "instruction": "Check the cellars.",
            "targets": [EAST_STREET],
            **changed,
        }
        made = (await self.client.post("/api/alerts", json=draft)).json()
        answer = await self.client.post(f"/api/alerts/{made['id']}/issue", json={"expected_version": made["version"]})
        assert answer.status_code == 200, answer.text
        return UUID(made["id"])

    async def lift(self, alert: UUID) -> None:
        answer = await self.client.post(f"/api/alerts/{alert}/lift", json={"expected_version": 2, "note": "It is dry"})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Desk]:
    async with place.logged_in("centre") as client:
        yield Desk(client)


@asynccontextmanager
async def a_browser(place: Place, **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"http://{place.address}", headers={**BROWSER, **headers}, timeout=20
    ) as opened:
        yield opened


def a_token(alert: UUID, member: int, *, hours: float = 1) -> str:
    return links.sign(Link(alert, member, now() + timedelta(hours=hours)), secret=SECRET)


@asynccontextmanager
async def a_phone(place: Place, alert: UUID, member: int, **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser in which the page has been opened by a link."""
    async with a_browser(place, **headers) as browser:
        answer = await browser.post("/my/open", data={"token": a_token(alert, member)})
        assert (answer.status_code, answer.headers["location"]) == (303, OPEN), answer.text
        yield browser


async def answers(city: Connection) -> list[tuple[int, str]]:
    return await (await city.execute("SELECT member, channel FROM acknowledgement ORDER BY at")).fetchall()


async def test_a_link_opens_the_page_and_looking_at_it_opens_nothing(
    place: Place, city: Connection, desk: Desk
) -> None:
    alert = await desk.issue()
    token = a_token(alert, LI)
    async with a_browser(place) as browser:
        await browser.get(f"/ack/{token}")
        assert (await browser.get(OPEN)).status_code == 401
        pressed = await browser.post(f"/ack/{token}")
        assert 'action="/my/open"' in pressed.text
        await browser.post("/my/open", data={"token": token})
        shown = await browser.get(OPEN)
    assert shown.status_code == 200
    assert "Rain tonight" in shown.text
    assert await answers(city) == [(LI, "link")]


async def test_a_link_opens_one_phone_and_goes_on_confirming(place: Place, city: Connection, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as first, a_browser(place) as second:
        again = await first.post("/my/open", data={"token": a_token(alert, LI)})
        refused = await second.post("/my/open", data={"token": a_token(alert, LI)})
        assert (again.status_code, refused.status_code) == (303, 409)
        assert "in your next message" in refused.text
        assert (await second.get(OPEN)).status_code == 401
        assert (await second.post(f"/ack/{a_token(alert, LI)}")).status_code == 200
    assert await answers(city) == [(LI, "link")]


async def test_the_next_link_opens_the_next_phone_and_the_first_can_be_closed_from_it(place: Place, desk: Desk) -> None:
    one, other = await desk.issue(), await desk.issue()
    async with a_phone(place, one, LI) as first, a_phone(place, other, LI) as second:
        assert "also open on one other phone" in (await second.get(OPEN)).text
        await second.post("/my/close-others")
        assert (await first.get(OPEN)).status_code == 401
        assert "other phone" not in (await second.get(OPEN)).text
        assert (await second.post("/my/close")).status_code == 200
        assert (await second.get(OPEN)).status_code == 401


async def test_a_phone_shows_its_own_member_s_warnings_and_nobody_s_number(place: Place, desk: Desk) -> None:
    eastern = await desk.issue("For the east")
    western = await desk.issue("For the west", targets=[WEST_STREET])
    both = await desk.issue("For both", targets=[EAST_STREET, WEST_STREET])
    async with a_phone(place, eastern, LI) as phone:
        listed = await phone.get(OPEN)
        foreign = await phone.get(f"/my/alerts/{western}")
        mine = await phone.get(f"/my/alerts/{both}")
        for path in ("confirm", "pass"):
            answer = await phone.post(f"/my/alerts/{western}/{path}", data={"passing": str(uuid4()), "words": "x"})
            assert answer.status_code == 404
        assert (await phone.get(f"/my/alerts/{western}/pass")).status_code == 404
    assert "For the east" in listed.text
    assert "For the west" not in listed.text
    assert (foreign.status_code, mine.status_code) == (404, 200)
    assert "东街" in mine.text
    for page in (listed, mine, foreign):
        assert "西" not in page.text
        assert "+86" not in page.text


async def test_only_a_tap_confirms(place: Place, city: Connection, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as phone:
        for path in (OPEN, f"/my/alerts/{alert}", f"/my/alerts/{alert}/confirm", "/my/close", "/my/push/confirm"):
            await phone.get(path)
        assert await answers(city) == []
        assert (await phone.get(OPEN)).status_code == 200
        answer = await phone.post(f"/my/alerts/{alert}/confirm")
        assert answer.status_code == 303
        assert "You acknowledged this at" in (await phone.get(f"/my/alerts/{alert}")).text
    assert await answers(city) == [(LI, "phone")]


async def test_another_site_s_page_changes_nothing(place: Place, city: Connection, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as phone:
        phone.headers["Sec-Fetch-Site"] = "cross-site"
        for path in (f"/my/alerts/{alert}/confirm", f"/my/alerts/{alert}/pass", "/my/close", "/my/close-others"):
            assert (await phone.post(path)).status_code == 403
        assert (await phone.post("/my/open", data={"token": a_token(alert, LI)})).status_code == 403
        assert (await phone.post("/my/push/off")).status_code == 403
        assert (await phone.get(OPEN)).status_code == 200
    assert await answers(city) == []


async def test_a_leader_passes_a_warning_down_by_the_form(place: Place, city: Connection, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, QIAN) as phone:
        assert f"/my/alerts/{alert}/pass" in (await phone.get(f"/my/alerts/{alert}")).text
        form = await phone.get(f"/my/alerts/{alert}/pass")
        assert "Tell 1 person" in form.text
        found = re.search(r'name="passing" value="([0-9a-f-]{36})"', form.text)
        assert found
        empty = await phone.post(f"/my/alerts/{alert}/pass", data={"passing": found[1], "words": " "})
        assert (empty.status_code, "a sentence of your own" in empty.text) == (422, True)
        given = {"passing": found[1], "words": "Move the <cars>"}
        for _ in range(2):
            assert (await phone.post(f"/my/alerts/{alert}/pass", data=given)).status_code == 303
        assert "people told: 1" in (await phone.get(f"/my/alerts/{alert}")).text
    async with a_phone(place, alert, LI) as phone:
        read = (await phone.get(f"/my/alerts/{alert}")).text
        assert "Passed down by 钱街 (东街)" in read
        assert "Move the &lt;cars&gt;" in read
        assert f"/my/alerts/{alert}/pass" not in read
        assert (await phone.get(f"/my/alerts/{alert}/pass")).status_code == 303
    told = await (await city.execute("SELECT member FROM delivery WHERE kind = 'passed_down' GROUP BY 1")).fetchall()
    assert told == [(LI,)]


async def test_the_screens_of_those_above_see_it_and_others_do_not(place: Place, desk: Desk) -> None:
    alert = await desk.issue(targets=[EAST_STREET, WEST_STREET])
    async with a_phone(place, alert, QIAN) as phone:
        await phone.post(f"/my/alerts/{alert}/pass", data={"passing": str(uuid4()), "words": "Move the cars"})
    async with place.logged_in("east") as east, place.logged_in("west") as west:
        shown = (await east.get(f"/api/alerts/{alert}")).json()["passings"]
        hidden = (await west.get(f"/api/alerts/{alert}")).json()["passings"]
    assert [(one["member"]["id"], one["unit"]["id"], one["words"], one["people"]) for one in shown] == [
        (QIAN, EAST_STREET, "Move the cars", 1)
    ]
    assert hidden == []


async def test_what_is_over_says_so_and_asks_for_no_answer(place: Place, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, QIAN) as phone:
        await desk.lift(alert)
        read = (await phone.get(f"/my/alerts/{alert}")).text
        late = await phone.post(f"/my/alerts/{alert}/pass", data={"passing": str(uuid4()), "words": "x"})
    assert "the danger is over" in read
    assert "It is dry" in read
    assert "I have received this" not in read
    assert (late.status_code, "nothing to pass down any more" in late.text) == (422, True)


async def test_a_link_that_is_over_or_damaged_says_what_to_do(place: Place, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_browser(place) as browser:
        for token in (a_token(alert, LI, hours=-1), a_token(alert, LI)[:-1], "x"):
            for answer in (await browser.get(f"/ack/{token}"), await browser.post("/my/open", data={"token": token})):
                assert answer.status_code == 404
                assert "latest warning message" in answer.text
        assert (await browser.post("/my/open", data={"token": a_token(uuid4(), LI)})).status_code == 409


async def test_who_guesses_waits_and_holds_nobody_else_up(place: Place, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_browser(place) as browser:
        statuses = [(await browser.get(f"/ack/{number}")).status_code for number in range(MOST_FAILURES["address"] + 1)]
        guessed = await browser.get("/ack/another")
        honest = await browser.get(f"/ack/{a_token(alert, LI)}")
    assert (statuses[0], guessed.status_code, honest.status_code) == (404, 429, 200)
    assert int(guessed.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE member SET phone = '+8613900000000' WHERE id = 101",
        "UPDATE member SET closed_at = now() WHERE id = 101",
        "UPDATE phone SET expires_at = now() WHERE member = 101",
    ],
    ids=["another number", "left", "unused"],
)
async def test_a_page_ends_with_its_member_s_number_with_the_member_and_with_time(
    place: Place, city: Connection, desk: Desk, change: Any
) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as phone:
        assert (await phone.get(OPEN)).status_code == 200
        await city.execute(change)
        assert (await phone.get(OPEN)).status_code == 401
        assert (await phone.post(f"/my/alerts/{alert}/confirm")).status_code == 401
        assert (await phone.post("/my/push/off")).status_code == 401
    assert await answers(city) == []


def a_subscription(endpoint: str) -> dict[str, Any]:
    browser = Browser(path="", server_key="")
    keys = {"p256dh": packed(browser.point), "auth": packed(browser.auth)}
    return {"endpoint": endpoint, "expirationTime": None, "keys": keys}


async def test_a_phone_says_where_it_is_pushed_to_and_that_is_never_just_anywhere(
    place: Place, city: Connection, desk: Desk
) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as phone, a_browser(place) as stranger:
        inside = await phone.post("/my/push", json=a_subscription("https://127.0.0.1/latest/meta-data"))
        garbled = await phone.post("/my/push", json=a_subscription("https://a.push.example/1") | {"keys": {}})
        closed = await stranger.post("/my/push", json=a_subscription("https://a.push.example/1"))
        assert (inside.status_code, garbled.status_code, closed.status_code) == (422, 422, 401)
        assert "push service of this browser" in inside.json()["message"]
        assert 'data-known="false"' in (await phone.get(OPEN)).text
        assert (await phone.post("/my/push", json=a_subscription("https://a.push.example/1"))).status_code == 204
        assert (await phone.post("/my/push", json=a_subscription("https://a.push.example/2"))).status_code == 204
        assert 'data-known="true"' in (await phone.get(OPEN)).text
        found = await (await city.execute("SELECT endpoint FROM push_subscription")).fetchall()
        assert found == [("https://a.push.example/2",)]
        assert (await phone.post("/my/push/off")).status_code == 204
    assert await (await city.execute("SELECT endpoint FROM push_subscription")).fetchall() == []


async def test_the_button_of_a_notification_confirms_its_own_warning_only(
    place: Place, city: Connection, desk: Desk
) -> None:
    opened, other = await desk.issue(), await desk.issue(targets=[WEST_STREET])
    async with a_phone(place, opened, LI) as phone, a_phone(place, other, ZHAO) as western:
        await phone.post("/my/push", json=a_subscription("https://a.push.example/1"))
        alert = await desk.issue("Pushed")
        row = await (await city.execute("SELECT id FROM delivery WHERE channel = 'push'")).fetchone()
        assert row
        assert (await western.post("/my/push/confirm", json={"delivery": row[0]})).status_code == 404
        assert (await phone.post("/my/push/confirm", json={"delivery": row[0]})).status_code == 204
    found = await (await city.execute("SELECT alert, member, channel FROM acknowledgement")).fetchall()
    assert found == [(alert, LI, "push")]


async def test_pages_say_nothing_to_others_about_who_reads_them(place: Place, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, LI) as phone:
        kept = phone.cookies.jar
        assert [(cookie.path, cookie.has_nonstandard_attr("HttpOnly")) for cookie in kept] == [("/my", True)]
        for path in (OPEN, f"/my/alerts/{alert}", f"/ack/{a_token(alert, LI)}"):
            answer = await phone.get(path)
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            assert re.findall(r"https?://", answer.text) == []


async def test_pages_speak_the_browser_s_language(place: Place, desk: Desk) -> None:
    alert = await desk.issue(is_drill=True)
    async with a_phone(place, alert, QIAN, **{"Accept-Language": "zh-CN,zh;q=0.9"}) as phone:
        listed, read = (await phone.get(OPEN)).text, (await phone.get(f"/my/alerts/{alert}")).text
        form = (await phone.get(f"/my/alerts/{alert}/pass")).text
    assert "钱街的预警" in listed
    for words in ("III 黄色预警 · 暴雨", "演练", "我已收到", "请这样做", "向下级转达", "测试市"):
        assert words in read
    assert "转达给 1 人" in form


async def test_a_form_as_long_as_a_book_is_refused(place: Place, desk: Desk) -> None:
    alert = await desk.issue()
    async with a_phone(place, alert, QIAN) as phone:
        long = await phone.post(f"/my/alerts/{alert}/pass", data={"passing": str(uuid4()), "words": "x" * 20_000})
        many = await phone.post(f"/my/alerts/{alert}/pass", data={str(number): "x" for number in range(100)})
        gone = await phone.get("/my/nothing.js")
    assert (long.status_code, many.status_code, gone.status_code) == (413, 413, 404)
