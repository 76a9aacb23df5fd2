"""What a duty officer does on the first evening, in a real browser."""

import re
import subprocess
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import MEMBERS, log_in, visit
from tests.running import Running

MAP = '[data-testid="map"]'


def number(page: Page, attribute: str) -> int:
    return int(page.locator(MAP).get_attribute(attribute) or 0)


def until(page: Page, attribute: str, least: int) -> int:
    page.wait_for_function(
        "([map, name, least]) => Number(document.querySelector(map)?.getAttribute(name)) >= least",
        arg=[MAP, attribute, least],
    )
    return number(page, attribute)


def issue_a_warning(page: Page, headline: str) -> None:
    page.keyboard.press("a")
    page.click('[data-testid="level-yellow"]')
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(1).click()
    page.fill('[name="headline"]', headline)
    page.fill('[name="description"]', "Water on the roads.")
    page.wait_for_selector('[data-testid="preview-total"]')
    page.click('[data-testid="issue"]')


def test_a_wrong_password_is_told(page: Page, city: Running) -> None:
    page.context.clear_cookies()
    page.goto(city.url)
    page.fill("#name", city.login[0])
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_people_are_on_the_map_and_move(chromium: Browser, city: Running, motion: str) -> None:
    context = visit(chromium, reduced_motion=motion)
    page = context.new_page()
    log_in(page, city)
    assert until(page, "data-points", MEMBERS) >= MEMBERS
    before = number(page, "data-moves")
    assert until(page, "data-moves", before + MEMBERS) > before
    expect(page.locator('[data-testid="count-online"]').first).to_contain_text(re.compile(r"\d+"))
    context.close()


def test_a_unit_is_chosen_in_the_tree_by_keyboard(page: Page) -> None:
    until(page, "data-points", MEMBERS)
    everybody = number(page, "data-points")
    page.keyboard.press("t")
    expect(page.locator("#tree")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "([map, all]) => Number(document.querySelector(map)?.getAttribute('data-points')) < all",
        arg=[MAP, everybody],
    )
    assert "unit=" in page.url


def test_a_warning_is_issued_read_in_the_outbox_and_lifted(page: Page, city: Running) -> None:
    headline = "Heavy rain tonight"
    issue_a_warning(page, headline)
    expect(page.locator('[data-testid="reach"]').first).to_be_visible()
    page.click('[data-testid="open-outbox"]')
    row = page.locator('[data-testid="outbox-row"]').first
    expect(row).to_contain_text(headline)


def test_an_emergency_takes_the_top_of_the_screen_until_it_is_taken(page: Page, city: Running) -> None:
    until(page, "data-points", MEMBERS)
    terminal, secret = (city.data / "city" / "terminals.csv").read_text().splitlines()[-1].split(",")[:2]
    press = ["/usr/bin/mosquitto_pub", "-p", str(city.mqtt_port), "-u", terminal, "-P", secret, "-q", "1"]
    payload = f'{{"id": "press-1", "t": {time.time()}, "lon": 113.65, "lat": 34.75, "note": "help"}}'
    subprocess.run([*press, "-t", f"gw/v1/t/{terminal}/sos", "-m", payload], check=True)  # noqa: S603
    expect(page.locator('[data-testid="alarm"]')).to_be_visible()


def test_operations_show_what_comes_in_and_what_was_refused(page: Page, city: Running) -> None:
    terminal, secret = (city.data / "city" / "terminals.csv").read_text().splitlines()[-2].split(",")[:2]
    publish = ["/usr/bin/mosquitto_pub", "-p", str(city.mqtt_port), "-u", terminal, "-P", secret, "-q", "1"]
    for payload in ('{"t": 1', '{"lon": 113.65, "lat": 34.75}'):
        subprocess.run([*publish, "-t", f"gw/v1/t/{terminal}/pos", "-m", payload], check=True)  # noqa: S603
    page.click('[data-testid="open-ingest"]')
    living = page.locator('[data-testid="worker-state"][data-state="living"]')
    expect(living).to_have_count(1)
    expect(page.get_by_test_id("figure-packets").locator(".ops-now")).to_have_text(re.compile(r"[1-9]"))
    reports = page.get_by_test_id("refused-report")
    expect(reports).to_have_count(2)
    page.get_by_role("button", name="Missing field").click()
    expect(reports).to_have_count(1)
    expect(reports).to_contain_text('{"lon": 113.65, "lat": 34.75}')
    page.get_by_test_id("all-reasons").click()
    expect(reports).to_have_count(2)
    found = Axe().run(page).response["violations"]
    assert [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}] == []


def test_no_screen_has_a_serious_accessibility_finding(page: Page) -> None:
    until(page, "data-points", MEMBERS)
    for key in ("", "a", "c"):
        if key:
            page.keyboard.press(key)
        found = Axe().run(page).response["violations"]
        serious = [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}]
        assert serious == [], key
