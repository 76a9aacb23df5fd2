"""A warning that nobody was told of yet: sent back with a note, edited, and changed by two people at once."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, log_in, second_login, visit
from tests.browser.test_history import HALF, click_corners, serious
from tests.browser.test_journeys import until
from tests.running import Running

pytestmark = pytest.mark.timeout(300)
LINE_PX = 20
LEAST_GAP_PX = 8


def write(page: Page, headline: str, *, level: str = "blue") -> None:
    page.keyboard.press("a")
    page.click(f'[data-testid="level-{level}"]')
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(2).click()
    page.fill("#headline", headline)
    page.fill("#description", "The river stands 30 cm below the crown.")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save as draft").click()


def open_alert(page: Page, headline: str) -> None:
    page.get_by_test_id("alert-row").filter(has_text=headline).click()
    expect(page.get_by_role("heading", name=headline)).to_be_visible()


def test_what_was_sent_back_says_why_and_is_edited_and_sent_again(page: Page, chromium: Browser, city: Running) -> None:
    write(page, "Dike to be mended", level="orange")
    page.click('[data-testid="submit"]')
    expect(page.locator(".desk-side")).to_contain_text("To approve")
    context = visit(chromium)
    second = context.new_page()
    log_in(second, city, second_login(city))
    second.goto(page.url)
    second.click('[data-testid="decline"]')
    second.fill("dialog textarea", "Name the dike")
    second.click('[data-testid="confirm"]')
    expect(page.get_by_test_id("sent-back")).to_contain_text("Name the dike")
    page.click('[data-testid="edit"]')
    expect(page.locator("#headline")).to_have_value("Dike to be mended")
    expect(page.get_by_test_id("level-orange").locator("input")).to_be_checked()
    expect(page.get_by_test_id("targets").locator(".chip")).to_have_count(1)
    page.fill("#headline", "The north dike to be mended")
    page.click('[data-testid="submit"]')
    expect(page.get_by_role("heading", name="The north dike to be mended")).to_be_visible()
    expect(page.locator(".desk-side")).to_contain_text("To approve")
    expect(page.get_by_test_id("sent-back")).to_have_count(0)
    context.close()


def test_what_waits_for_approval_is_taken_back_by_editing(page: Page) -> None:
    write(page, "Too early", level="red")
    page.click('[data-testid="submit"]')
    page.click('[data-testid="edit"]')
    save(page)
    row = page.get_by_test_id("alert-row").filter(has_text="Too early")
    expect(row).to_have_attribute("data-state", "draft")
    page.keyboard.press("a")
    expect(page.locator("#headline")).to_have_value("")


def test_a_draft_that_somebody_else_changed_is_not_written_over(page: Page, chromium: Browser, city: Running) -> None:
    write(page, "Draft of two")
    save(page)
    open_alert(page, "Draft of two")
    page.click('[data-testid="edit"]')
    context = visit(chromium)
    other = context.new_page()
    log_in(other, city, second_login(city))
    other.goto(f"{city.url}/?panel=alerts")
    open_alert(other, "Draft of two")
    other.click('[data-testid="edit"]')
    other.fill("#headline", "Draft of the other")
    save(other)
    expect(other.get_by_test_id("alert-row").filter(has_text="Draft of the other")).to_be_visible()
    page.fill("#headline", "Draft of mine")
    save(page)
    expect(page.get_by_test_id("compose-conflict")).to_contain_text("Somebody changed it meanwhile")
    expect(page.locator("#headline")).to_have_value("Draft of mine")
    page.click('[data-testid="compose-theirs"]')
    expect(page.get_by_role("heading", name="Draft of the other")).to_be_visible()
    page.click('[data-testid="edit"]')
    expect(page.locator("#headline")).to_have_value("Draft of the other")
    context.close()


def test_a_warning_has_an_area_and_an_end_and_says_so(page: Page) -> None:
    until(page, "data-points", 1)
    write(page, "Until tomorrow")
    expect(page.get_by_test_id("preview-total")).to_be_visible()
    page.fill("#expires", "2020-01-01T00:00")
    expect(page.get_by_test_id("lack")).to_contain_text("choose a later one")
    expect(page.get_by_test_id("issue")).to_be_disabled()
    page.fill("#expires", page.evaluate("new Date(Date.now() + 2 * 864e5).toISOString().slice(0, 11) + '04:00'"))
    page.click('[data-testid="warned-draw"]')
    expect(page.get_by_test_id("lack")).to_contain_text("drawing")
    click_corners(page, (-HALF, -HALF), (HALF, -HALF), (HALF, HALF), (-HALF, HALF), (-HALF, -HALF))
    expect(page.get_by_test_id("warned-where")).to_contain_text("Drawn area")
    expect(page.get_by_test_id("preview")).to_contain_text("nside")  # whoever is in the area is counted, too
    assert serious(page) == []
    page.click('[data-testid="issue"]')
    expect(page.get_by_role("heading", name="Until tomorrow")).to_be_visible()
    facts = page.locator(".facts").last
    expect(facts).to_contain_text(re.compile(r"Expires\s*\d+ \w+,? (at )?04:00:00"))


def test_what_would_reach_nobody_says_so_beside_the_button(page: Page) -> None:
    write(page, "")
    expect(page.get_by_test_id("lack")).to_contain_text("Write a headline")
    page.route(
        "**/api/alerts/preview",
        lambda route: route.fulfill(
            json={
                "total": 0,
                "by_reason": {},
                "by_level": {},
                "by_unit": {"unit": [], "people": []},
                "sample": [],
                "allowed": True,
                "explanation": "",
                "parts": {"zh": 20, "en": 10},
            }
        ),
    )
    page.fill("#headline", "Nobody there")
    page.locator('[name="drill"]').check()
    expect(page.get_by_test_id("lack")).to_contain_text("Nobody would be told")
    expect(page.get_by_test_id("issue")).to_be_disabled()
    expect(page.get_by_test_id("preview")).to_contain_text("20 SMS parts (zh 20, en 10)")


def test_names_in_the_preview_stand_in_one_line(page: Page) -> None:
    write(page, "One line each")
    name = page.locator(".preview-name").first
    expect(name).to_be_visible()
    assert name.bounding_box()["height"] < 2 * LINE_PX  # pyright: ignore[reportOptionalSubscript]


def test_on_a_phone_the_way_to_messages_covers_no_row(chromium: Browser, city: Running) -> None:
    context = visit(chromium, PHONE)
    page = context.new_page()
    log_in(page, city)
    page.click('[data-testid="tab-me"]')
    button = page.get_by_test_id("me-messages")
    above = page.locator(".section:has(+ [data-testid='me-messages'])")
    top, bottom = button.bounding_box(), above.bounding_box()
    assert top
    assert bottom
    assert top["y"] >= bottom["y"] + bottom["height"] + LEAST_GAP_PX
    context.close()
