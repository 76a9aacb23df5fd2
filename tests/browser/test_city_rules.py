"""What the whole city shares: levels, roles, leave and exchanges, and a tree that follows what others change."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import log_in, visit
from tests.running import Running

UNSAFE = {"X-Requested-With": "gridwarden"}
# The tree is fetched anew each half minute besides; without that only the news can bring it
WITHOUT_THE_TIMER = """
    const every = window.setInterval;
    window.setInterval = (work, ms, ...rest) => (ms === 30000 ? 0 : every(work, ms, ...rest));
"""


def post(page: Page, city: Running, path: str, **given: Any) -> None:
    answer = page.request.post(f"{city.url}/api/{path}", data=given, headers=UNSAFE)
    assert answer.ok, answer.text()


def test_a_level_and_a_role_are_added_and_changed_by_whoever_administers_the_whole_city(
    page: Page, city: Running
) -> None:
    page.goto(f"{city.url}/?manage=role-sets")
    page.get_by_role("tab", name="Levels and roles").click()
    page.click('[data-testid="add-level"]')
    page.fill("#level-name-zh", "楼栋")
    page.fill("#level-name-en", "Block")
    page.fill("#level-code", "block")
    page.fill("#level-rank", "9")
    page.click('[data-testid="level-save"]')
    row = page.get_by_role("region", name="Levels").get_by_role("row").filter(has_text="Block")
    expect(row).to_contain_text("9")
    row.get_by_role("button").click()
    page.check('[name="level-anywhere"]')
    page.click('[data-testid="level-save"]')
    expect(row).to_contain_text("Yes")

    page.click('[data-testid="add-role"]')
    page.fill("#role-name-zh", "医护")
    page.fill("#role-name-en", "Medic")
    page.fill("#role-code", "medic")
    page.click('[data-testid="role-save"]')
    expect(page.get_by_role("region", name="Roles")).to_contain_text("Medic")


def test_leave_is_listed_and_taken_back(page: Page, city: Running) -> None:
    member = page.request.get(f"{city.url}/api/members?limit=1").json()["members"][0]
    leave = {"starts_at": "2100-01-01T00:00:00Z", "ends_at": "2100-01-02T00:00:00Z", "note": "wedding"}
    post(page, city, "duty/exceptions", member=member["id"], is_on=False, **leave)
    page.goto(f"{city.url}/?manage=rosters")
    page.get_by_role("tab", name="Leave and exchanges").click()
    row = page.get_by_role("row").filter(has_text="wedding")
    expect(row).to_contain_text(member["name"])
    row.get_by_test_id("take-back").click()
    page.click('[data-testid="consequence-do"]')
    expect(page.get_by_text("No leave or exchange is ahead")).to_be_visible()


def test_a_unit_that_somebody_else_adds_comes_into_the_tree_by_itself(chromium: Browser, city: Running) -> None:
    context = visit(chromium)
    page = context.new_page()
    page.add_init_script(WITHOUT_THE_TIMER)
    log_in(page, city)
    expect(page.get_by_test_id("count-duty")).to_have_text(re.compile(r"\d"))
    top = page.request.get(f"{city.url}/api/me").json()["unit"]
    post(
        page,
        city,
        "units",
        parent=top["id"],
        code="flood-desk",
        name="防汛办",
        name_en="Flood desk",
        level="department",
    )
    expect(page.get_by_role("treeitem").filter(has_text="Flood desk")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("section", "tab"), [("role-sets", "Levels and roles"), ("rosters", "Leave and exchanges")], ids=["rules", "leave"]
)
def test_neither_has_a_serious_accessibility_finding(page: Page, city: Running, section: str, tab: str) -> None:
    page.goto(f"{city.url}/?manage={section}")
    page.get_by_role("tab", name=tab).click()
    page.wait_for_load_state("networkidle")
    for theme in ("dark", "light"):
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == [], theme
        page.click('[data-testid="theme"]')
