"""The SMS platform on the screen: sent, archived, deleted, found in the log; templates, groups, limits, figures."""

import re
import uuid
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PHONE, log_in, visit
from tests.running import Running

UNSAFE = {"X-Requested-With": "gridwarden"}
SECTIONS = ("send", "sent", "archived", "deleted", "templates", "groups", "statistics", "log", "limits")


def me(page: Page, city: Running) -> dict[str, Any]:
    return page.request.get(f"{city.url}/api/me").json()


def posted(page: Page, city: Running, path: str, **given: Any) -> dict[str, Any]:
    answer = page.request.post(f"{city.url}/api/{path}", data=given, headers=UNSAFE)
    assert answer.ok, answer.text()
    return answer.json()


def limit(page: Page, city: Running, **changed: Any) -> None:
    before = page.request.get(f"{city.url}/api/message-limits").json()
    given = {"quiet_from": None, "quiet_to": None, "daily_cap": None, "confirm_above": 500, "is_test": False}
    posted(page, city, "message-limits", revision=before["revision"], **{**given, **changed})


def sent(page: Page, city: Running, text: str, **given: Any) -> dict[str, Any]:
    unit = me(page, city)["unit"]["id"]
    return posted(page, city, "circulars", id=str(uuid.uuid4()), unit=unit, text_zh=text, **given)


def show(page: Page, city: Running, section: str, item: str = "") -> None:
    page.goto(f"{city.url}/?manage=sms-{section}" + (f"&item={item}" if item else ""))
    expect(page.locator("#manage-content")).to_be_visible()


def test_a_circular_is_previewed_sent_archived_and_found_in_the_log(page: Page, city: Running) -> None:
    limit(page, city, confirm_above=1)
    show(page, city, "send")
    page.fill("#to-numbers", "13912345678, +86 139 1234 5678\n13912340001\n12")
    page.fill("#text_zh", "今晚八点在东门集合")
    expect(page.get_by_test_id("plan-people")).to_have_text("2")
    expect(page.get_by_test_id("plan-parts")).to_have_text("2")
    expect(page.get_by_test_id("plan-cost")).to_have_text("¥0.10")
    expect(page.get_by_test_id("left-out")).to_contain_text("Not a telephone number")
    expect(page.get_by_test_id("left-out")).to_contain_text("1 number was typed more than once")
    expect(page.get_by_test_id("send")).to_be_disabled()
    page.fill("#sms-confirm", "2")
    page.click('[data-testid="send"]')
    expect(page.get_by_test_id("progress")).to_have_text("2 of 2 delivered")

    show(page, city, "sent")
    rows = page.locator(".data-table tbody tr").filter(has_text="今晚八点在东门集合")
    expect(rows).to_have_count(2)
    rows.nth(0).get_by_role("checkbox").check()
    page.click('[data-testid="move-archived"]')
    expect(rows).to_have_count(1)

    show(page, city, "archived")
    expect(rows).to_have_count(1)
    rows.get_by_role("button").click()
    expect(page.get_by_test_id("attempts")).to_contain_text("Confirmed")
    page.click('[data-testid="move-deleted"]')
    expect(rows).to_have_count(0)
    show(page, city, "deleted")
    expect(rows).to_have_count(1)

    show(page, city, "log")
    page.fill("#section-search", "13912340001")
    log = page.locator(".data-table tbody tr")
    expect(log).to_have_count(1)
    expect(log.first).to_contain_text("outbox")


def test_what_became_of_many_recipients_is_followed_and_a_failure_is_said(page: Page, city: Running) -> None:
    limit(page, city)
    one = sent(page, city, "很多收件人", numbers=[f"139123500{place:02}" for place in range(60)])

    def still_sending(route: Route) -> None:
        given = route.fetch().json()
        route.fulfill(json=given | {"recipients": [each | {"state": "sending"} for each in given["recipients"]]})

    page.route("**/recipients?*", lambda route: route.abort())
    show(page, city, "send", one["id"])
    expect(page.get_by_role("alert")).to_contain_text("Recipients")
    page.unroute("**/recipients?*")
    page.route("**/recipients?*", still_sending)
    people = page.get_by_role("list", name="Recipients").get_by_role("listitem")
    expect(people.filter(has_text="Sending")).to_have_count(50)
    page.unroute("**/recipients?*")
    expect(people.filter(has_text="Delivered")).to_have_count(50)
    bar = page.get_by_role("dialog").locator(".share").bounding_box()
    assert bar is not None
    assert bar["height"] == 8


def test_to_whom_it_goes_is_read_before_it_is_sent(page: Page, city: Running) -> None:
    limit(page, city)
    show(page, city, "send")
    page.fill("#to-numbers", "\n".join(f"139123600{place:02}" for place in range(30)))
    page.fill("#text_zh", "请注意")
    whom = page.get_by_test_id("plan-whom")
    names = whom.get_by_role("listitem")
    expect(names).to_have_count(5)
    expect(names.first).to_contain_text("+86 139 1236 00")
    expect(whom).to_contain_text("and 10 more")
    whom.get_by_text("Show 15 others").click()
    expect(names).to_have_count(20)
    page.fill("#to-numbers", "")
    page.fill("#to-member", "M000003")
    expect(page.locator("#to-member-found [role=option]").first).to_be_visible()
    page.locator("#to-member").press("Enter")
    expect(names).to_have_count(1)
    expect(names.locator(".second")).not_to_be_empty()


def test_sent_shows_one_circular_alone_and_what_comes_in_by_itself(page: Page, city: Running) -> None:
    limit(page, city)
    one = sent(page, city, "只看这一条", numbers=[f"139123700{place:02}" for place in range(60)])
    sent(page, city, "另一条", numbers=["13912380000"])
    show(page, city, "send", one["id"])
    page.click('[data-testid="all-sent"]')
    rows = page.locator(".data-table tbody tr")
    expect(rows.filter(has_text="只看这一条")).to_have_count(60)
    expect(rows).to_have_count(60)
    page.reload()
    expect(page.get_by_test_id("of-circular")).to_contain_text("只看这一条")
    expect(rows).to_have_count(60)
    page.get_by_test_id("of-circular").get_by_role("button").click()
    expect(rows.filter(has_text="另一条")).to_have_count(1)
    sent(page, city, "后来的一条", numbers=["13912380001"])
    expect(rows.filter(has_text="后来的一条")).to_have_count(1)
    show(page, city, "log")
    page.fill("#section-search", "13912380002")
    expect(page.get_by_text("No attempts")).to_be_visible()
    sent(page, city, "记录自己刷新", numbers=["13912380002"])
    expect(rows).to_have_count(1)


def test_an_unknown_variable_is_said_at_its_text(page: Page, city: Running) -> None:
    show(page, city, "send")
    page.fill("#to-numbers", "13912345678")
    page.fill("#text_zh", "请到{place}集合")
    expect(page.locator("#text_zh-error")).to_contain_text("there is no variable {place}")
    page.fill("#text_zh", "请集合")
    expect(page.get_by_test_id("plan-people")).to_have_text("1")


def test_a_template_is_made_shown_as_it_reads_and_filled_in_when_it_is_sent(page: Page, city: Running) -> None:
    limit(page, city)
    show(page, city, "templates")
    page.click('[data-testid="add-template"]')
    page.fill("#template-name", "集合通知")
    page.fill("#text_zh", "{name}请到{place}集合")
    page.fill("#text_en", "Meet at {Place}")
    expect(page.locator("#text_en-error")).to_contain_text("is no variable")
    page.fill("#text_en", "{name}, meet at {place}")
    expect(page.get_by_test_id("variables")).to_contain_text("place")
    expect(page.locator(".bubble").first).to_contain_text("Zhang Wei请到{place}集合")
    page.click('[data-testid="save-template"]')
    expect(page.get_by_text("All versions (1)")).to_be_visible()
    page.fill("#text_zh", "{name}请速到{place}集合")
    page.click('[data-testid="save-template"]')
    expect(page.get_by_text("All versions (2)")).to_be_visible()

    show(page, city, "send")
    page.select_option("#sms-template", label="集合通知")
    page.fill("#to-member", "M000003")
    expect(page.locator("#to-member-found [role=option]").first).to_be_visible()
    page.locator("#to-member").press("Enter")
    expect(page.locator("#value-place-error")).to_contain_text("fill in: place")
    page.fill("#value-place", "东门")
    expect(page.locator(".bubble").first).to_contain_text("请速到东门集合")


def test_a_group_by_rule_says_who_is_in_it_and_is_written_to(page: Page, city: Running) -> None:
    limit(page, city)
    show(page, city, "groups")
    page.click('[data-testid="add-group"]')
    page.fill("#group-name", "全市网格长")
    people = page.get_by_test_id("group-people")
    expect(people).to_contain_text(re.compile(r"^\d+ people"))
    page.select_option("#group-level", "grid-1")
    page.click('[data-testid="save-group"]')
    expect(page.get_by_role("dialog", name="全市网格长")).to_be_visible()
    found = page.request.get(f"{city.url}/api/message-groups").json()["groups"][0]
    inside = page.request.get(f"{city.url}/api/message-groups/{found['id']}").json()["now"]["people"]
    expect(people).to_have_text(re.compile(rf"^{inside} p"))

    show(page, city, "send")
    page.select_option("#to-listed", label="Group · 全市网格长")
    page.fill("#text_zh", "请注意")
    expect(page.get_by_test_id("plan-people")).to_have_text(str(inside))


def test_limits_are_changed_and_hold_at_once(page: Page, city: Running) -> None:
    limit(page, city)
    show(page, city, "limits")
    page.check("[name=limits-is_test]")
    page.click('[data-testid="save-limits"]')
    expect(page.locator("#limits-test_numbers-error")).to_contain_text("needs numbers")
    page.fill("#limits-test_numbers", "139 1234 5678")
    page.click('[data-testid="save-limits"]')
    expect(page.locator("#limits-test_numbers")).to_have_value("+8613912345678")
    show(page, city, "send")
    page.fill("#to-numbers", "13912345678\n13912345679")
    page.fill("#text_zh", "测试")
    expect(page.get_by_test_id("plan-people")).to_have_text("1")
    expect(page.get_by_test_id("left-out")).to_contain_text("Not on the test list")
    limit(page, city)


def test_figures_are_shown_by_day_and_unit(page: Page, city: Running) -> None:
    limit(page, city)
    sent(page, city, "统计", numbers=["13912340009"])
    show(page, city, "statistics")
    expect(page.get_by_test_id("days").get_by_role("listitem")).to_have_count(14)
    expect(page.get_by_test_id("figures")).to_contain_text("Nine in ten within")


def test_failed_expired_and_unknown_are_three_figures(page: Page, city: Running) -> None:
    def some_lost(route: Route) -> None:
        states = {"delivered": 4, "failed": 3, "expired": 2, "unknown": 1}
        given = route.fetch().json()
        route.fulfill(json={**given, "states": states, "days": [{**each, "states": states} for each in given["days"]]})

    page.route("**/api/message-statistics*", some_lost)
    show(page, city, "statistics")
    figures = page.get_by_test_id("figures").locator(".plan-figure")
    for name, count in (("Failed", 3), ("Expired", 2), ("Unknown", 1)):
        expect(figures.filter(has_text=name)).to_have_text(f"{count}{name}")
        row = page.get_by_test_id("by-state").get_by_role("row").filter(has_text=name)
        expect(row).to_have_text(f"{name}{count}{count * 10}%")
    said = "4 delivered, 0 on the way, 3 failed, 2 expired, 1 unknown"
    expect(page.get_by_test_id("days").get_by_role("listitem").last).to_have_attribute("title", re.compile(said))


def test_on_a_phone_every_section_is_reached_and_a_message_is_read(chromium: Browser, city: Running) -> None:
    context = visit(chromium, PHONE)
    page = context.new_page()
    log_in(page, city)
    limit(page, city)
    sent(page, city, "手机上阅读", numbers=["13912340008"])
    page.click('[data-testid="tab-me"]')
    page.click('[data-testid="me-messages"]')
    row = page.locator(".data-table tbody tr").filter(has_text="手机上阅读")
    expect(row).to_be_visible()
    row.get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("+86 139 1234 0008")
    page.keyboard.press("Escape")
    named = {"unit": me(page, city)["unit"]["id"], "name": "手机模板", "text_zh": "请集合", "text_en": ""}
    posted(page, city, "message-templates", **named)
    for section, labels in (("templates", ["Version", "Used", "Changed"]), ("log", ["Attempt"])):
        page.select_option("[name=phone-section]", f"sms-{section}")
        cells = page.locator(".data-table tbody tr").first.locator("td[data-label]")
        expect(cells).to_have_count(len(labels))
        said = [cell.evaluate("it => getComputedStyle(it, '::before').content") for cell in cells.all()]
        assert said == [f'"{label}"' for label in labels]
    for section in SECTIONS:
        page.select_option("[name=phone-section]", f"sms-{section}")
        expect(page.locator(".skeleton")).to_have_count(0)
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, section
    context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_is_unreadable_in_the_sections_of_messages(page: Page, city: Running, theme: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    limit(page, city)
    circular = sent(page, city, f"无障碍{theme}", numbers=["13912340007", "12"])
    found: list[str] = []
    for section, item in [
        *((each, "") for each in SECTIONS),
        ("templates", "new"),
        ("groups", "new"),
        ("send", circular["id"]),
    ]:
        show(page, city, section, item)
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        expect(page.locator(".skeleton")).to_have_count(0)
        found += [
            f"{section} {item}: {rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
            for rule in Axe().run(page).response["violations"]
            if rule["impact"] in {"serious", "critical"}
        ]
    assert found == []
