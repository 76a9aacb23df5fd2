"""Units, members, tracks, areas, crossings and emergencies as lists."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_LEAF_2,
    EAST_STREET,
    LI,
    QIAN,
    WANG,
    WEST,
    WEST_LEAF,
    ZHAO,
    Place,
    an_emergency,
    an_outing,
    now,
)


async def test_the_tree_comes_in_order_with_people_and_those_on_line(place: Place) -> None:
    async with place.logged_in("centre") as client:
        units = (await client.get("/api/units")).json()["units"]
    assert [unit["id"] for unit in units] == list(range(1, 11))
    assert units[0]["bounds"] == [113.0, 34.0, 113.4, 34.2]
    assert [(unit["id"], unit["members"], unit["on_duty"]) for unit in units if unit["level"] == "county"] == [
        (EAST, 3, 2),
        (WEST, 1, 0),
    ]


async def test_a_unit_s_card_names_its_own_leaders(place: Place) -> None:
    async with place.logged_in("centre") as client:
        card = (await client.get(f"/api/units/{EAST_STREET}")).json()
    assert [leader["name"] for leader in card["leaders"]] == ["钱街"]
    assert (card["attributes"], card["parent"]) == ({}, EAST)


async def test_a_member_s_card_says_where_when_and_how(place: Place) -> None:
    async with place.logged_in("centre") as client:
        card = (await client.get(f"/api/members/{LI}")).json()
    last = card["last"]
    assert (card["name"], card["phone"], card["role"]) == ("李东", "+8613800000101", "leader")
    assert card["terminal"] == {"code": "t101"}
    assert card["unit"] == {"id": EAST_LEAF, "name": "东格一"}
    assert card["assignments"] == [{"unit": {"id": EAST_LEAF, "name": "东格一"}, "role": "leader", "is_primary": True}]
    assert (last["lon"], last["lat"], last["battery_pct"], last["state"]) == (113.25, 34.1, 80, "fresh")
    assert (last["speed_mps"], last["heading_deg"], last["accuracy_m"]) == (None, None, None)
    assert last["grid"] == {"id": EAST_LEAF, "name": "东格一"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", [QIAN, LI, WANG, ZHAO]),
        ("q=东", [LI, WANG]),
        ("q=0102", [WANG]),
        ("q=M103", [ZHAO]),
        ("q=t103", [ZHAO]),
        ("q=%25", []),
        ("state=silent", [ZHAO]),
        ("state=online", [LI, WANG]),
        ("state=offline", [QIAN]),
        ("limit=1&offset=1", [LI]),
    ],
)
async def test_people_of_a_unit_are_found_by_name_phone_code_terminal_and_presence(
    place: Place, asked: str, found: list[int]
) -> None:
    async with place.logged_in("centre") as client:
        answer = (await client.get(f"/api/units/{CITY}/members?{asked}")).json()
    assert [member["id"] for member in answer["members"]] == found
    assert answer["total"] == (4 if "limit" in asked else len(found))


async def test_searching_finds_people_and_places(place: Place) -> None:
    async with place.logged_in("centre") as client:
        found = (await client.get("/api/search", params={"q": "西"})).json()
        nothing = (await client.get("/api/search", params={"q": "  "})).json()
    assert [member["id"] for member in found["members"]] == [ZHAO]
    assert [unit["id"] for unit in found["units"]] == [7, 8, 9, 10]
    assert nothing == {"members": [], "units": []}


async def test_a_track_holds_the_believed_fixes_of_the_last_hour_in_order(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    for minutes, flags in ((90, 0), (20, 0), (10, 1), (30, 2), (1, 0)):
        await city.execute(
            "INSERT INTO position VALUES (%s, 101, 0, 1132500000, 341000000, 5, -32768, 0, 55, 0, 80, %s)",
            [now() - timedelta(minutes=minutes), flags],
        )
    async with place.logged_in("east") as client:
        points = (await client.get(f"/api/members/{LI}/track")).json()["points"]
        wide = await client.get(
            f"/api/members/{LI}/track",
            params={"from": (now() - timedelta(hours=2)).isoformat(), "to": now().isoformat()},
        )
    assert [point[5] for point in points] == [2, 0, 0]
    assert points[0][1:5] == [113.25, 34.1, 5.5, None]
    assert points == sorted(points)
    assert len(wide.json()["points"]) == 4


async def test_areas_come_as_geojson_and_are_kept_until_they_change(place: Place) -> None:
    async with place.logged_in("east") as client:
        first = await client.get("/api/grids", params={"unit": EAST, "level": "grid-3"})
        again = await client.get("/api/grids", params={"unit": EAST}, headers={"If-None-Match": first.headers["etag"]})
    features = first.json()["features"]
    assert [feature["properties"]["id"] for feature in features] == [EAST_LEAF, EAST_LEAF_2]
    assert features[0]["geometry"]["type"] == "Polygon"
    assert [113.3, 34.2] in features[0]["geometry"]["coordinates"][0]
    assert (again.status_code, again.content) == (304, b"")


async def test_an_exit_and_an_enter_are_one_crossing(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    at = now()
    for kind, grid in (("exit", EAST_LEAF), ("enter", EAST_LEAF_2), ("exit", EAST_STREET)):
        await city.execute("INSERT INTO crossing VALUES (101, %s, %s, %s, 101, 1)", [at, kind, grid])
    async with place.logged_in("east") as client:
        crossings = (await client.get("/api/crossings")).json()["crossings"]
    assert [(one["member"]["id"], one["from"]["name"], one["to"]["name"]) for one in crossings] == [
        (LI, "东格一", "东格二")
    ]


async def test_open_emergencies_are_listed_first_and_alone_when_asked(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    old, new = await an_emergency(city, LI, sos_id="1"), await an_emergency(city, WANG, sos_id="2")
    async with place.logged_in("east") as client:
        await client.post(f"/api/emergencies/{new}/close")
        everything = (await client.get("/api/emergencies")).json()["emergencies"]
        open_ones = (await client.get("/api/emergencies?open=1")).json()["emergencies"]
        missing = await client.post("/api/emergencies/999999/take")
    assert [one["id"] for one in everything] == [old, new]
    assert [(one["id"], one["member"]["id"]) for one in open_ones] == [(old, LI)]
    assert missing.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api/units/x",
        "/api/units/99999999999999999999",
        "/api/units/-1",
        f"/api/units/{CITY}/members?limit=100000",
        f"/api/units/{CITY}/members?state=lost",
        f"/api/members/{LI}/track?from=yesterday",
        f"/api/members/{LI}/track?from=2020-01-01T00:00:00Z",
        "/api/search?q=a%00b",
        "/api/alerts?state=unheard",
        "/api/alerts/12",
        "/api/outbox?alert=12",
    ],
)
async def test_what_makes_no_sense_is_answered_with_a_reason(place: Place, path: str) -> None:
    async with place.logged_in("centre") as client:
        answer = await client.get(path)
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) == {"error", "message"}


async def test_an_address_that_does_not_exist_is_said_to_be_none(place: Place) -> None:
    async with place.logged_in("centre") as client:
        unknown = await client.get("/api/nothing")
        wrong_method = await client.delete("/api/units", headers={"X-Requested-With": "gridwarden"})
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")
    assert (wrong_method.status_code, wrong_method.json()["error"]) == (405, "method_not_allowed")


async def test_who_is_out_of_their_own_grids_shows_since_when_until_they_are_back(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    await an_outing(city, LI, grid=EAST_LEAF_2)
    await an_outing(city, WANG, grid=EAST_LEAF, is_over=True)
    async with place.logged_in("centre") as client:
        listed = (await client.get(f"/api/units/{CITY}/members")).json()["members"]
        card = (await client.get(f"/api/members/{LI}")).json()
    assert [member["id"] for member in listed if member["outside_since"] is not None] == [LI]
    ((since,),) = await (await city.execute("SELECT since FROM outing WHERE member = %s", [LI])).fetchall()
    assert datetime.fromisoformat(card["outside_since"]) == since


async def test_a_member_s_presence_is_told_newest_first_with_places_of_the_viewer_s_own(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    await an_outing(city, LI, grid=WEST_LEAF, is_over=True)
    async with place.logged_in("centre") as client:
        events = (await client.get(f"/api/members/{LI}/presence")).json()["events"]
        newest = (await client.get(f"/api/members/{LI}/presence?limit=1")).json()["events"]
    assert [event["kind"] for event in events] == ["back_in_grid", "out_of_grid", "online"]
    assert (events[0]["grid"]["id"], events[0]["terminal"]) == (WEST_LEAF, {"code": "t101"})
    assert newest == events[:1]
    async with place.logged_in("east") as client:
        seen = (await client.get(f"/api/members/{LI}/presence")).json()["events"]
    assert [event["grid"] for event in seen] == [None] * 3
