"""What a duty officer does through a night, by keyboard where speed matters, in a real browser."""

import os
import re
import signal
import subprocess
import time

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import log_in, second_login
from tests.running import Running

PATIENCE_MS = 45_000
MOST_TABS = 150
NOTE = "The rain has passed"


def tab_to(page: Page, selector: str) -> None:
    """Walk by the Tab key alone, as somebody without a mouse does."""
    page.wait_for_selector(selector, timeout=PATIENCE_MS)
    for _ in range(MOST_TABS):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {selector}")


def issue_by_keyboard(page: Page, headline: str) -> None:
    page.keyboard.press("a")
    tab_to(page, '[data-testid="picker"] [role="tree"]')
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    tab_to(page, "#headline")
    page.keyboard.type(headline)
    tab_to(page, "#description")
    page.keyboard.type("Water on the roads.")
    expect(page.locator('[data-testid="issue"]')).to_contain_text("people", timeout=PATIENCE_MS)
    tab_to(page, '[data-testid="issue"]')
    page.keyboard.press("Enter")
    expect(page.locator('[data-testid="reach"]').first).to_be_visible(timeout=PATIENCE_MS)


def press_emergency_button(city: Running) -> None:
    terminal, secret = (city.data / "city" / "terminals.csv").read_text().splitlines()[-2].split(",")[:2]
    press = ["/usr/bin/mosquitto_pub", "-p", str(city.mqtt_port), "-u", terminal, "-P", secret, "-q", "1"]
    payload = f'{{"id": "press-{time.time()}", "t": {time.time()}, "lon": 113.65, "lat": 34.75, "note": "duty"}}'
    subprocess.run([*press, "-t", f"gw/v1/t/{terminal}/sos", "-m", payload], check=True)  # noqa: S603


def test_a_person_is_found_by_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("M000007")
    expect(page.locator("#search-found [role=option]").first).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("member="), timeout=PATIENCE_MS)
    expect(page.locator(".desk-side")).to_contain_text("M000007", timeout=PATIENCE_MS)


def test_a_warning_is_issued_and_lifted_by_keyboard_and_everyone_told_is_told_so(page: Page) -> None:
    issue_by_keyboard(page, "Heavy rain by keyboard")
    tab_to(page, '[data-testid="lift"]')
    page.keyboard.press("Enter")
    tab_to(page, "dialog textarea")
    page.keyboard.type(NOTE)
    confirm = page.locator('[data-testid="confirm"]')
    expect(confirm).to_be_enabled(timeout=PATIENCE_MS)
    told = int(re.sub(r"\D", "", confirm.inner_text()))
    tab_to(page, '[data-testid="confirm"]')
    page.keyboard.press("Enter")
    page.click('[data-testid="open-outbox"]')
    lifts = page.locator('[data-testid="outbox-row"]', has_text=NOTE)
    expect(lifts).to_have_count(told, timeout=PATIENCE_MS)
    expect(lifts.first).to_contain_text("解除")


def test_an_emergency_is_taken_by_one_key_and_closed(page: Page, city: Running) -> None:
    press_emergency_button(city)
    alarm = page.locator('[data-testid="alarm"]')
    expect(alarm).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("c")
    case = page.locator('[data-testid="case-row"]', has_text="duty").first
    expect(case).to_be_visible(timeout=PATIENCE_MS)
    while alarm.count():  # walking members press theirs too; each key takes one
        page.keyboard.press("Shift+Enter")
        page.wait_for_load_state("networkidle")
    expect(case).to_contain_text("Taken by commander", timeout=PATIENCE_MS)
    case.locator('[data-testid="close-case"]').press("Enter")
    expect(case.locator('[data-testid="close-case"]')).to_have_count(0, timeout=PATIENCE_MS)


def test_an_orange_warning_goes_out_when_a_second_person_approves(page: Page, chromium: Browser, city: Running) -> None:
    page.keyboard.press("a")
    page.click('[data-testid="level-orange"]')
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(2).click()
    page.fill("#headline", "Dike under watch")
    page.fill("#description", "The river stands 30 cm below the crown.")
    page.click('[data-testid="submit"]', timeout=PATIENCE_MS)
    expect(page.locator(".desk-side")).to_contain_text("To approve", timeout=PATIENCE_MS)
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    second = context.new_page()
    log_in(second, city, second_login(city))
    second.goto(page.url)
    second.click('[data-testid="approve"]', timeout=PATIENCE_MS)
    expect(second.locator('[data-testid="confirm"]')).to_contain_text(re.compile(r"Tell \d+ people"))
    second.click('[data-testid="confirm"]', timeout=PATIENCE_MS)
    expect(page.locator(".desk-side")).to_contain_text("In force", timeout=PATIENCE_MS)
    page.click('[data-testid="level"]')
    page.click('dialog [data-testid="level-red"]')
    page.fill("dialog textarea", "The dike leaks")
    page.click('[data-testid="confirm"]', timeout=PATIENCE_MS)
    expect(page.locator('[data-testid="proposal"]')).to_contain_text("proposes I Red", timeout=PATIENCE_MS)
    expect(page.locator('[data-testid="approve"]')).to_have_count(0)
    expect(second.locator('[data-testid="proposal"]')).to_contain_text("The dike leaks", timeout=PATIENCE_MS)
    second.click('[data-testid="approve"]')
    expect(second.locator("dialog")).to_contain_text("It becomes I Red", timeout=PATIENCE_MS)
    second.click('[data-testid="confirm"]', timeout=PATIENCE_MS)
    expect(page.locator(".alert-head-red")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator('[data-testid="proposal"]')).to_have_count(0)
    context.close()


def test_a_leader_acknowledges_on_a_phone_by_the_link_in_the_message(page: Page, chromium: Browser) -> None:
    issue_by_keyboard(page, "Check the underpasses")
    page.click('[data-testid="open-outbox"]')
    row = page.locator('[data-testid="outbox-row"]', has_text="Check the underpasses").first
    expect(row).to_contain_text("/ack/", timeout=PATIENCE_MS)
    link = re.search(r"https?://\S+/ack/\S+", row.inner_text())
    assert link
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True)
    page_of_leader = phone.new_page()
    page_of_leader.goto(link[0])
    expect(page_of_leader.get_by_text("Check the underpasses").first).to_be_visible()
    page_of_leader.get_by_role("button").tap()
    expect(page_of_leader.get_by_text("Acknowledged")).to_be_visible(timeout=PATIENCE_MS)
    phone.close()


def test_a_lost_connection_turns_the_bar_red_and_comes_back(page: Page, city: Running) -> None:
    link = page.locator('[data-testid="link"]')
    expect(link).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
    os.kill(city.process.pid, signal.SIGSTOP)
    try:
        expect(link).to_have_attribute("data-state", "late", timeout=PATIENCE_MS)
        expect(link).to_have_attribute("data-state", "lost", timeout=PATIENCE_MS)
        expect(page.locator(".bar-lost")).to_be_visible()
    finally:
        os.kill(city.process.pid, signal.SIGCONT)
    expect(link).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
