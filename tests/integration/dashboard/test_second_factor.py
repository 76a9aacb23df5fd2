"""The second factor: set up, asked, used once, taken away."""

import asyncio
from typing import Any

import httpx
import psycopg
from pyotp.totp import TOTP

from tests.integration.dashboard.builders import PASSWORD, Place, now


async def enrolled(client: httpx.AsyncClient) -> tuple[TOTP, list[str]]:
    """Set a second factor up; return the app that makes codes, and the recovery codes."""
    offer = (await client.post("/api/me/totp")).json()
    app = TOTP(offer["secret"])
    answer = await client.post("/api/me/totp/confirm", json={"code": app.at(now(), counter_offset=-1)})
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


async def log_in(client: httpx.AsyncClient, code: str | None = None, name: str = "east") -> httpx.Response:
    given = {"name": name, "password": PASSWORD} | ({} if code is None else {"code": code})
    return await client.post("/api/login", json=given)


async def test_an_authenticator_app_is_offered_as_text_and_as_a_picture(place: Place) -> None:
    async with place.logged_in("east") as client:
        offer = (await client.post("/api/me/totp")).json()
        me = (await client.get("/api/me")).json()
    assert offer["uri"].startswith("otpauth://totp/Gridwarden:east?secret=" + offer["secret"])
    assert offer["qr_svg"].startswith("<svg")
    assert me["account"]["second_factor"] == {"is_on": False, "is_required": False, "recovery_codes_left": 0}


async def test_once_confirmed_the_code_is_asked_at_every_log_in(place: Place) -> None:
    async with place.logged_in("east") as client:
        app, codes = await enrolled(client)
        me = (await client.get("/api/me")).json()
    async with place.client() as client:
        without = await log_in(client)
        wrong = await log_in(client, "000000")
        right = await log_in(client, app.at(now()))
    assert me["account"]["second_factor"] == {"is_on": True, "is_required": False, "recovery_codes_left": 10}
    assert len(set(codes)) == 10
    assert [(one.status_code, one.json()["error"]) for one in (without, wrong)] == [(401, "second_factor")] * 2
    assert right.status_code == 200
    assert right.json()["account"]["name"] == "east"


async def test_a_code_opens_once_even_when_sent_twice_at_the_same_moment(place: Place) -> None:
    async with place.logged_in("east") as client:
        app, _codes = await enrolled(client)
    code = app.at(now())
    async with place.client() as client, place.client() as thief, asyncio.TaskGroup() as group:
        tries = [group.create_task(log_in(one, code)) for one in (client, thief)]
    assert sorted(one.result().status_code for one in tries) == [200, 401]


async def test_the_code_that_confirmed_does_not_open_afterwards(place: Place) -> None:
    async with place.logged_in("east") as client:
        offer = (await client.post("/api/me/totp")).json()
        code = TOTP(offer["secret"]).at(now())
        await client.post("/api/me/totp/confirm", json={"code": code})
    async with place.client() as client:
        assert (await log_in(client, code)).status_code == 401


async def test_a_recovery_code_opens_once_however_it_is_typed(place: Place) -> None:
    async with place.logged_in("east") as client:
        _app, codes = await enrolled(client)
    async with place.client() as client:
        first = await log_in(client, " " + codes[0].lower().replace("-", " "))
        again = await log_in(client, codes[0])
    assert (first.status_code, again.status_code) == (200, 401)
    assert first.json()["account"]["second_factor"]["recovery_codes_left"] == 9


async def test_guessing_codes_is_slowed_like_guessing_passwords(place: Place) -> None:
    """Who knows the password cannot set the count back by sending it without a code."""
    async with place.logged_in("east") as client:
        await enrolled(client)
    async with place.client() as client:
        answers: list[int] = []
        for number in range(6):
            answers.append((await log_in(client, f"{number:06}")).status_code)
            await log_in(client)
    assert answers == [401] * 5 + [429]


async def test_codes_are_not_guessed_from_a_session_left_open(place: Place) -> None:
    async with place.logged_in("east") as client:
        await client.post("/api/me/totp")
        answers = [(await client.post("/api/me/totp/confirm", json={"code": f"{n:06}"})).status_code for n in range(6)]
    assert answers == [422] * 5 + [429]


async def test_removing_it_asks_for_password_and_code(place: Place) -> None:
    async with place.logged_in("east") as client:
        app, codes = await enrolled(client)
        for given in ({"password": "wrong", "code": app.at(now())}, {"password": PASSWORD, "code": "000000"}):
            assert (await client.post("/api/me/totp/remove", json=given)).status_code == 422
        answer = await client.post("/api/me/totp/remove", json={"password": PASSWORD, "code": codes[3]})
        assert answer.status_code == 204, answer.text
    async with place.client() as client:
        assert (await log_in(client)).status_code == 200


async def test_a_known_password_does_not_make_guessing_codes_free(place: Place) -> None:
    async with place.logged_in("east") as client:
        await enrolled(client)
        given = [{"password": PASSWORD, "code": f"{n:06}"} for n in range(6)]
        answers = [(await client.post("/api/me/totp/remove", json=one)).status_code for one in given]
    assert answers == [422] * 5 + [429]


async def test_one_in_use_is_not_replaced_by_another(place: Place) -> None:
    async with place.logged_in("east") as client:
        await enrolled(client)
        answer = await client.post("/api/me/totp")
    assert (answer.status_code, answer.json()["error"]) == (409, "second_factor_in_use")


async def test_the_tables_hold_nothing_that_opens(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    async with place.logged_in("east") as client:
        app, codes = await enrolled(client)
    cursor = await city.execute("SELECT totp_secret, recovery_codes FROM account WHERE name = 'east'")
    sealed, digests = await cursor.fetchone() or (b"", [])
    assert app.secret.encode() not in bytes(sealed)
    assert len(digests) == 10
    assert not any(code.replace("-", "").encode() in b"".join(map(bytes, digests)) for code in codes)
    written = await (await city.execute("SELECT detail::text, subject FROM audit")).fetchall()
    assert app.secret not in str(written)


async def test_a_secret_sealed_for_one_account_opens_nothing_in_another(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.logged_in("east") as client:
        app, _codes = await enrolled(client)
    await city.execute(
        """
        UPDATE account west SET totp_secret = east.totp_secret, totp_confirmed_at = now()
        FROM account east WHERE east.name = 'east' AND west.name = 'west'
        """
    )
    async with place.client() as client:
        assert (await log_in(client, app.at(now()), name="west")).status_code == 401
