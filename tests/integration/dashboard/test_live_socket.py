"""The live map over a real WebSocket: snapshots, deltas, resuming, slow viewers, news."""

from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    LI,
    QIAN,
    WANG,
    WEST,
    ZHAO,
    Place,
    a_member,
    a_position,
    an_emergency,
)
from tracker.bus import messages
from tracker.bus.interface import ALERTS, EVENTS, POSITIONS
from tracker.bus.interface import CITY as CITY_CHANGED
from tracker.bus.local import LocalBus
from tracker.bus.messages import Crossed, EmergencyPressed, PresenceChanged

pytestmark = pytest.mark.timeout(60)


async def test_a_viewer_first_sees_everybody_of_the_unit_with_a_position(place: Place) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(CITY)
        frame = await screen.frame()
    assert (frame.kind, frame.unit) == (1, CITY)
    assert set(frame.rows) == {LI, WANG, ZHAO}
    row = frame.rows[LI]
    assert (row["lon"], row["lat"], row["interval_s"], row["battery"]) == (1_132_500_000, 341_000_000, 10, 80)
    assert frame.server_time_ms / 1000 - row["received_at_s"] < 30
    assert row["state"] == 0x20  # fresh, a leader
    assert frame.rows[WANG]["state"] == 0x00
    assert frame.rows[ZHAO]["state"] == 0x22  # silent, a leader


async def test_then_once_a_second_only_what_changed(place: Place, bus: LocalBus) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(CITY)
        first = await screen.frame()
        await bus.publish(POSITIONS, a_position(WANG, lon=113.36, age_s=0).tobytes())
        moved = await screen.frame_with(WANG)
        quiet = await screen.frame()
    assert moved.kind == 2
    assert set(moved.rows) == {WANG}
    assert moved.rows[WANG]["lon"] == 1_133_600_000
    assert (quiet.kind, quiet.rows) == (2, {})  # a heartbeat: the connection lives
    assert first.tick < moved.tick < quiet.tick
    assert first.epoch == moved.epoch


async def test_a_unit_shows_its_own_people_only(place: Place) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(EAST)
        assert set((await screen.frame()).rows) == {LI, WANG}
        await screen.watch(WEST)
        frame = await screen.frame()
        while frame.unit == EAST:
            frame = await screen.frame()
    assert (frame.kind, set(frame.rows)) == (1, {ZHAO})


async def test_the_unit_of_others_cannot_be_watched(place: Place) -> None:
    async with place.screen("west") as screen:
        await screen.watch(EAST_LEAF)
        trouble = await screen.message("error")
        assert trouble["error"] == "not_found"
        await screen.watch(WEST)  # and the connection goes on
        assert set((await screen.frame()).rows) == {ZHAO}


async def test_a_viewer_who_comes_back_resumes_where_they_were(place: Place, bus: LocalBus) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(CITY)
        last = await screen.frame()
    await bus.publish(POSITIONS, a_position(LI, lon=113.26, age_s=0).tobytes())
    async with place.screen("centre") as screen:
        await screen.watch(CITY, epoch=last.epoch, tick=last.tick)
        frame = await screen.frame_with(LI)
    assert frame.kind == 2
    assert set(frame.rows) == {LI}


async def test_a_viewer_of_another_epoch_starts_anew(place: Place) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(CITY, epoch=1, tick=1)
        frame = await screen.frame()
    assert (frame.kind, set(frame.rows)) == (1, {LI, WANG, ZHAO})


async def test_a_slow_viewer_has_two_frames_on_the_way_and_then_one_with_all_they_missed(
    place: Place, bus: LocalBus
) -> None:
    async with place.screen("centre") as slow, place.screen("centre") as quick:
        await slow.watch(CITY)
        await quick.watch(CITY)
        first, second = await slow.frame(acknowledge=False), await slow.frame(acknowledge=False)
        for lon in (113.27, 113.28, 113.29):
            await bus.publish(POSITIONS, a_position(LI, lon=lon, age_s=0).tobytes())
            await quick.frame_with(LI)
        await bus.publish(POSITIONS, a_position(WANG, lon=113.37, age_s=0).tobytes())
        newest = await quick.frame_with(WANG)
        await slow.say(op="ack", tick=second.tick)
        merged = await slow.frame()
    assert second.tick == first.tick + 1
    assert merged.tick >= newest.tick
    assert set(merged.rows) == {LI, WANG}
    assert merged.rows[LI]["lon"] == 1_132_900_000


async def test_who_leaves_their_own_grids_is_told_to_those_who_watch_and_so_is_the_return(
    place: Place, bus: LocalBus
) -> None:
    left_us = 1_700_000_000_000_000
    out = PresenceChanged(terminal=LI, member=LI, state="out_of_grid", grid=5, at_us=left_us + 1, since_us=left_us)
    async with place.screen("east") as screen, place.screen("west") as elsewhere:
        await screen.watch(EAST)
        await screen.frame()
        await elsewhere.watch(WEST)
        await elsewhere.frame()
        for event in (out, replace(out, state="silent"), replace(out, state="back_in_grid", since_us=0)):
            await bus.publish(EVENTS, messages.encode(event))
        of_zhao = replace(out, member=ZHAO)
        await bus.publish(EVENTS, messages.encode(of_zhao))
        told = [await screen.message("outing") for _ in range(2)]
        assert [(news["member"], news["since"]) for news in told] == [(LI, "2023-11-14T22:13:20Z"), (LI, None)]
        assert (await elsewhere.message("outing"))["member"] == ZHAO


async def test_an_sos_is_told_at_once_and_marked_on_the_map(
    place: Place, bus: LocalBus, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.screen("east") as screen:
        await screen.watch(EAST)
        await screen.frame()
        emergency = await an_emergency(city, LI)
        await bus.publish(EVENTS, messages.encode(EmergencyPressed(id=emergency, terminal=LI, member=LI)))
        news = (await screen.message("emergency"))["emergency"]
        marked = await screen.frame_with(LI)
    assert (news["id"], news["member"]["name"], news["grid"]["name"]) == (emergency, "李东", "东格一")
    assert (news["terminal"], news["lon"], news["taken_at"]) == ("t101", 113.25, None)
    assert marked.rows[LI]["state"] & 0x10


async def test_an_sos_taken_and_closed_is_told_to_the_other_screens(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    emergency = await an_emergency(city, LI)
    async with place.screen("east") as screen, place.logged_in("centre") as centre:
        await screen.watch(EAST)
        await screen.frame()
        taken = await centre.post(f"/api/emergencies/{emergency}/take")
        assert taken.json()["taken_by"]["name"] == "centre"
        assert (await screen.message("emergency"))["emergency"]["taken_by"]["name"] == "centre"
        again = await centre.post(f"/api/emergencies/{emergency}/take")
        assert (again.status_code, again.json()["error"]) == (409, "already_taken")
        await centre.post(f"/api/emergencies/{emergency}/close")
        assert (await screen.message("emergency"))["emergency"]["closed_at"] is not None


async def test_news_of_others_is_not_told(place: Place, bus: LocalBus, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.screen("west") as screen:
        await screen.watch(WEST)
        await screen.frame()
        for member in (LI, ZHAO):
            emergency = await an_emergency(city, member)
            await bus.publish(EVENTS, messages.encode(EmergencyPressed(id=emergency, terminal=member, member=member)))
        first_told = await screen.message("emergency")
    assert first_told["emergency"]["member"]["id"] == ZHAO


async def test_a_crossing_is_told_to_who_watches_the_place(place: Place, bus: LocalBus) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(EAST)
        await screen.frame()
        for member, grid in ((ZHAO, 10), (LI, EAST_LEAF)):
            crossed = Crossed(
                terminal=member, member=member, from_grid=0, to_grid=grid, fixed_at_us=1_700_000_000_000_000
            )
            await bus.publish(EVENTS, messages.encode(crossed))
        news = await screen.message("crossing")
    assert news == {
        "kind": "crossing",
        "member": {"id": LI, "name": "李东"},
        "from": None,
        "to": {"id": EAST_LEAF, "name": "东格一"},
        "at": "2023-11-14T22:13:20Z",
    }


async def test_counts_come_with_the_first_frame_and_when_they_change(place: Place, bus: LocalBus) -> None:
    async with place.screen("centre") as screen:
        await screen.watch(CITY)
        first = await screen.message("counts")
        await bus.publish(POSITIONS, a_position(QIAN, age_s=0).tobytes())
        second = await screen.message("counts")
    numbers = ("online", "silent", "offline", "total", "sos")
    assert [first[name] for name in numbers] == [2, 1, 1, 4, 0]
    assert [second[name] for name in numbers] == [3, 1, 0, 4, 0]


async def test_a_member_who_is_moved_to_another_unit_leaves_the_first(
    place: Place, bus: LocalBus, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.screen("east") as east, place.screen("west") as west:
        await east.watch(EAST)
        await west.watch(WEST)
        assert LI in (await east.frame()).rows
        await west.frame()
        await city.execute("UPDATE assignment SET unit = %s WHERE member = %s", [10, LI])
        await bus.publish(CITY_CHANGED, b"")
        gone, came = await east.frame_with(LI), await west.frame_with(LI)
    assert gone.kind == 2
    assert gone.rows[LI]["state"] == 0x80
    assert (came.kind, came.rows[LI]["state"]) == (2, 0x20)


async def test_a_new_member_appears_with_their_first_position(
    place: Place, bus: LocalBus, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.screen("east") as screen:
        await screen.watch(EAST)
        await screen.frame()
        await a_member(city, 150, name="新人", unit=EAST_LEAF)
        await bus.publish(CITY_CHANGED, b"")
        while (await screen.message("counts"))["total"] == 3:
            pass
        await bus.publish(POSITIONS, a_position(150, age_s=0).tobytes())
        frame = await screen.frame_with(150)
    assert frame.kind == 2


async def test_logging_out_ends_the_live_connection(place: Place) -> None:
    async with place.logged_in("east") as client, place.screen_of(client.cookies["gw_session"]) as screen:
        await screen.watch(EAST)
        await screen.frame()
        await client.post("/api/logout")
        assert await screen.closed() == 4401


async def test_nobody_watches_without_logging_in(place: Place) -> None:
    async with place.screen_of("stolen") as screen:
        assert await screen.closed() == 4401


async def test_a_page_of_another_origin_is_refused(place: Place) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{place.address}/api/live", additional_headers={"Origin": "https://evil.example"})
    assert refused.value.response.status_code == 403


async def test_what_cannot_be_understood_ends_the_connection_and_nothing_else(place: Place) -> None:
    for nonsense in ("{", "[]", '{"op": "sing"}', '{"op": "watch"}', '{"op": "watch", "unit": "all"}', "\0"):
        async with place.screen("east") as screen:
            await screen.send(nonsense)
            assert await screen.closed() == 4400
    async with place.screen("east") as screen:
        await screen.send(b"\x00\x01")
        assert await screen.closed() in {1000, 1006, 4400}
    async with place.screen("east") as screen:
        await screen.watch(EAST)
        assert set((await screen.frame()).rows) == {LI, WANG}


async def test_misfits_on_the_bus_are_passed_over(place: Place, bus: LocalBus) -> None:
    await bus.publish(POSITIONS, b"short")
    await bus.publish(EVENTS, b"{broken")
    await bus.publish(EVENTS, messages.encode(EmergencyPressed(id=999, terminal=1, member=1)))
    await bus.publish(ALERTS, b"\xff")
    await bus.publish(POSITIONS, a_position(LI, lon=113.21, age_s=0).tobytes())
    async with place.screen("east") as screen:
        await screen.watch(EAST)
        frame = await screen.frame()
        while frame.rows.get(LI, {}).get("lon") != 1_132_100_000:
            frame = await screen.frame()


async def test_a_ping_is_answered(place: Place) -> None:
    async with place.screen("east") as screen:
        await screen.say(op="ping")
        assert (await screen.message("pong"))["server_time_ms"] > 1.7e12
