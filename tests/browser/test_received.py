"""What phones write, on the screen: an operator's centre, a gateway, and Gridwarden as they really are."""

import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, log_in, visit
from tests.browser.test_messages import limit, me, posted, show
from tests.running import Running, free_port, gridwarden, running

GATEWAYS = """gateways: [{{name: mobile, kind: smpp, host: 127.0.0.1, port: {port}, system_id: gridwarden,
    password_env: SMS_PASSWORD}}]"""


@dataclass(frozen=True, slots=True)
class Phones:
    """Everybody's, at the simulated operator."""

    centre: Any

    def write(self, number: str, text: str) -> None:
        self.centre.stdin.write(f"{number} {text}\n")
        self.centre.stdin.flush()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def phones(port: int) -> Generator[Phones]:
    with gridwarden("sms-centre", "--port", str(port), "--phones", has_input=True) as centre:
        yield Phones(centre)
        centre.terminate()
        centre.communicate(timeout=60)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, port: int, phones: Phones) -> Generator[Running]:
    folder: Path = tmp_path_factory.mktemp("received")
    (folder / "gateways.yaml").write_text(GATEWAYS.format(port=port))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GRIDWARDEN_SMS_GATEWAYS", str(folder / "gateways.yaml"))
        environment.setenv("GRIDWARDEN_DRILL_SMS", "send")
        environment.setenv("SMS_PASSWORD", "secret")
        with running(folder / "data", "--simulate", "20") as up:
            yield up


def units(page: Page, city: Running, level: str) -> list[dict[str, Any]]:
    found = page.request.get(f"{city.url}/api/units").json()["units"]
    return [unit for unit in found if unit["level"] == level]


def row_of(page: Page, text: str) -> Locator:
    """The newest row with a text; the list asks again by itself."""
    return page.locator(".data-table tbody tr").filter(has_text=text).first


def test_a_text_that_names_its_place_is_a_case_which_is_taken_and_closed(
    page: Page, city: Running, phones: Phones
) -> None:
    community = units(page, city, "grid-2")[0]
    show(page, city, "received")
    phones.write("+8613911110001", f"{community['name']}地下室进水")
    row = row_of(page, "地下室进水")
    expect(row).to_contain_text("Case open")
    expect(row).to_contain_text(community["name_en"])
    expect(row).to_contain_text("Unknown")
    row.get_by_role("button").click()
    page.click('[data-testid="inbound-case"]')
    case = page.get_by_test_id("text-case").filter(has_text="地下室进水")
    expect(case).to_contain_text("+86 139 1111 0001")
    phones.write("+8613911110001", f"{community['name']}水越来越深")  # joins it
    expect(case).to_contain_text("水越来越深")
    case.get_by_test_id("take-text-case").click()
    case.get_by_test_id("close-text-case").click()
    expect(case).to_contain_text("Closed")


def test_a_text_about_one_of_several_places_becomes_a_case_where_somebody_says(
    page: Page, city: Running, phones: Phones
) -> None:
    first, second = units(page, city, "grid-2")[:2]
    phones.write("+8613911110002", f"{first['name']}到{second['name']}的路断了")
    phones.write("+8613911110002", "这里没有路灯")
    show(page, city, "received")
    row = row_of(page, "的路断了")
    expect(row).to_contain_text("One of 2 places")
    row.get_by_role("button").click()
    page.get_by_test_id("candidates").get_by_role("button").first.click()
    expect(row).to_contain_text("Case open")
    page.keyboard.press("Escape")
    row_of(page, "这里没有路灯").get_by_role("button").click()
    page.click("#text-case-unit")
    page.fill("[name=text-case-unit-find]", second["code"])
    page.locator("[name=text-case-unit-find]").press("Enter")
    page.click('[data-testid="open-text-case"]')
    expect(row_of(page, "这里没有路灯")).to_contain_text("Case open")


def test_a_reply_leads_to_the_warning_that_it_acknowledges(page: Page, city: Running, phones: Phones) -> None:
    street = units(page, city, "grid-1")[0]["id"]
    drill: dict[str, Any] = {"id": str(uuid.uuid4()), "level": "yellow", "event": "rainstorm", "headline": "Heavy rain"}
    drill |= {"description": "x", "targets": [street], "is_drill": True}
    draft = posted(page, city, "alerts", **drill)
    posted(page, city, f"alerts/{draft['id']}/issue", expected_version=draft["version"])
    show(page, city, "sent")
    page.select_option("[name=sms-channel]", "sms")
    row_of(page, "Heavy rain").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delivered")  # it asks again by itself
    told = page.request.get(f"{city.url}/api/deliveries?state=delivered&channel=sms").json()["deliveries"][0]
    phones.write(told["address"], "收到")
    show(page, city, "received")
    row = row_of(page, "收到")
    expect(row).to_contain_text("Acknowledged")
    expect(row).to_contain_text(told["member"]["name"])
    row.get_by_role("button").click()
    page.click('[data-testid="inbound-alert"]')
    expect(page.locator(".panel").filter(has_text="Heavy rain").first).to_be_visible()


def test_who_wrote_stop_is_left_out_of_circulars_until_somebody_lifts_it(
    page: Page, city: Running, phones: Phones
) -> None:
    limit(page, city)
    phones.write("+8613911110003", "TD")
    show(page, city, "received")
    expect(row_of(page, "+86 139 1111 0003")).to_contain_text("Stop")
    show(page, city, "send")
    page.fill("#to-numbers", "13911110003\n13911110009")
    page.fill("#text_zh", "今晚八点开会")
    expect(page.get_by_test_id("left-out")).to_contain_text("Wrote STOP")
    expect(page.get_by_test_id("plan-people")).to_have_text("1")
    show(page, city, "received")
    row = row_of(page, "+86 139 1111 0003")
    row.get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("Warnings are a matter of life")
    page.click('[data-testid="lift-stop"]')
    expect(row).to_contain_text("Stop, lifted")
    content = {"unit": me(page, city)["unit"]["id"], "text_zh": "开会", "numbers": ["13911110003"]}
    assert posted(page, city, "circulars/preview", **content)["recipients"] == 1


def test_on_a_phone_a_text_is_read_and_nothing_is_too_wide(chromium: Browser, city: Running, phones: Phones) -> None:
    context = visit(chromium, PHONE)
    page = context.new_page()
    log_in(page, city)
    phones.write("+8613911110004", "手机上阅读")
    show(page, city, "received")
    row = row_of(page, "手机上阅读")
    expect(row).to_be_visible()
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    row.get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("+86 139 1111 0004")
    context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_is_unreadable_in_what_was_received(
    page: Page, city: Running, phones: Phones, theme: str
) -> None:
    page.emulate_media(color_scheme="light" if theme == "light" else "dark")
    community = units(page, city, "grid-2")[0]
    for number, text in (("+8613911110005", "退订"), ("+8613911110006", f"{community['name']}停电{theme}")):
        phones.write(number, text)
    show(page, city, "received")
    expect(row_of(page, f"停电{theme}")).to_be_visible()
    found: list[str] = []
    for opened in (None, "+86 139 1111 0005", f"停电{theme}"):
        if opened is not None:
            row_of(page, opened).get_by_role("button").click()
            expect(page.get_by_role("dialog").locator(".bubble")).to_be_visible()
        found += violations(page, theme, f"received {opened}")
    page.goto(f"{city.url}/?panel=cases")
    expect(page.get_by_test_id("text-case").first).to_be_visible()
    found += violations(page, theme, "cases")
    assert found == []


def violations(page: Page, theme: str, where: str) -> list[str]:
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    expect(page.locator(".skeleton")).to_have_count(0)
    return [
        f"{where}: {rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]
