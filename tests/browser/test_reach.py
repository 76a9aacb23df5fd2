"""An alert followed on the map, by telephone and on paper, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_journeys import MAP, issue_a_warning, until

pytestmark = pytest.mark.timeout(600)  # a map drawn without a graphics card, and audits of the page


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}]


def issue_and_stay(page: Page, headline: str) -> None:
    until(page, "data-points", 1)
    issue_a_warning(page, headline)
    expect(page.get_by_role("heading", name=headline)).to_be_visible()


def confirmed(page: Page) -> int:
    return int(page.get_by_test_id("reach-acknowledged").first.inner_text().replace(",", ""))


def point_at_a_grid(page: Page) -> None:
    """Move over the map until a grid says its numbers: somebody who walks there is shown before the grid."""
    box = page.locator(MAP).bounding_box()
    assert box
    card = page.get_by_test_id("shade-card")
    for step in range(60):
        across, down = 0.3 + 0.4 * (step % 7) / 6, 0.3 + 0.4 * (step % 5) / 4
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down, steps=4)
        page.wait_for_timeout(250)
        if card.is_visible():
            return


def test_the_preview_shows_on_the_map_which_grids_would_be_told(page: Page) -> None:
    until(page, "data-points", 1)
    page.keyboard.press("a")
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(1).click()
    page.wait_for_selector(f'{MAP}[data-shades="preview"]')
    assert until(page, "data-shaded", 1) > 0
    expect(page.get_by_text("Grids that would be told")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_selector(f'{MAP}[data-shades="off"]')


def test_the_map_is_coloured_by_the_share_that_has_confirmed(page: Page) -> None:
    issue_and_stay(page, "Map of answers")
    page.wait_for_selector(f'{MAP}[data-shades="reach"]')
    assert until(page, "data-shaded", 1) > 0
    page.locator('[data-tab="reach"]').click()
    expect(page.get_by_test_id("reach-view")).to_be_visible()
    before = confirmed(page)
    page.locator('[data-tab="audience"]').click()
    page.get_by_test_id("acknowledge").first.click()
    page.locator('[data-tab="reach"]').click()
    page.wait_for_function(
        "(before) => Number(document.querySelector('[data-testid=reach-acknowledged]')?.innerText) > before",
        arg=before,
    )
    until(page, "data-confirmed", before + 1)
    point_at_a_grid(page)
    expect(page.get_by_test_id("shade-card")).to_contain_text(re.compile(r"confirmed|Nobody"))
    assert serious(page) == []
    page.get_by_test_id("shade-switch").click()
    page.wait_for_selector(f'{MAP}[data-shades="off"]')
    page.get_by_test_id("shade-switch").click()
    page.wait_for_selector(f'{MAP}[data-shades="reach"]')


def test_the_list_of_people_to_call_is_filtered_and_exported(page: Page) -> None:
    issue_and_stay(page, "Whom to call")
    page.locator('[data-tab="calls"]').click()
    expect(page.get_by_test_id("call-list")).to_be_visible()
    expect(page.get_by_text("Nobody has to be called")).to_be_visible()
    page.get_by_test_id("calls-failed").click()
    expect(page.get_by_test_id("calls-failed")).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as download:
        page.get_by_test_id("calls-csv").click()
    assert download.value.suggested_filename.endswith("-calls.csv")
    assert serious(page) == []


WATCH = """() => {
  const button = document.querySelector('[data-testid=issue]');
  window.seen = [];
  new MutationObserver(() => window.seen.push(button.disabled)).observe(button, {attributes: true, subtree: true});
}"""


def test_the_button_stays_while_words_change_and_goes_when_the_audience_does(page: Page) -> None:
    until(page, "data-points", 1)
    page.keyboard.press("a")
    people = page.locator('[data-testid="picker"] [role="treeitem"]')
    people.nth(1).click()
    page.fill('[name="headline"]', "Steady")
    page.fill('[name="description"]', "Half a")
    page.wait_for_selector('[data-testid="preview-total"]')
    expect(page.get_by_test_id("issue")).to_be_enabled()
    page.evaluate(WATCH)
    with page.expect_response("**/alerts/preview"):
        page.fill('[name="description"]', "A whole sentence.")
    with page.expect_response("**/alerts/preview"):
        page.locator('[name="drill"]').check()
    expect(page.get_by_test_id("issue")).to_be_enabled()
    assert page.evaluate("window.seen") == []
    with page.expect_response("**/alerts/preview"):
        people.nth(2).click()
    assert page.evaluate("window.seen[0]") is True
    expect(page.get_by_test_id("issue")).to_be_enabled()


def test_drills_are_listed_and_counted_apart(page: Page) -> None:
    until(page, "data-points", 1)
    page.keyboard.press("a")
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(1).click()
    page.fill('[name="headline"]', "Only an exercise")
    page.fill('[name="description"]', "Nothing is wet.")
    page.locator('[name="drill"]').check()
    page.wait_for_selector('[data-testid="preview-total"]')
    page.click('[data-testid="issue"]')
    expect(page.get_by_role("heading", name="Only an exercise")).to_be_visible()
    page.click('[data-testid="open-alerts"]')
    rows = page.get_by_test_id("alert-row")
    expect(page.get_by_test_id("alerts-real")).to_have_attribute("aria-pressed", "true")
    expect(rows.filter(has_text="Only an exercise")).to_have_count(0)
    page.get_by_test_id("alerts-drills").click()
    expect(rows.filter(has_text="[Drill] Only an exercise")).to_have_count(1)


def test_the_report_is_opened_and_printed(page: Page) -> None:
    issue_and_stay(page, "For the record")
    with page.context.expect_page() as opened:
        page.get_by_test_id("report-link").click()
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_contain_text("Reach report")
    expect(report.locator("svg.curve")).to_be_visible()
    assert serious(report) == []
    printed = report.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 1
    report.close()
