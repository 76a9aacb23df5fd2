"""Messages over HTTP: previewed and sent, searched and put away, templates, groups, limits, the log and the figures."""

import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg

from alerts.dispatch import Dispatcher, LinkMaker
from alerts.message_watch import MessageWatch
from alerts.providers.outbox import Outbox
from tests.integration.dashboard.builders import CITY, EAST, EAST_STREET, LI, WANG, WEST, ZHAO, Place
from tracker.bus.local import LocalBus
from tracker.database.pool import open_pool

Connection = psycopg.AsyncConnection[Any]
LEADERS_OF_THE_EAST = [{"unit": EAST, "who": "leaders"}]


def a_circular(**changed: Any) -> dict[str, Any]:
    return {"unit": EAST, "text_zh": "今晚八点开会", "units": LEADERS_OF_THE_EAST, **changed}


async def no_quiet_hours(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    before = (await client.get("/api/message-limits")).json()
    given = {"revision": before["revision"], "quiet_from": None, "quiet_to": None, **changed}
    answer = await client.post("/api/message-limits", json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sent(place: Place, name: str = "east", **changed: Any) -> dict[str, Any]:
    async with place.logged_in("centre") as centre:
        await no_quiet_hours(centre)
    async with place.logged_in(name) as client:
        answer = await client.post("/api/circulars", json={"id": str(uuid.uuid4()), **a_circular(**changed)})
        assert answer.status_code == 201, answer.text
        return answer.json()


async def dispatched(database: str, bus: LocalBus) -> None:
    """Send what is queued, by the outbox, and count the figures."""
    async with await open_pool(database, name="test", size=2) as pool:

        def clock() -> datetime:
            return datetime.now(UTC)

        lane = Dispatcher(pool, bus, clock, Outbox(pool, clock), links=LinkMaker(secret=b"", public_url=""))
        while await lane.round():
            pass
        await MessageWatch(pool, clock, ZoneInfo("Asia/Shanghai")).count()


async def test_a_circular_is_previewed_sent_once_and_shows_its_progress(
    place: Place, database: str, bus: LocalBus
) -> None:
    async with place.logged_in("east") as client:
        seen = (await client.post("/api/circulars/preview", json=a_circular(numbers=["12", "13912345678"]))).json()
        assert (seen["recipients"], seen["parts"], seen["cost"]) == (3, 3, "0.1500")
        assert (seen["left_out"], seen["sample_zh"]) == ({"bad_number": 1}, "【网格预警】今晚八点开会")
    one = await sent(place, numbers=["12", "13912345678"])
    async with place.logged_in("east") as client:
        again = await client.post("/api/circulars", json={"id": one["id"], **a_circular(numbers=["12", "13912345678"])})
        assert (again.status_code, again.json()["progress"]) == (200, {"queued": 3})
        await dispatched(database, bus)
        card = (await client.get(f"/api/circulars/{one['id']}")).json()
        assert (card["progress"], card["reasons"]) == ({"delivered": 3}, {"bad_number": 1})
        people = (await client.get(f"/api/circulars/{one['id']}/recipients")).json()["recipients"]
        assert {each["state"] for each in people} == {"delivered"}


async def test_nobody_writes_to_people_of_others(place: Place) -> None:
    async with place.logged_in("east") as client:
        for smuggled in ({"members": [ZHAO]}, {"units": [{"unit": WEST}]}, {"unit": WEST}):
            answer = await client.post("/api/circulars/preview", json=a_circular(**smuggled))
            assert answer.status_code == 404, smuggled


async def test_a_variable_that_nobody_knows_is_refused_at_its_field(place: Place) -> None:
    async with place.logged_in("east") as client:
        answer = await client.post("/api/circulars/preview", json=a_circular(text_zh="{place}集合"))
        assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (422, "bad_text", "text_zh")
        assert "{name}" in answer.json()["message"]
        for text in ("", "好" * 20_000):
            assert (await client.post("/api/circulars/preview", json=a_circular(text_zh=text))).status_code == 422


async def test_messages_are_found_moved_and_kept_in_the_log(
    place: Place, database: str, bus: LocalBus, city: Connection
) -> None:
    one = await sent(place)
    await dispatched(database, bus)
    async with place.logged_in("east") as client:

        async def found(**query: Any) -> list[dict[str, Any]]:
            answer = await client.get("/api/deliveries", params=query)
            assert answer.status_code == 200, answer.text
            return answer.json()["deliveries"]

        all_sent = await found(folder="sent")
        assert [each["member"]["name"] for each in all_sent] == ["钱街", "李东"]
        assert [each["id"] for each in await found(q="13800000101")] == [all_sent[1]["id"]]
        assert await found(q="八点") == all_sent
        assert await found(q="九点") == []
        assert await found(state="failed") == []
        assert await found(kind="manual", channel="sms", circular=one["id"]) == all_sent
        assert await found(**{"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}) == []
        assert await found(**{"from": "2020-01-01T00:00:00Z"}) == all_sent
        card = (await client.get(f"/api/deliveries/{all_sent[0]['id']}")).json()
        assert [each["outcome"] for each in card["log"]] == ["confirmed"]
        moved = await client.post("/api/deliveries/move", json={"ids": [all_sent[0]["id"]], "folder": "deleted"})
        assert moved.json() == {"moved": 1}
        assert [each["id"] for each in await found(folder="deleted")] == [all_sent[0]["id"]]
        moved = await client.post("/api/deliveries/move", json={"circular": one["id"], "folder": "archived"})
        assert moved.json() == {"moved": 2}
        assert await found(folder="sent") == []
        log = (await client.get("/api/delivery-attempts")).json()["attempts"]
        assert [(each["outcome"], each["provider"]) for each in log] == [("confirmed", "outbox")] * 2
    cursor = await city.execute("SELECT action FROM audit WHERE action LIKE 'message.%' ORDER BY id")
    assert [row[0] for row in await cursor.fetchall()] == ["message.deleted", "message.archived"]


async def test_lists_and_log_go_on_page_by_page_without_a_gap(place: Place, database: str, bus: LocalBus) -> None:
    await sent(place, numbers=[f"139000000{number:02d}" for number in range(10)])
    await dispatched(database, bus)
    async with place.logged_in("east") as client:
        for path, name in (("/api/deliveries", "deliveries"), ("/api/delivery-attempts", "attempts")):
            whole = (await client.get(path)).json()[name]
            pages, mark = list[Any](), None
            while True:
                page = (await client.get(path, params={"limit": 5} | ({"before": mark} if mark else {}))).json()
                pages += page[name]
                mark = page["next"]
                if mark is None:
                    break
            assert (len(whole), pages) == (12, whole)


async def test_exports_stream_what_the_list_shows_and_no_cell_is_computed(
    place: Place, database: str, bus: LocalBus
) -> None:
    await sent(place, text_zh="", text_en="=1+1 at eight", units=[{"unit": EAST_STREET}])
    await dispatched(database, bus)
    async with place.logged_in("east") as client:
        for path in ("/api/deliveries.csv", "/api/delivery-attempts.csv"):
            answer = await client.get(path)
            rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
            assert len(rows) == 2, path
            assert {row["address"] for row in rows} == {"'+8613800000101", "'+8613800000104"}


async def test_each_sees_the_messages_of_their_own_people_alone(place: Place, database: str, bus: LocalBus) -> None:
    await sent(place, "centre", unit=CITY, units=[{"unit": CITY, "who": "members"}], numbers=["13912345678"])
    await dispatched(database, bus)
    seen = {}
    for name in ("centre", "east", "west"):
        async with place.logged_in(name) as client:
            rows = (await client.get("/api/deliveries")).json()["deliveries"]
            log = (await client.get("/api/delivery-attempts")).json()["attempts"]
            figures = (await client.get("/api/message-statistics")).json()
            outbox = (await client.get("/api/outbox")).json()["messages"]
            assert len(outbox) == len(rows)
            seen[name] = len(rows), len(log), figures["states"]
            assert (await client.get("/api/circulars")).json()["circulars"] == [] or name == "centre"
    assert seen == {
        "centre": (5, 5, {"delivered": 5}),
        "east": (3, 3, {"delivered": 3}),
        "west": (1, 1, {"delivered": 1}),
    }


async def test_figures_are_by_day_unit_provider_and_state_at_every_depth(
    place: Place, database: str, bus: LocalBus
) -> None:
    await sent(place, "centre", unit=CITY, units=[{"unit": CITY, "who": "members"}])
    await dispatched(database, bus)
    async with place.logged_in("centre") as client:
        whole = (await client.get("/api/message-statistics")).json()
        assert [(each["unit"]["name"], each["states"]) for each in whole["units"]] == [
            ("东区", {"delivered": 3}),
            ("西区", {"delivered": 1}),
        ]
        assert len(whole["days"]) == 14
        assert whole["days"][-1]["states"] == {"delivered": 4}
        assert whole["providers"][0]["provider"] == "outbox"
        assert whole["times"]["p50_s"] <= whole["times"]["p90_s"] < 60
        street = (await client.get("/api/message-statistics", params={"unit": EAST_STREET})).json()
        assert [(each["unit"]["name"], each["is_itself"]) for each in street["units"]] == [
            ("东社区", False),
            ("东街", True),
        ]
        assert street["states"] == {"delivered": 3}
        assert street["times"]["p90_s"] < 60


async def test_a_template_has_versions_and_what_is_wrong_with_it_is_said(place: Place) -> None:
    given = {"unit": EAST, "name": "集合", "text_zh": "{name}请于{when}集合", "text_en": ""}
    async with place.logged_in("east") as client:
        made = (await client.post("/api/message-templates", json=given)).json()
        assert (made["version"], made["variables"]) == (1, ["when"])
        bad = await client.post("/api/message-templates", json={**given, "text_en": "Meet at {When}"})
        assert (bad.status_code, bad.json()["field"]) == (422, "text_en")
        path = f"/api/message-templates/{made['id']}"
        changed = (await client.post(path, json={"revision": 1, "text_en": "Meet at {when}"})).json()
        assert [version["version"] for version in changed["versions"]] == [2, 1]
        renamed = (await client.post(path, json={"revision": 2, "name": "新名"})).json()
        assert (renamed["name"], renamed["version"]) == ("新名", 2)
        assert (await client.post(path, json={"revision": 1, "name": "x"})).status_code == 409
        trial = {"text_zh": "{name}请于{when}集合", "values": {"name": "李东", "when": "八点"}}
        tried = (await client.post("/api/message-templates/trial", json=trial)).json()
        assert (tried["sample_zh"], tried["parts_zh"]) == ("【网格预警】李东请于八点集合", 1)
        seen = await client.post("/api/circulars/preview", json=a_circular(text_zh="", template=made["id"]))
        assert (seen.status_code, seen.json()["field"]) == (422, "values")
        assert (await client.post(f"{path}/delete", json={"revision": 3})).status_code == 204
        assert (await client.get("/api/message-templates")).json()["templates"] == []


async def test_the_version_of_a_template_that_was_previewed_is_sent(place: Place) -> None:
    async with place.logged_in("centre") as centre:
        await no_quiet_hours(centre)
    async with place.logged_in("east") as client:
        given = {"unit": EAST, "name": "集合", "text_zh": "请于八点集合", "text_en": ""}
        made = (await client.post("/api/message-templates", json=given)).json()
        asked = a_circular(text_zh="", template=made["id"], version=made["version"])
        first = {"id": str(uuid.uuid4()), **asked}
        path = f"/api/message-templates/{made['id']}"
        assert (await client.post(path, json={"revision": 1, "text_zh": "请于九点集合"})).json()["version"] == 2
        seen = (await client.post("/api/circulars/preview", json=asked)).json()
        assert seen["sample_zh"] == "【网格预警】请于八点集合"
        one = (await client.post("/api/circulars", json=first)).json()
        assert (one["text_zh"], one["template"]["version"]) == ("请于八点集合", 1)
        assert (await client.post("/api/circulars", json=first)).status_code == 200
        assert (await client.post("/api/circulars", json={**first, "version": 2})).json()["error"] == "id_taken"
        for way, more in (("/preview", {}), ("", {"id": str(uuid.uuid4())})):
            unknown = await client.post(f"/api/circulars{way}", json={**asked, **more, "version": 3})
            assert unknown.status_code == 404
            assert "no such version" in unknown.json()["message"]


async def test_a_group_is_a_list_or_a_rule_and_says_who_is_in_it_now(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        listed = {"unit": EAST, "name": "骨干", "members": [LI, WANG], "numbers": ["139 1234 5678"]}
        group = (await client.post("/api/message-groups", json=listed)).json()
        assert (group["size"], group["now"]["people"], group["numbers"]) == (3, 3, ["+8613912345678"])
        ruled = {"unit": EAST, "name": "网格长", "kind": "rule", "who": "leaders", "within": EAST, "at_level": "grid-3"}
        rule = (await client.post("/api/message-groups", json=ruled)).json()
        assert [each["member"]["name"] for each in rule["now"]["sample"]] == ["李东"]
        await city.execute("UPDATE assignment SET role = 'leader' WHERE member = %s", [WANG])
        now = (await client.get(f"/api/message-groups/{rule['id']}")).json()["now"]
        assert now["people"] == 2
        change = {**ruled, "revision": 1, "who": "members"}
        assert (await client.post(f"/api/message-groups/{rule['id']}", json=change)).status_code == 200
        seen = await client.post("/api/circulars/preview", json=a_circular(units=[], groups=[group["id"], rule["id"]]))
        assert seen.json()["recipients"] == 3
        smuggled = await client.post("/api/message-groups", json={**listed, "members": [ZHAO]})
        assert smuggled.status_code == 404
        gone = await client.post(f"/api/message-groups/{group['id']}/delete", json={"revision": 1})
        assert gone.status_code == 204


async def test_limits_are_the_citys_and_every_change_is_audited(place: Place, city: Connection) -> None:
    async with place.logged_in("east") as client:
        assert (await client.post("/api/message-limits", json={"revision": 1, "daily_cap": 3})).status_code == 403
        assert (await client.get("/api/message-limits")).json()["daily_cap"] == 10
    async with place.logged_in("centre") as client:
        changed = await client.post(
            "/api/message-limits",
            json={"revision": 1, "quiet_from": "21:30", "price": "0.045", "signature_zh": "郑州网格"},
        )
        assert (changed.json()["quiet_from"], changed.json()["price"]) == ("21:30", "0.045")
        for wrong, field in (
            ({"is_test": True}, "test_numbers"),
            ({"test_numbers": ["12"]}, "test_numbers"),
            ({"signature_zh": "【x】"}, "signature_zh"),
            ({"quiet_to": None}, "quiet_to"),
            ({"daily_cap": 0}, "daily_cap"),
        ):
            answer = await client.post("/api/message-limits", json={"revision": 2, **wrong})
            assert (answer.status_code, answer.json().get("field")) == (422, field), wrong
    cursor = await city.execute("SELECT detail->>'signature_zh' FROM audit WHERE action = 'message_limits.changed'")
    assert await cursor.fetchall() == [("郑州网格",)]


async def test_a_large_circular_waits_for_a_second_person(place: Place, database: str, bus: LocalBus) -> None:
    async with place.logged_in("centre") as centre:
        await no_quiet_hours(centre, confirm_above=0, confirm_by="person")
    async with place.logged_in("east") as client:
        one = (await client.post("/api/circulars", json={"id": str(uuid.uuid4()), **a_circular()})).json()
        assert (one["state"], one["progress"]) == ("waiting", {})
        own = await client.post(f"/api/circulars/{one['id']}/release")
        assert own.status_code == 403
    async with place.logged_in("centre") as centre:
        released = await centre.post(f"/api/circulars/{one['id']}/release")
        assert (released.json()["state"], released.json()["progress"]) == ("sending", {"queued": 2})
        assert (await centre.post(f"/api/circulars/{one['id']}/decline")).status_code == 409
        cancelled = await centre.post(f"/api/circulars/{one['id']}/cancel")
        assert (cancelled.json()["state"], cancelled.json()["progress"]) == ("cancelled", {"expired": 2})
