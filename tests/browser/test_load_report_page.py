"""The page of a load report in a real browser: nothing to complain of, nothing too wide, nothing injected."""

from collections.abc import Generator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from simulators.report.page import write_report
from simulators.report.verdict import verdict
from tests.load_reports import a_lossy_report, a_report

DESK, PHONE = 1280, 390
HOSTILE = '"></script><script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'">'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pages: a run that held, and one that did not, beside another with a hostile name."""
    write_report(a_report(), tmp_path / "held")
    peer = a_report(name=HOSTILE)
    write_report(a_lossy_report(trouble=[HOSTILE], command=HOSTILE), tmp_path / "lossy", beside=[peer])
    return tmp_path


@pytest.fixture(params=[("light", DESK), ("dark", DESK), ("light", PHONE), ("dark", PHONE)], ids=str)
def report_page(request: pytest.FixtureRequest, chromium: Browser) -> Generator[Page]:
    """An empty page that fails the test for a script's error or for asking for anything but the report."""
    scheme, width = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened, wrong = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("request", lambda asked: wrong.append(asked.url) if not asked.is_navigation_request() else None)
    yield opened
    context.close()
    assert wrong == []


@pytest.mark.parametrize("run", ["held", "lossy"])
def test_the_report_fits_and_has_no_serious_accessibility_finding(report_page: Page, folder: Path, run: str) -> None:
    report_page.goto((folder / run / "index.html").as_uri())
    assert report_page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    report_page.locator("summary").click()
    found = Axe().run(report_page).response["violations"]
    assert [finding["id"] for finding in found if finding["impact"] in {"serious", "critical"}] == []


def test_nothing_that_was_reported_becomes_part_of_the_page(chromium: Browser, folder: Path) -> None:
    page = chromium.new_page()
    page.goto((folder / "lossy" / "index.html").as_uri())
    expect(page).to_have_title(verdict(a_lossy_report()))
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    page.close()


def test_the_numbers_of_a_chart_are_under_the_pointer_and_under_the_arrow_keys(chromium: Browser, folder: Path) -> None:
    page = chromium.new_page(viewport={"width": DESK, "height": 900})
    page.goto((folder / "held" / "index.html").as_uri())
    plot = page.locator(".plot.wide").nth(1)
    plot.locator("svg").hover()
    expect(plot.locator(".reading")).to_contain_text("published")
    page.mouse.move(0, 0)
    expect(plot.locator(".reading")).to_be_hidden()
    page.reload()
    plot.locator("svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(plot.locator(".reading")).to_contain_text("119 s")
    page.keyboard.press("ArrowLeft")
    expect(plot.locator(".reading")).to_contain_text("118 s")
    page.close()
