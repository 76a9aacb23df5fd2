"""Changing the tree over HTTP: what is kept, what is refused, and who may."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_BLOCK,
    EAST_LEAF,
    EAST_LEAF_2,
    EAST_STREET,
    LI,
    WEST,
    WEST_BLOCK,
    WEST_LEAF,
    WEST_STREET,
    Place,
)

Connection = psycopg.AsyncConnection[Any]


def a_unit(**given: Any) -> dict[str, Any]:
    return {"parent": EAST_STREET, "code": "410102001-police", "name": "东街派出所", "level": "department", **given}


async def added(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await client.post("/api/units", json=a_unit(**given))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, **given: Any) -> tuple[int, str]:
    answer = await client.post(path, json=given)
    return answer.status_code, answer.json()["error"]


async def tree_order(client: httpx.AsyncClient) -> list[int]:
    return [unit["id"] for unit in (await client.get("/api/units")).json()["units"]]


async def test_a_new_unit_stands_where_its_code_puts_it(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        unit = await added(client, attributes={"population": 1200, "电梯": ["东", "西"]})
        order = await tree_order(client)
    assert order == [EAST, EAST_STREET, unit["id"], EAST_BLOCK, EAST_LEAF, EAST_LEAF_2]
    assert (unit["revision"], unit["parent"], unit["closed_at"]) == (1, EAST_STREET, None)
    assert unit["attributes"] == {"population": 1200, "电梯": ["东", "西"]}
    found = await city.execute("SELECT action, subject, unit FROM audit WHERE action = 'unit.created'")
    assert await found.fetchone() == ("unit.created", "东街派出所", unit["id"])


async def test_a_department_hangs_anywhere_and_a_level_only_below_its_rank(place: Place) -> None:
    async with place.logged_in("centre") as client:
        office = await added(client, parent=EAST_LEAF)
        below = await added(client, parent=office["id"], code="office-2")
        high = await refused(client, "/api/units", **a_unit(parent=EAST_LEAF, level="grid-2", code="x"))
        beside = await refused(client, "/api/units", **a_unit(parent=office["id"], level="grid-3", code="x"))
        nowhere = await refused(client, "/api/units", **a_unit(level="planet", code="x"))
    assert below["parent"] == office["id"]
    assert high == beside == (422, "bad_level")
    assert nowhere == (422, "unknown_level")


async def test_a_code_is_taken_once(place: Place) -> None:
    async with place.logged_in("centre") as client:
        assert await refused(client, "/api/units", **a_unit(code="410102001")) == (409, "code_taken")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"code": "two words"}, "bad_code"),
        ({"name": "   "}, "bad_name"),
        ({"role_set": "5+5"}, "unknown_role_set"),
        ({"attributes": {"population": -1}}, "bad_attributes"),
        ({"attributes": {"buildings": "many"}}, "bad_attributes"),
        ({"attributes": {f"k{n}": n for n in range(101)}}, "bad_attributes"),
        ({"attributes": {"note": "长" * 6_000}}, "bad_attributes"),
        ({"attributes": {"a": {"b": {"c": {"d": {"e": 1}}}}}}, "bad_attributes"),
        ({"attributes": {"nul": "\0"}}, "bad_attributes"),
        ({"colour": "red"}, "bad_request"),
    ],
)
async def test_what_cannot_be_right_is_refused(place: Place, given: dict[str, Any], word: str) -> None:
    async with place.logged_in("centre") as client:
        assert await refused(client, "/api/units", **a_unit(**given)) == (422, word)


async def test_who_saves_second_is_told_in_their_language(place: Place) -> None:
    async with place.logged_in("centre") as client:
        card = (await client.get(f"/api/units/{EAST_LEAF}")).json()
        change = {"revision": card["revision"], "name": "东格甲", "role_set": "3+X"}
        first = await client.post(f"/api/units/{EAST_LEAF}", json=change)
        second = await client.post(f"/api/units/{EAST_LEAF}", json=change, headers={"Accept-Language": "zh-CN"})
    assert (first.json()["name"], first.json()["revision"]) == ("东格甲", 2)
    assert first.json()["staffing"][0] == {"role": "administrator", "least": 1, "most": 1, "have": 0}
    assert (second.status_code, second.json()["error"]) == (409, "revision_conflict")
    assert second.json()["message"] == "已被他人修改，请重新载入后再试"


async def test_a_unit_moves_with_all_below_it(place: Place) -> None:
    async with place.logged_in("centre") as client:
        moved = await client.post(f"/api/units/{EAST_BLOCK}/move", json={"revision": 1, "parent": WEST_STREET})
        order = await tree_order(client)
    assert moved.status_code == 200, moved.text
    assert order == [
        CITY,
        EAST,
        EAST_STREET,
        WEST,
        WEST_STREET,
        EAST_BLOCK,
        EAST_LEAF,
        EAST_LEAF_2,
        WEST_BLOCK,
        WEST_LEAF,
    ]


async def test_a_unit_cannot_move_into_itself_nor_above_its_level_nor_leave_the_top(place: Place) -> None:
    async with place.logged_in("centre") as client:
        into = await refused(client, f"/api/units/{EAST_STREET}/move", revision=1, parent=EAST_LEAF)
        self = await refused(client, f"/api/units/{EAST_STREET}/move", revision=1, parent=EAST_STREET)
        above = await refused(client, f"/api/units/{EAST_STREET}/move", revision=1, parent=WEST_LEAF)
        top = await refused(client, f"/api/units/{CITY}/move", revision=1, parent=WEST)
    assert into == self == (422, "cycle")
    assert above == (422, "bad_level")
    assert top == (409, "is_top")


async def test_a_grid_may_change_its_level_only_between_its_neighbours(place: Place) -> None:
    async with place.logged_in("centre") as client:
        assert await refused(client, f"/api/units/{EAST_BLOCK}", revision=1, level="grid-1") == (422, "bad_level")
        assert await refused(client, f"/api/units/{EAST_BLOCK}", revision=1, level="grid-3") == (422, "bad_level")
        assert (await client.post(f"/api/units/{EAST_LEAF}", json={"revision": 1, "level": "grid-3"})).is_success


async def test_a_unit_is_closed_when_nothing_hangs_on_it(place: Place, city: Connection) -> None:
    async with place.logged_in("centre") as client:
        office = await added(client)
        room = await added(client, parent=office["id"], code="room", name="值班室")
        await city.execute("UPDATE assignment SET unit = %s WHERE member = %s", [room["id"], LI])
        await city.execute("UPDATE terminal SET unit = %s WHERE id = %s", [room["id"], LI])
        above = await refused(client, f"/api/units/{office['id']}/close", revision=1)
        alone = await client.post(f"/api/units/{room['id']}/close", json={"revision": 1, "members_to": None})
        done = await client.post(f"/api/units/{room['id']}/close", json={"revision": 1, "members_to": EAST_LEAF})
        listed = await tree_order(client)
        with_closed = (await client.get("/api/units?closed=1")).json()["units"]
    assert above == (409, "has_children")
    assert (alone.status_code, alone.json()["error"]) == (409, "has_members")
    assert alone.json()["message"].startswith("1 members")
    assert done.json()["closed_at"] is not None
    assert room["id"] not in listed
    assert room["id"] in [unit["id"] for unit in with_closed]
    found = await city.execute(
        "SELECT a.unit, t.unit FROM assignment a JOIN terminal t ON t.id = a.member WHERE a.member = %s", [LI]
    )
    assert await found.fetchone() == (EAST_LEAF, office["id"])


async def test_a_unit_with_an_area_or_accounts_or_at_the_top_is_not_closed(place: Place) -> None:
    async with place.logged_in("centre") as client:
        area = await refused(client, f"/api/units/{WEST_LEAF}/close", revision=1, members_to=EAST_LEAF)
        top = await refused(client, f"/api/units/{CITY}/close", revision=1)
    assert area == (409, "has_area")
    assert top == (409, "is_top")


async def test_members_who_have_the_same_post_where_they_go_keep_one(place: Place, city: Connection) -> None:
    async with place.logged_in("centre") as client:
        office = await added(client)
        await city.execute("UPDATE assignment SET unit = %s WHERE member = %s", [office["id"], LI])
        await city.execute("INSERT INTO assignment VALUES (%s, %s, 'leader', false)", [LI, EAST_LEAF])
        await client.post(f"/api/units/{office['id']}/close", json={"revision": 1, "members_to": EAST_LEAF})
        card = (await client.get(f"/api/members/{LI}")).json()
    assert card["assignments"] == [{"unit": {"id": EAST_LEAF, "name": "东格一"}, "role": "leader", "is_primary": True}]


async def test_nobody_changes_what_is_not_theirs(place: Place) -> None:
    async with place.logged_in("east") as client:
        elsewhere = await refused(client, "/api/units", **a_unit(parent=WEST))
        out = await refused(client, f"/api/units/{EAST_BLOCK}/move", revision=1, parent=WEST_STREET)
        grab = await refused(client, f"/api/units/{WEST_BLOCK}/move", revision=1, parent=EAST_STREET)
        level = await refused(client, "/api/levels", code="x", rank=9, name_zh="楼栋", name_en="Block")
        role = await refused(client, "/api/roles/leader", is_leader=False)
        role_set = await refused(client, "/api/role-sets/3+X/delete")
    assert elsewhere == out == grab == (404, "not_found")
    assert level == role == role_set == (403, "not_allowed")


async def test_another_city_has_other_levels(place: Place) -> None:
    building = {"code": "building", "rank": 5, "name_zh": "楼栋", "name_en": "Building", "role_set": "1-grid-4"}
    async with place.logged_in("centre") as client:
        made = await client.post("/api/levels", json=building)
        unit = await added(client, parent=EAST_LEAF, level="building", code="b1", name="一号楼")
        twice = await refused(client, "/api/levels", **building)
        turned = await refused(client, "/api/levels/building", rank=3)
        levels = (await client.get("/api/levels")).json()["levels"]
    assert made.status_code == 201
    assert unit["role_set_of_level"] == "1-grid-4"
    assert len(unit["staffing"]) == 4
    assert twice == (409, "code_taken")
    assert turned == (409, "bad_level")
    assert [level["code"] for level in levels][-1] == "building"


async def test_roles_are_data(place: Place) -> None:
    async with place.logged_in("centre") as client:
        made = await client.post("/api/roles", json={"code": "cook", "name_zh": "炊事员", "name_en": "Cook"})
        changed = await client.post("/api/roles/cook", json={"is_leader": True})
        unknown = await refused(client, "/api/roles/nobody", is_leader=True)
        roles = (await client.get("/api/roles")).json()["roles"]
    assert (made.status_code, changed.json()["is_leader"], unknown) == (201, True, (404, "not_found"))
    assert "cook" in [role["code"] for role in roles]


async def test_a_role_set_shows_where_somebody_is_missing(place: Place) -> None:
    pair = {"code": "pair", "name_zh": "两人组", "name_en": "Pair", "posts": [{"role": "leader"}, {"role": "medic"}]}
    async with place.logged_in("centre") as client:
        made = await client.post("/api/role-sets", json=pair)
        await client.post("/api/levels/grid-3", json={"role_set": "pair"})
        gaps = (await client.get("/api/role-sets/pair/gaps")).json()
        paged = (await client.get("/api/role-sets/pair/gaps?limit=1&offset=2")).json()
        east = (await client.get(f"/api/role-sets/pair/gaps?unit={EAST}")).json()
        changed = await client.post("/api/role-sets/pair", json={**pair, "posts": [{"role": "leader"}]})
        fewer = (await client.get("/api/role-sets/pair/gaps")).json()
        used = await refused(client, "/api/role-sets/pair/delete")
        sets = {each["code"]: each for each in (await client.get("/api/role-sets")).json()["role_sets"]}
    assert made.status_code == 201
    assert (gaps["total"], paged["total"], east["total"]) == (3, 3, 2)
    assert gaps["units"][0] == {
        "unit": {"id": EAST_LEAF, "name": "东格一"},
        "missing": [{"role": "medic", "least": 1, "have": 0}],
    }
    assert [each["unit"]["id"] for each in paged["units"]] == [WEST_LEAF]
    assert changed.json()["posts"] == [{"role": "leader", "least": 1, "most": None}]
    assert [each["unit"]["id"] for each in fewer["units"]] == [EAST_LEAF_2]
    assert used == (409, "in_use")
    assert sets["pair"]["units"] == 3


@pytest.mark.parametrize(
    "posts",
    [
        [{"role": "leader"}, {"role": "leader"}],
        [{"role": "leader", "least": 2, "most": 1}],
        [{"role": "astronaut"}],
    ],
)
async def test_posts_that_cannot_be_filled_are_refused(place: Place, posts: list[dict[str, Any]]) -> None:
    async with place.logged_in("centre") as client:
        given = {"code": "odd", "name_zh": "怪", "name_en": "Odd", "posts": posts}
        assert await refused(client, "/api/role-sets", **given) == (422, "bad_posts")
