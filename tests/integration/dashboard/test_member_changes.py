"""Members over HTTP: people come, change posts and go, and their tracks are theirs alone."""

from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import (
    EAST_BLOCK,
    EAST_LEAF,
    EAST_STREET,
    LI,
    WANG,
    WEST_LEAF,
    ZHAO,
    Place,
    now,
)

Connection = psycopg.AsyncConnection[Any]


def somebody(**given: Any) -> dict[str, Any]:
    post = {"unit": EAST_LEAF, "role": "volunteer"}
    return {"name": "王小红", "phone": "139 1234 5678", "language": "zh", "assignments": [post], **given}


async def added(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await client.post("/api/members", json=somebody(**given))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_new_member_has_a_code_a_pinyin_and_one_primary_post(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        card = await added(client)
        found = (await client.get("/api/members?q=wxh")).json()
    assert (card["code"], card["pinyin"], card["phone"]) == ("M000001", "wang xiao hong", "+8613912345678")
    assert card["assignments"] == [
        {"unit": {"id": EAST_LEAF, "name": "东格一"}, "role": "volunteer", "is_primary": True}
    ]
    assert (card["revision"], card["terminals"], card["teams"]) == (1, [], [])
    assert card["duty"] == {"is_on_duty": False, "roster": None, "shift": None, "until": None}
    assert (found["total"], found["is_capped"]) == (1, False)
    assert found["members"][0]["assignments"] == card["assignments"]
    trail = await city.execute("SELECT subject, unit FROM audit WHERE action = 'member.created'")
    assert await trail.fetchone() == ("王小红", EAST_LEAF)


async def test_a_member_has_posts_in_several_units(place: Place) -> None:
    posts = [
        {"unit": EAST_LEAF, "role": "leader"},
        {"unit": EAST_LEAF, "role": "volunteer"},
        {"unit": EAST_BLOCK, "role": "coordinator", "is_primary": True},
    ]
    async with place.logged_in("east") as client:
        card = await added(client, assignments=posts)
        fewer = await client.post(f"/api/members/{card['id']}", json={"revision": 1, "assignments": posts[:1]})
        by_role = (await client.get(f"/api/members?unit={EAST_BLOCK}&role=leader")).json()
    assert (card["unit"]["id"], len(card["assignments"])) == (EAST_BLOCK, 3)
    assert fewer.json()["unit"]["id"] == EAST_LEAF
    assert [who["id"] for who in by_role["members"]] == [LI, card["id"]]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"name": " "}, "bad_name"),
        ({"phone": "12"}, "bad_phone"),
        ({"language": "tlh"}, "invalid"),
        ({"assignments": []}, "bad_assignments"),
        ({"assignments": [{"unit": EAST_LEAF, "role": "wizard"}]}, "bad_assignments"),
        (
            {"assignments": [{"unit": EAST_LEAF, "role": "leader"}, {"unit": EAST_BLOCK, "role": "leader"}]},
            "bad_assignments",
        ),
        (
            {"assignments": [{"unit": EAST_LEAF, "role": "leader", "is_primary": True}] * 2},
            "bad_assignments",
        ),
    ],
)
async def test_what_cannot_be_right_is_refused(place: Place, given: dict[str, Any], word: str) -> None:
    async with place.logged_in("east") as client:
        answer = await client.post("/api/members", json=somebody(**given))
    assert (answer.status_code, answer.json()["error"]) == (422, word)


async def test_posts_that_others_gave_are_not_touched(place: Place, city: Connection) -> None:
    await city.execute("INSERT INTO assignment VALUES (%s, %s, 'supervisor', false)", [LI, WEST_LEAF])
    post = {"unit": EAST_STREET, "role": "leader", "is_primary": True}
    async with place.logged_in("east") as client:
        changed = await client.post(f"/api/members/{LI}", json={"revision": 1, "assignments": [post]})
        stolen = await client.post(
            f"/api/members/{LI}", json={"revision": 2, "assignments": [{"unit": WEST_LEAF, "role": "leader"}]}
        )
        foreign = await client.post(f"/api/members/{ZHAO}", json={"revision": 1, "name": "赵东"})
    found = await city.execute("SELECT unit, role FROM assignment WHERE member = %s ORDER BY unit", [LI])
    assert changed.status_code == 200, changed.text
    assert (stolen.status_code, foreign.status_code) == (404, 404)
    assert await found.fetchall() == [(EAST_STREET, "leader"), (WEST_LEAF, "supervisor")]


async def test_whoever_leaves_leaves_terminal_team_and_roster(place: Place, city: Connection) -> None:
    await city.execute("INSERT INTO work_team (id, code, name, unit, leader) VALUES (1, 'w', '队', 1, %s)", [LI])
    await city.execute("INSERT INTO work_team_member (team, member) VALUES (1, %s)", [LI])
    await city.execute("INSERT INTO roster (id, unit, name, anchor, cycle_days) VALUES (1, 1, 'r', '2026-01-05', 1)")
    await city.execute("INSERT INTO roster_member (roster, member, since) VALUES (1, %s, '2026-01-05')", [LI])
    async with place.logged_in("east") as client:
        done = await client.post(f"/api/members/{LI}/close", json={"revision": 1})
        again = await client.post(f"/api/members/{LI}/close", json={"revision": 2})
    found = await city.execute(
        """
        SELECT leader, work_team_member.until IS NOT NULL, terminal.member, roster_member.until < current_date
        FROM work_team, work_team_member, terminal, roster_member WHERE terminal.id = %s
        """,
        [LI],
    )
    assert (done.status_code, again.status_code) == (204, 404)
    assert await found.fetchone() == (None, True, None, True)


async def test_a_track_is_of_who_carried_the_terminal_then(place: Place, city: Connection) -> None:
    handed = now() - timedelta(minutes=30)
    await city.execute("UPDATE terminal SET member = NULL WHERE id = %s", [WANG])
    await city.execute("UPDATE terminal SET member = %s WHERE id = %s", [WANG, LI])
    await city.execute("UPDATE terminal_carrier SET until = %s WHERE terminal = %s AND member = %s", [handed, LI, LI])
    await city.execute("UPDATE terminal_carrier SET since = %s WHERE terminal = %s AND member = %s", [handed, LI, WANG])
    for minutes in (50, 40, 20, 10):
        await city.execute(
            "INSERT INTO position VALUES (%s, %s, 0, 1132500000, 341000000, 5, -32768, 0, 55, 0, 80, 0)",
            [now() - timedelta(minutes=minutes), LI],
        )
    async with place.logged_in("east") as client:
        before = (await client.get(f"/api/members/{LI}/track")).json()["points"]
        after = (await client.get(f"/api/members/{WANG}/track")).json()["points"]
    edge = handed.timestamp() * 1000
    assert (len(before), len(after)) == (2, 2)
    assert all(point[0] < edge for point in before)
    assert all(point[0] >= edge for point in after)
