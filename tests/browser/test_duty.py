"""What a duty officer does through a night, by keyboard where speed matters, in a real browser."""

import os
import re
import signal
import subprocess
import time

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, log_in, second_login, visit
from tests.running import Running

MOST_TABS = 150
NOTE = "The rain has passed"


def tab_to(page: Page, selector: str) -> None:
    """Walk by the Tab key alone, as somebody without a mouse does."""
    page.wait_for_selector(selector)
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
    expect(page.locator('[data-testid="issue"]')).to_contain_text("people")
    tab_to(page, '[data-testid="issue"]')
    page.keyboard.press("Enter")
    expect(page.locator('[data-testid="reach"]').first).to_be_visible()


def press_emergency_button(city: Running) -> None:
    terminal, secret = (city.data / "city" / "terminals.csv").read_text().splitlines()[-2].split(",")[:2]
    press = ["/usr/bin/mosquitto_pub", "-p", str(city.mqtt_port), "-u", terminal, "-P", secret, "-q", "1"]
    payload = f'{{"id": "press-{time.time()}", "t": {time.time()}, "lon": 113.65, "lat": 34.75, "note": "duty"}}'
    subprocess.run([*press, "-t", f"gw/v1/t/{terminal}/sos", "-m", payload], check=True)  # noqa: S603


def test_a_person_is_found_by_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("M000007")
    expect(page.locator("#search-found [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("member="))
    expect(page.locator(".desk-side")).to_contain_text("M000007")


def test_a_warning_is_issued_and_lifted_by_keyboard_and_everyone_told_is_told_so(page: Page) -> None:
    issue_by_keyboard(page, "Heavy rain by keyboard")
    tab_to(page, '[data-testid="lift"]')
    page.keyboard.press("Enter")
    tab_to(page, "dialog textarea")
    page.keyboard.type(NOTE)
    confirm = page.locator('[data-testid="confirm"]')
    expect(confirm).to_be_enabled()
    told = int(re.sub(r"\D", "", confirm.inner_text()))
    tab_to(page, '[data-testid="confirm"]')
    page.keyboard.press("Enter")
    page.click('[data-testid="open-outbox"]')
    lifts = page.locator('[data-testid="outbox-row"]', has_text=NOTE)
    expect(lifts).to_have_count(told)
    expect(lifts.first).to_contain_text("解除")


def test_an_emergency_is_taken_by_one_key_and_closed(page: Page, city: Running) -> None:
    press_emergency_button(city)
    alarm = page.locator('[data-testid="alarm"]')
    expect(alarm).to_be_visible()
    page.keyboard.press("c")
    case = page.locator('[data-testid="case-row"]', has_text="duty").first
    expect(case).to_be_visible()
    while alarm.count():  # walking members press theirs too; each key takes one
        page.keyboard.press("Shift+Enter")
        page.wait_for_load_state("networkidle")
    expect(case).to_contain_text("Taken by commander")
    case.locator('[data-testid="close-case"]').press("Enter")
    expect(case.locator('[data-testid="close-case"]')).to_have_count(0)


def test_an_orange_warning_goes_out_when_a_second_person_approves(page: Page, chromium: Browser, city: Running) -> None:
    page.keyboard.press("a")
    page.click('[data-testid="level-orange"]')
    page.locator('[data-testid="picker"] [role="treeitem"]').nth(2).click()
    page.fill("#headline", "Dike under watch")
    page.fill("#description", "The river stands 30 cm below the crown.")
    page.click('[data-testid="submit"]')
    expect(page.locator(".desk-side")).to_contain_text("To approve")
    context = visit(chromium)
    second = context.new_page()
    log_in(second, city, second_login(city))
    second.goto(page.url)
    second.click('[data-testid="approve"]')
    expect(second.locator('[data-testid="confirm"]')).to_contain_text(re.compile(r"Tell \d+ people"))
    second.click('[data-testid="confirm"]')
    expect(page.locator(".desk-side")).to_contain_text("In force")
    page.click('[data-testid="level"]')
    page.click('dialog [data-testid="level-red"]')
    page.fill("dialog textarea", "The dike leaks")
    page.click('[data-testid="confirm"]')
    expect(page.locator('[data-testid="proposal"]')).to_contain_text("proposes I Red")
    expect(page.locator('[data-testid="approve"]')).to_have_count(0)
    expect(second.locator('[data-testid="proposal"]')).to_contain_text("The dike leaks")
    second.click('[data-testid="approve"]')
    expect(second.locator("dialog")).to_contain_text("It becomes I Red")
    second.click('[data-testid="confirm"]')
    expect(page.locator(".alert-head-red")).to_be_visible()
    expect(page.locator('[data-testid="proposal"]')).to_have_count(0)
    context.close()


def test_a_leader_acknowledges_on_a_phone_by_the_link_in_the_message(page: Page, chromium: Browser) -> None:
    issue_by_keyboard(page, "Check the underpasses")
    page.click('[data-testid="open-outbox"]')
    row = page.locator('[data-testid="outbox-row"]', has_text="Check the underpasses").first
    expect(row).to_contain_text("/ack/")
    link = re.search(r"https?://\S+/ack/\S+", row.inner_text())
    assert link
    phone = visit(chromium, PHONE)
    page_of_leader = phone.new_page()
    page_of_leader.goto(link[0])
    expect(page_of_leader.get_by_text("Check the underpasses").first).to_be_visible()
    page_of_leader.get_by_role("button").tap()
    expect(page_of_leader.get_by_text("Acknowledged")).to_be_visible()
    phone.close()


def test_a_lost_connection_turns_the_bar_red_and_comes_back(page: Page, city: Running) -> None:
    link = page.locator('[data-testid="link"]')
    expect(link).to_have_attribute("data-state", "live")
    os.kill(city.process.pid, signal.SIGSTOP)
    try:
        expect(link).to_have_attribute("data-state", "late")
        expect(link).to_have_attribute("data-state", "lost")
        expect(page.locator(".bar-lost")).to_be_visible()
    finally:
        os.kill(city.process.pid, signal.SIGCONT)
    expect(link).to_have_attribute("data-state", "live")
