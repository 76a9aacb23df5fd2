"""Reach, calls and the report over HTTP: each viewer's own subtree, in both languages, as page and as files."""

import csv
import hashlib
import json
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard.builders import CITY, EAST, EAST_LEAF, EAST_STREET, LI, QIAN, WEST_STREET, Place
from tests.integration.dashboard.test_warnings import a_draft

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
async def centre(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("centre") as client:
        yield client


async def issue(client: httpx.AsyncClient, **changed: Any) -> str:
    draft = (await client.post("/api/alerts", json=a_draft(**changed))).json()
    answer = await client.post(f"/api/alerts/{draft['id']}/issue", json={"expected_version": 1})
    assert answer.status_code == 200, answer.text
    return str(draft["id"])


@pytest.fixture
async def alert(centre: httpx.AsyncClient) -> str:
    """A blue warning for both streets: Li and Qian in the east, Zhao in the west."""
    return await issue(centre, targets=[EAST_STREET, WEST_STREET])


async def fail_sms(city: Connection, member: int, detail: str = "no such number") -> None:
    await city.execute(
        "UPDATE delivery SET state = 'failed', detail = %s WHERE member = %s AND kind = 'telling'", [detail, member]
    )


async def test_reach_is_of_the_viewer_s_own_subtree(place: Place, centre: httpx.AsyncClient, alert: str) -> None:
    async with place.logged_in("east") as east:
        mine = (await east.get(f"/api/alerts/{alert}/reach")).json()
    whole = (await centre.get(f"/api/alerts/{alert}/reach")).json()
    assert (whole["total"]["audience"], mine["total"]["audience"]) == (3, 2)
    assert mine["units"]["unit"] == [EAST_STREET, EAST_LEAF]
    assert mine["units"]["audience"] == [1, 1]
    assert set(mine["by_level"]) == {"grid-1", "grid-3"}
    assert mine["by_channel"]["sms"]["people"] == 2


async def test_an_answer_shows_in_the_reach_of_its_grid(centre: httpx.AsyncClient, alert: str) -> None:
    await centre.post(f"/api/alerts/{alert}/acknowledge", json={"member": LI})
    reach = (await centre.get(f"/api/alerts/{alert}/reach")).json()
    columns = dict(zip(reach["units"]["unit"], reach["units"]["acknowledged"], strict=True))
    assert (columns[EAST_LEAF], columns[EAST_STREET]) == (1, 0)
    assert reach["by_answer"] == {"desk": 1}


async def test_a_draft_has_reached_nobody(centre: httpx.AsyncClient) -> None:
    draft = (await centre.post("/api/alerts", json=a_draft())).json()
    reach = (await centre.get(f"/api/alerts/{draft['id']}/reach")).json()
    assert (reach["total"]["audience"], reach["units"]["unit"]) == (0, [])


async def test_whom_nothing_reached_is_to_be_called_until_they_confirm_by_phone(
    centre: httpx.AsyncClient, city: Connection, alert: str
) -> None:
    await fail_sms(city, LI)
    await fail_sms(city, QIAN)
    found = (await centre.get(f"/api/alerts/{alert}/calls")).json()
    people = [(one["member"]["id"], one["why"], (one["superior"] or {}).get("name")) for one in found["people"]]
    assert people == [(QIAN, "failed", None), (LI, "failed", None)]  # nobody leads the unit above either
    assert (found["total"], found["counts"], found["answer_within_s"]) == (2, {"failed": 2}, None)
    await centre.post(f"/api/alerts/{alert}/acknowledge", json={"member": QIAN})
    left = (await centre.get(f"/api/alerts/{alert}/calls", params={"unit": EAST, "why": "failed"})).json()
    assert [one["member"]["id"] for one in left["people"]] == [LI]


async def test_the_list_is_exported_in_the_reader_s_language_and_the_audit_knows(
    centre: httpx.AsyncClient, city: Connection, alert: str
) -> None:
    await fail_sms(city, LI, "=cmd()")
    for language, head in (("zh", "姓名"), ("en", "name")):
        answer = await centre.get(f"/api/alerts/{alert}/calls.csv", params={"language": language})
        assert answer.text.startswith("\ufeff")
        rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
        assert (rows[0][0], rows[1][0]) == (head, "李东")
        assert "=cmd()" in rows[1][-1]
        assert not rows[1][-1].startswith("=")
    noted = await (await city.execute("SELECT action, subject FROM audit WHERE action LIKE 'calls.%'")).fetchall()
    assert noted == [("calls.exported", alert)] * 2


@pytest.mark.parametrize("query", [{"why": "tired"}, {"level": "x" * 50}, {"unit": "all"}, {"state": "a b"}])
async def test_a_filter_that_cannot_be_meant_is_refused(
    centre: httpx.AsyncClient, alert: str, query: dict[str, str]
) -> None:
    answer = await centre.get(f"/api/alerts/{alert}/calls", params=query)
    assert (answer.status_code, set(answer.json())) == (422, {"error", "message"})


async def test_a_unit_of_others_cannot_be_filtered_by(place: Place, alert: str) -> None:
    async with place.logged_in("east") as east:
        answer = await east.get(f"/api/alerts/{alert}/calls", params={"unit": WEST_STREET})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_the_report_is_a_page_that_stands_alone_in_both_languages(
    centre: httpx.AsyncClient, city: Connection, alert: str
) -> None:
    await fail_sms(city, LI, "absent <subscriber>")
    await centre.post(f"/api/alerts/{alert}/acknowledge", json={"member": QIAN})
    for language, words in (("zh", "触达报告"), ("en", "Reach report")):
        answer = await centre.get(f"/api/alerts/{alert}/report", params={"language": language})
        assert answer.status_code == 200, answer.text
        page = answer.text
        assert answer.headers["content-type"].startswith("text/html")
        assert words in page
        assert "李东" in page
        assert "absent &lt;subscriber&gt;" in page
        assert "<script" not in page
        assert "DRILL" not in page
        assert "演 练" not in page


async def test_the_json_file_has_the_hash_that_the_page_shows(centre: httpx.AsyncClient, alert: str) -> None:
    await centre.post(f"/api/alerts/{alert}/lift", json={"expected_version": 2})
    page = (await centre.get(f"/api/alerts/{alert}/report")).text
    document = (await centre.get(f"/api/alerts/{alert}/report.json")).content
    again = (await centre.get(f"/api/alerts/{alert}/report.json")).content
    assert document == again
    assert hashlib.sha256(document).hexdigest() in page
    facts = json.loads(document)
    assert (facts["alert"], facts["audience"]["total"], facts["covers"]["id"]) == (alert, 3, CITY)


async def test_the_table_of_messages_is_the_viewer_s_own_people(place: Place, alert: str) -> None:
    async with place.logged_in("east") as east:
        answer = await east.get(f"/api/alerts/{alert}/report.csv")
        page = (await east.get(f"/api/alerts/{alert}/report")).text
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert {row["name"] for row in rows} == {"李东", "钱街"}
    assert {row["kind"] for row in rows} == {"telling"}
    assert "西" not in answer.text + page


async def test_a_draft_has_no_report_and_says_what_to_do(centre: httpx.AsyncClient) -> None:
    draft = (await centre.post("/api/alerts", json=a_draft())).json()
    for kind in ("report", "report.json", "report.csv"):
        answer = await centre.get(f"/api/alerts/{draft['id']}/{kind}")
        assert (answer.status_code, "issue it first" in answer.json()["message"]) == (404, True)


async def test_a_drill_is_marked_on_every_page_that_shows_it(centre: httpx.AsyncClient, city: Connection) -> None:
    drill = await issue(centre, is_drill=True)
    page = (await centre.get(f"/api/alerts/{drill}/report", params={"language": "en"})).text
    reach = (await centre.get(f"/api/alerts/{drill}/reach")).json()
    assert "DRILL" in page
    assert "SMS (kept in the outbox, not sent)" in page
    assert "sms" not in reach["by_channel"]
    assert reach["by_channel"]["outbox"]["people"] == 2


async def test_a_preview_counts_by_grid_inside_the_viewer_s_subtree(place: Place) -> None:
    draft = {key: value for key, value in a_draft(targets=[EAST_STREET]).items() if key != "id"}
    async with place.logged_in("east") as east:
        preview = (await east.post("/api/alerts/preview", json=draft)).json()
    assert preview["by_unit"] == {"unit": [EAST_STREET, EAST_LEAF], "people": [1, 1]}
