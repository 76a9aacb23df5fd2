"""A warning over HTTP: drafted, previewed, issued, answered, lifted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from alerts.core import links
from alerts.core.links import Link
from tests.integration.dashboard.builders import EAST_LEAF, EAST_STREET, LI, QIAN, WANG, WEST_STREET, ZHAO, Place, now

SQUARE = {"type": "Polygon", "coordinates": [[[113.2, 34.0], [113.4, 34.0], [113.4, 34.2], [113.2, 34.0]]]}
BOW_TIE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}


def a_draft(**changed: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "level": "blue",
        "event": "rainstorm",
        "headline": "Rain tonight",
        "description": "Up to 50 mm until morning.",
        "instruction": "Check the cellars.",
        "targets": [EAST_STREET],
        "depth": None,
        "area": None,
        "expires_at": None,
        "is_drill": False,
        **changed,
    }


@pytest.fixture
async def centre(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("centre") as client:
        yield client


@pytest.fixture
async def issued(centre: httpx.AsyncClient) -> dict[str, Any]:
    draft = (await centre.post("/api/alerts", json=a_draft())).json()
    answer = await centre.post(f"/api/alerts/{draft['id']}/issue", json={"expected_version": draft["version"]})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_draft_sent_twice_is_made_once(centre: httpx.AsyncClient) -> None:
    draft = a_draft()
    first, second = await centre.post("/api/alerts", json=draft), await centre.post("/api/alerts", json=draft)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert (first.json()["state"], first.json()["targets"]) == ("draft", [{"id": EAST_STREET, "name": "东街"}])
    assert {"issue", "submit", "edit", "cancel"} <= set(first.json()["moves"])
    assert len((await centre.get("/api/alerts")).json()["alerts"]) == 1


async def test_a_preview_says_who_would_be_told_and_stores_nothing(centre: httpx.AsyncClient) -> None:
    draft = {key: value for key, value in a_draft(headline="", event="").items() if key != "id"}
    preview = (await centre.post("/api/alerts/preview", json=draft)).json()
    assert (preview["allowed"], preview["total"]) == (True, 2)
    assert {person["id"] for person in preview["sample"]} == {LI, QIAN}
    assert (await centre.get("/api/alerts")).json() == {"alerts": []}


async def test_a_preview_says_why_it_may_not_be_issued(centre: httpx.AsyncClient) -> None:
    draft = a_draft(targets=[EAST_LEAF])  # the city warns streets; blocks are the street's to warn
    preview = (await centre.post("/api/alerts/preview", json=draft)).json()
    assert preview["allowed"] is False
    assert preview["explanation"]


async def test_units_of_others_cannot_even_be_named_in_a_draft(place: Place) -> None:
    async with place.logged_in("west") as client:
        for path in ("/api/alerts", "/api/alerts/preview"):
            answer = await client.post(path, json=a_draft(targets=[WEST_STREET, EAST_STREET]))
            assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
            assert "东" not in answer.text


async def test_a_warning_from_above_shows_each_their_own_targets(place: Place, centre: httpx.AsyncClient) -> None:
    draft = (await centre.post("/api/alerts", json=a_draft(targets=[EAST_STREET, WEST_STREET]))).json()
    await centre.post(f"/api/alerts/{draft['id']}/issue", json={"expected_version": 1})
    async with place.logged_in("west") as west:
        card = (await west.get(f"/api/alerts/{draft['id']}")).json()
        audience = (await west.get(f"/api/alerts/{draft['id']}/audience")).json()
        lifted = await west.post(f"/api/alerts/{draft['id']}/lift", json={"expected_version": 2})
    assert (card["unit"]["name"], card["targets"]) == ("测试市", [{"id": WEST_STREET, "name": "西街"}])
    assert {target for version in card["versions"] for target in version["targets"]} == {WEST_STREET}
    assert [person["member"]["id"] for person in audience["people"]] == [ZHAO]
    assert (lifted.status_code, lifted.json()["error"]) == (403, "not_allowed")


async def test_an_issued_warning_names_its_audience_and_why(centre: httpx.AsyncClient, issued: dict[str, Any]) -> None:
    card = (await centre.get(f"/api/alerts/{issued['id']}")).json()
    audience = (await centre.get(f"/api/alerts/{issued['id']}/audience")).json()
    assert (card["state"], card["audience_total"]) == ("issued", 2)
    assert [version["kind"] for version in card["versions"]] == ["draft", "issue"]
    assert audience["total"] == 2
    people = {person["member"]["id"]: person for person in audience["people"]}
    assert set(people) == {LI, QIAN}
    assert people[LI]["reasons"][0]["why"] == "leader"
    assert "sms" in {delivery["channel"] for delivery in people[LI]["delivery"]}
    assert card["reach"]["audience"] == 2


async def test_the_screens_are_told_that_it_moved(place: Place, centre: httpx.AsyncClient) -> None:
    async with place.screen("centre") as screen:
        await screen.message("hello")
        draft = (await centre.post("/api/alerts", json=a_draft())).json()
        news = await screen.message("alert")
    assert (news["id"], news["state"], news["version"]) == (draft["id"], "draft", 1)


async def test_a_warning_from_above_is_told_to_the_screens_of_those_it_warns(
    place: Place, centre: httpx.AsyncClient
) -> None:
    async with place.screen("east") as east, place.screen("west") as west:
        await east.message("hello")
        await west.message("hello")
        eastern = (await centre.post("/api/alerts", json=a_draft())).json()["id"]
        western = (await centre.post("/api/alerts", json=a_draft(targets=[WEST_STREET]))).json()["id"]
        for alert in (eastern, western):
            await centre.post(f"/api/alerts/{alert}/issue", json={"expected_version": 1})
        told_east, told_west = await east.message("alert"), await west.message("alert")
    assert (told_east["id"], told_east["state"]) == (eastern, "issued")
    assert (told_west["id"], told_west["state"]) == (western, "issued")


async def test_a_lifted_warning_cannot_be_lifted_again(centre: httpx.AsyncClient, issued: dict[str, Any]) -> None:
    address = f"/api/alerts/{issued['id']}/lift"
    lifted = await centre.post(address, json={"expected_version": issued["version"], "note": "the rain is over"})
    again = await centre.post(address, json={"expected_version": lifted.json()["version"], "note": ""})
    assert (lifted.status_code, lifted.json()["state"]) == (200, "lifted")
    assert (again.status_code, again.json()["error"]) == (409, "illegal_move")
    assert again.json()["message"]


async def test_who_decides_on_an_old_version_is_told_to_look_again(
    centre: httpx.AsyncClient, issued: dict[str, Any]
) -> None:
    answer = await centre.post(f"/api/alerts/{issued['id']}/lift", json={"expected_version": 1, "note": ""})
    assert (answer.status_code, answer.json()["error"]) == (409, "version_conflict")


async def test_a_higher_level_is_a_new_version(centre: httpx.AsyncClient, issued: dict[str, Any]) -> None:
    answer = await centre.post(
        f"/api/alerts/{issued['id']}/level", json={"expected_version": issued["version"], "level": "yellow"}
    )
    assert (answer.status_code, answer.json()["level"]) == (200, "yellow")
    assert answer.json()["version"] == issued["version"] + 1


async def test_an_orange_one_wants_a_second_person(place: Place, centre: httpx.AsyncClient) -> None:
    draft = (await centre.post("/api/alerts", json=a_draft(level="orange"))).json()
    address = f"/api/alerts/{draft['id']}"
    alone = await centre.post(f"{address}/issue", json={"expected_version": 1})
    assert (alone.status_code, alone.json()["error"]) == (403, "not_allowed")
    override = await centre.post(
        f"{address}/issue", json={"expected_version": 1, "override_reason": "the dam is breaking"}
    )
    assert (override.status_code, override.json()["state"]) == (200, "issued")


async def test_an_answer_by_telephone_is_noted(place: Place, centre: httpx.AsyncClient, issued: dict[str, Any]) -> None:
    address = f"/api/alerts/{issued['id']}/acknowledge"
    noted = await centre.post(address, json={"member": LI})
    uninvolved = await centre.post(address, json={"member": WANG})
    assert (noted.status_code, noted.json()["reach"]["acknowledged"]) == (200, 1)
    assert uninvolved.status_code == 403


async def test_a_drawn_area_comes_back_as_it_was_drawn(centre: httpx.AsyncClient) -> None:
    answer = await centre.post("/api/alerts", json=a_draft(area=SQUARE))
    assert answer.status_code == 201, answer.text
    assert answer.json()["area"] == SQUARE


@pytest.mark.parametrize(
    "changed",
    [
        {"level": "purple"},
        {"targets": []},
        {"targets": [999]},
        {"targets": ["all"]},
        {"area": BOW_TIE},
        {"area": {"type": "Polygon", "coordinates": [[[113, 34], [114, 34], [114, 35]]]}},
        {"area": {"type": "Point", "coordinates": [113, 34]}},
        {"expires_at": "tomorrow"},
        {"headline": ""},
        {"headline": "a\0b"},
        {"aera": SQUARE},
        {"id": "mine"},
    ],
)
async def test_a_warning_that_cannot_be_meant_is_refused_with_a_reason(
    centre: httpx.AsyncClient, changed: dict[str, Any]
) -> None:
    answer = await centre.post("/api/alerts", json=a_draft(**changed))
    assert answer.status_code in {404, 422}, answer.text
    assert set(answer.json()) == {"error", "message"}


async def test_a_leader_answers_by_the_link_and_only_by_pressing(
    place: Place, city: psycopg.AsyncConnection[Any], issued: dict[str, Any], secret: bytes
) -> None:
    link = Link(UUID(issued["id"]), LI, now() + timedelta(hours=1))
    token = links.sign(link, secret=secret)
    async with httpx.AsyncClient(base_url=f"http://{place.address}", headers={"Accept-Language": "en"}) as phone:
        looked = await phone.get(f"/ack/{token}")
        assert await answers(city) == []
        pressed = await phone.post(f"/ack/{token}")
        forged = await phone.post(f"/ack/{links.sign(link, secret=secret[::-1])}")
    assert (looked.status_code, pressed.status_code, forged.status_code) == (200, 200, 404)
    assert "Rain tonight" in looked.text
    assert await answers(city) == [(LI, "link")]


async def answers(city: psycopg.AsyncConnection[Any]) -> list[tuple[int, str]]:
    return await (await city.execute("SELECT member, channel FROM acknowledgement")).fetchall()


async def test_the_outbox_shows_what_would_have_left_to_the_viewer_s_own_people(
    place: Place, city: psycopg.AsyncConnection[Any], issued: dict[str, Any]
) -> None:
    await city.execute(
        "INSERT INTO outbox_message (delivery, address, body, accepted_at) "
        "SELECT id, address, body, now() FROM delivery WHERE member = 101 AND channel = 'sms'"
    )
    async with place.logged_in("east") as east, place.logged_in("west") as west:
        shown = (await east.get("/api/outbox", params={"alert": issued["id"]})).json()["messages"]
        hidden = (await west.get("/api/outbox")).json()["messages"]
    assert [(one["member"]["id"], one["alert"], one["delivery"]["channel"]) for one in shown] == [
        (LI, issued["id"], "sms")
    ]
    assert hidden == []


async def test_a_warning_for_others_is_not_in_the_list(place: Place, issued: dict[str, Any]) -> None:
    async with place.logged_in("west") as west:
        assert (await west.get("/api/alerts")).json() == {"alerts": []}
        mine = await west.post("/api/alerts", json=a_draft(targets=[WEST_STREET]))
        assert [one["id"] for one in (await west.get("/api/alerts")).json()["alerts"]] == [mine.json()["id"]]
