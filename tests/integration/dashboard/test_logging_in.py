"""Who gets in, who stays in, and whose requests are refused."""

import re
from typing import Any

import psycopg

from tests.integration.dashboard.builders import CITY, EAST, PASSWORD, Place


async def test_logging_in_says_who_one_is_and_what_one_sees(place: Place) -> None:
    async with place.logged_in("east") as client:
        me = (await client.get("/api/me")).json()
    assert me["account"]["name"] == "east"
    assert (me["unit"]["id"], me["unit"]["parent"], me["unit"]["members"]) == (EAST, None, 3)
    assert me["city"] == {"name": "测试市", "name_en": None, "bounds": [113.2, 34.0, 113.4, 34.2]}
    assert [level["code"] for level in me["levels"]][:1] == ["city"]
    assert {"code": "leader", "name_zh": "网格长", "name_en": "Grid leader", "is_leader": True} in me["roles"]


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(place: Place) -> None:
    async with place.client() as client:
        answer = await client.post("/api/login", json={"name": "east", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert re.match(r"gw_session=[\w-]{43};", cookie)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain http, as in the demonstration


async def test_the_database_keeps_no_token_that_opens_anything(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.logged_in("east") as client:
        token = client.cookies["gw_session"].encode()
    rows = await (await city.execute("SELECT token_hash FROM login_session")).fetchall()
    assert len(rows) == 1
    assert token not in bytes(rows[0][0])


async def test_logging_out_ends_the_session_for_whoever_copied_the_cookie(place: Place) -> None:
    async with place.logged_in("east") as client:
        token = client.cookies["gw_session"]
        assert (await client.post("/api/logout")).status_code == 204
    async with place.client({"gw_session": token}) as thief:
        assert (await thief.get("/api/me")).status_code == 401


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(place: Place) -> None:
    async with place.client() as client:
        wrong = await client.post("/api/login", json={"name": "east", "password": "guess"})
        unknown = await client.post("/api/login", json={"name": "nobody", "password": "guess"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == "wrong_password"


async def test_guessing_is_slowed_down(place: Place) -> None:
    async with place.client() as client:
        guesses = [
            await client.post("/api/login", json={"name": "east", "password": f"guess {number}"}) for number in range(5)
        ]
        right = await client.post("/api/login", json={"name": "east", "password": PASSWORD})
        other = await client.post("/api/login", json={"name": "west", "password": PASSWORD})
    assert {guess.status_code for guess in guesses} == {401}
    assert (right.status_code, right.json()["error"]) == (429, "too_many_tries")
    assert int(right.headers["retry-after"]) > 0
    assert other.status_code == 200


async def test_a_closed_account_is_out_at_once(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("east") as client:
        await city.execute("UPDATE account SET closed_at = now() WHERE name = 'east'")
        assert (await client.get("/api/me")).status_code == 401


async def test_an_expired_session_is_over(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("east") as client:
        await city.execute("UPDATE login_session SET expires_at = now()")
        assert (await client.get("/api/me")).status_code == 401


async def test_a_request_of_a_foreign_page_is_refused(place: Place) -> None:
    async with place.logged_in("centre") as client:
        del client.headers["X-Requested-With"]
        for path in ("/api/login", "/api/logout", "/api/emergencies/1/take", "/api/alerts"):
            answer = await client.post(path, json={})
            assert (answer.status_code, answer.json()["error"]) == (403, "not_our_page")
        assert (await client.get("/api/me")).status_code == 200


async def test_logging_in_and_out_is_written_down(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("centre") as client:
        await client.post("/api/logout")
    rows = await (await city.execute("SELECT action, subject FROM audit ORDER BY id")).fetchall()
    assert rows == [("account.logged_in", "centre"), ("account.logged_out", "centre")]


async def test_what_is_no_login_is_told_so_in_the_one_form_of_errors(place: Place) -> None:
    async with place.client() as client:
        answers = [
            await client.post("/api/login", content=b"{broken"),
            await client.post("/api/login", json={"name": "east"}),
            await client.post("/api/login", json={"name": ["east"], "password": 1}),
            await client.post("/api/login", json={"name": "a\0b", "password": "x"}),
            await client.post("/api/login", content=b'{"name": "\\ud800", "password": "x"}'),
            await client.post("/api/login", json={"name": "east", "password": PASSWORD, "unit": CITY}),
        ]
    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert set(answer.json()) == {"error", "message"}
