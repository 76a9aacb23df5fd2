"""Who looked at whom and who changed what: found, exported, and beyond everybody's reach."""

import csv
from io import StringIO
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import EAST, EAST_LEAF, LI, WEST, ZHAO, Place


async def rows_of(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def test_each_look_at_a_track_is_written_down_with_its_period(place: Place) -> None:
    async with place.logged_in("east") as client:
        period = {"from": "2026-01-05T00:00:00+00:00", "to": "2026-01-05T01:00:00+00:00"}
        for _ in range(2):
            await client.get(f"/api/members/{LI}/track", params=period)
        found = await rows_of(client, action="member.track_viewed")
    assert len(found) == 2  # each, not one for many
    assert found[0]["subject"] == f"member {LI} 李东"
    assert found[0]["unit"] == {"id": EAST_LEAF, "name": "东格一"}
    assert (found[0]["account"]["name"], found[0]["address"]) == ("east", "127.0.0.1")
    assert found[0]["detail"] == period | {"points": 0}


async def test_an_administrator_reads_of_their_own_units_only(place: Place) -> None:
    async with place.logged_in("centre") as centre, place.logged_in("west") as west:
        await centre.get(f"/api/members/{LI}/track")
        await centre.get(f"/api/members/{ZHAO}/track")
        seen = await rows_of(west, action="member.")
        assert [row["subject"] for row in seen] == [f"member {ZHAO} 赵西"]
        assert (await west.get("/api/audit", params={"unit": EAST})).status_code == 404
        assert len(await rows_of(centre, action="member.")) == 2
        assert len(await rows_of(centre, unit=WEST, action="member.")) == 1


async def test_what_concerns_no_unit_is_for_the_whole_city(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    await city.execute("INSERT INTO audit (at, action, subject) VALUES (now(), 'city.imported', 'everything')")
    async with place.logged_in("centre") as centre, place.logged_in("west") as west:
        assert len(await rows_of(centre, action="city.imported")) == 1
        assert await rows_of(west, action="city.imported") == []


async def test_it_is_searched_by_account_action_subject_and_time_and_paged(place: Place) -> None:
    async with place.logged_in("centre") as client:
        for _ in range(3):
            await client.get(f"/api/members/{LI}/track")
        page = (await client.get("/api/audit", params={"action": "member.track_viewed", "limit": 2})).json()
        rest = (await client.get("/api/audit", params={"limit": 2, "before": page["next"], "subject": "李东"})).json()
        assert (len(page["rows"]), len(rest["rows"]), rest["next"]) == (2, 1, None)
        me = page["rows"][0]["account"]
        assert len(await rows_of(client, account="centre", action="member.")) == 3
        assert len(await rows_of(client, account=me["id"], action="member.")) == 3
        assert await rows_of(client, account="nobody") == []
        assert await rows_of(client, to="2020-01-01T00:00:00Z") == []
        assert len(await rows_of(client, **{"from": "2020-01-01T00:00:00Z"}, action="member.")) == 3


async def test_the_file_computes_nothing_in_a_spreadsheet(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    for subject in ('=HYPERLINK("http://evil")', "+1", "-1", "@sum", "\tx", 'plain, "quoted"'):
        await city.execute("INSERT INTO audit (at, action, subject) VALUES (now(), 'test.made', %s)", [subject])
    async with place.logged_in("centre") as client:
        answer = await client.get("/api/audit.csv", params={"action": "test."})
        written = await rows_of(client, action="audit.exported")
    rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["id", "at", "account", "action", "subject", "unit", "address", "token", "detail"]
    assert [row[4] for row in rows[:0:-1]] == [
        '\'=HYPERLINK("http://evil")',
        "'+1",
        "'-1",
        "'@sum",
        "'\tx",
        'plain, "quoted"',
    ]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert len(written) == 1


async def test_a_file_longer_than_one_reading_is_whole(place: Place, city: psycopg.AsyncConnection[Any]) -> None:
    await city.execute(
        "INSERT INTO audit (at, action, subject) SELECT now(), 'test.made', n::text FROM generate_series(1, 2500) n"
    )
    async with place.logged_in("centre") as client:
        text = (await client.get("/api/audit.csv", params={"action": "test."})).text
    assert [row[4] for row in csv.reader(StringIO(text))][1:] == [str(number) for number in range(2500, 0, -1)]


@pytest.mark.parametrize("statement", ["UPDATE audit SET subject = ''", "DELETE FROM audit", "TRUNCATE audit"])
async def test_nobody_changes_what_is_written(city: psycopg.AsyncConnection[Any], statement: Any) -> None:
    await city.execute("INSERT INTO audit (at, action, subject) VALUES (now(), 'test.made', 'x')")
    with pytest.raises(psycopg.errors.RestrictViolation):
        await city.execute(statement)


async def test_failed_log_ins_are_written_down_and_a_flood_is_counted(
    place: Place, city: psycopg.AsyncConnection[Any]
) -> None:
    async with place.client() as client:
        await client.post("/api/login", json={"name": "east", "password": "guess"})
        await client.post("/api/login", json={"name": "nobody", "password": "a secret"})
    rows = await city.execute("SELECT subject, unit, address, detail->>'why' FROM audit ORDER BY id")
    assert await rows.fetchall() == [("east", EAST, "127.0.0.1", "password"), ("nobody", None, "127.0.0.1", "password")]
    whole = await (await city.execute("SELECT string_agg(audit::text, '') FROM audit")).fetchone()
    assert "guess" not in str(whole)
    assert "a secret" not in str(whole)
