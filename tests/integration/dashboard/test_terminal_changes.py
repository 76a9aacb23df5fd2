"""Terminals over HTTP: added, handed on, lost, found, rotated, retired."""

from typing import Any

import httpx
import psycopg

from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_STREET,
    LI,
    WANG,
    WEST_LEAF,
    ZHAO,
    Place,
)
from tracker.security import verify

Connection = psycopg.AsyncConnection[Any]


async def added(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await client.post("/api/terminals", json={"unit": EAST_STREET, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def step(client: httpx.AsyncClient, terminal: int, word: str, **given: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/terminals/{terminal}/{word}", json=given)
    return answer.status_code, answer.json()


async def is_right(city: Connection, credential: dict[str, Any]) -> bool:
    found = await city.execute(
        "SELECT secret_salt, secret_hash FROM terminal WHERE code = %s AND revoked_at IS NULL",
        [credential["terminal"]],
    )
    row = await found.fetchone()
    return row is not None and verify(credential["secret"], salt=row[0], secret_hash=row[1])


async def test_a_new_terminal_comes_with_a_credential_that_is_shown_once(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        made = await added(client, model="手持机", interval_s=15, member=LI)
        card = (await client.get(f"/api/terminals/{made['terminal']['id']}")).json()
    assert (card["code"], card["state"], card["member"]["id"]) == ("T000001", "in_use", LI)
    assert [carrier["member"]["id"] for carrier in card["carriers"]] == [LI]
    assert await is_right(city, made["credential"])
    assert made["credential"]["otrc"]["username"] == "T000001"
    assert "secret" not in str(card)
    kept = await city.execute("SELECT detail::text FROM audit WHERE action = 'terminal.added'")
    assert made["credential"]["secret"] not in str(await kept.fetchone())


async def test_a_terminal_is_handed_on_and_history_keeps_it(place: Place) -> None:
    async with place.logged_in("east") as client:
        terminal = (await added(client, member=LI))["terminal"]
        _, handed = await step(client, terminal["id"], "hand", revision=terminal["revision"], member=WANG)
        _, shelved = await step(client, terminal["id"], "hand", revision=handed["revision"], member=None)
        stale, _ = await step(client, terminal["id"], "hand", revision=handed["revision"], member=LI)
        foreign, _ = await step(client, terminal["id"], "hand", revision=shelved["revision"], member=ZHAO)
    assert (handed["state"], shelved["state"]) == ("in_use", "spare")
    assert [carrier["member"]["id"] for carrier in shelved["carriers"]] == [WANG, LI]
    assert all(carrier["until"] is not None for carrier in shelved["carriers"])
    assert shelved["carriers"][1]["until"] <= shelved["carriers"][0]["since"]
    assert (stale, foreign) == (409, 404)


async def test_a_lost_terminal_cannot_log_in_and_comes_back_with_a_new_secret(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        made = await added(client, member=LI)
        terminal = made["terminal"]["id"]
        _, lost = await step(client, terminal, "lost", revision=made["terminal"]["revision"])
        was_right = await is_right(city, made["credential"])
        to_lost, why = await step(client, terminal, "hand", revision=lost["revision"], member=WANG)
        rotate_lost, _ = await step(client, terminal, "rotate", revision=lost["revision"])
        _, found = await step(client, terminal, "found", revision=lost["revision"])
        not_lost, _ = await step(client, terminal, "found", revision=found["revision"])
        _, rotated = await step(client, terminal, "rotate", revision=found["revision"])
    assert (lost["state"], lost["member"], was_right) == ("lost", None, False)
    assert (to_lost, why["error"], rotate_lost, not_lost) == (409, "is_lost", 409, 409)
    assert found["state"] == "revoked"
    assert rotated["terminal"]["state"] == "spare"
    assert await is_right(city, rotated["credential"])
    assert not await is_right(city, made["credential"])


async def test_a_retired_terminal_stays_so(place: Place) -> None:
    async with place.logged_in("east") as client:
        terminal = (await added(client))["terminal"]
        _, revoked = await step(client, terminal["id"], "revoke", revision=terminal["revision"])
        _, retired = await step(client, terminal["id"], "retire", revision=revoked["revision"])
        rotated, why = await step(client, terminal["id"], "rotate", revision=retired["revision"])
        listed = (await client.get("/api/terminals?state=retired")).json()
    assert (revoked["state"], retired["state"]) == ("revoked", "retired")
    assert (rotated, why["error"]) == (409, "is_retired")
    assert [each["id"] for each in listed["terminals"]] == [terminal["id"]]


async def test_terminals_are_found_by_code_and_carrier_in_one_s_own_units(place: Place, city: Connection) -> None:
    await city.execute("UPDATE terminal SET unit = %s WHERE id IN (%s, %s)", [EAST_LEAF, LI, WANG])
    await city.execute("UPDATE terminal SET unit = %s WHERE id = %s", [WEST_LEAF, ZHAO])
    async with place.logged_in("east") as client:
        mine = (await client.get("/api/terminals")).json()
        by_name = (await client.get("/api/terminals?q=王东")).json()
        by_code = (await client.get("/api/terminals?q=T101")).json()
        foreign = await client.get(f"/api/terminals/{ZHAO}")
        of_nobody = await client.get("/api/terminals/104")  # of no unit: the top's
    async with place.logged_in("centre") as client:
        of_the_top = (await client.get("/api/terminals/104")).json()
        everything = (await client.get(f"/api/terminals?unit={CITY}&state=in_use&limit=2")).json()
    assert (mine["total"], [each["id"] for each in mine["terminals"]]) == (2, [LI, WANG])
    assert [each["id"] for each in by_name["terminals"]] == [WANG]
    assert [each["id"] for each in by_code["terminals"]] == [LI]
    assert mine["terminals"][0]["last_seen_at"] is not None
    assert (foreign.status_code, of_nobody.status_code) == (404, 404)
    assert of_the_top["unit"]["id"] == CITY
    assert (everything["total"], len(everything["terminals"])) == (4, 2)


async def test_what_cannot_be_right_is_refused(place: Place) -> None:
    async with place.logged_in("east") as client:
        answers = [
            await client.post("/api/terminals", json={"unit": EAST, **given})
            for given in ({"code": "über"}, {"interval_s": 0}, {"code": "t101"}, {"member": ZHAO}, {"unit": WEST_LEAF})
        ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (422, "bad_code"),
        (422, "bad_interval"),
        (409, "code_taken"),
        (404, "not_found"),
        (404, "not_found"),
    ]
