"""A changed city on maps that are open: no restart, no new log-in, and nobody sees what is not theirs."""

from typing import Any

import psycopg

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_BLOCK,
    EAST_LEAF,
    EAST_STREET,
    LI,
    WEST,
    WEST_STREET,
    Place,
    Screen,
    a_position,
)
from tracker.bus.interface import EVENTS, POSITIONS
from tracker.bus.local import LocalBus
from tracker.bus.messages import Crossed, encode


async def anew(screen: Screen, before: int) -> None:
    """Wait until the map was laid out anew."""
    while (await screen.frame()).epoch == before:
        pass


async def test_a_new_member_is_counted_and_drawn_on_open_maps(place: Place, bus: LocalBus) -> None:
    async with place.screen("east") as screen, place.logged_in("east") as client:
        await screen.watch(EAST)
        assert (await screen.message("counts"))["total"] == 3
        post = {"unit": EAST_LEAF, "role": "volunteer"}
        member = (await client.post("/api/members", json={"name": "新来", "assignments": [post]})).json()["id"]
        assert (await screen.message("counts"))["total"] == 4
        await bus.publish(POSITIONS, a_position(member).tobytes())
        frame = await screen.frame_with(member)
    assert frame.rows[member]["lon"] == 1132500000


async def test_a_unit_that_moves_takes_its_people_from_one_map_to_another(place: Place) -> None:
    async with (
        place.screen("east") as east,
        place.screen("west") as west,
        place.logged_in("centre") as client,
    ):
        await east.watch(EAST)
        await west.watch(WEST)
        assert LI in (await east.frame()).rows
        assert LI not in (await west.frame()).rows
        answer = await client.post(f"/api/units/{EAST_BLOCK}/move", json={"revision": 1, "parent": WEST_STREET})
        assert answer.status_code == 200, answer.text
        assert (await west.frame_with(LI)).unit == WEST
        while (await east.message("counts"))["total"] != 1:
            pass
        await east.watch(EAST_BLOCK)
        assert (await east.message("error"))["error"] == "not_found"


async def test_news_keep_to_their_subtree_when_the_tree_is_numbered_anew(place: Place, bus: LocalBus) -> None:
    """A unit in front moves all numbers up by two: what lay in the east must not be told in the west."""
    async with place.screen("east") as east, place.screen("west") as west, place.logged_in("centre") as client:
        await east.watch(EAST)
        await west.watch(WEST)
        before = (await east.frame()).epoch, (await west.frame()).epoch
        for number in range(6):
            unit = {"parent": CITY, "code": f"0{number}", "name": f"前{number}", "level": "department"}
            assert (await client.post("/api/units", json=unit)).status_code == 201
        await anew(east, before[0])
        await anew(west, before[1])
        crossed = Crossed(terminal=LI, member=LI, from_grid=EAST_LEAF, to_grid=EAST_LEAF + 1, fixed_at_us=0)
        await bus.publish(EVENTS, encode(crossed))
        told = await east.message("crossing")
        heard = await west.kinds_until_pong()
    assert told["member"]["id"] == LI
    assert told["from"]["id"] == EAST_LEAF
    assert "crossing" not in heard


async def test_a_new_unit_can_be_watched_at_once(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    unit = {"parent": EAST_STREET, "code": "zz", "name": "应急办", "level": "department"}
    async with place.screen("east") as screen, place.logged_in("east") as client:
        await screen.watch(EAST)
        before = (await screen.frame()).epoch
        made = (await client.post("/api/units", json=unit)).json()["id"]
        await anew(screen, before)
        await screen.watch(made)
        counts = await screen.message("counts")
        while counts["unit"] != made:
            counts = await screen.message("counts")
    assert counts["total"] == 0
