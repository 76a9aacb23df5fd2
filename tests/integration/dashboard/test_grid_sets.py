"""The grid map's editor and its versions over HTTP: who may change what, and what viewers are told."""

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
    WEST_LEAF,
    Place,
)

ACROSS = [[113.25, 33.99], [113.25, 34.21]]
ALONG = [[113.19, 34.1], [113.31, 34.1]]

Client = httpx.AsyncClient


@pytest.fixture(autouse=True)
async def numbered_on(city: psycopg.AsyncConnection[Any]) -> None:
    """The builders give their units numbers of their own."""
    await city.execute("SELECT setval(pg_get_serial_sequence('unit', 'id'), 100)")


def box(west: float, east: float) -> dict[str, Any]:
    ring = [[west, 34.0], [east, 34.0], [east, 34.2], [west, 34.2], [west, 34.0]]
    return {"type": "Polygon", "coordinates": [ring]}


async def halve(client: Client, version: int = 1) -> list[dict[str, Any]]:
    """Return the changes that cut the east leaf in two."""
    asked = {"version": version, "unit": EAST_LEAF, "line": ACROSS}
    answer = await client.post("/api/grid-edits/split", json=asked)
    assert answer.status_code == 200, answer.text
    cut = answer.json()
    new = {"parent": EAST_BLOCK, "level": "grid-3", "name": "东格三"}
    first, second = cut["pieces"]
    return [{"unit": EAST_LEAF, "area": first}, {"unit": -1, "area": second, "new": new}, *cut["changed"]]


async def publish(client: Client, changes: list[dict[str, Any]], **more: Any) -> httpx.Response:
    return await client.post("/api/grid-sets", json={"based_on": 1, "changes": changes, "note": "试划", **more})


async def test_a_grid_is_split_checked_and_published_and_every_map_is_told(place: Place) -> None:
    async with place.screen("west") as screen, place.logged_in("centre") as client:
        changes = await halve(client)
        checked = (await publish(client, changes, dry_run=True)).json()
        assert (checked["problems"], checked["version"], checked["people"]) == ([], None, 1)
        assert {one["unit"]: one["is_leaf"] for one in checked["changed"]} == {EAST_LEAF: True, -1: True}
        made = await publish(client, changes)
        assert (made.status_code, made.json()["version"]) == (201, 2)
        told = await screen.message("grids")
        assert told["version"] == 2
        grids = (await client.get("/api/grids", params={"unit": EAST_BLOCK, "level": "grid-3"})).json()
        assert [grid["properties"]["name"] for grid in grids["features"]] == ["东格一", "东格二", "东格三"]
        before = (await client.get("/api/grids", params={"unit": EAST_BLOCK, "level": "grid-3", "version": 1})).json()
        assert len(before["features"]) == 2


async def test_a_set_that_is_planned_or_withdrawn_is_told_at_once_to_those_who_draw(place: Place) -> None:
    async with place.screen("west") as screen, place.logged_in("centre") as client:
        await publish(client, await halve(client), takes_effect_at="2099-01-01T00:00:00Z")
        assert (await screen.message("grid_set"))["newest"] == 2
        await client.post("/api/grid-sets/2/withdraw")
        assert (await screen.message("grid_set"))["newest"] == 1


async def test_a_version_has_a_tag_of_its_own(place: Place) -> None:
    async with place.logged_in("centre") as client:
        tags = {(await client.get("/api/grids", params={"version": version})).headers["etag"] for version in (1, 2)}
    assert len(tags) == 2


async def test_sets_are_listed_with_who_made_them_and_a_planned_one_is_withdrawn(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.logged_in("centre") as client:
        made = await publish(client, await halve(client), takes_effect_at="2100-01-01T00:00:00Z")
        assert made.status_code == 201, made.text
        newest, first = (await client.get("/api/grid-sets")).json()["sets"]
        assert (newest["state"], newest["note"], newest["made_by"]["name"]) == ("planned", "试划", "centre")
        assert (first["state"], first["made_by"], first["grids"]) == ("in_force", None, 10)
        gone = await client.post("/api/grid-sets/2/withdraw")
        assert (gone.status_code, len(gone.json()["closed_units"])) == (200, 1)
        assert (await client.get("/api/grid-sets")).json()["sets"][0]["state"] == "withdrawn"
        assert (await client.post("/api/grid-sets/2/withdraw")).json()["error"] == "withdrawn"
        assert (await client.post("/api/grid-sets/9/withdraw")).status_code == 404
    found = await city.execute("SELECT action FROM audit WHERE action LIKE 'grid_set.%' ORDER BY id")
    assert [row[0] for row in await found.fetchall()] == ["grid_set.published", "grid_set.withdrawn"]


async def test_whoever_is_late_is_told_what_to_do(place: Place) -> None:
    async with place.logged_in("centre") as client:
        changes = await halve(client)
        await publish(client, changes)
        late = await publish(client, changes)
        assert (late.status_code, late.json()["error"]) == (409, "not_newest")
        drawn = await client.post("/api/grid-edits/split", json={"version": 1, "unit": EAST_LEAF, "line": ACROSS})
        assert (drawn.status_code, drawn.json()["error"]) == (409, "not_newest")


async def test_an_administrator_changes_grids_of_his_own_subtree_only(place: Place) -> None:
    async with place.logged_in("east") as east:
        assert (await publish(east, await halve(east), dry_run=True)).status_code == 200
        for path, asked in (
            ("/api/grid-edits/split", {"unit": WEST_LEAF, "line": ALONG}),
            ("/api/grid-edits/merge", {"units": [EAST_LEAF, WEST_LEAF]}),
            ("/api/grid-edits/reshape", {"unit": EAST_LEAF, "area": box(113.15, 113.3)}),
        ):
            answer = await east.post(path, json={"version": 1, **asked})
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
            assert "西" not in answer.text
        taken = [{"unit": EAST_LEAF, "area": box(113.1, 113.3)}, {"unit": WEST_LEAF, "area": box(113.0, 113.1)}]
        answer = await publish(east, taken)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
        area = (await east.get("/api/grid-edits/area", params={"unit": EAST})).json()
        assert {grid["properties"]["id"] for grid in area["grids"]["features"]} == {EAST_LEAF, EAST_LEAF_2}
        assert (await east.get("/api/grid-edits/area", params={"unit": CITY})).status_code == 404


async def test_a_cut_at_the_border_of_ones_subtree_leaves_the_neighbour_as_it_is(place: Place) -> None:
    async with place.logged_in("east") as east:
        answer = await east.post(
            "/api/grid-edits/split", json={"version": 1, "unit": EAST_LEAF, "line": [[113.19, 34.15], [113.31, 34.05]]}
        )
        assert answer.status_code == 200, answer.text
        assert WEST_LEAF not in {one["unit"] for one in answer.json()["changed"]}


@pytest.mark.parametrize("role", ["viewer", "dispatcher", "issuer", "approver"])
async def test_other_roles_may_not_edit(place: Place, city: psycopg.AsyncConnection[Any], role: str) -> None:
    await city.execute("DELETE FROM account_role WHERE role NOT IN ('viewer', %s)", [role])
    async with place.logged_in("centre") as client:
        for answer in (
            await client.get("/api/grid-sets"),
            await client.get("/api/grid-edits/area", params={"unit": EAST}),
            await publish(client, [{"unit": EAST_LEAF, "area": None}]),
            await client.post("/api/grid-sets/1/withdraw"),
            await client.post("/api/grid-edits/split", json={"version": 1, "unit": EAST_LEAF, "line": ACROSS}),
        ):
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


async def test_neighbours_give_and_take_and_what_is_pending_counts(place: Place) -> None:
    async with place.logged_in("centre") as client:
        wider = {"version": 1, "unit": EAST_LEAF, "area": box(113.2, 113.32)}
        changed = (await client.post("/api/grid-edits/reshape", json=wider)).json()["changed"]
        assert {one["unit"] for one in changed} == {EAST_LEAF, EAST_LEAF_2}
        merged = {"version": 1, "units": [EAST_LEAF, EAST_LEAF_2], "pending": changed}
        whole = (await client.post("/api/grid-edits/merge", json=merged)).json()["area"]
        again = {"version": 1, "units": [-1, EAST_LEAF_2], "pending": [*changed, {"unit": EAST_LEAF, "area": None}]}
        assert (await client.post("/api/grid-edits/merge", json=again)).status_code == 404
        answer = await publish(
            client, [{"unit": EAST_LEAF, "area": whole}, {"unit": EAST_LEAF_2, "area": None}], dry_run=True
        )
        assert answer.json()["problems"] == []


async def test_areas_that_do_not_tile_are_shown_with_their_place(place: Place) -> None:
    async with place.logged_in("centre") as client:
        smaller = [{"unit": EAST_LEAF, "area": box(113.2, 113.29)}]
        checked = (await publish(client, smaller, dry_run=True)).json()
        (problem,) = checked["problems"]
        assert problem["word"] == "gap"
        assert 113.29 < problem["place"][0] < 113.3
        assert problem["m2"] > 1_000_000
        assert "no grid" in problem["message"]
        refused = await publish(client, smaller)
        assert (refused.status_code, refused.json()["error"]) == (422, "does_not_tile")


@pytest.mark.parametrize(
    "asked",
    [
        {"version": 1, "unit": EAST_LEAF, "line": [[113.25, 34.1]]},
        {"version": 1, "unit": EAST_LEAF, "line": [[113.25, 34.1], ["a", 1]]},
        {"version": 1, "unit": EAST_LEAF, "line": [[1e9, 34.1], [0, 0]]},
        {"version": 1, "unit": EAST_LEAF, "line": [[113.24, 34.09], [113.25, 34.1]]},
        {"version": 1, "unit": EAST_STREET, "line": ACROSS},
        {"version": 1, "unit": EAST_LEAF, "line": ACROSS, "pending": [{"unit": EAST_LEAF, "area": {"type": "Point"}}]},
    ],
)
async def test_what_cannot_be_drawn_is_refused(place: Place, asked: dict[str, Any]) -> None:
    async with place.logged_in("centre") as client:
        answer = await client.post("/api/grid-edits/split", json=asked)
        assert answer.status_code == 422
        assert answer.json()["message"]


async def test_an_area_without_grids_names_the_units_that_want_one(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    await city.execute(
        """
        UPDATE unit SET tree_right = tree_right + 2 WHERE tree_right >= 9;
        UPDATE unit SET tree_left = tree_left + 2 WHERE tree_left >= 9;
        INSERT INTO unit (id, code, name, level, parent, tree_left, tree_right)
        VALUES (50, '410102001001050', '新格', 'grid-3', 4, 9, 10);
        """
    )
    async with place.logged_in("centre") as client:
        area = (await client.get("/api/grid-edits/area", params={"unit": EAST_BLOCK})).json()
        assert [unit["id"] for unit in area["without"]] == [50]
        drawn = {"version": 1, "unit": 50, "area": box(113.28, 113.32)}
        changed = (await client.post("/api/grid-edits/reshape", json=drawn)).json()["changed"]
        assert {one["unit"] for one in changed} == {50, EAST_LEAF, EAST_LEAF_2}
        assert (await publish(client, changed, dry_run=True)).json()["problems"] == []
