"""Rules over HTTP: made, refused in words, switched, tried; cases taken and closed."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import CITY, EAST, EAST_LEAF, EAST_STREET, LI, WEST, Place

Connection = psycopg.AsyncConnection[Any]


def a_rule(**changed: Any) -> dict[str, Any]:
    return {
        "unit": EAST,
        "name": "东区无人当班",
        "kind": "grid_empty",
        "level": "yellow",
        "does": "draft",
        "at_level": "grid-3",
        "together": "grid-1",
        "hold_min": 15,
        "quiet_from": "18:00",
        "quiet_to": "08:00",
        **changed,
    }


async def made(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post("/api/rules", json=a_rule(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def a_case(connection: Connection, rule: int, *, unit: int = EAST_STREET) -> int:
    cursor = await connection.execute(
        """
        WITH made AS (
            INSERT INTO rule_case (rule, revision, unit, level, opened_at, seen_at, subjects)
            VALUES (%(rule)s, 1, %(unit)s, 'yellow', now(), now(), 1) RETURNING id
        )
        INSERT INTO rule_subject SELECT id, %(leaf)s, %(member)s, now() FROM made RETURNING rule_case
        """,
        {"rule": rule, "unit": unit, "leaf": EAST_LEAF, "member": LI},
    )
    return int((await cursor.fetchone() or (0,))[0])


async def test_a_rule_is_made_changed_switched_and_deleted_with_a_version_and_an_audit_row_each(
    place: Place, city: Connection
) -> None:
    async with place.logged_in("east") as client:
        rule = await made(client)
        assert (rule["is_on"], rule["revision"], rule["quiet_from"], rule["trial"]) == (False, 1, "18:00", None)
        changed = await client.post(
            f"/api/rules/{rule['id']}", json={"revision": 1, "hold_min": 30, "quiet_from": None, "quiet_to": None}
        )
        assert (changed.json()["hold_min"], changed.json()["quiet_from"]) == (30, None)
        assert [version["revision"] for version in changed.json()["versions"]] == [2, 1]
        overtaken = await client.post(f"/api/rules/{rule['id']}", json={"revision": 1, "hold_min": 5})
        assert (overtaken.status_code, overtaken.json()["error"]) == (409, "revision_conflict")
        switched = await client.post(f"/api/rules/{rule['id']}/switch", json={"revision": 2, "is_on": True})
        assert switched.json()["is_on"]
        again = await client.post(f"/api/rules/{rule['id']}", json={"revision": 2, "name": "另一名称"})
        assert not again.json()["is_on"]
        gone = await client.post(f"/api/rules/{rule['id']}/delete", json={"revision": 3})
        assert gone.status_code == 204
        assert (await client.get("/api/rules")).json()["rules"] == []
    cursor = await city.execute("SELECT action FROM audit WHERE action LIKE 'rule.%' ORDER BY id")
    assert [action for (action,) in await cursor.fetchall()] == [
        "rule.created",
        "rule.changed",
        "rule.switched_on",
        "rule.changed",
        "rule.deleted",
    ]


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"name": ""}, "name", "name: say what the rule is called"),
        ({"hold_min": 5_000}, "hold_min", "hold_min: 0 to 1440 minutes"),
        ({"quiet_to": None}, "quiet_to", "both ends"),
        ({"at_level": None}, "at_level", "choose the level"),
        ({"together": "planet"}, "together", "there is no level planet"),
        ({"together": "grid-3", "at_level": "grid-2"}, "together", "at or above"),
        ({"does": "issue", "level": "red"}, "does", "never issued without a person"),
    ],
)
async def test_what_cannot_be_right_is_refused_with_its_field_and_in_words(
    place: Place, changed: dict[str, Any], field: str, said: str
) -> None:
    async with place.logged_in("east") as client:
        answer = await client.post("/api/rules", json=a_rule(**changed))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert said in answer.json()["message"]


async def test_a_rule_of_another_county_is_neither_seen_nor_made_there(place: Place) -> None:
    async with place.logged_in("east") as east, place.logged_in("west") as west:
        rule = await made(east)
        assert (await west.get("/api/rules")).json()["rules"] == []
        assert (await west.get(f"/api/rules/{rule['id']}")).status_code == 404
        assert (await east.post("/api/rules", json=a_rule(unit=WEST))).status_code == 404
        moved = await east.post(f"/api/rules/{rule['id']}", json={"revision": 1, "unit": WEST})
        assert moved.status_code == 404


async def test_who_may_not_issue_cannot_switch_on_a_rule_that_issues(place: Place, city: Connection) -> None:
    await city.execute(
        "DELETE FROM account_role WHERE role = 'issuer' AND account = (SELECT id FROM account WHERE name = 'east')"
    )
    async with place.logged_in("east") as client:
        rule = await made(client, does="issue")
        refused = await client.post(f"/api/rules/{rule['id']}/switch", json={"revision": 1, "is_on": True})
        assert (refused.status_code, refused.json()["error"]) == (403, "not_allowed")
        assert not (await client.get(f"/api/rules/{rule['id']}")).json()["is_on"]


async def test_a_trial_is_asked_for_and_waits(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        rule = await made(client)
        asked = await client.post(f"/api/rules/{rule['id']}/trial", json={"days": 7})
        assert asked.status_code == 202
        assert (asked.json()["trial"]["finished_at"], asked.json()["trial"]["is_of_now"]) == (None, True)
        too_long = await client.post(f"/api/rules/{rule['id']}/trial", json={"days": 400})
        assert (too_long.status_code, too_long.json()["field"]) == (422, "days")


async def test_a_case_is_taken_and_closed_once(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        rule = await made(client)
        case = await a_case(city, rule["id"])
        listed = (await client.get("/api/cases?open=true")).json()["cases"]
        assert [(each["id"], each["count"], each["unit"]["name"]) for each in listed] == [(case, 1, "东街")]
        taken = await client.post(f"/api/cases/{case}/take")
        assert (taken.json()["taken_by"]["name"], taken.json()["subjects"][0]["member"]["name"]) == ("east", "李东")
        again = await client.post(f"/api/cases/{case}/take")
        assert (again.status_code, again.json()["error"]) == (409, "already_taken")
        closed = await client.post(f"/api/cases/{case}/close")
        assert closed.json()["ended_by"]["name"] == "east"
        twice = await client.post(f"/api/cases/{case}/close")
        assert (twice.status_code, twice.json()["error"]) == (409, "already_closed")
        assert (await client.get("/api/cases?open=true")).json()["cases"] == []


async def test_what_a_rule_of_the_city_proposed_is_not_shown_below(place: Place, city: Connection) -> None:
    async with place.logged_in("centre") as centre, place.logged_in("east") as east:
        rule = await made(centre, unit=CITY)
        case = await a_case(city, rule["id"])
        await city.execute("UPDATE rule_case SET trouble = 'refused: of the city' WHERE id = %s", [case])
        assert (await east.get(f"/api/cases/{case}")).json()["trouble"] == ""
        assert (await centre.get(f"/api/cases/{case}")).json()["trouble"] == "refused: of the city"
