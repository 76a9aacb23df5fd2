"""Who was here, and a member's day by the hour, in a real browser."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_journeys import PATIENCE_MS, until


def test_who_was_here_leads_to_a_person_and_their_track(page: Page) -> None:
    until(page, "data-points", 1)
    page.goto(f"{page.url.split('?')[0]}?panel=unit")
    page.click('[data-tab="was"]')
    until(page, "data-points", 1)
    page.fill("#was-to", "2099-01-01T00:00")  # within seven days of it nobody was anywhere
    page.fill("#was-from", "2098-12-31T00:00")
    page.click('[data-testid="was-ask"]')
    expect(page.get_by_text("Nobody was here in that time")).to_be_visible(timeout=PATIENCE_MS)
    page.fill("#was-from", page.evaluate("new Date(Date.now() - 864e5).toISOString().slice(0, 16)"))
    page.fill("#was-to", page.evaluate("new Date(Date.now() + 864e5).toISOString().slice(0, 16)"))
    page.click('[data-testid="was-ask"]')
    expect(page.locator('[data-testid="was-total"]')).to_contain_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    assert serious(page) == []
    page.locator('[data-testid="visitor-row"]').first.click()
    expect(page.locator('[data-testid="hours-sum"]')).to_contain_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("Track from"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d fix(es)? over"))).to_be_visible(timeout=PATIENCE_MS)
    assert serious(page) == []
    page.get_by_role("button", name="Show the last hour").click()
    expect(page.get_by_text(re.compile("Last hour.s track"))).to_be_visible()


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}]
