"""A whole city out and in again by the screen: checked, mended, applied; what is wrong is told with its place."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Running

NEW_NAME = "欧阳试航"
BROKEN_PHONE = "12345"
ROW = 2  # of the file; the first one names the columns
pytestmark = pytest.mark.timeout(300)


def open_import(page: Page, city: Running) -> None:
    page.goto(f"{city.url}/?manage=import")
    expect(page.get_by_test_id("import-files")).to_be_attached()


def exported(page: Page, folder: Path) -> Path:
    """Export the city by the screen's button and unpack it."""
    with page.expect_download() as coming:
        page.get_by_role("link", name="GeoJSON").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        archive.extractall(folder)
    return folder


def change_first_member(table: Path, change: Callable[[dict[str, str]], None]) -> None:
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    change(rows[0])
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def check(page: Page, *files: Path) -> None:
    page.set_input_files('[data-testid="import-files"]', list(files))
    page.get_by_test_id("import-check").click()
    expect(page.get_by_test_id("import-report")).to_be_visible()


def serious(page: Page) -> list[str]:
    found: Any = Axe().run(page).response
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def test_a_city_goes_out_and_in_again_with_one_member_renamed(page: Page, city: Running, tmp_path: Path) -> None:
    open_import(page, city)
    members = exported(page, tmp_path) / "members.csv"
    phones: list[str] = []

    def damage(row: dict[str, str]) -> None:
        phones.append(row["phone"])
        row.update(name=NEW_NAME, phone=BROKEN_PHONE)

    change_first_member(members, damage)
    check(page, members)
    report = page.get_by_test_id("import-report")
    expect(report).to_contain_text(f"members.csv:{ROW}")
    expect(report).to_contain_text(BROKEN_PHONE)
    expect(page.get_by_test_id("import-apply")).to_have_count(0)
    assert serious(page) == []
    page.emulate_media(color_scheme="light")
    assert serious(page) == []

    change_first_member(members, lambda row: row.update(phone=phones[0]))
    check(page, members)
    changed = report.get_by_role("region", name="Members")
    expect(changed.locator(".figure", has_text="Changed")).to_contain_text("1")
    page.get_by_test_id("import-apply").click()
    expect(page.get_by_test_id("import-applied")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(NEW_NAME)
    expect(page.get_by_role("option", name=NEW_NAME).first).to_be_visible()


def test_a_polygon_that_crosses_itself_is_told_with_its_place(page: Page, city: Running, tmp_path: Path) -> None:
    open_import(page, city)
    grids = exported(page, tmp_path) / "grids.geojson"
    drawn = json.loads(grids.read_text(encoding="utf-8"))
    smallest = drawn["features"][-1]["geometry"]
    ring = smallest["coordinates"][0] if smallest["type"] == "Polygon" else smallest["coordinates"][0][0]
    (west, south), (east, north) = ring[0], ring[len(ring) // 2]
    ring[:] = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    grids.write_text(json.dumps(drawn), encoding="utf-8")
    check(page, grids)
    report = page.get_by_test_id("import-report")
    expect(report).to_contain_text("grids.geojson")
    expect(report).to_contain_text(f"{west:.2f}"[:5])
