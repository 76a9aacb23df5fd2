"""Alerts fetched by other systems: the feed, the documents, and who gets which."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx
import pytest

from alerts.core.cap import NAMESPACE
from tests.integration.dashboard.builders import EAST_STREET, WEST_STREET, Place
from tests.integration.dashboard.test_warnings import SQUARE, a_draft

CAP = {"cap": NAMESPACE, "atom": "http://www.w3.org/2005/Atom"}


@pytest.fixture
async def centre(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.logged_in("centre") as client:
        yield client


async def issue(client: httpx.AsyncClient, **changed: Any) -> str:
    draft = (await client.post("/api/alerts", json=a_draft(**changed))).json()
    await move(client, draft["id"], "issue", draft["version"])
    return str(draft["id"])


async def move(client: httpx.AsyncClient, alert: str, word: str, version: int, **more: Any) -> None:
    answer = await client.post(f"/api/alerts/{alert}/{word}", json={"expected_version": version, **more})
    assert answer.status_code == 200, answer.text


async def fetch(client: httpx.AsyncClient, path: str) -> ET.Element:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return ET.fromstring(answer.content)  # noqa: S314 - our own document


def texts(root: ET.Element, path: str) -> list[str]:
    return [found.text or "" for found in root.findall(path, CAP)]


async def test_an_alert_is_followed_from_its_issue_to_its_end(centre: httpx.AsyncClient) -> None:
    alert = await issue(centre)
    await move(centre, alert, "level", 2, level="yellow")
    await move(centre, alert, "lift", 3, note="rain is over")
    messages = [await fetch(centre, f"/api/cap/{alert}?message={number}") for number in (1, 2, 3)]
    assert [texts(root, "cap:msgType") for root in messages] == [["Alert"], ["Update"], ["Update"]]
    assert [texts(root, ".//cap:responseType") for root in messages] == [[], [], ["AllClear"]]
    assert [texts(root, ".//cap:severity") for root in messages] == [["Minor"], ["Moderate"], ["Moderate"]]
    first, second = (texts(root, "cap:identifier")[0] for root in messages[:2])
    (references,) = texts(messages[2], "cap:references")
    assert [reference.split(",")[1] for reference in references.split()] == [first, second]
    assert texts(await fetch(centre, f"/api/cap/{alert}"), "cap:identifier") == texts(messages[2], "cap:identifier")


async def test_the_feed_leads_to_what_is_in_force_and_to_what_has_just_ended(centre: httpx.AsyncClient) -> None:
    lifted, current = await issue(centre), await issue(centre, headline="Flood at the bridge")
    await move(centre, lifted, "lift", 2)
    await centre.post("/api/alerts", json=a_draft(headline="only a draft"))
    root = await fetch(centre, "/api/cap")
    assert texts(root, "atom:entry/atom:id") == [f"urn:uuid:{current}", f"urn:uuid:{lifted}"]
    links = [link.attrib["href"] for link in root.findall("atom:entry/atom:link", CAP)]
    assert [link.partition("/api/")[2] for link in links] == [f"cap/{current}?message=1", f"cap/{lifted}?message=2"]
    document = await fetch(centre, "/api/" + links[0].partition("/api/")[2])
    assert "Flood at the bridge" in texts(document, ".//cap:headline")[0]


async def test_a_unit_is_described_by_name_code_and_outline(centre: httpx.AsyncClient) -> None:
    root = await fetch(centre, f"/api/cap/{await issue(centre, targets=[EAST_STREET, WEST_STREET])}")
    assert texts(root, ".//cap:areaDesc") == ["东街", "西街"]
    assert len(texts(root, ".//cap:geocode/cap:value")) == 2
    assert len(texts(root, ".//cap:polygon")) == 2


async def test_a_drawn_area_stands_for_the_outlines(centre: httpx.AsyncClient) -> None:
    root = await fetch(centre, f"/api/cap/{await issue(centre, area=SQUARE)}")
    (polygon,) = texts(root, ".//cap:polygon")
    assert polygon.split()[0] in {"34.000000,113.200000", "34.000000,113.400000", "34.200000,113.400000"}
    assert texts(root, ".//cap:areaDesc") == ["东街"]


async def test_a_draft_and_a_message_that_is_not_there_are_answered(centre: httpx.AsyncClient) -> None:
    draft = (await centre.post("/api/alerts", json=a_draft())).json()["id"]
    for path in (f"/api/cap/{draft}", f"/api/cap/{await issue(centre)}?message=2", f"/api/cap/{uuid4()}"):
        answer = await centre.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path


async def test_others_units_are_neither_in_the_feed_nor_in_a_document(place: Place, centre: httpx.AsyncClient) -> None:
    east, both = await issue(centre), await issue(centre, targets=[EAST_STREET, WEST_STREET])
    async with place.logged_in("west") as west:
        feed = await fetch(west, "/api/cap")
        document = await fetch(west, f"/api/cap/{both}")
        hidden = await west.get(f"/api/cap/{east}")
    assert texts(feed, "atom:entry/atom:id") == [f"urn:uuid:{both}"]
    assert texts(document, ".//cap:areaDesc") == ["西街"]
    assert hidden.status_code == 404
