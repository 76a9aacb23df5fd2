"""No account sees a unit outside its own subtree. test_access.py walks all routes; here stands what they say."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_STREET,
    LI,
    WEST,
    WEST_LEAF,
    ZHAO,
    Place,
    an_emergency,
)

OF_THE_EAST = (
    f"/api/units/{EAST}",
    f"/api/units/{CITY}",
    f"/api/units/{EAST_LEAF}/members",
    f"/api/members/{LI}",
    f"/api/members/{LI}/track",
    f"/api/grids?unit={EAST_STREET}",
    f"/api/crossings?unit={EAST}",
    "/api/alerts/{alert}",
    "/api/alerts/{alert}/audience",
    "/api/alerts/{alert}/reach",
    "/api/alerts/{alert}/calls",
    "/api/alerts/{alert}/calls.csv",
)
OF_INGEST = ("/api/ingest", "/api/ingest/pulse", "/api/ingest/refused")
WITHOUT_A_UNIT = (
    "/api/me",
    "/api/units",
    "/api/search?q=东",
    "/api/grids",
    "/api/emergencies",
    "/api/crossings",
    "/api/alerts",
    "/api/outbox",
)


def a_draft(**changed: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "level": "blue",
        "event": "rainstorm",
        "headline": "东街暴雨",
        "description": "今夜有雨",
        "instruction": "",
        "targets": [EAST_STREET],
        **changed,
    }


@pytest.fixture
async def alert(place: Place, city: psycopg.AsyncConnection[Any]) -> str:
    """An alert of the eastern county."""
    async with place.logged_in("east") as client:
        answer = await client.post("/api/alerts", json=a_draft())
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


@pytest.mark.parametrize("path", OF_THE_EAST)
async def test_what_belongs_to_others_is_not_there(place: Place, alert: str, path: str) -> None:
    async with place.logged_in("west") as west, place.logged_in("centre") as centre:
        hidden = await west.get(path.format(alert=alert))
        shown = await centre.get(path.format(alert=alert))
    assert (hidden.status_code, hidden.json()["error"]) == (404, "not_found")
    assert shown.status_code == 200, shown.text


@pytest.mark.parametrize("path", WITHOUT_A_UNIT)
async def test_lists_name_nobody_and_nothing_of_others(
    place: Place, city: psycopg.AsyncConnection[Any], alert: str, path: str
) -> None:
    await an_emergency(city, LI)
    await city.execute("INSERT INTO crossing VALUES (101, now(), 'enter', 5, 101, 1)")
    async with place.logged_in("west") as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert "东" not in answer.text


@pytest.mark.parametrize("path", [path for path in (*OF_THE_EAST, *WITHOUT_A_UNIT, *OF_INGEST) if "{" not in path])
async def test_nothing_is_shown_to_who_is_not_logged_in(place: Place, path: str) -> None:
    async with place.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_logged_in")


async def test_an_emergency_of_others_cannot_be_taken(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    emergency = await an_emergency(city, LI)
    async with place.logged_in("west") as client:
        for move in ("take", "close"):
            assert (await client.post(f"/api/emergencies/{emergency}/{move}")).status_code == 404


async def test_an_alert_of_others_cannot_be_moved(place: Place, alert: str) -> None:
    async with place.logged_in("west") as client:
        for move in ("issue", "submit", "approve", "decline", "lift", "cancel"):
            answer = await client.post(f"/api/alerts/{alert}/{move}", json={"expected_version": 1})
            assert answer.status_code == 404, answer.text


async def test_the_grid_of_others_a_member_stands_in_is_not_named(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.logged_in("west") as client:
        at_home = (await client.get(f"/api/members/{ZHAO}")).json()["last"]["grid"]
    assert at_home == {"id": WEST_LEAF, "name": "西格一"}
    async with place.logged_in("west") as client:
        tree = (await client.get("/api/units")).json()["units"]
    assert (tree[0]["id"], tree[0]["parent"]) == (WEST, None)


async def test_only_the_whole_city_sees_how_ingest_does_and_what_it_refused(place: Place) -> None:
    async with place.logged_in("west") as west, place.logged_in("centre") as centre:
        for path in OF_INGEST:
            assert (await west.get(path)).status_code == 403
            assert (await centre.get(path)).status_code == 200
