"""The screens that are drawn: where each is, and what is pressed once it stands."""

import re
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Page

SETTLE_MS: Final = 1_200  # a map's glide and one frame of the live channel
WAIT_MS: Final = 30_000

MESSAGE: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>410100-{id}</identifier><sender>weather@example.org</sender>
<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Expected</urgency>
<severity>Severe</severity><certainty>Likely</certainty><senderName>市气象台</senderName>
<headline>市气象台发布暴雨橙色预警[II级/严重]</headline><description>预计未来三小时降雨80至120毫米。</description>
<instruction>巡查下穿隧道和地下车库。</instruction>
<area><areaDesc>市区</areaDesc><circle>34.75,113.65 200</circle></area></info></alert>
"""

WORDS: Final = {
    "zh": {
        "headline": "今夜有暴雨，请检查下穿隧道",
        "description": "预计21时起三小时降雨80至120毫米，低洼路段可能积水。",
        "instruction": "到岗巡查下穿隧道和地下车库；积水超过25厘米立即封路并上报。",
    },
    "en": {
        "headline": "Heavy rain tonight, check the underpasses",
        "description": "80 to 120 mm within three hours from 21:00; low roads may flood.",
        "instruction": "Patrol underpasses and basements; close a road at 25 cm of water and report it.",
    },
}

CIRCULARS: Final = {
    "zh": {
        "text_zh": "{name}您好，今晚八点请到{unit}参加防汛值守，请携带手持终端。",
        "template": "{name}您好，请于{when}到{place}集合。",
        "group": "防汛值守网格长",
        "name": "集合通知",
        "done": "明日上午九点召开网格长例会，请准时参加。",
    },
    "en": {
        "text_zh": "{name}您好，今晚八点请到{unit}参加防汛值守，请携带手持终端。",
        "template": "{name}, please be at {place} at {when}.",
        "group": "Flood watch leaders",
        "name": "Assembly",
        "done": "Leaders' meeting tomorrow at nine; bring your terminal.",
    },
}

RULES: Final = {
    "zh": (
        {"name": "无人值守的网格", "kind": "grid_empty", "level": "yellow", "does": "draft"},
        {"name": "紧急求助", "kind": "sos", "level": "orange", "does": "draft", "hold_min": 0},
    ),
    "en": (
        {"name": "Grids without anybody on duty", "kind": "grid_empty", "level": "yellow", "does": "draft"},
        {"name": "SOS", "kind": "sos", "level": "orange", "does": "draft", "hold_min": 0},
    ),
}

TEXTS: Final = {  # what people write; {grid} and {other} are places of the city
    "zh": ("{grid}地下车库进水，车辆已经动不了了", "{grid}到{other}的路口信号灯坏了", "请问什么时候来电？", "退订"),
    "en": (
        "Water in the underground car park of {grid}, cars are stuck",
        "Lights are out between {grid} and {other}",
        "When will the power be back?",
        "STOP",
    ),
}

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    name: str
    path: str  # {member} and {alert} are filled in
    act: Act | None = None  # what to press once it stands
    only: str | None = None  # desk or phone


def press_new_alert(page: Page) -> None:
    page.locator("body").press("a")
    page.get_by_test_id("level-orange").click()
    words = WORDS[str(page.evaluate("document.documentElement.lang"))[:2]]
    page.locator("#headline").fill(words["headline"])
    page.locator("#description").fill(words["description"])
    rows = page.get_by_test_id("picker").get_by_role("treeitem")
    for row in (1, 2):  # down to a first-level grid
        rows.nth(row).focus()
        page.get_by_test_id("picker").get_by_role("tree").focus()
        page.keyboard.press("Home")
        for _ in range(row):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight" if row == 1 else "Enter")
    page.get_by_test_id("preview-total").wait_for(timeout=WAIT_MS)


def press_help(page: Page) -> None:
    page.locator("body").press("?")


def press_further_away(page: Page) -> None:
    """From the person's track to the streets around, with the warning's edge in view."""
    page.wait_for_timeout(SETTLE_MS)
    for _ in range(3):
        page.locator(".maplibregl-ctrl-zoom-out").click()
        page.wait_for_timeout(SETTLE_MS)


def press_audience(page: Page) -> None:
    page.locator('[data-tab="audience"]').click()
    page.get_by_test_id("audience-row").first.wait_for(timeout=WAIT_MS)


def press_all_alerts(page: Page) -> None:
    page.get_by_test_id("alerts-all").click()
    page.get_by_test_id("alert-row").first.wait_for(timeout=WAIT_MS)


def press_reach(page: Page) -> None:
    page.locator('[data-tab="reach"]').click()
    page.get_by_test_id("reach-view").wait_for(timeout=WAIT_MS)


def press_calls(page: Page) -> None:
    page.locator('[data-tab="calls"]').click()
    page.get_by_test_id("call-list").wait_for(timeout=WAIT_MS)


def press_first_row(page: Page) -> None:
    page.locator(".table-open").first.click(timeout=WAIT_MS)


def press_new_account(page: Page) -> None:
    page.get_by_test_id("add-account").click()


def press_standing_in(page: Page) -> None:
    page.locator('[data-tab="delegations"]').click()


def press_cap_message(page: Page) -> None:
    """A weather service's message, read from a file: what it says, and what it would become."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(MESSAGE.format(sent=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"), id=uuid.uuid4()).encode())
        file.flush()
        page.get_by_test_id("cap-open").click(timeout=WAIT_MS)
        page.set_input_files('[data-testid="cap-files"]', file.name)
        page.get_by_test_id("cap-mapping").wait_for(timeout=WAIT_MS)


def press_received(page: Page) -> None:
    page.get_by_test_id("cap-open").click(timeout=WAIT_MS)


def press_confirm(page: Page) -> None:
    if page.locator("button.large").count():  # or somebody has confirmed already
        page.locator("button.large").click(timeout=WAIT_MS)
    page.locator("button.row").first.wait_for(timeout=WAIT_MS)


def press_all_mine(page: Page) -> None:
    """From the link in a message to the reader's own list of warnings."""
    press_confirm(page)
    page.locator("button.row").first.click()
    page.locator('a[href^="/my/alerts/"]').first.wait_for(timeout=WAIT_MS)


def press_security(page: Page) -> None:
    page.locator('[data-tab="security"]').click()
    page.get_by_test_id("session").first.wait_for(timeout=WAIT_MS)


def await_grids(page: Page) -> None:
    page.locator("[data-testid=grid-map][data-ready=true]").wait_for(timeout=WAIT_MS)
    page.wait_for_function("() => Number(document.querySelector('[data-testid=grid-map]').dataset.grids) > 0")


def press_audit_row(page: Page) -> None:
    page.get_by_test_id("audit-row").first.get_by_role("button").click(timeout=WAIT_MS)


def await_operations(page: Page) -> None:
    page.get_by_test_id("worker-state").first.wait_for(timeout=WAIT_MS)


def press_circular(page: Page) -> None:
    """Write a circular to somebody, to see what would come of it."""
    words = CIRCULARS[str(page.evaluate("document.documentElement.lang"))[:2]]
    page.locator("#to-listed").select_option(index=1, timeout=WAIT_MS)
    page.locator("#to-numbers").fill("139 1234 5678, +86 139-1234-5678\n139123")
    page.locator("#text_zh").fill(words["text_zh"])
    page.get_by_test_id("plan").wait_for(timeout=WAIT_MS)
    page.get_by_test_id("left-out").wait_for(timeout=WAIT_MS)


def press_template(page: Page) -> None:
    press_first_row(page)
    page.locator(".bubble").first.wait_for(timeout=WAIT_MS)


def press_group(page: Page) -> None:
    press_first_row(page)
    page.get_by_test_id("group-people").wait_for(timeout=WAIT_MS)


def await_figures(page: Page) -> None:
    """They are counted once a minute."""
    page.locator(".day-bar .share-part").first.wait_for(state="attached", timeout=4 * WAIT_MS)


def press_message(page: Page) -> None:
    press_first_row(page)
    page.get_by_test_id("attempts").wait_for(timeout=WAIT_MS)


def press_text(page: Page) -> None:
    """The text that may be about two places, with the ways to make a case of it."""
    page.locator(".data-table tbody tr", has_text=re.compile("One of|可能有")).first.locator(".table-open").click(
        timeout=WAIT_MS
    )
    page.get_by_test_id("candidates").wait_for(timeout=WAIT_MS)


def messaging(section: str, act: Act | None = None, name: str = "") -> Screen:
    return Screen(name=name or f"sms-{section}", path=f"/?manage=sms-{section}", act=act)


def managing(section: str, act: Act | None = None, name: str = "") -> Screen:
    return Screen(name=f"manage-{name or section}", path=f"/?manage={section}", act=act, only="desk")


SCREENS: Final = (
    Screen(name="map", path="/"),
    Screen(name="duty", path="/?panel=member&member={member}", act=press_further_away, only="desk"),
    Screen(name="person", path="/?panel=member&member={member}"),
    Screen(name="unit", path="/?panel=unit", only="desk"),
    Screen(name="alerts", path="/?panel=alerts", act=press_all_alerts),
    Screen(name="alert", path="/?panel=alert&alert={alert}"),
    Screen(name="audience", path="/?panel=alert&alert={alert}", act=press_audience, only="desk"),
    Screen(name="reach", path="/?panel=alert&alert={alert}", act=press_reach, only="desk"),
    Screen(name="calls", path="/?panel=alert&alert={alert}", act=press_calls, only="desk"),
    Screen(name="report", path="/api/alerts/{alert}/report", only="desk"),
    Screen(name="received", path="/?panel=alerts", act=press_received, only="desk"),
    Screen(name="message", path="/?panel=alerts", act=press_cap_message, only="desk"),
    Screen(name="compose", path="/", act=press_new_alert, only="desk"),
    Screen(name="cases", path="/?panel=cases"),
    Screen(name="crossings", path="/?panel=crossings", only="desk"),
    Screen(name="outbox", path="/?panel=outbox", only="desk"),
    Screen(name="ingest", path="/?panel=ingest", act=await_operations),
    Screen(name="me", path="/?panel=me", only="phone"),
    Screen(name="help", path="/", act=press_help, only="desk"),
    Screen(name="security", path="/?panel=me", act=press_security),
    Screen(name="standing-in", path="/?panel=me", act=press_standing_in),
    Screen(name="reader-link", path="{link}", only="phone"),
    Screen(name="reader-list", path="{link}", act=press_all_mine, only="phone"),
    managing("organisation"),
    managing("members"),
    managing("members", press_first_row, "member"),
    managing("terminals"),
    managing("rules"),
    managing("rules", press_first_row, "rule"),
    managing("teams"),
    managing("rosters"),
    managing("contacts"),
    managing("grids", await_grids),
    managing("role-sets"),
    managing("import"),
    managing("accounts"),
    managing("accounts", press_new_account, "new-account"),
    managing("audit", press_audit_row),
    messaging("send", press_circular),
    messaging("received"),
    messaging("received", press_text, "sms-text"),
    messaging("sent"),
    messaging("sent", press_message, "sms-message"),
    messaging("archived"),
    messaging("deleted"),
    messaging("templates", press_template),
    messaging("groups", press_group),
    messaging("statistics", await_figures),
    messaging("log"),
    messaging("limits"),
)
