"""API tokens: a program acts as an account, with fewer roles and for a time."""

from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import EAST, LI, Place, an_emergency, now


async def made(client: httpx.AsyncClient, *roles: str, days: float = 30) -> dict[str, Any]:
    given = {"name": "script", "roles": roles, "expires_at": (now() + timedelta(days=days)).isoformat()}
    answer = await client.post("/api/me/tokens", json=given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def bearing(place: Place, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{place.address}", headers={"Authorization": f"Bearer {token}"})


async def test_a_token_does_what_its_roles_allow_and_no_more(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    emergency = await an_emergency(city, LI)
    async with place.logged_in("east") as client:
        looks, dispatches = await made(client), await made(client, "dispatcher")
    assert (looks["roles"], dispatches["roles"]) == (["viewer"], ["dispatcher", "viewer"])
    async with bearing(place, looks["token"]) as program:
        me = (await program.get("/api/me")).json()["account"]
        assert (me["via"], set(me["roles"]), me["may_issue"]) == ("token", {"viewer"}, False)
        refused = await program.post(f"/api/emergencies/{emergency}/take")
        assert (refused.status_code, refused.json()["error"]) == (403, "not_allowed")
    async with bearing(place, dispatches["token"]) as program:  # and it needs no X-Requested-With
        assert (await program.post(f"/api/emergencies/{emergency}/take")).status_code == 200
    row = await city.execute("SELECT token FROM audit WHERE action = 'emergency.taken'")
    assert await row.fetchone() == (dispatches["id"],)


async def test_a_token_never_exceeds_the_account_as_it_is_now(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("east") as client:
        token = (await made(client, "administrator"))["token"]
        await city.execute("DELETE FROM account_role WHERE role = 'issuer'")
        answer = await client.post("/api/me/tokens", json={"name": "x", "roles": ["issuer"], "expires_at": soon()})
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    async with bearing(place, token) as program:
        assert (await program.get("/api/accounts")).status_code == 200
        await city.execute("DELETE FROM account_role WHERE role = 'administrator'")
        assert (await program.get("/api/accounts")).status_code == 403


async def test_a_revoked_token_ends_with_its_connections(place: Place) -> None:
    async with place.logged_in("east") as client:
        token = await made(client)
        headers = {"Authorization": f"Bearer {token['token']}"}
        async with bearing(place, token["token"]) as program, place.screen_with(headers) as screen:
            await screen.watch(EAST)
            await screen.frame()
            assert (await client.post(f"/api/me/tokens/{token['id']}/revoke")).status_code == 204
            assert (await program.get("/api/me")).status_code == 401
            assert await screen.closed() == 4401
        listed = (await client.get("/api/me/tokens")).json()["tokens"]
        assert (await client.post(f"/api/me/tokens/{token['id']}/revoke")).status_code == 404
    assert listed[0]["revoked_at"] is not None
    assert listed[0]["last_used_at"] is not None
    assert "token" not in listed[0]


@pytest.mark.parametrize("step", ["password", "close"])
async def test_a_new_password_from_above_and_the_end_of_an_account_end_its_tokens(
    place: Place, city: psycopg.AsyncConnection[Any], step: str
) -> None:
    async with place.logged_in("east") as client:
        token = (await made(client))["token"]
    async with place.logged_in("centre") as above, bearing(place, token) as program:
        account = (await above.get("/api/accounts", params={"q": "east"})).json()["accounts"][0]["id"]
        assert (await program.get("/api/me")).status_code == 200
        assert (await above.post(f"/api/accounts/{account}/{step}")).status_code == 200
        await above.post(f"/api/accounts/{account}/reopen")
        assert (await program.get("/api/me")).status_code == 401
    row = await city.execute("SELECT count(*) FROM api_token WHERE revoked_at IS NULL")
    assert await row.fetchone() == (0,)


async def test_a_token_makes_no_keys_to_its_account(place: Place) -> None:
    async with place.logged_in("east") as client:
        token = (await made(client, "administrator"))["token"]
    async with bearing(place, token) as program:
        answers = [
            await program.post("/api/me/tokens", json={"name": "x", "roles": [], "expires_at": soon()}),
            await program.post("/api/me/password", json={"old": "x", "new": "y"}),
            await program.post("/api/me/totp"),
            await program.get("/api/me/sessions"),
        ]
    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(403, "not_by_token")}


@pytest.mark.parametrize("days", [-1, 367, 4000])
async def test_a_token_ends_within_a_year(place: Place, days: int) -> None:
    async with place.logged_in("east") as client:
        given = {"name": "x", "roles": [], "expires_at": (now() + timedelta(days=days)).isoformat()}
        answer = await client.post("/api/me/tokens", json=given)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_expiry")


async def test_a_token_is_no_cookie_and_a_cookie_is_no_token(place: Place) -> None:
    async with place.logged_in("east") as client:
        token, session = (await made(client))["token"], client.cookies["gw_session"]
    async with place.client({"gw_session": token}) as as_cookie, bearing(place, session) as as_token:
        assert (await as_cookie.get("/api/me")).status_code == 401
        assert (await as_token.get("/api/me")).status_code == 401
    async with place.client() as client:
        for given in ("Basic ZWFzdDp4", "Bearer", "Bearer gw_nonsense", "gw_"):
            assert (await client.get("/api/me", headers={"Authorization": given})).status_code == 401


async def test_the_tables_and_the_audit_hold_no_token(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("east") as client:
        token = (await made(client))["token"]
    rows = await (await city.execute("SELECT row_to_json(api_token)::text FROM api_token")).fetchall()
    written = await (await city.execute("SELECT row_to_json(audit)::text FROM audit")).fetchall()
    assert token.removeprefix("gw_") not in str(rows) + str(written)
    assert "token.created" in str(written)


def soon() -> str:
    return (now() + timedelta(days=1)).isoformat()
