"""A leader without an account, on a phone: a link, the list, an answer, words passed down, a push that arrives."""

import json
import re
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHONE, log_in, visit
from tests.push_service import PushService, push_service
from tests.running import Running, running

LINK = re.compile(r"https?://\S+/ack/\S+")
OURS = {"X-Requested-With": "gridwarden"}


@pytest.fixture(scope="module")
def service() -> Generator[PushService]:
    with push_service() as opened:
        yield opened


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, service: PushService) -> Generator[Running]:
    """A city that pushes to a push service of this test."""
    data: Path = tmp_path_factory.mktemp("town") / "data"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GRIDWARDEN_PUSH_SERVICES", service.origin)
        with running(data, "--simulate", "40") as up:
            yield up


@dataclass(frozen=True)
class Centre:
    """The desk of the command centre, as far as its API goes."""

    page: Page
    url: str

    def issue(self, headline: str, level: str = "yellow", depth: str | None = None) -> str:
        street = self._street()
        alert = f"00000000-0000-4000-8000-{secrets.token_hex(6)}"
        content = {"id": alert, "level": level, "event": "rainstorm", "headline": headline, "targets": [street]}
        words = {"description": "Up to 50 mm until morning.", "instruction": "Check the cellars.", "depth": depth}
        self._post("", content | words)
        self._post(f"/{alert}/issue", {"expected_version": 1})
        return alert

    def link_of_the_street_s_leader(self, alert: str) -> str:
        street = self._street()
        people = self._get(f"/api/alerts/{alert}/audience?limit=500")["people"]
        leader = next(
            person["member"]["id"]
            for person in people
            if any(reason.get("unit") == street for reason in person["reasons"]) and person["member"]["phone"]
        )
        while True:  # the dispatcher sends it at once; the test's own time-out ends this
            for message in self._get(f"/api/outbox?alert={alert}&limit=500")["messages"]:
                found = LINK.search(message["body"])
                if message["member"]["id"] == leader and found:
                    return found[0]
            self.page.wait_for_timeout(200)

    def delivery(self, alert: str, channel: str) -> list[str]:
        people = self._get(f"/api/alerts/{alert}/audience?limit=500")["people"]
        return [line["state"] for person in people for line in person["delivery"] if line["channel"] == channel]

    def acknowledged(self, alert: str) -> int:
        return int(self._get(f"/api/alerts/{alert}")["reach"]["acknowledged"])

    def wait_for_answers(self, alert: str, count: int) -> None:
        while self.acknowledged(alert) != count:  # counted once for all who ask; the test's own time-out ends this
            self.page.wait_for_timeout(200)

    def _street(self) -> int:
        units = self._get("/api/units")["units"]
        return next(int(unit["id"]) for unit in units if unit["level"] == "grid-1")

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.page.request.get(self.url + path)
        assert answer.ok, answer.text()
        return answer.json()

    def _post(self, path: str, said: dict[str, Any]) -> None:
        answer = self.page.request.post(f"{self.url}/api/alerts{path}", data=said, headers=OURS)
        assert answer.ok, answer.text()


@pytest.fixture(scope="module")
def centre(chromium: Browser, town: Running) -> Generator[Centre]:
    context = visit(chromium)
    page = context.new_page()
    log_in(page, town)
    yield Centre(page, town.url)
    context.close()


@pytest.fixture
def phone(chromium: Browser) -> Generator[BrowserContext]:
    context = visit(chromium, PHONE)
    yield context
    context.close()


def opened(phone: BrowserContext, link: str) -> Page:
    """Confirm by the link, and open all warnings on this phone."""
    page = phone.new_page()
    page.goto(link)
    page.get_by_role("button", name="I have received this").tap()
    page.get_by_role("button", name="Show all my warnings on this phone").tap()
    expect(page.get_by_role("heading", name="Warnings for")).to_be_visible()
    return page


def accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_a_leader_reads_confirms_and_passes_down_on_their_phone(centre: Centre, phone: BrowserContext) -> None:
    first = centre.issue("Check the underpasses", depth="grid-1")
    page = opened(phone, centre.link_of_the_street_s_leader(first))
    assert "/ack/" not in page.url
    accessible(page)
    second = centre.issue("Clear the drains", "blue")
    page.reload()
    page.get_by_role("link", name="Clear the drains").tap()
    expect(page.get_by_text("Not acknowledged")).to_have_count(0)
    page.get_by_role("button", name="I have received this").tap()
    expect(page.get_by_role("status")).to_contain_text("You acknowledged this")
    centre.wait_for_answers(second, 1)
    accessible(page)
    page.get_by_role("link", name="Back").tap()
    page.get_by_role("link", name="Check the underpasses").tap()
    page.get_by_role("link", name="Pass it down").tap()
    expect(page.get_by_label("Your own words")).to_be_visible()
    accessible(page)
    page.get_by_label("Your own words").fill("Move the cars out of the cellars")
    page.get_by_role("button", name=re.compile(r"Tell \d+ people")).tap()
    expect(page.get_by_text(re.compile(r"people told: [1-9]"))).to_be_visible()
    desk = centre.page
    desk.goto(f"{centre.url}/?panel=alert&alert={first}")
    desk.get_by_role("tab", name="History").click()
    expect(desk.get_by_test_id("passing")).to_contain_text("Move the cars out of the cellars")


def test_reading_and_confirming_need_no_script(centre: Centre, chromium: Browser) -> None:
    alert = centre.issue("Close the shutters")
    plain = visit(chromium, PHONE, locale="zh-CN", java_script_enabled=False)
    page = plain.new_page()
    page.goto(centre.link_of_the_street_s_leader(alert))
    page.get_by_role("button", name="我已收到").tap()
    expect(page.get_by_text("已确认，谢谢。")).to_be_visible()
    page.get_by_role("button", name="在此手机上查看我的全部预警").tap()
    expect(page.get_by_role("link", name="Close the shutters")).to_be_visible()
    centre.wait_for_answers(alert, 1)
    plain.close()


def test_a_push_is_shown_by_the_phone_and_answered_on_it(
    centre: Centre, phone: BrowserContext, service: PushService
) -> None:
    """From the dispatcher through a push service that opens it to the browser's own service worker, and back.

    Headless Chromium has no push service of its own to subscribe at: that one step is the test's.
    """
    phone.grant_permissions(["notifications"], origin=centre.url)
    page = opened(phone, centre.link_of_the_street_s_leader(centre.issue("First of all")))
    box = page.locator("#push")
    expect(box.get_by_role("button", name="Turn notifications on")).to_be_visible()
    browser = service.browser(box.get_attribute("data-key") or "")
    status = page.evaluate(
        "async (said) => (await fetch('/my/push', {method: 'POST', headers: {'Content-Type': 'application/json'},"
        " body: JSON.stringify(said)})).status",
        service.subscription(browser),
    )
    assert status == 204
    alert = centre.issue("The river rises")
    wait_until(page, lambda: bool(service.pushed), service)
    (pushed,) = service.pushed
    assert (pushed.headers["urgency"], pushed.said["alert"]) == ("normal", alert)
    assert centre.delivery(alert, "push") == ["sent"]
    deliver(page, phone.new_cdp_session(page), centre.url, pushed.said)
    wait_until(page, lambda: centre.delivery(alert, "push") == ["delivered"], service)
    shown = page.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications())"
        ".map(({ title, body, tag, actions }) => [title, body, tag, actions.map((one) => one.title)])"
    )
    assert shown == [
        [
            "Rainstorm YELLOW alert, level III (serious)" if pushed.said["language"] == "en" else pushed.said["title"],
            "The river rises\nCheck the cellars.",
            pushed.said["topic"],
            ["I have received this" if pushed.said["language"] == "en" else "我已收到"],
        ]
    ]
    assert centre.acknowledged(alert) == 0
    phone.service_workers[0].evaluate(
        """async () => {
          const [notification] = await self.registration.getNotifications();
          self.dispatchEvent(new NotificationEvent('notificationclick', { notification, action: 'confirm' }));
        }"""
    )
    wait_until(page, lambda: centre.acknowledged(alert) == 1, service)


def deliver(page: Page, devtools: CDPSession, url: str, said: dict[str, Any]) -> None:
    """Hand a push message to the service worker of this phone, as a browser does that has opened it."""
    registrations: list[dict[str, Any]] = []

    def heard(event: dict[str, Any]) -> None:
        registrations.extend(event["registrations"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", heard)
    devtools.send("ServiceWorker.enable")
    while not (ours := [one for one in registrations if one["scopeURL"].endswith("/my/")]):
        page.wait_for_timeout(100)  # the test's own time-out ends this
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": url, "registrationId": ours[-1]["registrationId"], "data": json.dumps(said)},
    )


def wait_until(page: Page, is_so: Any, service: PushService) -> None:
    for _ in range(PATIENCE_MS // 200):
        if is_so():
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"it never was so; the push service complained: {service.complaints}")
