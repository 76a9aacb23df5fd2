"""What an administrator does on the grid map, in a real browser: draws a line across a grid, publishes both parts."""

import itertools
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running

UNSAFE = {"X-Requested-With": "gridwarden"}
MAP = '[data-testid="grid-map"]'
pytestmark = pytest.mark.timeout(300)  # two maps drawn without a graphics card, and audits of the page


def units(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("fetch('/api/units').then((answer) => answer.json())")["units"]


def open_editor(page: Page, city: Running, number: int) -> dict[str, Any]:
    """Open the grids of a street, one for each journey; return the street."""
    street = [unit for unit in units(page) if unit["level"] == "grid-1"][number]
    page.goto(f"{city.url}/?manage=grids&unit={street['id']}")
    page.wait_for_selector(f'{MAP}[data-ready="true"]:not([data-grids="0"])')
    return street


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(MAP).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def choose_a_grid(page: Page) -> tuple[float, float]:
    """Click the grid in the middle of the map, as soon as the map has drawn it; return where."""
    x, y = middle(page)
    for dx in (0, 40, -40, 80, -80):
        page.mouse.click(x + dx, y)
        if page.get_attribute(MAP, "data-chosen"):
            return x + dx, y
    page.wait_for_timeout(500)
    return choose_a_grid(page)


def draw_across(page: Page) -> None:
    """Draw a line with the mouse from one side of the map to the other, and end it."""
    _, y = choose_a_grid(page)
    box = page.locator(MAP).bounding_box()
    assert box
    page.keyboard.press("2")
    for x in (box["x"] + 40, box["x"] + box["width"] - 80):
        page.mouse.move(x, y, steps=4)
        page.mouse.click(x, y)
    page.keyboard.press("Enter")


def serious(page: Page) -> list[str]:
    found: Any = Axe().run(page).response
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def drawn_grids(page: Page, street: int) -> int:
    """Return how many of the smallest grids the live map is given for a street."""
    asked = f"fetch('/api/grids?level=grid-3&unit={street}').then((answer) => answer.json())"
    return len(page.evaluate(asked)["features"])


def test_a_grid_is_split_by_a_line_checked_published_and_drawn_on_the_live_map(page: Page, city: Running) -> None:
    street = open_editor(page, city, 0)
    before = drawn_grids(page, street["id"])
    draw_across(page)
    expect(page.locator('[data-testid="verdict"]')).to_contain_text("no gap, no overlap")
    added = page.locator('[data-testid="change"]', has_text="New").count()
    assert added >= 1
    assert serious(page) == []
    page.click('[data-testid="publish"]')
    expect(page.locator('[data-testid="consequence"]')).to_contain_text("1 grid changes")
    page.fill("#publish-note", "Along the new road")
    page.click('[data-testid="publish-confirm"]')
    page.click('[data-tab="versions"]')
    newest = page.locator('[data-testid="grid-set"]').first
    expect(newest).to_contain_text("Along the new road")
    expect(newest).to_contain_text("In force")
    assert serious(page) == []
    page.click(".sections-back")
    page.wait_for_selector('[data-testid="map"][data-ready="true"]')
    assert drawn_grids(page, street["id"]) == before + added


def test_an_edit_is_undone_and_done_again_by_keys(page: Page, city: Running) -> None:
    open_editor(page, city, 1)
    draw_across(page)
    changes = page.locator('[data-testid="change"]')
    expect(changes.first).to_be_visible()
    page.keyboard.press("Control+z")
    expect(changes).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(changes.first).to_be_visible()
    page.keyboard.press("Control+z")


def test_a_line_is_drawn_without_a_mouse(page: Page, city: Running) -> None:
    open_editor(page, city, 3)
    choose_a_grid(page)
    page.keyboard.press("2")
    page.focus(f"{MAP} canvas")
    for key, times in (("ArrowLeft", 4), ("ArrowRight", 8)):
        for _ in range(times):
            page.keyboard.press(key)
            page.wait_for_timeout(400)
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator('[data-testid="change"]').first).to_be_visible()
    page.keyboard.press("Control+z")


def test_a_planned_set_is_withdrawn_with_what_follows_named(page: Page, city: Running) -> None:
    open_editor(page, city, 4)
    draw_across(page)
    page.click('[data-testid="publish"]')
    page.locator('input[name="when"]').nth(1).check()
    page.fill("#publish-at", "2099-01-01T08:00")
    page.click('[data-testid="publish-confirm"]')
    page.click('[data-tab="versions"]')
    newest = page.locator('[data-testid="grid-set"]').first
    expect(newest).to_contain_text("Planned")
    newest.get_by_role("button", name="Withdraw").click()
    page.click('[data-testid="withdraw-confirm"]')
    expect(newest).to_contain_text("Withdrawn")


def test_a_drawing_moves_over_when_somebody_else_publishes_elsewhere(page: Page, city: Running) -> None:
    open_editor(page, city, 2)
    draw_across(page)
    expect(page.locator('[data-testid="verdict"]')).to_contain_text("no gap, no overlap")
    changes = page.locator('[data-testid="change"]')
    drawn = changes.count()
    publish_a_merge(page, city, 9)
    expect(page.locator('[data-testid="overtaken"]')).to_contain_text("your changes stay")
    page.click('[data-testid="take-newer"]')
    expect(page.locator('[data-testid="overtaken"]')).to_have_count(0)
    expect(page.locator('[data-testid="verdict"]')).to_contain_text("no gap, no overlap")
    expect(changes).to_have_count(drawn)
    page.keyboard.press("Control+z")


def publish_a_merge(page: Page, city: Running, number: int) -> None:
    """Publish, as somebody else does, two neighbours of a street as one."""
    street = [unit for unit in units(page) if unit["level"] == "grid-1"][number]
    area = page.request.get(f"{city.url}/api/grid-edits/area?unit={street['id']}").json()
    grids = [grid["id"] for grid in area["grids"]["features"] if grid["properties"]["is_inside"]]
    for first, second in itertools.combinations(grids, 2):
        asked = {"version": area["version"], "units": [first, second]}
        merged = page.request.post(f"{city.url}/api/grid-edits/merge", data=asked, headers=UNSAFE)
        if merged.ok:
            changes = [{"unit": first, "area": merged.json()["area"]}, {"unit": second, "area": None}]
            given = {"based_on": area["version"], "changes": changes}
            assert page.request.post(f"{city.url}/api/grid-sets", data=given, headers=UNSAFE).ok
            return
    raise AssertionError("no two grids of the street touch")
