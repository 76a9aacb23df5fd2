"""Who was here, and a member's day by the hour, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_journeys import MAP, until

pytestmark = pytest.mark.timeout(300)  # a map drawn without a graphics card, and audits of the page
HALF = 0.25  # of the map's width and height: corners that far from its middle, clear of what lies over it


def open_who_was_here(page: Page) -> None:
    until(page, "data-points", 1)
    page.goto(f"{page.url.split('?')[0]}?panel=unit")
    page.click('[data-tab="was"]')
    until(page, "data-points", 1)


def choose_two_days(page: Page) -> None:
    page.fill("#was-from", page.evaluate("new Date(Date.now() - 864e5).toISOString().slice(0, 16)"))
    page.fill("#was-to", page.evaluate("new Date(Date.now() + 864e5).toISOString().slice(0, 16)"))


def click_corners(page: Page, *corners: tuple[float, float]) -> None:
    """Click on the map, each corner as shares of its width and height from the middle; the first one again ends it."""
    page.wait_for_selector(f'{MAP}[data-pen="draw"]')
    box = page.locator(MAP).bounding_box()
    assert box
    for right, down in corners:
        x, y = box["x"] + box["width"] * (0.5 + right), box["y"] + box["height"] * (0.5 + down)
        page.mouse.move(x, y, steps=4)
        page.mouse.click(x, y)
        page.wait_for_timeout(500)  # two clicks at once would be a double click


def set_a_corner_by_key(page: Page, number: int) -> None:
    """Again and again: as long as the map has not leapt, the place has its corner already and gets no other."""
    told = page.locator('[data-testid="pen-corners"]')
    for _ in range(PATIENCE_MS // 500):
        page.keyboard.press("Space")
        page.wait_for_timeout(500)
        if told.count() and told.inner_text() == f"Corners set: {number}.":
            return
    raise AssertionError(f"corner {number} was not set")


def test_who_was_here_leads_to_a_person_and_their_track(page: Page) -> None:
    open_who_was_here(page)
    page.fill("#was-to", "2099-01-01T00:00")  # within seven days of it nobody was anywhere
    page.fill("#was-from", "2098-12-31T00:00")
    page.click('[data-testid="was-ask"]')
    expect(page.get_by_text("Nobody was here in that time")).to_be_visible()
    choose_two_days(page)
    page.click('[data-testid="was-ask"]')
    expect(page.locator('[data-testid="was-total"]')).to_contain_text(re.compile(r"\d"))
    assert serious(page) == []
    page.locator('[data-testid="visitor-row"]').first.click()
    expect(page.locator('[data-testid="hours-sum"]')).to_contain_text(re.compile(r"\d"))
    expect(page.get_by_text(re.compile("Track from"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d fix(es)? over"))).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name="Show the last hour").click()
    expect(page.get_by_text(re.compile("Last hour.s track"))).to_be_visible()


def test_who_was_in_a_drawn_area_is_listed_and_the_area_outlives_other_times(page: Page) -> None:
    open_who_was_here(page)
    where, refused = page.locator('[data-testid="was-where"]'), page.locator('[data-testid="pen-hint"]')
    unit = where.inner_text()
    page.click('[data-testid="was-draw"]')
    click_corners(page, (-HALF, -HALF), (HALF, -HALF))
    page.click('[data-testid="pen-done"]')
    expect(refused).to_contain_text("set 1 more")
    assert serious(page) == []
    click_corners(page, (HALF, HALF), (-HALF, HALF), (-HALF, -HALF))
    expect(where).to_contain_text("Drawn area")
    choose_two_days(page)
    expect(where).to_contain_text("Drawn area")
    page.click('[data-testid="was-ask"]')
    expect(page.locator('[data-testid="visitor-row"]').first).to_be_visible()
    expect(page.locator('[data-testid="was-total"]')).to_contain_text(re.compile(r"\d"))
    assert serious(page) == []
    page.click('[data-testid="was-clear"]')
    expect(where).to_have_text(unit)
    expect(page.locator('[data-testid="was-total"]')).to_have_count(0)


def test_an_outline_that_crosses_itself_is_told_and_cancelled_by_keyboard(page: Page) -> None:
    open_who_was_here(page)
    page.click('[data-testid="was-draw"]')
    click_corners(page, (-HALF, -HALF), (HALF, HALF), (HALF, -HALF), (-HALF, HALF), (-HALF, -HALF))
    expect(page.locator('[data-testid="pen-hint"]')).to_contain_text("crosses or touches itself")
    expect(page.locator('[data-testid="was-ask"]')).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator('[data-testid="was-draw"]')).to_be_focused()
    expect(page.locator('[data-testid="was-ask"]')).to_be_enabled()


def test_an_area_is_drawn_without_a_mouse(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")  # the map leaps: a corner is set where it was or where it is going
    open_who_was_here(page)
    page.focus('[data-testid="was-draw"]')
    page.keyboard.press("Enter")
    page.wait_for_selector(f'{MAP}[data-pen="draw"]')
    for number, key in enumerate(("ArrowLeft", "ArrowUp", "ArrowRight"), start=1):
        page.keyboard.press(key)
        set_a_corner_by_key(page, number)
    page.keyboard.press("Enter")
    expect(page.locator('[data-testid="was-where"]')).to_contain_text("Drawn area")
    expect(page.locator('[data-testid="was-ask"]')).to_be_focused()


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}]
