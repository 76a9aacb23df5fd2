"""How a city is kept in Manage: accounts, second factors, the audit trail; by keyboard, and readable to everybody."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP

from tests.browser.conftest import PHONE, log_in, visit
from tests.running import Running

MOST_TABS = 80
UNSAFE = {"X-Requested-With": "gridwarden"}
OWN_PASSWORD = "a bridge of seventeen arches"
SECTIONS = (
    "organisation",
    "members",
    "terminals",
    "teams",
    "rosters",
    "contacts",
    "grids",
    "role-sets",
    "import",
    "accounts",
    "audit",
)


def tab_to(page: Page, selector: str) -> None:
    """Walk by the Tab key alone, as somebody without a mouse does."""
    page.wait_for_selector(selector)
    for _ in range(MOST_TABS):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {selector}")


def start_an_account(page: Page, name: str) -> None:
    open_section(page, "accounts")
    press(page, '[data-testid="add-account"]')
    expect(page.locator("#account-name")).to_be_focused()
    page.keyboard.type(name)


def press(page: Page, selector: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Enter")


def fill(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def open_section(page: Page, name: str) -> None:
    page.keyboard.press("m")
    press(page, f'[data-testid="section-{name}"]')
    expect(page.locator("#manage-content")).to_be_visible()


def another_browser(chromium: Browser) -> Page:
    return visit(chromium).new_page()


def first_log_in(page: Page, city: Running, name: str, password: str) -> None:
    """Log in with a password that somebody else has seen: it is changed before anything else."""
    page.goto(city.url)
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.fill("#password-old", password)
    page.fill("#password-new", OWN_PASSWORD)
    page.fill("#password-again", OWN_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-testid="map"]')


def a_new_account(page: Page, city: Running, name: str) -> str:
    """Make an account for the whole city without a screen; return its password."""
    unit: dict[str, Any] = page.request.get(f"{city.url}/api/me").json()["unit"]
    given = {"name": name, "display_name": name, "unit": unit["id"], "roles": {"viewer": unit["id"]}}
    made = page.request.post(f"{city.url}/api/accounts", data=given, headers=UNSAFE)
    assert made.status == 201, made.text()
    return str(made.json()["password"])


def test_an_account_is_made_by_keyboard_and_sees_its_own_district_alone(
    page: Page, chromium: Browser, city: Running
) -> None:
    start_an_account(page, "district.officer")
    press(page, "#account-unit")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#account-unit")).to_be_focused()
    district = page.locator("#account-unit").inner_text()
    tab_to(page, '[name="account-dispatcher"]')
    page.keyboard.press("Space")
    press(page, '[data-testid="account-save"]')
    password = page.get_by_test_id("password").inner_text()

    officer = another_browser(chromium)
    first_log_in(officer, city, "district.officer", password)
    expect(officer.locator(".bar-path")).to_have_text(district)
    officer.keyboard.press("m")
    expect(officer.get_by_test_id("section-members")).to_be_visible()
    expect(officer.get_by_test_id("section-accounts")).to_have_count(0)
    officer.goto(f"{city.url}/?manage=accounts")
    expect(officer.locator("#manage-content")).to_contain_text("cannot open")
    officer.context.close()


def test_escape_keeps_what_was_typed_until_it_is_dropped_and_gives_the_focus_back(page: Page) -> None:
    start_an_account(page, "somebody")
    page.keyboard.press("Escape")
    expect(page.get_by_text("is not saved")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#account-name")).to_have_value("somebody")
    expect(page.locator("#account-name")).to_be_focused()
    page.keyboard.press("Escape")
    press(page, '[role="alert"] .button-normal')
    expect(page.get_by_test_id("add-account")).to_be_focused()


def test_a_name_that_is_taken_is_told_in_the_form(page: Page, city: Running) -> None:
    a_new_account(page, city, "taken.name")
    start_an_account(page, "taken.name")
    press(page, "#account-unit")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    press(page, '[data-testid="account-save"]')
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


def test_a_second_factor_is_set_up_and_asked_for_at_the_next_log_in(
    page: Page, chromium: Browser, city: Running
) -> None:
    password = a_new_account(page, city, "careful.person")
    person = another_browser(chromium)
    first_log_in(person, city, "careful.person", password)
    person.click('[data-testid="me"]')
    person.click('[data-tab="security"]')
    person.click('[data-testid="totp-start"]')
    secret = person.get_by_test_id("totp-secret").inner_text().replace(" ", "")
    person.fill("#totp-code", TOTP(secret).now())
    person.click('[data-testid="totp-confirm"]')
    expect(person.get_by_test_id("recovery-codes")).to_be_visible()
    person.click('[data-testid="codes-kept"]')
    person.click('[data-testid="logout"]')

    person.fill("#name", "careful.person")
    person.fill("#password", OWN_PASSWORD)
    person.keyboard.press("Enter")
    # A code is taken once, and clocks may differ by a step
    in_half_a_minute = datetime.now(UTC) + timedelta(seconds=30)
    person.fill("#code", TOTP(secret).at(in_half_a_minute))
    person.keyboard.press("Enter")
    person.wait_for_selector('[data-testid="map"]')
    person.context.close()


def test_the_audit_trail_is_searched_and_tells_what_happened_in_words(page: Page, city: Running) -> None:
    a_new_account(page, city, "watched.person")
    open_section(page, "audit")
    page.fill("#section-search", "watched.person")
    row = page.get_by_test_id("audit-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("commander created account watched.person")
    row.get_by_role("button").press("Enter")
    expect(row).to_contain_text("account.created")
    page.select_option("#audit-what", "alert")
    expect(page.locator("#manage-content")).to_contain_text("No entries match")


def test_manage_gives_way_to_the_map_and_comes_back_where_it_was(page: Page) -> None:
    open_section(page, "contacts")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("map")).to_be_visible()
    page.keyboard.press("m")
    page.wait_for_url(re.compile("manage=contacts"))
    page.keyboard.press("c")
    expect(page.get_by_test_id("map")).to_be_visible()


@pytest.mark.parametrize("section", SECTIONS)
def test_no_section_has_a_serious_accessibility_finding(page: Page, city: Running, section: str) -> None:
    page.goto(f"{city.url}/?manage={section}")
    expect(page.locator("#manage-content")).to_be_visible()
    page.wait_for_load_state("networkidle")
    for theme in ("dark", "light"):
        found = Axe().run(page).response["violations"]
        serious = [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}]
        assert serious == [], theme
        page.click('[data-testid="theme"]')


def test_nothing_is_lost_at_twice_the_size(page: Page, city: Running) -> None:
    page.set_viewport_size({"width": 720, "height": 450})
    page.goto(f"{city.url}/?manage=accounts&item=new")
    save = page.get_by_test_id("account-save")
    expect(save).to_be_in_viewport()
    expect(page.get_by_test_id("section-audit")).to_have_attribute("title", "Audit")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_phone_says_that_manage_wants_a_larger_screen(chromium: Browser, city: Running) -> None:
    context = visit(chromium, PHONE)
    phone = context.new_page()
    log_in(phone, city)
    phone.goto(f"{city.url}/?manage=members")
    expect(phone.get_by_text("wants a larger screen")).to_be_visible()
    phone.get_by_test_id("tab-me").tap()
    expect(phone.get_by_role("tab", name="Security")).to_be_visible()
    context.close()
