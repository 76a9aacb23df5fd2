"""A whole city brought and taken as files over HTTP."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from zipfile import ZipFile

import httpx
import psycopg

from tests.integration.dashboard.builders import Place
from tracker.bus.interface import CITY
from tracker.bus.local import LocalBus

Connection = psycopg.AsyncConnection[Any]
NEW = "code,name,phone,unit,role,terminal\nm101,李东,,410102001001001,leader,t101\nN1,新人,,410103,volunteer,T-new\n"


async def brought(client: httpx.AsyncClient, *files: tuple[str, bytes], **options: str) -> httpx.Response:
    return await client.post("/api/imports", files=[("files", file) for file in files], data=options, timeout=120)


async def exported(client: httpx.AsyncClient, form: str) -> dict[str, bytes]:
    answer = await client.get("/api/exports/city.zip", params={"format": form}, timeout=120)
    assert answer.status_code == 200, answer.text
    with ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_export_brought_back_changes_nothing(city: Connection, place: Place) -> None:
    async with place.logged_in("centre") as client:
        files = await exported(client, "shp")
        assert {"units.csv", "grids.shp", "grids.dbf", "members.csv"} < set(files)
        answer = await brought(client, *files.items())
    assert answer.status_code == 201, answer.text
    report = answer.json()["report"]
    assert (report["is_applicable"], report["is_empty"]) == (True, True), report
    audit = await city.execute("SELECT action, detail FROM audit WHERE action = 'city.exported'")
    assert await audit.fetchall() == [("city.exported", {"format": "shp"})]


async def test_a_report_is_applied_and_gives_the_credentials_once(
    city: Connection, place: Place, bus: LocalBus
) -> None:
    async with place.logged_in("centre") as client:
        answer = (await brought(client, ("members.csv", NEW.encode()))).json()
        people = next(change for change in answer["report"]["changes"] if change["kind"] == "members")
        assert (people["added"], people["changed"], people["closed"]) == (1, 1, 3)
        before = await city.execute("SELECT count(*) FROM member WHERE closed_at IS NULL")
        assert await before.fetchone() == (4,)
        heard = bus.read(CITY)
        applied = (await client.post(f"/api/imports/{answer['id']}/apply", timeout=120)).json()
        assert (await anext(heard)).stream == CITY
        again = await client.post(f"/api/imports/{answer['id']}/apply", timeout=120)
        looked = (await client.get(f"/api/imports/{answer['id']}")).json()
    assert applied["applied_at"]
    (credential,) = csv.DictReader(io.StringIO(applied["credentials"]))
    assert (credential["terminal"], credential["member"], len(credential["secret"])) == ("T-new", "N1", 32)
    assert again.json()["error"] == "applied"
    assert "credentials" not in looked
    after = await city.execute("SELECT code FROM member WHERE closed_at IS NULL ORDER BY code")
    assert await after.fetchall() == [("N1",), ("m101",)]
    audit = await city.execute(
        "SELECT account.name FROM audit JOIN account ON account.id = audit.account WHERE action = 'city.imported'"
    )
    assert await audit.fetchall() == [("centre",)]


async def test_a_broken_file_is_reported_in_the_readers_language_and_cannot_be_applied(
    city: Connection, place: Place
) -> None:
    async with place.logged_in("centre") as client:
        client.headers["Accept-Language"] = "zh"
        broken = NEW.replace("410103", "410199").encode("gb18030")
        answer = (await brought(client, ("人员.csv", broken))).json()
        refused = await client.post(f"/api/imports/{answer['id']}/apply", timeout=120)
    finding = next(finding for finding in answer["report"]["findings"] if finding["word"] == "unknown_unit")
    assert finding["listed"] == [{"file": "人员.csv", "row": 3, "what": "N1 所属组织 410199 不存在"}]
    assert not answer["report"]["is_applicable"]
    assert (refused.status_code, refused.json()["error"]) == (409, "has_errors")


async def test_a_city_that_was_changed_since_the_report_is_left_alone(city: Connection, place: Place) -> None:
    async with place.logged_in("centre") as client:
        answer = (await brought(client, ("members.csv", NEW.encode()))).json()
        await city.execute("UPDATE member SET name = '改名' WHERE id = 102")
        refused = await client.post(f"/api/imports/{answer['id']}/apply", timeout=120)
    assert (refused.status_code, refused.json()["error"]) == (409, "city_changed")


async def test_an_import_that_is_being_applied_is_not_applied_again(city: Connection, place: Place) -> None:
    async with place.logged_in("centre") as client:
        number = (await brought(client, ("members.csv", NEW.encode()))).json()["id"]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(client.post(f"/api/imports/{number}/apply", timeout=120)) for _ in range(2)]
    assert sorted(task.result().status_code for task in asked) == [200, 409]


async def test_only_administrators_of_the_whole_city_bring_and_take_it(city: Connection, place: Place) -> None:
    async with place.logged_in("centre") as client:
        number = (await brought(client, ("members.csv", NEW.encode()))).json()["id"]
        assert (await client.get("/api/imports/unknown")).status_code == 404
    async with place.logged_in("east") as client:
        answers = [
            await brought(client, ("members.csv", NEW.encode())),
            await client.get(f"/api/imports/{number}"),
            await client.post(f"/api/imports/{number}/apply"),
            await client.get("/api/exports/city.zip"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4


async def announced(place: Place, client: httpx.AsyncClient, length: int) -> bytes:
    """Say that so many bytes will follow, send none of them, and return the answer."""
    host, port = place.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        "POST /api/imports HTTP/1.1",
        f"Host: {place.address}",
        f"Cookie: gw_session={client.cookies['gw_session']}",
        "X-Requested-With: gridwarden",
        f"Content-Length: {length}",
    )
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    answer = await reader.readuntil(b"}")
    writer.close()
    await writer.wait_closed()
    return answer


async def without_end() -> AsyncIterator[bytes]:
    yield b"who knows how much follows"


async def test_what_cannot_be_an_import_is_refused_before_it_is_read(city: Connection, place: Place) -> None:
    async with place.logged_in("centre") as client:
        nothing = await client.post("/api/imports", data={"gcj02": "1"}, files=[])
        assert nothing.json()["error"] == "no_files"
        twice = await brought(client, ("a.csv", b"x"), ("a.csv", b"y"))
        assert twice.json()["error"] == "given_twice"
        wrong = await brought(client, ("a.csv", b"x"), encoding="latin-1")
        assert (wrong.status_code, wrong.json()["error"]) == (422, "bad_request")
        endless = await client.post("/api/imports", content=without_end())
        assert endless.json()["error"] == "length_required"
        assert b'"too_large"' in await announced(place, client, 2**40)
