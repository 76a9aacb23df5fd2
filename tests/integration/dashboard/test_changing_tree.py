"""The tree is numbered anew in the middle of a request: nobody sees or changes what is others' for a moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import psycopg
from psycopg import sql

from dashboard.api.audit import lines
from dashboard.shapes import Scope
from dashboard.store.audit import Search
from tests.integration.dashboard.builders import EAST, LI, WEST_STREET, Place, an_emergency
from tracker.database.pool import open_pool

Connection = psycopg.AsyncConnection[Any]
EAST_NUMBERS = Scope(unit=EAST, left=2, right=11)


async def change_places(city: Connection) -> None:
    """Number the tree as if the east's code now came behind the west's: its old interval is the west's."""
    await city.execute(
        """
        UPDATE unit SET
            tree_left = CASE WHEN tree_left >= 12 THEN tree_left - 10 ELSE tree_left + 8 END,
            tree_right = CASE WHEN tree_right >= 12 THEN tree_right - 10 ELSE tree_right + 8 END
        WHERE parent IS NOT NULL
        """
    )


async def somebody_waits_for(city: Connection, table: str) -> None:
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    while (await city.execute(waiting, [table])).rowcount == 0:
        pass


async def across_a_change(city: Connection, table: str, asked: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    """Return the answer to a request that comes to read `table` only when the tree has been numbered anew."""
    async with asyncio.TaskGroup() as group, city.transaction():
        await city.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        answer = group.create_task(asked)
        await somebody_waits_for(city, table)
        await change_places(city)
    return answer.result()


async def test_a_list_read_across_a_change_of_the_tree_is_read_again(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        answer = await across_a_change(city, "assignment", client.get("/api/members"))
    assert answer.status_code == 200, answer.text
    assert {member["name"] for member in answer.json()["members"]} == {"李东", "王东", "钱街"}


async def test_a_change_judged_across_a_change_of_the_tree_is_refused(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        answer = await across_a_change(city, "member", client.post("/api/members/104/close", json={"revision": 1}))
    assert (answer.status_code, answer.json()["error"]) == (409, "tree_changed")


async def test_an_emergency_taken_across_a_change_of_the_tree_is_refused(place: Place, city: Connection) -> None:
    emergency = await an_emergency(city, LI)
    async with place.logged_in("east") as client:
        answer = await across_a_change(city, "emergency", client.post(f"/api/emergencies/{emergency}/take"))
    assert (answer.status_code, answer.json()["error"]) == (409, "tree_changed")


async def test_a_body_that_comes_slowly_keeps_no_rights_alive(place: Place, city: Connection) -> None:
    body = b'{"revision": 1, "name": "x"}'
    async with place.logged_in("east") as client:
        head = (
            f"POST /api/units/{EAST} HTTP/1.1\r\nHost: {place.address}\r\nX-Requested-With: gridwarden\r\n"
            f"Cookie: gw_session={client.cookies['gw_session']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(*place.address.split(":"))
        writer.write(head.encode())
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")  # now it is judged, and waits for the body
        await city.execute("DELETE FROM login_session")
        writer.write(body)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert await (await city.execute("SELECT name FROM unit WHERE id = %s", [EAST])).fetchone() == ("东区",)


async def test_an_export_that_is_read_slowly_follows_its_unit(place: Place, city: Connection, database: str) -> None:
    for unit, subject in ((EAST, "ours"), (WEST_STREET, "theirs")):
        await city.execute(
            "INSERT INTO audit (at, action, subject, unit) VALUES (now(), 'test.done', %s, %s)", [subject, unit]
        )
    async with await open_pool(database, name="test", size=1) as pool:
        pieces = lines(pool, Search(scope=EAST_NUMBERS, action="test."))
        await anext(pieces)
        await change_places(city)
        text = "".join([piece async for piece in pieces])
    assert "ours" in text
    assert "theirs" not in text


async def test_answers_go_on_after_a_change_of_the_tree(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        await change_places(city)
        answer: httpx.Response = await client.get("/api/units")
        changed = await client.post(f"/api/units/{EAST}", json={"revision": 1, "name": "新东区"})
    assert answer.status_code == 200
    assert {unit["id"] for unit in answer.json()["units"]} == {2, 3, 4, 5, 6}
    assert changed.status_code == 200, changed.text
