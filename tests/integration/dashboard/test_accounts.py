"""Administrators and the accounts of their subtree."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from dashboard.security.passwords import Passwords
from dashboard.security.staff import Changes, Staff
from tests.integration.dashboard.builders import CITY, EAST, EAST_LEAF, EAST_STREET, PASSWORD, WEST, Place, now
from tracker.organisation.errors import Conflict


def an_account(**changed: Any) -> dict[str, Any]:
    return {"name": "chen.li", "display_name": "陈丽", "unit": EAST, "roles": {"dispatcher": EAST_STREET}} | changed


@pytest.fixture
async def centre(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("centre") as client:
        yield client


@pytest.fixture
async def east(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("east") as client:
        yield client


async def id_of(client: httpx.AsyncClient, name: str) -> int:
    found = (await client.get("/api/accounts", params={"q": name})).json()["accounts"]
    return found[0]["id"]


async def log_in(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/api/login", json={"name": name, "password": password})


async def test_a_new_account_gets_a_password_once_and_must_change_it(place: Place, centre: httpx.AsyncClient) -> None:
    made = await centre.post("/api/accounts", json=an_account())
    assert made.status_code == 201, made.text
    password = made.json()["password"]
    assert made.json()["account"]["roles"] == {
        "viewer": {"id": EAST, "name": "东区"},
        "dispatcher": {"id": EAST_STREET, "name": "东街"},
    }
    async with place.client() as client:
        me = (await log_in(client, "chen.li", password)).json()
        assert me["account"]["must_change_password"] is True
        assert me["account"]["roles"]["dispatcher"] == {"id": EAST_STREET, "name": "东街"}
        before = await client.post("/api/emergencies/1/take")
        new = {"old": password, "new": "a long walk by the river"}
        assert (await client.post("/api/me/password", json=new)).status_code == 200
        after = await client.post("/api/emergencies/1/take")
    assert (before.status_code, before.json()["error"]) == (403, "password_change_needed")
    assert after.status_code == 404  # there is none, and now they may ask


async def test_an_administrator_of_a_county_manages_its_accounts_and_no_others(east: httpx.AsyncClient) -> None:
    names = [account["name"] for account in (await east.get("/api/accounts")).json()["accounts"]]
    assert names == ["east"]
    for unit in (CITY, WEST):
        answer = await east.post("/api/accounts", json=an_account(unit=unit, roles={}))
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    answer = await east.post("/api/accounts", json=an_account(roles={"issuer": WEST}))
    assert answer.status_code == 404
    assert (await east.post("/api/accounts", json=an_account())).status_code == 201


async def test_accounts_of_others_are_not_there(place: Place, centre: httpx.AsyncClient) -> None:
    east = await id_of(centre, "east")
    async with place.logged_in("west") as west:
        answers = [
            await west.get(f"/api/accounts/{east}"),
            await west.post(f"/api/accounts/{east}", json={"revision": 1, "display_name": "?"}),
            await west.post(f"/api/accounts/{east}/password"),
            await west.post(f"/api/accounts/{east}/totp/reset"),
            await west.post(f"/api/accounts/{east}/close"),
            await west.post(f"/api/accounts/{east}/reopen"),
        ]
    assert {answer.status_code for answer in answers} == {404}


async def test_a_role_reaches_no_further_than_what_the_account_sees(centre: httpx.AsyncClient) -> None:
    answer = await centre.post("/api/accounts", json=an_account(unit=EAST_STREET, roles={"issuer": EAST}))
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "inside the account's own" in answer.json()["message"]


async def test_who_administers_a_street_cannot_raise_an_account_above_it(
    place: Place, centre: httpx.AsyncClient
) -> None:
    made = await centre.post("/api/accounts", json=an_account(unit=EAST, roles={"administrator": EAST_STREET}))
    async with place.client() as client:
        password = made.json()["password"]
        await log_in(client, "chen.li", password)
        await client.post("/api/me/password", json={"old": password, "new": "a long walk by the river"})
        at_home = await client.post("/api/accounts", json=an_account(name="xu", unit=EAST_STREET, roles={}))
        above = await client.post("/api/accounts", json=an_account(name="gao", unit=EAST, roles={}))
        listed = (await client.get("/api/accounts")).json()["accounts"]
    assert at_home.status_code == 201
    assert (above.status_code, above.json()["error"]) == (403, "not_allowed")
    assert [account["name"] for account in listed] == ["xu"]


async def test_nobody_changes_their_own_roles(centre: httpx.AsyncClient) -> None:
    me = (await centre.get("/api/me")).json()["account"]["id"]
    answers = [
        await centre.post(f"/api/accounts/{me}", json={"revision": 1, "roles": {"issuer": CITY}}),
        await centre.post(f"/api/accounts/{me}/password"),
        await centre.post(f"/api/accounts/{me}/totp/reset"),
        await centre.post(f"/api/accounts/{me}/close"),
    ]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(403, "not_yourself")}


async def test_the_city_keeps_one_administrator(centre: httpx.AsyncClient, city: psycopg.AsyncConnection[Any]) -> None:
    """Even the operator at the command line cannot close the last one, or take the role away."""
    staff, last = Staff(Passwords(), issuer=None, clock=now), await id_of(centre, "centre")
    for change in (staff.close(city, None, last), staff.change(city, None, last, Changes(roles={}), revision=None)):
        with pytest.raises(Conflict) as refused:
            async with city.transaction():
                await change
        assert refused.value.word == "last_administrator"
    await centre.post("/api/accounts", json=an_account(unit=CITY, roles={"administrator": CITY}))
    async with city.transaction():
        await staff.close(city, None, last)
    assert (await centre.get("/api/me")).status_code == 401


async def test_closing_ends_every_session_and_token_at_once(place: Place, centre: httpx.AsyncClient) -> None:
    async with place.logged_in("east") as east, place.screen("east") as screen:
        token = {"name": "map", "roles": ["viewer"], "expires_at": (now() + timedelta(days=1)).isoformat()}
        bearer = (await east.post("/api/me/tokens", json=token)).json()["token"]
        account = await id_of(centre, "east")
        assert (await centre.post(f"/api/accounts/{account}/close")).status_code == 200
        assert (await east.get("/api/me")).status_code == 401
        assert await screen.closed() == 4401
    async with place.client() as client:
        headers = {"Authorization": f"Bearer {bearer}"}
        assert (await client.get("/api/me", headers=headers)).status_code == 401
        assert (await log_in(client, "east", PASSWORD)).status_code == 401
        assert (await centre.post(f"/api/accounts/{account}/reopen")).status_code == 200
        assert (await log_in(client, "east", PASSWORD)).status_code == 200


async def test_a_reset_password_is_shown_once_and_ends_the_sessions(place: Place, centre: httpx.AsyncClient) -> None:
    async with place.logged_in("east") as east:
        answer = await centre.post(f"/api/accounts/{await id_of(centre, 'east')}/password")
        assert (await east.get("/api/me")).status_code == 401
    async with place.client() as client:
        assert (await log_in(client, "east", PASSWORD)).status_code == 401
        assert (await log_in(client, "east", answer.json()["password"])).status_code == 200


async def test_who_saves_second_is_told(centre: httpx.AsyncClient) -> None:
    account = await id_of(centre, "east")
    revision = (await centre.get(f"/api/accounts/{account}")).json()["revision"]
    change = {"revision": revision, "roles": {"issuer": EAST_LEAF}}
    first = await centre.post(f"/api/accounts/{account}", json=change)
    second = await centre.post(f"/api/accounts/{account}", json=change)
    assert first.status_code == 200, first.text
    assert set(first.json()["roles"]) == {"viewer", "issuer"}
    assert (second.status_code, second.json()["error"]) == (409, "revision_conflict")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"name": "east"}, 409, "name_taken"),
        ({"name": "a b"}, 422, "bad_request"),
        ({"name": "=cmd"}, 422, "bad_request"),
        ({"roles": {"emperor": EAST}}, 422, "bad_request"),
        ({"unit": 4_000_000}, 404, "not_found"),
        ({"password": "short"}, 422, "weak_password"),
        ({"password": "chen.li-chen.li"}, 422, "weak_password"),
        ({"oidc": True}, 422, "invalid"),
        ({"extra": 1}, 422, "bad_request"),
    ],
)
async def test_what_cannot_be_an_account_is_told_why(
    centre: httpx.AsyncClient, changed: dict[str, Any], status: int, error: str
) -> None:
    answer = await centre.post("/api/accounts", json=an_account(**changed))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["message"]


async def test_changing_the_password_ends_the_other_sessions(place: Place) -> None:
    async with place.logged_in("east") as here, place.logged_in("east") as there:
        wrong = await here.post("/api/me/password", json={"old": "guess", "new": "a long walk by the river"})
        right = await here.post("/api/me/password", json={"old": PASSWORD, "new": "a long walk by the river"})
        assert (wrong.status_code, wrong.json()["error"]) == (422, "wrong_password")
        assert (right.status_code, right.json()) == (200, {"sessions_ended": 1})
        assert (await here.get("/api/me")).status_code == 200
        assert (await there.get("/api/me")).status_code == 401


async def test_a_session_forgotten_elsewhere_can_be_ended(place: Place) -> None:
    async with place.logged_in("east") as here, place.logged_in("east") as there, place.logged_in("west") as west:
        sessions = (await here.get("/api/me/sessions")).json()["sessions"]
        other = next(one["id"] for one in sessions if not one["is_this"])
        assert (await west.post(f"/api/me/sessions/{other}/close")).status_code == 404
        assert (await here.post(f"/api/me/sessions/{other}/close")).status_code == 204
        assert (await there.get("/api/me")).status_code == 401
    assert len(sessions) == 2
    assert sessions[0]["address"] == "127.0.0.1"
