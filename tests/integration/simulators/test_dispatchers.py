"""A simulated dispatcher at the real dashboard: looks, warns, follows who was told."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect

from simulators.dispatchers.answers import DispatcherError, Reach, Unit
from simulators.dispatchers.dispatcher import Dispatcher, read, unit_of
from tests.integration.dashboard.builders import (
    CITY,
    EAST,
    EAST_LEAF,
    EAST_STREET,
    LI,
    PASSWORD,
    QIAN,
    WANG,
    ZHAO,
    Place,
    a_city,
    now,
)
from tests.integration.dashboard.running import a_dashboard, free_port


@pytest.fixture
async def url(database: str, connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[str]:
    await a_city(connection)
    async with a_dashboard(database, port=free_port()) as place:
        yield f"http://{place.address}"


async def a_second(connection: psycopg.AsyncConnection[Any]) -> None:
    """Add somebody of the whole city who approves."""
    await connection.execute(
        """
        WITH added AS (
            INSERT INTO account (name, password_hash, unit)
            SELECT 'second', password_hash, unit FROM account WHERE name = 'centre' RETURNING id, unit)
        INSERT INTO account_role (account, role, unit) SELECT id, 'approver', unit FROM added
        """
    )


async def test_the_units_are_those_of_the_account_with_their_people(url: str) -> None:
    async with Dispatcher.logged_in(url, "centre", PASSWORD) as centre:
        units = {unit.id: unit for unit in await centre.units()}
        people = await centre.member_ids(EAST)
    assert (units[CITY].parent, units[EAST].level, units[EAST].code) == (None, "county", "410102")
    assert (units[CITY].people, units[EAST].people) == (4, 3)
    assert set(people) == {LI, WANG, QIAN}


async def test_a_warning_is_previewed_issued_and_followed(url: str) -> None:
    before = time.time()
    async with Dispatcher.logged_in(url, "centre", PASSWORD) as centre:
        issued = await centre.warn("yellow", CITY, "Water rises")
        reach = await centre.reach(issued.alert)
        await centre.lift(issued.alert)
    assert (issued.level, issued.unit, issued.previewed, issued.reach.audience) == ("yellow", CITY, 3, 3)
    assert before <= issued.began_at <= issued.issued_at <= time.time()
    assert issued.issued_at - issued.began_at == pytest.approx(issued.preview_s + issued.draft_s + issued.issue_s)
    assert reach.audience == 3


async def test_a_red_one_alone_needs_a_reason_and_has_one(url: str, connection: psycopg.AsyncConnection[Any]) -> None:
    async with Dispatcher.logged_in(url, "centre", PASSWORD) as centre:
        issued = await centre.warn("red", EAST, "The dam may break", override_reason="nobody else is here")
    row = await (await connection.execute("SELECT note FROM alert_version WHERE kind = 'issue'")).fetchone()
    assert row == ("nobody else is here",)
    assert issued.reach == Reach(audience=2, told=0, delivered=0, acknowledged=0, failed=0, unknown=0, queued=2)


async def test_a_second_person_approves_it(url: str, connection: psycopg.AsyncConnection[Any]) -> None:
    await a_second(connection)
    async with (
        Dispatcher.logged_in(url, "centre", PASSWORD) as centre,
        Dispatcher.logged_in(url, "second", PASSWORD) as second,
    ):
        issued = await centre.warn("orange", EAST_STREET, "Water rises", approver=second)
    assert issued.reach.audience == 2


async def test_it_is_a_drill_unless_said_otherwise(url: str, connection: psycopg.AsyncConnection[Any]) -> None:
    async with Dispatcher.logged_in(url, "centre", PASSWORD) as centre:
        await centre.warn("blue", EAST, "first")
        await centre.warn("blue", EAST, "second", is_drill=False)
    rows = await (
        await connection.execute("SELECT DISTINCT headline, is_drill FROM alert JOIN alert_version ON alert = alert.id")
    ).fetchall()
    assert sorted(rows) == [("first", True), ("second", False)]


async def test_what_may_not_be_warned_is_said_in_the_server_s_words(url: str) -> None:
    async with Dispatcher.logged_in(url, "centre", PASSWORD) as centre:
        with pytest.raises(DispatcherError, match="who pass it down") as refused:
            await centre.warn("blue", EAST_LEAF, "Water rises")
        with pytest.raises(DispatcherError) as unknown:
            await centre.warn("blue", 9_999, "Water rises")
    assert (refused.value.status, refused.value.word) == (403, "not_allowed")
    assert (unknown.value.status, unknown.value.word) == (404, "not_found")


async def test_a_wrong_password_and_a_server_that_is_away_are_one_kind_of_trouble(url: str) -> None:
    with pytest.raises(DispatcherError, match="wrong password") as refused:
        async with Dispatcher.logged_in(url, "centre", "of somebody else"):
            pass
    with pytest.raises(DispatcherError) as away:
        async with Dispatcher.logged_in(f"http://127.0.0.1:{free_port()}", "centre", PASSWORD):
            pass
    with pytest.raises(DispatcherError, match="wanted http://host:port"):
        async with Dispatcher.logged_in("http://127.0.0.1:port", "centre", PASSWORD):
            pass
    assert (refused.value.status, away.value.status) == (401, 0)


async def test_its_headers_open_the_live_map(url: str) -> None:
    live = f"ws{url.removeprefix('http')}/api/live"
    async with (
        Dispatcher.logged_in(url, "centre", PASSWORD) as centre,
        connect(live, additional_headers=centre.headers) as socket,
    ):
        await socket.send(f'{{"op":"watch","unit":{CITY}}}')
        while not isinstance(await socket.recv(), bytes):
            pass


async def test_a_program_comes_with_a_token(url: str) -> None:
    place = Place(url.removeprefix("http://"))
    async with place.logged_in("west") as person:
        wanted = {"name": "load", "roles": ["issuer"], "expires_at": (now() + timedelta(days=1)).isoformat()}
        token = await a_token(person, wanted)
    async with Dispatcher.with_token(url, token) as program:
        people = [unit.people for unit in await program.units() if unit.parent is None]
        assert program.headers == {"Authorization": f"Bearer {token}"}
        assert set(await program.member_ids(7)) == {ZHAO}
    assert people == [1]


async def a_token(person: httpx.AsyncClient, wanted: dict[str, Any]) -> str:
    answer = await person.post("/api/me/tokens", json=wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b'{"units": 3}', b"\xff"])
def test_an_answer_that_is_none_of_ours_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(DispatcherError) as bad:
        read("GET /api/units", 200, body, Unit)
    assert bad.value.word == "bad_answer"
    with pytest.raises(DispatcherError) as refused:
        read("GET /api/units", 502, body, Unit)
    assert (refused.value.status, refused.value.word) == (502, "bad_answer")


def test_a_scenario_s_word_means_the_unit_of_most_people() -> None:
    def unit(id_: int, code: str, level: str, people: int) -> Unit:
        return Unit(id=id_, code=code, name=code, level=level, parent=None, people=people)

    units = (
        unit(1, "41", "city", 9),
        unit(2, "4102", "county", 4),
        unit(3, "4101", "county", 4),
        unit(4, "x", "grid-1", 1),
    )
    found = [unit_of(units, word) for word in ("county", "street", "41", "nothing")]
    assert [None if one is None else one.id for one in found] == [3, 4, 1, None]
