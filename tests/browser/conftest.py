"""A real browser on a real Gridwarden with walking members, started once for all journeys."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.running import Running, running

FLAGS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader"
)
MEMBERS = 60
PATIENCE_MS = 60_000  # machines are shared, and two browsers draw their maps without a graphics card
# Four CSS pixels are one of the screen: a map that is drawn without a graphics card costs by the pixel
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 0.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1,
    "has_touch": True,
    "is_mobile": True,
}

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    data: Path = tmp_path_factory.mktemp("city") / "data"
    with running(data, "--simulate", str(MEMBERS)) as up:
        up.wait_for(lambda health: int(health["positions_stored"]) >= MEMBERS)
        yield up


@pytest.fixture(scope="module")
def playwright_driver() -> Generator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(playwright_driver: Playwright) -> Generator[Browser]:
    browser = playwright_driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
    yield browser
    browser.close()


def visit(chromium: Browser, device: dict[str, Any] = DESK, **options: Any) -> BrowserContext:
    """Return somebody's own browser. They ask for less motion: people gliding over a map take a core from the rest."""
    asked: dict[str, Any] = {"locale": "en-GB", "reduced_motion": "reduce", **device, **options}
    context = chromium.new_context(**asked)
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def page(chromium: Browser, city: Running) -> Generator[Page]:
    """A desk, logged in, with the map loaded; a script error fails the test."""
    context = visit(chromium, color_scheme="dark")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    log_in(opened, city)
    yield opened
    context.close()
    assert errors == []


def log_in(page: Page, city: Running, login: tuple[str, str] | None = None) -> None:
    name, password = login or city.login
    page.goto(city.url)
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-testid="map"]')


def second_login(city: Running) -> tuple[str, str]:
    """Return the account that approves what the first one submits."""
    return city.word(r"second\s+(\S+)\s+password"), city.word(r"second\s+\S+\s+password\s+(\S+)")
