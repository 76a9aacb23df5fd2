"""Teams, rosters, contacts over HTTP; who is on duty, on screens too."""

from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_STREET,
    LI,
    QIAN,
    WANG,
    WEST,
    ZHAO,
    Place,
    now,
)

Connection = psycopg.AsyncConnection[Any]


async def made(client: httpx.AsyncClient, path: str, **given: Any) -> dict[str, Any]:
    answer = await client.post(path, json=given)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, **given: Any) -> tuple[int, str]:
    answer = await client.post(path, json=given)
    return answer.status_code, answer.json()["error"]


def a_roster(*members: int, starts: str = "00:00", ends: str = "00:00", **given: Any) -> dict[str, Any]:
    """Somebody's duty, round the clock if nothing else is said."""
    return {
        "unit": EAST_STREET,
        "name": "东街值班",
        "timezone": "Asia/Shanghai",
        "anchor": "2026-01-05",
        "cycle_days": 1,
        "shifts": [{"number": 1, "name": "全天", "day": 0, "starts": starts, "ends": ends}],
        "members": [{"member": member, "offset_days": 0, "since": "2026-01-05", "until": None} for member in members],
        **given,
    }


async def test_a_team_has_members_of_several_units_for_a_time(place: Place) -> None:
    async with place.logged_in("centre") as client:
        members = [{"member": LI, "duty": "巡查"}, {"member": ZHAO, "duty": ""}]
        team = await made(client, "/api/teams", name="防汛队", unit=EAST, leader=QIAN, members=members, purpose="防汛")
        changed = await client.post(
            f"/api/teams/{team['id']}/members", json={"add": [{"member": WANG, "duty": "联络"}], "remove": [ZHAO]}
        )
        card = (await client.get(f"/api/members/{LI}")).json()
        renamed = await client.post(f"/api/teams/{team['id']}", json={"revision": 2, "name": "防汛一队"})
        stale = await refused(client, f"/api/teams/{team['id']}", revision=2, name="x")
        backwards = await refused(client, f"/api/teams/{team['id']}", revision=3, ends_at="2020-01-01T00:00:00Z")
        done = await client.post(f"/api/teams/{team['id']}/close", json={"revision": 3})
        left = (await client.get("/api/teams")).json()
        kept = (await client.get("/api/teams?closed=1")).json()
    assert (team["code"], team["size"], team["leader"]["name"]) == ("W0001", 2, "钱街")
    assert [each["member"]["id"] for each in changed.json()["members"]] == [LI, WANG]
    assert card["teams"] == [{"id": team["id"], "name": "防汛队"}]
    assert renamed.json()["name"] == "防汛一队"
    assert (stale, backwards, done.status_code) == ((409, "revision_conflict"), (422, "invalid"), 204)
    assert (left["total"], kept["total"]) == (0, 1)


async def test_nobody_takes_others_people_into_a_team_or_sees_them_there(place: Place) -> None:
    async with place.logged_in("east") as client:
        foreign = await refused(client, "/api/teams", name="队", unit=EAST, members=[{"member": ZHAO}])
        leader = await refused(client, "/api/teams", name="队", unit=EAST, leader=ZHAO)
        unit = await refused(client, "/api/teams", name="队", unit=WEST)
        twice = await refused(client, "/api/teams", name="队", unit=EAST, members=[{"member": LI}] * 2)
    async with place.logged_in("centre") as client:
        team = await made(client, "/api/teams", name="队", unit=EAST, leader=ZHAO, members=[{"member": ZHAO}])
    async with place.logged_in("east") as client:
        card = (await client.get(f"/api/teams/{team['id']}")).json()
    assert foreign == leader == unit == (404, "not_found")
    assert twice == (422, "bad_members")
    assert (card["leader"], card["members"], card["size"]) == (None, [], 1)


async def test_a_roster_s_calendar_says_who_is_there_when(place: Place) -> None:
    async with place.logged_in("east") as client:
        roster = await made(client, "/api/rosters", **a_roster(LI, WANG, starts="20:00", ends="08:00", cycle_days=2))
        changed = await client.post(
            f"/api/rosters/{roster['id']}",
            json={
                "revision": 1,
                "members": [
                    {"member": LI, "offset_days": 0, "since": "2026-01-05"},
                    {"member": WANG, "offset_days": 1, "since": "2026-01-05", "until": "2026-01-06"},
                ],
            },
        )
        leave = {"member": LI, "starts_at": "2026-01-07T00:00:00+08:00", "ends_at": "2026-01-09T00:00:00+08:00"}
        await client.post("/api/duty/exceptions", json={**leave, "is_on": False, "note": "休假"})
        days = (await client.get(f"/api/rosters/{roster['id']}/calendar?from=2026-01-05&days=4")).json()["days"]
    assert changed.status_code == 200, changed.text
    assert [[[who["id"] for who in shift["members"]] for shift in day["shifts"]] for day in days] == [
        [[LI]],
        [[WANG]],
        [[]],  # on leave
        [[]],  # no longer on the roster: the shift is there, and nobody for it
    ]
    assert days[0]["shifts"][0]["starts_at"] == "2026-01-05T12:00:00Z"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"timezone": "Mars/Olympus"}, "bad_timezone"),
        ({"timezone": "../../etc/passwd"}, "bad_timezone"),
        ({"cycle_days": 0}, "bad_request"),
        ({"shifts": [{"number": 1, "name": "x", "day": 1, "starts": "08:00", "ends": "09:00"}]}, "bad_roster"),
        ({"shifts": [{"number": 1, "name": "x", "day": 0, "starts": "25:00", "ends": "09:00"}]}, "bad_request"),
        ({"shifts": [{"number": 1, "name": "x", "day": 0, "starts": "08:00", "ends": "09:00"}] * 2}, "bad_roster"),
        ({"members": [{"member": LI, "since": "2026-01-05", "until": "2026-01-04"}]}, "bad_roster"),
        ({"members": [{"member": LI, "since": "9999-12-31"}]}, "bad_request"),
        ({"name": ""}, "bad_name"),
    ],
)
async def test_a_roster_that_cannot_be_followed_is_refused(place: Place, given: dict[str, Any], word: str) -> None:
    async with place.logged_in("east") as client:
        assert await refused(client, "/api/rosters", **a_roster(**given)) == (422, word)


async def test_on_duty_is_who_is_in_a_shift_and_who_has_no_roster_while_on_line(place: Place) -> None:
    """Li and Wang are on-line, Qian was never heard."""
    async with place.screen("centre") as screen, place.logged_in("centre") as client:
        await screen.watch(EAST)
        before = await screen.message("counts")
        await made(client, "/api/rosters", **a_roster(QIAN))
        in_a_shift = await screen.message("counts")
        off = a_roster(WANG, members=[{"member": WANG, "since": "2026-01-05"}], shifts=[])
        await made(client, "/api/rosters", **off)
        without = await screen.message("counts")
        leave = {
            "starts_at": (now() - timedelta(hours=1)).isoformat(),
            "ends_at": (now() + timedelta(hours=1)).isoformat(),
        }
        await client.post("/api/duty/exceptions", json={"member": QIAN, **leave, "is_on": False})
        away = await screen.message("counts")
        units = {unit["id"]: unit for unit in (await client.get("/api/units")).json()["units"]}
        duty = (await client.get(f"/api/duty?unit={EAST}")).json()
        card = (await client.get(f"/api/members/{QIAN}")).json()["duty"]
        again = await refused(client, "/api/duty/exceptions", member=QIAN, **leave, is_on=True)
        await client.post("/api/duty/exceptions/delete", json={"member": QIAN, "starts_at": leave["starts_at"]})
        back = await screen.message("counts")
        planned = (await client.get("/api/duty", params={"unit": EAST, "at": "2026-03-01T00:00:00Z"})).json()
        then = (await client.get(f"/api/members/{QIAN}")).json()["duty"]
    counted = [news["on_duty"] for news in (before, in_a_shift, without, away, back)]
    assert counted == [2, 3, 2, 1, 2]
    assert {news["online"] for news in (before, in_a_shift, without, away, back)} == {2}
    assert (units[EAST]["on_duty"], units[EAST_STREET]["on_duty"], units[CITY]["members"]) == (1, 1, 4)
    assert [(each["member"]["id"], each["roster"], each["is_online"]) for each in duty["on_duty"]] == [(LI, None, True)]
    assert not card["is_on_duty"]
    assert again == (409, "already_there")
    assert [(each["member"]["id"], each["shift"]) for each in planned["on_duty"]] == [(QIAN, "全天")]
    assert (then["is_on_duty"], then["shift"], then["roster"]["name"]) == (True, "全天", "东街值班")


async def test_leave_and_exchanges_are_listed_until_they_are_over_and_taken_back(place: Place) -> None:
    leave = {"member": LI, "starts_at": "2026-01-07T00:00:00Z", "ends_at": "2026-01-09T00:00:00Z", "is_on": False}
    call = {"starts_at": "2100-01-01T00:00:00Z", "ends_at": "2100-01-02T00:00:00Z", "is_on": True, "note": "替班"}
    async with place.logged_in("centre") as centre:
        for given in (leave, {"member": WANG, **call}, {"member": ZHAO, **call}):
            assert (await centre.post("/api/duty/exceptions", json=given)).status_code == 204
    january = {"from": "2026-01-08T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    async with place.logged_in("east") as client:
        coming = (await client.get("/api/duty/exceptions")).json()
        then = (await client.get("/api/duty/exceptions", params=january)).json()
        foreign = (await client.get(f"/api/duty/exceptions?unit={WEST}")).status_code
        key = {"member": WANG, "starts_at": call["starts_at"]}
        assert (await client.post("/api/duty/exceptions/delete", json=key)).status_code == 204
        left = (await client.get("/api/duty/exceptions")).json()
    assert [(each["member"]["id"], each["is_on"], each["note"]) for each in coming["exceptions"]] == [
        (WANG, True, "替班")
    ]
    assert [(each["member"]["id"], each["unit"]["id"]) for each in then["exceptions"]] == [(LI, EAST_LEAF)]
    assert (foreign, left["total"]) == (404, 0)


async def test_templates_are_patterns_to_begin_with(place: Place) -> None:
    async with place.logged_in("east") as client:
        templates = (await client.get("/api/rosters/templates")).json()["templates"]
        four = templates[2]
        members = [
            {"member": member, "offset_days": offset, "since": "2026-01-05"}
            for member, offset in zip((LI, WANG, QIAN), four["offsets"], strict=False)
        ]
        given = a_roster(cycle_days=four["cycle_days"], shifts=four["shifts"], members=members)
        roster = await made(client, "/api/rosters", **given)
    assert [template["code"] for template in templates] == ["weekdays", "day-night", "four-teams"]
    assert len(roster["shifts"]) == 6


async def test_a_roster_keeps_those_whom_its_editor_does_not_administer(place: Place, city: Connection) -> None:
    async with place.logged_in("centre") as client:
        roster = await made(client, "/api/rosters", **a_roster(LI, ZHAO))
    async with place.logged_in("east") as client:
        seen = (await client.get(f"/api/rosters/{roster['id']}")).json()["members"]
        mine = [{"member": WANG, "since": "2026-01-05"}]
        await client.post(f"/api/rosters/{roster['id']}", json={"revision": 1, "members": mine})
        foreign = await refused(client, "/api/rosters", **a_roster(ZHAO))
        elsewhere = await refused(client, "/api/duty/exceptions/delete", member=ZHAO, starts_at=now().isoformat())
    found = await city.execute("SELECT member FROM roster_member ORDER BY member")
    assert [each["member"]["id"] for each in seen] == [LI]
    assert await found.fetchall() == [(WANG,), (ZHAO,)]
    assert foreign == elsewhere == (404, "not_found")


async def test_contacts_are_whom_to_call(place: Place) -> None:
    hospital = {"unit": EAST, "kind": "institution", "name": "东区医院", "phones": ["0371-6666 8888", "120"]}
    async with place.logged_in("east") as client:
        contact = await made(client, "/api/contacts", **hospital, lon=113.25, lat=34.1, title="急诊")
        moved = await client.post(f"/api/contacts/{contact['id']}", json={"revision": 1, "unit": EAST_LEAF})
        stale = await refused(client, f"/api/contacts/{contact['id']}", revision=1, name="x")
        found = (await client.get("/api/contacts?q=急诊&kind=institution")).json()
        nobody = (await client.get("/api/contacts?q=120&kind=person")).json()
        bad_phone = await refused(client, "/api/contacts", **{**hospital, "phones": ["call me"]})
        half = await refused(client, "/api/contacts", **hospital, lon=113.25)
        foreign = await refused(client, "/api/contacts", **{**hospital, "unit": WEST})
        done = await client.post(f"/api/contacts/{contact['id']}/close", json={"revision": 2})
        left = (await client.get("/api/contacts")).json()
    async with place.logged_in("west") as client:
        unseen = await refused(client, f"/api/contacts/{contact['id']}", revision=2, name="x")
    assert contact["phones"] == ["+8637166668888", "120"]
    assert (moved.json()["unit"]["id"], moved.json()["lon"], stale) == (EAST_LEAF, 113.25, (409, "revision_conflict"))
    assert ([each["id"] for each in found["contacts"]], nobody["total"]) == ([contact["id"]], 0)
    assert (bad_phone, half, foreign) == ((422, "bad_phone"), (422, "invalid"), (404, "not_found"))
    assert (done.status_code, left["total"], unseen) == (204, 0, (404, "not_found"))
