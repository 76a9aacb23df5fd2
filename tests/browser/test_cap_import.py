"""A weather service's message by the screen: brought, read beside the draft, made one; and one that is dismissed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running

HEADLINE = "气象台发布暴雨橙色预警"
pytestmark = pytest.mark.timeout(300)


def a_file(folder: Path, identifier: str, *, kind: str = "Alert", references: str = "", level: str = "橙色") -> Path:
    now = datetime.now(UTC)
    sent, ends = (now + timedelta(hours=hours) for hours in (0, 6))
    path = folder / f"{identifier}.xml"
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>
<sender>weather.example</sender><sent>{sent:%Y-%m-%dT%H:%M:%S}-00:00</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>
{f"<references>{references}</references>" if references else ""}
<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Likely</certainty><expires>{ends:%Y-%m-%dT%H:%M:%S}-00:00</expires>
<senderName>市气象台</senderName><headline>{HEADLINE.replace("橙色", level)}</headline>
<description>预计未来三小时降雨80至120毫米。</description><instruction>巡查下穿隧道和地下车库。</instruction>
<area><areaDesc>市区</areaDesc><circle>34.75,113.65 200</circle></area></info></alert>""",
        encoding="utf-8",
    )
    return path


def serious(page: Page) -> list[str]:
    found: Any = Axe().run(page).response
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def bring(page: Page, city: Running, *files: Path) -> None:
    page.goto(f"{city.url}/?panel=alerts")
    page.get_by_test_id("cap-open").click()
    page.set_input_files('[data-testid="cap-files"]', list(files))


def test_a_message_becomes_a_draft_and_its_update_changes_it(page: Page, city: Running, tmp_path: Path) -> None:
    bring(page, city, a_file(tmp_path, "first"))
    mapping = page.get_by_test_id("cap-mapping")
    expect(mapping).to_contain_text(HEADLINE)
    expect(mapping).to_contain_text("its headline names the colour")
    expect(mapping).to_contain_text("Rainstorm")
    expect(page.get_by_test_id("cap-units").locator(".chip").first).to_be_visible()
    assert serious(page) == []
    page.get_by_test_id("cap-draft").click()
    expect(page.locator('[name="headline"]')).to_have_value(HEADLINE)
    expect(page.locator('[name="event"]')).to_have_value("rainstorm")
    expect(page.get_by_test_id("level-orange").locator("input")).to_be_checked()
    expect(page.get_by_test_id("warned-where")).to_contain_text("km²")
    page.get_by_role("button", name="Save as draft").click()
    row = page.get_by_test_id("alert-row").filter(has_text=HEADLINE)
    expect(row).to_have_attribute("data-state", "draft")

    references = f"weather.example,first,{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}-00:00"
    bring(page, city, a_file(tmp_path, "second", kind="Update", references=references, level="红色"))
    expect(page.get_by_test_id("cap-notes")).to_contain_text(HEADLINE)
    page.get_by_test_id("cap-draft").click()
    expect(page.get_by_test_id("level-red").locator("input")).to_be_checked()
    page.get_by_role("button", name="Save as draft").click()
    changed = page.get_by_test_id("alert-row").filter(has_text=HEADLINE.replace("橙色", "红色"))
    expect(changed).to_have_count(1)
    expect(row).to_have_count(0)
    page.get_by_test_id("cap-open").click()
    page.get_by_role("tab", name="Settled").click()
    used = page.locator('[data-testid="cap-row"][data-state="drafted"]')
    expect(used).to_have_count(2)


def test_a_message_is_known_again_dismissed_with_a_reason_and_taken_up(
    page: Page, city: Running, tmp_path: Path
) -> None:
    file = a_file(tmp_path, "third")
    bring(page, city, file)
    page.get_by_test_id("cap-dismiss").click()
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.fill('[name="note"]', "Another city")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("cap-notes")).to_contain_text("Another city")
    bring(page, city, file)
    expect(page.get_by_test_id("cap-outcomes")).to_contain_text("was imported before")
    page.get_by_role("tab", name="Settled").click()
    page.get_by_test_id("cap-row").filter(has_text=HEADLINE).and_(page.locator('[data-state="dismissed"]')).click()
    page.get_by_test_id("cap-reopen").click()
    expect(page.get_by_test_id("cap-dismiss")).to_be_visible()


def test_a_file_that_is_no_message_is_told_with_what_to_do(page: Page, city: Running, tmp_path: Path) -> None:
    broken = tmp_path / "page.xml"
    broken.write_text("<html/>")
    bring(page, city, broken)
    alert = page.locator(".form-error")  # somebody may press the SOS button meanwhile, and that is an alert too
    expect(alert).to_contain_text(re.compile("its root is html"))
    assert serious(page) == []
