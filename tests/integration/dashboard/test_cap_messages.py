"""Messages of other services at the screen: brought as files, read, settled; and who sees which."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.core.alerts.test_cap_in import a_document, an_area
from tests.integration.dashboard.builders import CITY, EAST, EAST_STREET, WEST_STREET, Place
from tests.integration.dashboard.test_warnings import a_draft

PATH = "/api/cap/messages"
EAST_AREA = an_area("<polygon>34.05,113.22 34.05,113.38 34.15,113.38 34.15,113.22 34.05,113.22</polygon>")
BOTH = an_area("<polygon>34.05,113.02 34.05,113.38 34.15,113.38 34.15,113.02 34.05,113.02</polygon>")


@pytest.fixture
async def centre(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("centre") as client:
        yield client


async def send(client: httpx.AsyncClient, *documents: bytes) -> httpx.Response:
    files = [("files", (f"{number}.xml", document, "text/xml")) for number, document in enumerate(documents)]
    return await client.post(PATH, files=files)


async def bring(client: httpx.AsyncClient, document: bytes) -> int:
    answer = await send(client, document)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["files"][0]["documents"][0]["message"])


async def test_a_file_is_brought_read_and_made_a_draft(centre: httpx.AsyncClient) -> None:
    more = f"<headline>东区暴雨红色预警</headline><description>大雨</description>{EAST_AREA}"
    message = await bring(centre, a_document(more=more))
    read = (await centre.get(f"{PATH}/{message}")).json()
    draft = read["draft"]
    assert (read["state"], read["offer"], read["said"]["event"]) == ("waiting", "draft", "暴雨")
    assert (draft["level"], draft["event"], draft["headline"]) == ("red", "rainstorm", "东区暴雨红色预警")
    assert read["why"]["level"]["why"] == "its headline names the colour"
    assert [unit["id"] for unit in draft["targets"]] == [EAST_STREET]
    assert [round(unit["share"], 2) for unit in read["units"]] == [0.4]
    content = {**draft, "targets": [EAST_STREET], "depth": None}
    made = await centre.post(f"{PATH}/{message}/draft", json={"id": str(uuid4()), **content})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["area"]["type"]) == ("draft", "Polygon")
    listed = (await centre.get(PATH)).json()["messages"]
    assert [(one["id"], one["state"], one["alert"]) for one in listed] == [(message, "drafted", made.json()["id"])]


async def test_the_same_file_again_is_said_to_be_known(centre: httpx.AsyncClient) -> None:
    first = await bring(centre, a_document())
    again = await send(centre, a_document(), a_document(note="other"))
    assert again.status_code == 200
    documents = [file["documents"][0] for file in again.json()["files"]]
    assert [(one["message"], one["is_new"], one["is_same"]) for one in documents] == [
        (first, False, True),
        (first, False, False),
    ]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "its root is html, not alert of CAP 1.2"), ("zh", "不是 CAP 报文：根元素是 html")]
)
async def test_a_file_that_is_none_is_refused_in_the_reader_s_language(
    centre: httpx.AsyncClient, language: str, said: str
) -> None:
    files = {"files": ("a.xml", b"<html/>")}
    answer = await centre.post(PATH, files=files, headers={"Accept-Language": language})
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_document")
    assert said in answer.json()["message"]


async def test_a_file_that_is_too_large_or_not_there_is_refused(centre: httpx.AsyncClient) -> None:
    large = await send(centre, b"<a>" + b"x" * (1 << 20) + b"</a>")
    assert (large.status_code, large.json()["error"]) == (422, "bad_document")
    huge = await send(centre, b"x" * (12 << 20))
    assert (huge.status_code, huge.json()["error"]) == (413, "too_large")
    none = await centre.post(PATH, data={"files": "text"})
    assert (none.status_code, none.json()["error"]) == (422, "no_files")


async def test_one_bad_file_among_several_keeps_none_of_the_others_out(centre: httpx.AsyncClient) -> None:
    answer = await send(centre, a_document(), b"<html/>", a_document(identifier="second"))
    assert answer.status_code == 201
    found = [file["documents"][0] for file in answer.json()["files"]]
    assert [one["is_new"] for one in found] == [True, False, True]
    assert "its root is html" in found[1]["refused"]


async def test_several_areas_are_one_draft(centre: httpx.AsyncClient) -> None:
    two = an_area("<circle>34.1,113.25 1</circle><circle>34.1,113.05 1</circle>")
    read = (await centre.get(f"{PATH}/{await bring(centre, a_document(more=two))}")).json()
    assert read["draft"]["area"]["type"] == "MultiPolygon"
    content = {**read["draft"], "targets": [EAST_STREET], "depth": None}
    made = await centre.post("/api/alerts", json={"id": str(uuid4()), **content})
    assert (made.status_code, made.json()["area"]["type"]) == (201, "MultiPolygon")
    assert (await centre.post("/api/alerts/preview", json=content)).json()["allowed"]


async def test_a_part_of_a_message_is_read_when_asked_for(centre: httpx.AsyncClient) -> None:
    block = (
        "<info><language>{language}</language><category>Met</category><event>{event}</event>"
        "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty></info>"
    )
    info = block.format(language="zh-CN", event="暴雨") + block.format(language="en", event="Rainstorm")
    message = await bring(centre, a_document(info=info))
    assert (await centre.get(f"{PATH}/{message}")).json()["said"]["event"] == "暴雨"
    assert (await centre.get(f"{PATH}/{message}?block=1")).json()["said"]["event"] == "Rainstorm"
    assert (await centre.get(f"{PATH}/{message}?block=2")).status_code == 404


async def test_a_message_is_dismissed_and_taken_up_again(centre: httpx.AsyncClient) -> None:
    message = await bring(centre, a_document())
    assert (await centre.post(f"{PATH}/{message}/dismiss", json={"reason": ""})).status_code == 422
    answer = await centre.post(f"{PATH}/{message}/dismiss", json={"reason": "old"})
    assert (answer.json()["state"], answer.json()["reason"], answer.json()["settled_by"]["name"]) == (
        "dismissed",
        "old",
        "centre",
    )
    again = await centre.post(f"{PATH}/{message}/dismiss", json={"reason": "another"})
    assert (again.status_code, again.json()["error"]) == (409, "illegal_move")
    assert (await centre.post(f"{PATH}/{message}/reopen")).json()["state"] == "waiting"


async def test_an_update_changes_the_warning_and_is_settled_with_it(centre: httpx.AsyncClient) -> None:
    message, alert = await bring(centre, a_document(more=EAST_AREA)), a_draft()
    await centre.post(f"{PATH}/{message}/draft", json=alert)
    await centre.post(f"/api/alerts/{alert['id']}/issue", json={"expected_version": 1})
    references = "weather.example,41010041600000_20260720120000,2026-07-20T12:00:00+08:00"
    over = await bring(centre, a_document(identifier="over", msgType="Cancel", references=references, info=""))
    read = (await centre.get(f"{PATH}/{over}")).json()
    assert (read["offer"], read["offered_alert"]["id"]) == ("cancel", alert["id"])
    assert read["earlier"]["id"] == message
    await centre.post(f"/api/alerts/{alert['id']}/cancel", json={"expected_version": 2, "note": "withdrawn"})
    joined = await centre.post(f"{PATH}/{over}/join", json={"alert": alert["id"]})
    assert (joined.json()["state"], joined.json()["alert"]) == ("drafted", alert["id"])


async def test_the_document_is_handed_out_as_it_came_and_never_shown_as_a_page(centre: httpx.AsyncClient) -> None:
    document = a_document(note="<b>no</b>".replace("<", "&lt;"))
    answer = await centre.get(f"{PATH}/{await bring(centre, document)}/document")
    assert answer.content == document
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_nobody_sees_what_was_brought_to_others_nor_units_of_others(
    place: Place, centre: httpx.AsyncClient
) -> None:
    of_the_city = await bring(centre, a_document(more=BOTH))
    async with place.logged_in("east") as east, place.logged_in("west") as west:
        message = await bring(east, a_document(more=BOTH))
        read = await east.get(f"{PATH}/{message}")
        assert [unit["id"] for unit in read.json()["units"]] == [EAST_STREET]
        assert "西" not in read.text
        assert (await west.get(PATH)).json()["messages"] == []
        for path in (f"{PATH}/{message}", f"{PATH}/{of_the_city}", f"{PATH}/{message}/document", f"{PATH}/99999"):
            hidden = await west.get(path)
            assert (hidden.status_code, hidden.json()["error"]) == (404, "not_found"), path
        refused = await west.post(f"{PATH}/{message}/draft", json=a_draft(targets=[WEST_STREET]))
        assert refused.status_code == 404
    assert [one["unit"]["id"] for one in (await centre.get(PATH)).json()["messages"]] == [EAST, CITY]


async def test_a_draft_of_a_message_is_for_nobody_outside_the_subtree(place: Place) -> None:
    async with place.logged_in("east") as east:
        message = await bring(east, a_document(more=BOTH))
        refused = await east.post(f"{PATH}/{message}/draft", json=a_draft(targets=[WEST_STREET]))
        assert refused.status_code == 404
        assert (await east.get(f"{PATH}/{message}")).json()["state"] == "waiting"


async def test_a_message_is_not_joined_to_a_warning_that_is_not_seen(place: Place, centre: httpx.AsyncClient) -> None:
    alert = a_draft(targets=[WEST_STREET])
    await centre.post("/api/alerts", json=alert)
    async with place.logged_in("east") as east:
        message = await bring(east, a_document())
        assert (await east.post(f"{PATH}/{message}/join", json={"alert": alert["id"]})).status_code == 404


async def test_feeds_are_shown_to_whoever_issues_for_the_city(
    place: Place, centre: httpx.AsyncClient, city: psycopg.AsyncConnection[Any]
) -> None:
    await city.execute(
        "INSERT INTO cap_feed (address, next_at, failures, trouble_zh, trouble_en) VALUES (%s, now(), 2, %s, %s)",
        ["https://weather.example/feed", "没有回答", "it does not answer"],
    )
    (feed,) = (await centre.get(PATH)).json()["feeds"]
    assert (feed["address"], feed["failures"], feed["trouble"]) == (
        "https://weather.example/feed",
        2,
        "it does not answer",
    )
    async with place.logged_in("east") as east:
        assert (await east.get(PATH)).json()["feeds"] == []
