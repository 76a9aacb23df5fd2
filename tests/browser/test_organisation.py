"""How the organisation is kept in Manage: units, members and terminals, by keyboard, and readable to everybody."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_manage import UNSAFE, fill, open_section, press
from tests.running import Running

OURS = ("organisation", "members", "terminals", "role-sets", "teams", "rosters", "contacts")
SECRET = '[data-testid="terminal-secret"]'


def show(page: Page, city: Running, section: str, item: str = "") -> None:
    page.goto(f"{city.url}/?manage={section}" + (f"&item={item}" if item else ""))
    expect(page.locator("#manage-content")).to_be_visible()


def choose_person(page: Page, field: str, words: str) -> str:
    """Type into a field that finds people, take the first one by Enter, and return the name."""
    fill(page, f'[name="{field}"]', words)
    found = page.locator(f"#{field}-found [role=option]").first
    expect(found).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f"#{field}")).not_to_be_editable()
    return page.locator(f"#{field}").input_value()


def test_a_unit_is_added_by_keyboard_and_stands_in_the_tree(page: Page) -> None:
    open_section(page, "organisation")
    press(page, '[data-testid="add-unit"]')
    fill(page, '[name="new-unit-name"]', "防汛办公室")
    fill(page, '[name="new-unit-name-en"]', "Flood Control Office")
    fill(page, '[name="new-unit-code"]', "9901D77")
    page.keyboard.press("Enter")
    row = page.locator("#tree").get_by_role("treeitem", name="Flood Control Office")
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("unit-editor")).to_contain_text("Flood Control Office")


def test_a_code_that_is_taken_is_refused_and_what_was_typed_stays(page: Page, city: Running) -> None:
    show(page, city, "organisation", "new")
    page.fill('[name="new-unit-name"]', "另一个")
    page.fill('[name="new-unit-code"]', "990100")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    expect(page.locator('[name="new-unit-name"]')).to_have_value("另一个")


def test_who_saves_second_sees_what_the_first_one_saved(page: Page, city: Running) -> None:
    me = page.request.get(f"{city.url}/api/me").json()
    unit = page.request.get(f"{city.url}/api/units/{me['unit']['id']}").json()
    show(page, city, "organisation")
    page.fill('[name="unit-buildings"]', "4321")
    theirs = {"revision": unit["revision"], "attributes": unit["attributes"] | {"buildings": 99}}
    assert page.request.post(f"{city.url}/api/units/{unit['id']}", data=theirs, headers=UNSAFE).ok
    page.click('[data-testid="save-unit"]')
    conflict = page.get_by_test_id("conflict")
    expect(conflict).to_contain_text("99")
    expect(conflict).to_contain_text("4321")
    conflict.get_by_role("button", name="Keep mine and save").click()
    expect(conflict).not_to_be_visible()
    expect(page.locator('[name="unit-buildings"]')).to_have_value("4321")


def test_a_member_is_added_by_keyboard_and_found_by_pinyin_initials(page: Page) -> None:
    open_section(page, "members")
    press(page, '[data-testid="add-member"]')
    fill(page, '[name="member-name"]', "欧阳静姝")
    fill(page, '[name="member-phone"]', "12")
    press(page, "#assignment-unit-0")
    page.keyboard.type("990100")
    page.keyboard.press("Enter")
    press(page, '[data-testid="save-member"]')
    expect(page.locator("#member-phone-error")).to_be_visible()
    page.fill('[name="member-phone"]', "13800138000")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("member-facts")).to_be_visible()
    page.keyboard.press("Escape")
    fill(page, "#section-search", "oyjs")
    rows = page.locator(".data-table tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("+8613800138000")


def test_a_terminals_credential_is_seen_once_and_who_carries_it_is_kept(page: Page) -> None:
    open_section(page, "terminals")
    press(page, '[data-testid="add-terminal"]')
    fill(page, '[name="terminal-code"]', "HANDHELD-1")
    first = choose_person(page, "terminal-member", "M000003")
    press(page, '[data-testid="save-terminal"]')
    expect(page.locator(SECRET)).to_have_text(re.compile(r"\S{16,}"))
    secret = page.locator(SECRET).inner_text()
    expect(page.get_by_test_id("terminal-qr")).to_be_visible()
    with page.expect_download() as download:
        page.click('a[download="HANDHELD-1.otrc"]')
    assert secret in download.value.path().read_text()
    press(page, '[data-testid="credential-done"]')
    expect(page.get_by_test_id("carriers")).to_contain_text(first)
    assert secret not in page.content()
    press(page, '[data-testid="step-hand"]')
    second = choose_person(page, "hand-to", "M000004")
    expect(page.get_by_test_id("consequence-text")).to_contain_text(first)
    press(page, '[data-testid="consequence-do"]')
    carriers = page.get_by_test_id("carriers").get_by_role("listitem")
    expect(carriers).to_have_count(2)
    expect(carriers.nth(0)).to_contain_text(second)
    expect(carriers.nth(1)).to_contain_text(first)


def test_a_roster_is_made_from_a_pattern_and_read_as_a_calendar(page: Page, city: Running) -> None:
    show(page, city, "rosters", "new")
    page.fill('[name="roster-name"]', "Night watch")
    page.click('[data-testid="template-two"]')
    for code in ("M000003", "M000004", "M000005", "M000006"):
        page.fill('[name="roster-member"]', code)
        expect(page.locator("#roster-member-found [role=option]").first).to_be_visible()
        page.keyboard.press("Enter")
    expect(page.get_by_test_id("roster-people").locator("tbody tr")).to_have_count(4)
    expect(page.get_by_test_id("together").locator(".turns-none")).to_have_count(0)
    page.click('[data-testid="save-roster"]')
    expect(page.get_by_test_id("calendar")).to_contain_text("08:00")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_is_unreadable_in_the_organisations_sections(page: Page, city: Running, theme: str) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    found: list[str] = []
    for section in OURS:
        for item in ("", "new"):
            show(page, city, section, item)
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            expect(page.locator(".skeleton")).to_have_count(0)
            found += [
                f"{section} {item}: {rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
                for rule in Axe().run(page).response["violations"]
                if rule["impact"] in {"serious", "critical"}
            ]
    assert found == []
