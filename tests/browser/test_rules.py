"""An automatic rule on the screen: made, read in words, tried, switched on; its case taken and closed."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running

UNSAFE = {"X-Requested-With": "gridwarden"}
EVERYBODY_IS_TOO_MANY = {
    "name": "全市在线人数过多",
    "kind": "count",
    "measure": "online",
    "is_below": False,
    "bound": 0,
    "level": "blue",
    "does": "case",
    "hold_min": 0,
}


def me(page: Page, city: Running) -> dict[str, Any]:
    return page.request.get(f"{city.url}/api/me").json()


def made(page: Page, city: Running, **changed: Any) -> dict[str, Any]:
    top = me(page, city)["unit"]
    given = {**EVERYBODY_IS_TOO_MANY, "unit": top["id"], "at_level": top["level"], **changed}
    answer = page.request.post(f"{city.url}/api/rules", data=given, headers=UNSAFE)
    assert answer.ok, answer.text()
    return answer.json()


def test_a_rule_is_made_tried_and_switched_on_and_its_case_is_taken(page: Page, city: Running) -> None:
    page.goto(f"{city.url}/?manage=rules")
    page.click('[data-testid="add-rule"]')
    page.fill("#rule-name", "Everybody at once")
    page.select_option("#rule-kind", "count")
    page.select_option("#rule-measure", "online")
    page.select_option("#rule-compare", "above")
    page.fill("#rule-bound", "0")
    page.select_option("#rule-at", str(me(page, city)["unit"]["level"]))
    page.fill("#rule-hold_min", "0")
    page.select_option("#rule-does", "case")
    page.select_option("#rule-together", "")
    page.fill("#rule-quiet_from", "2200")
    page.fill("#rule-quiet_to", "2201")
    page.click('[data-testid="level-red"]')
    sentence = page.get_by_test_id("sentence")
    expect(sentence).to_contain_text(re.compile(r"has had more than 0 people on-line, open a red case"))
    expect(sentence).to_contain_text("A red rule ignores quiet hours.")
    page.click('[data-testid="save-rule"]')

    trial = page.get_by_test_id("trial")
    expect(trial).to_contain_text("Not tried yet")
    page.click('[data-testid="try-rule"]')
    expect(page.get_by_test_id("findings")).to_contain_text("Would have fired")

    page.click('[data-testid="switch-on"]')
    expect(page.get_by_test_id("consequence")).to_contain_text("In the 7 days tried it would have fired")
    page.click('[data-testid="consequence-do"]')
    expect(page.get_by_test_id("switch-off")).to_be_visible()

    page.goto(f"{city.url}/?panel=cases")
    case = page.get_by_test_id("rule-case").filter(has_text="Everybody at once").first
    expect(case).to_contain_text("Not taken")
    case.get_by_test_id("case-subjects").click()
    expect(case.locator(".case-subjects li")).to_have_count(1)
    case.get_by_test_id("take-rule-case").click()
    expect(case).to_contain_text("In hand")
    case.get_by_test_id("close-rule-case").click()
    closed = page.get_by_test_id("rule-case").filter(has_text="Everybody at once").first
    expect(closed).to_contain_text("Closed")


def test_what_is_wrong_stands_at_its_field_and_an_untried_rule_says_so(page: Page, city: Running) -> None:
    rule = made(page, city)
    page.goto(f"{city.url}/?manage=rules&item={rule['id']}")
    page.fill("#rule-hold_min", "9999")
    page.click('[data-testid="save-rule"]')
    expect(page.locator("#rule-hold_min-error")).to_contain_text("0 to 1440 minutes")
    page.fill("#rule-hold_min", "0")
    page.click('[data-testid="switch-on"]')
    expect(page.get_by_test_id("consequence")).to_contain_text("Nobody has tried it as it is now")


def test_orange_and_red_are_never_issued_by_a_rule(page: Page, city: Running) -> None:
    page.goto(f"{city.url}/?manage=rules&item=new")
    page.select_option("#rule-does", "issue")
    page.click('[data-testid="level-orange"]')
    expect(page.locator("#rule-does")).to_have_value("draft")
    assert page.locator("#rule-does option").evaluate_all("all => all.map(one => one.value)") == ["case", "draft"]


@pytest.mark.parametrize("path", ["/?manage=rules", "/?manage=rules&item=new", "/?panel=cases"])
def test_no_screen_of_rules_has_a_serious_accessibility_finding(page: Page, city: Running, path: str) -> None:
    page.goto(f"{city.url}{path}")
    page.wait_for_load_state("networkidle")
    found = Axe().run(page)
    serious = [each for each in found.response["violations"] if each["impact"] in {"serious", "critical"}]
    assert serious == [], [each["id"] for each in serious]
