"""An installation that asks for a second factor, and what a foreign page or a planted cookie achieves."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from pyotp.totp import TOTP
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.integration.dashboard.builders import EAST_STREET, LI, PASSWORD, Place, an_emergency, now
from tests.integration.dashboard.running import a_dashboard, free_port


@pytest.fixture
async def strict(database: str, city: psycopg.AsyncConnection[Any]) -> AsyncIterator[Place]:
    async with a_dashboard(database, port=free_port(), needs_second_factor=True) as place:
        yield place


async def test_without_a_second_factor_one_may_look_and_dispatch_but_not_warn(
    strict: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    emergency = await an_emergency(city, LI)
    warning = {"level": "blue", "event": "rain", "headline": "Rain", "targets": [EAST_STREET]}
    async with strict.logged_in("east") as client:
        me = (await client.get("/api/me")).json()["account"]
        assert me["second_factor"] == {"is_on": False, "is_required": True, "recovery_codes_left": 0}
        assert (await client.get("/api/units")).status_code == 200
        assert (await client.post(f"/api/emergencies/{emergency}/take")).status_code == 200
        for path, body in (("alerts/preview", warning), ("accounts", {})):
            answer = await client.post(f"/api/{path}", json=body)
            assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_needed")
        assert "authenticator app" in answer.json()["message"]
        app = TOTP((await client.post("/api/me/totp")).json()["secret"])
        await client.post("/api/me/totp/confirm", json={"code": app.at(now())})
        assert (await client.post("/api/alerts/preview", json=warning)).status_code == 200


async def test_taking_the_second_factor_away_ends_what_it_allowed(strict: Place) -> None:
    async with strict.logged_in("east") as client:
        app = TOTP((await client.post("/api/me/totp")).json()["secret"])
        confirmed = await client.post("/api/me/totp/confirm", json={"code": app.at(now(), counter_offset=-1)})
        code = confirmed.json()["recovery_codes"][0]
        gone = await client.post("/api/me/totp/remove", json={"password": PASSWORD, "code": code})
        assert gone.status_code == 204
        answer = await client.get("/api/accounts")
    assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_needed")


async def test_a_session_that_somebody_planted_is_not_the_one_that_is_opened(place: Place) -> None:
    planted = "A" * 43
    async with place.client({"gw_session": planted}) as client:
        answer = await client.post("/api/login", json={"name": "east", "password": PASSWORD})
    assert planted not in answer.headers["set-cookie"]
    async with place.client({"gw_session": planted}) as thief:
        assert (await thief.get("/api/me")).status_code == 401


async def test_a_form_of_a_foreign_page_changes_nothing(place: Place) -> None:
    """A form can send our cookie where browsers are old, but no header of its own."""
    async with place.logged_in("centre") as client:
        del client.headers["X-Requested-With"]
        foreign = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
        for path in ("logout", "me/totp", "me/password", "accounts", "me/tokens"):
            answer = await client.post(f"/api/{path}", content=b"a=b", headers=foreign)
            assert (answer.status_code, answer.json()["error"]) == (403, "not_our_page")
        preflight = await client.options("/api/accounts", headers=foreign)
    assert "access-control-allow-origin" not in preflight.headers


async def test_the_live_map_is_not_shown_to_a_foreign_page(place: Place) -> None:
    async with place.logged_in("centre") as client:
        headers = {"Cookie": f"gw_session={client.cookies['gw_session']}"}
    with pytest.raises(InvalidStatus):
        async with connect(
            f"ws://{place.address}/api/live", additional_headers=headers, origin=Origin("https://evil.example")
        ):
            pass
