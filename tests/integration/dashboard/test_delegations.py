"""Roles lent for a period: the night's duty officer issues in the stead of who went home."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import CITY, EAST, EAST_STREET, WEST, Place, now

NIGHT = 50
Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
async def east(place: Place, city: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """The account that holds every role in the east, beside one that only looks: `night`."""
    await city.execute(
        """
        INSERT INTO account (id, name, display_name, password_hash, unit) OVERRIDING SYSTEM VALUE
        SELECT %s, 'night', '夜班', password_hash, unit FROM account WHERE name = 'east'
        """,
        [NIGHT],
    )
    await city.execute("INSERT INTO account_role VALUES (%s, 'viewer', %s)", [NIGHT, EAST])
    async with place.logged_in("east") as client:
        yield client


def lent(**changed: Any) -> dict[str, Any]:
    given = {"role": "issuer", "unit": EAST, "account": NIGHT, "ends_at": at(hours=12), "reason": "night"}
    return given | changed


def at(**delta: float) -> str:
    return (now() + timedelta(**delta)).isoformat()


def a_warning() -> dict[str, Any]:
    return {"level": "blue", "event": "rainstorm", "headline": "雨", "targets": [EAST_STREET]}


async def lend(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post("/api/me/delegations", json=lent(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def drafts(client: httpx.AsyncClient) -> int:
    return (await client.post("/api/alerts", json={"id": str(uuid.uuid4()), **a_warning()})).status_code


async def test_who_stands_in_issues_says_so_and_no_longer_when_it_is_taken_back(
    place: Place, east: httpx.AsyncClient, city: Connection
) -> None:
    async with place.logged_in("night") as night:
        assert await drafts(night) == 403
        delegation = await lend(east)
        assert (await night.get("/api/me")).json()["account"]["roles"]["issuer"] == {"id": EAST, "name": "东区"}
        assert await drafts(night) == 201
        preview = await night.post("/api/alerts/preview", json=a_warning())
        assert preview.json()["explanation"].endswith("(standing in for east)")
        assert (await night.get("/api/me/delegations")).json()["delegations"][0]["lender"]["name"] == "east"
        assert (await east.post(f"/api/me/delegations/{delegation['id']}/end")).status_code == 204
        assert await drafts(night) == 403
        assert (await east.post(f"/api/me/delegations/{delegation['id']}/end")).status_code == 404
    rows = await city.execute("SELECT action, detail->>'stands_in_for' FROM audit WHERE account = %s", [NIGHT])
    assert ("alert.drafted", "east") in await rows.fetchall()


async def test_who_stands_in_can_give_it_back(place: Place, east: httpx.AsyncClient) -> None:
    delegation = await lend(east)
    async with place.logged_in("night") as night:
        assert (await night.post(f"/api/me/delegations/{delegation['id']}/end")).status_code == 204
        assert await drafts(night) == 403


@pytest.mark.parametrize(
    "lapse",
    [
        "UPDATE delegation SET starts_at = now() - interval '2 h', ends_at = now() - interval '1 h'",
        "UPDATE delegation SET starts_at = now() + interval '1 h'",
        "DELETE FROM account_role WHERE role = 'issuer' AND account = (SELECT lender FROM delegation)",
        "UPDATE account SET closed_at = now() WHERE id = (SELECT lender FROM delegation)",
        "UPDATE account_role SET unit = (SELECT id FROM unit WHERE name = '东街') WHERE role = 'issuer'",
    ],
    ids=["it is over", "it is to come", "its lender lost the role", "its lender is gone", "its lender's role shrank"],
)
async def test_a_role_is_lent_no_longer_than_its_lender_holds_it(
    place: Place, east: httpx.AsyncClient, city: Connection, lapse: Any
) -> None:
    await lend(east)
    async with place.logged_in("night") as night:
        assert await drafts(night) == 201
        await city.execute(lapse)
        assert await drafts(night) == 403


async def test_the_wider_of_an_own_and_a_lent_role_counts(
    place: Place, east: httpx.AsyncClient, city: Connection
) -> None:
    await city.execute("INSERT INTO account_role VALUES (%s, 'issuer', %s)", [NIGHT, EAST_STREET])
    await lend(east)
    async with place.logged_in("night") as night:
        assert (await night.get("/api/me")).json()["account"]["roles"]["issuer"]["id"] == EAST


async def test_a_lent_role_is_not_lent_on(place: Place, east: httpx.AsyncClient) -> None:
    await lend(east)
    me = (await east.get("/api/me")).json()["account"]["id"]
    async with place.logged_in("night") as night:
        answer = await night.post("/api/me/delegations", json=lent(account=me))
        assert (answer.status_code, answer.json()["error"]) == (403, "not_lent_on")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"unit": WEST}, 404),
        ({"unit": CITY}, 404),
        ({"account": 1_000_000}, 404),
        ({"ends_at": at(hours=-1)}, 422),
        ({"starts_at": at(hours=5), "ends_at": at(hours=4)}, 422),
        ({"ends_at": at(days=40)}, 422),
        ({"role": "administrator"}, 422),
    ],
)
async def test_what_cannot_be_lent_is_refused(east: httpx.AsyncClient, changed: dict[str, Any], code: int) -> None:
    assert (await east.post("/api/me/delegations", json=lent(**changed))).status_code == code


async def test_only_accounts_of_the_own_subtree_that_see_the_unit_can_stand_in(
    place: Place, east: httpx.AsyncClient, city: Connection
) -> None:
    await city.execute("UPDATE account SET unit = %s WHERE id = %s", [EAST_STREET, NIGHT])
    answer = await east.get("/api/me/delegations/candidates", params={"unit": EAST})
    assert answer.json()["accounts"] == []
    answer = await east.get("/api/me/delegations/candidates", params={"unit": EAST_STREET})
    assert [one["name"] for one in answer.json()["accounts"]] == ["夜班"]
    assert (await east.post("/api/me/delegations", json=lent())).status_code == 404
    assert (await east.get("/api/me/delegations/candidates", params={"unit": WEST})).status_code == 404
    assert datetime.fromisoformat((await lend(east, unit=EAST_STREET))["ends_at"]) > now()
