"""Received texts over HTTP: who sees which, searched and exported; cases made of them, and STOP lifted."""

import csv
import io
from typing import Any

import httpx
import psycopg
import pytest

from alerts.replies import Replies
from alerts.store import inbound
from alerts.store.inbound import Part
from tests.integration.dashboard.builders import (
    EAST_BLOCK,
    EAST_LEAF,
    EAST_STREET,
    LI,
    WEST_LEAF,
    ZHAO,
    Place,
    now,
)
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool

Connection = psycopg.AsyncConnection[Any]
OF_LI, OF_ZHAO, RESIDENT = "+8613800000101", "+8613800000103", "+8613911110001"


async def wrote(database: str, bus: LocalBus, *texts: tuple[str, str]) -> None:
    """Let numbers write, and let what was written be looked at."""
    async with await open_pool(database, name="test", size=2) as pool:
        async with pool.connection() as connection:
            parts = [Part(number, "10690001", text, None, 1, 1) for number, text in texts]
            await inbound.keep(connection, parts, provider="mobile", now=now())
        assert await Replies(pool, bus, now).round() == len(texts)


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/inbound", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["inbound"]


@pytest.fixture
async def written(place: Place, database: str, bus: LocalBus) -> None:
    await wrote(
        database,
        bus,
        (OF_LI, "东格一进水了"),
        (OF_ZHAO, "TD"),
        (RESIDENT, "东社区和西街之间的路断了"),
        (RESIDENT, "西格一停电"),
    )


@pytest.mark.usefixtures("written")
async def test_texts_belong_to_their_writers_units_and_unknown_numbers_to_the_top(place: Place) -> None:
    async with place.logged_in("centre") as centre:
        shown = await listed(centre)
        assert [(each["number"], each["kind"]) for each in shown] == [
            (RESIDENT, "text"),
            (RESIDENT, "text"),
            (OF_ZHAO, "stop"),
            (OF_LI, "text"),
        ]
        assert shown[3]["member"] == {"id": LI, "name": "李东"}
        assert (shown[3]["place"]["unit"]["id"], shown[3]["place"]["by"]) == (EAST_LEAF, "name")
        assert [unit["name"] for unit in shown[1]["candidates"]] == ["东社区", "西街"]
    async with place.logged_in("east") as east:
        assert [each["number"] for each in await listed(east)] == [OF_LI]
        assert (await east.get(f"/api/inbound/{shown[0]['id']}")).status_code == 404
    async with place.logged_in("west") as west:
        assert [each["number"] for each in await listed(west)] == [OF_ZHAO]


@pytest.mark.usefixtures("written")
async def test_texts_are_searched_filtered_paged_and_exported(place: Place, city: Connection) -> None:
    async with place.logged_in("centre") as client:
        assert [each["number"] for each in await listed(client, q="进水")] == [OF_LI]
        assert [each["number"] for each in await listed(client, q="138 0000 0103")] == [OF_ZHAO]
        assert [each["number"] for each in await listed(client, kind="stop")] == [OF_ZHAO]
        assert [each["number"] for each in await listed(client, unit=EAST_STREET)] == [OF_LI]
        assert await listed(client, to="2020-01-01T00:00:00Z") == []
        first = (await client.get("/api/inbound", params={"limit": 3})).json()
        assert [each["number"] for each in await listed(client, before=first["next"])] == [OF_LI]
        assert (await client.get("/api/inbound", params={"kind": "part"})).status_code == 422
        file = csv.DictReader(io.StringIO((await client.get("/api/inbound.csv")).text.removeprefix("\ufeff")))
        lines = list(file)
        assert [(line["kind"], line["place"]) for line in lines] == [
            ("text", "西格一"),
            ("text", ""),
            ("stop", ""),
            ("text", "东格一"),
        ]
    cursor = await city.execute("SELECT action, subject FROM audit WHERE action LIKE 'message.%'")
    assert await cursor.fetchall() == [("message.exported", "received")]


async def test_a_place_of_others_is_not_named(place: Place, database: str, bus: LocalBus) -> None:
    await wrote(database, bus, (OF_LI, "西格一停电"), (OF_LI, "东社区和西街"))
    async with place.logged_in("east") as east:
        several, elsewhere = await listed(east)
        assert [unit["id"] for unit in several["candidates"]] == [EAST_BLOCK]
        assert (elsewhere["place"]["unit"], elsewhere["place"]["is_elsewhere"]) == (None, True)
        assert elsewhere["case"]["unit"] is None
        assert (await east.get("/api/text-cases")).json()["cases"] == []
    async with place.logged_in("west") as west:
        case = (await west.get("/api/text-cases")).json()["cases"][0]
        assert (case["unit"]["id"], case["member"], case["number"]) == (WEST_LEAF, None, OF_LI)


@pytest.mark.usefixtures("written")
async def test_cases_of_texts_are_taken_and_closed_by_their_dispatchers(place: Place, city: Connection) -> None:
    async with place.logged_in("west") as west:
        case = (await west.get("/api/text-cases", params={"open": True})).json()["cases"][0]
        assert (case["number"], case["texts"][0]["text"]) == (RESIDENT, "西格一停电")
        path = f"/api/text-cases/{case['id']}"
        async with place.logged_in("east") as east:
            assert (await east.post(f"{path}/take")).status_code == 404
        taken = (await west.post(f"{path}/take")).json()
        assert taken["taken_by"]["name"] == "west"
        again = await west.post(f"{path}/take")
        assert (again.status_code, again.json()["error"]) == (409, "already_taken")
        assert (await west.post(f"{path}/close")).json()["ended_by"]["name"] == "west"
        assert (await west.post(f"{path}/close")).status_code == 409
    cursor = await city.execute("SELECT action, subject, unit FROM audit WHERE action LIKE 'text_case.%' ORDER BY id")
    assert await cursor.fetchall() == [
        ("text_case.taken", RESIDENT, WEST_LEAF),
        ("text_case.closed", RESIDENT, WEST_LEAF),
    ]


@pytest.mark.usefixtures("written")
async def test_a_text_becomes_a_case_where_a_dispatcher_says(place: Place) -> None:
    async with place.logged_in("centre") as centre:
        text = (await listed(centre, q="路断了"))[0]
        stop = (await listed(centre, kind="stop"))[0]
        made = await centre.post(f"/api/inbound/{text['id']}/case", json={"unit": EAST_BLOCK})
        assert (made.status_code, made.json()["case"]["unit"]["id"]) == (200, EAST_BLOCK)
        assert made.json()["place"]["by"] == "person"
        twice = await centre.post(f"/api/inbound/{text['id']}/case", json={"unit": EAST_BLOCK})
        assert (twice.status_code, twice.json()["error"]) == (409, "already_open")
        assert (await centre.post(f"/api/inbound/{stop['id']}/case", json={"unit": EAST_BLOCK})).status_code == 422
    async with place.logged_in("east") as east:
        cases = (await east.get("/api/text-cases")).json()["cases"]
        assert [each["opened_by"] and each["opened_by"]["name"] for each in cases] == ["centre", None]
        of_ours = (await listed(east))[0]
        smuggled = await east.post(f"/api/inbound/{of_ours['id']}/case", json={"unit": WEST_LEAF})
        assert smuggled.status_code == 404


@pytest.mark.usefixtures("written")
async def test_a_stop_is_seen_lifted_and_audited(place: Place, city: Connection) -> None:
    circular = {"unit": WEST_LEAF, "text_zh": "开会", "members": [ZHAO]}
    async with place.logged_in("west") as west:
        seen = (await west.post("/api/circulars/preview", json=circular)).json()
        assert (seen["recipients"], seen["left_out"]) == (0, {"stopped": 1})
        stop = (await listed(west, kind="stop"))[0]
        assert stop["is_stopped"] is True
        async with place.logged_in("east") as east:
            assert (await east.post(f"/api/inbound/{stop['id']}/lift")).status_code == 404
        assert (await west.post(f"/api/inbound/{stop['id']}/lift")).json()["is_stopped"] is False
        assert (await west.post(f"/api/inbound/{stop['id']}/lift")).status_code == 409
        seen = (await west.post("/api/circulars/preview", json=circular)).json()
        assert (seen["recipients"], seen["left_out"]) == (1, {})
    cursor = await city.execute("SELECT subject, unit FROM audit WHERE action = 'sms_stop.lifted'")
    assert await cursor.fetchall() == [(OF_ZHAO, WEST_LEAF)]
