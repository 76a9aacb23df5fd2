"""Coming in by the city's own identity provider, as somebody at a browser does."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pyotp.totp import TOTP

from tests.browser.conftest import log_in, visit
from tests.identity_provider import IdentityProvider, identity_provider
from tests.running import Running, running

MAIL = "chen.li@city.example"
UNSAFE = {"X-Requested-With": "gridwarden"}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        found.knows("chen", email=MAIL, email_verified=True)
        yield found


@pytest.fixture(scope="module")
def front(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDWARDEN_OIDC_ISSUER", provider.url)
        patch.setenv("GRIDWARDEN_OIDC_CLIENT_ID", "gridwarden")
        patch.setenv("GRIDWARDEN_OIDC_CLIENT_SECRET", "a secret")
        patch.setenv("GRIDWARDEN_OIDC_NAME", "City directory")
        with running(tmp_path_factory.mktemp("front") / "data") as up:
            yield up


@pytest.fixture
def visitor(chromium: Browser, front: Running) -> Generator[Page]:
    """Somebody at the log-in page, whom nobody has let in yet."""
    context = visit(chromium)
    page = context.new_page()
    page.goto(front.url)
    yield page
    context.close()


def invite(chromium: Browser, front: Running) -> None:
    context = visit(chromium)
    page = context.new_page()
    log_in(page, front)
    unit: dict[str, Any] = page.request.get(f"{front.url}/api/me").json()["unit"]
    given = {"name": MAIL, "unit": unit["id"], "roles": {"viewer": unit["id"]}, "oidc": True}
    made = page.request.post(f"{front.url}/api/accounts", data=given, headers=UNSAFE)
    assert made.status == 201, made.text()
    context.close()


def come(page: Page, subject: str = "chen") -> None:
    page.click('[data-testid="oidc"]')
    page.fill("input[name=sub]", subject)
    page.keyboard.press("Enter")


def set_up_a_second_factor(page: Page, front: Running) -> TOTP:
    app = TOTP(page.request.post(f"{front.url}/api/me/totp", headers=UNSAFE).json()["secret"])
    given = {"code": app.now()}
    assert page.request.post(f"{front.url}/api/me/totp/confirm", data=given, headers=UNSAFE).ok
    return app


def test_whoever_was_invited_comes_back_logged_in_and_is_asked_for_the_second_factor_they_add(
    chromium: Browser, front: Running, visitor: Page
) -> None:
    invite(chromium, front)
    come(visitor)
    visitor.wait_for_selector('[data-testid="map"]')
    app = set_up_a_second_factor(visitor, front)
    visitor.click('[data-testid="me"]')
    visitor.click('[data-testid="logout"]')

    come(visitor)
    visitor.fill("#code", "000000")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_text("not right")).to_be_visible()
    in_half_a_minute = datetime.now(UTC) + timedelta(seconds=30)  # the code of now was taken
    visitor.fill("#code", app.at(in_half_a_minute))
    visitor.keyboard.press("Enter")
    visitor.wait_for_selector('[data-testid="map"]')
    assert "login=" not in visitor.url


def test_somebody_whom_nobody_invited_is_told_so(provider: IdentityProvider, visitor: Page) -> None:
    provider.knows("stranger", email="stranger@else.example", email_verified=True)
    come(visitor, "stranger")
    expect(visitor.get_by_role("alert")).to_contain_text("no account here belongs to you")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("oidc_away", "does not answer"),
        ("oidc_failed", "was not completed"),
        ("<script>", "was not completed"),
    ],
)
def test_each_way_to_fail_has_words_of_its_own(front: Running, visitor: Page, word: str, said: str) -> None:
    visitor.goto(f"{front.url}/?login={word}")
    expect(visitor.get_by_role("alert")).to_contain_text(said)


def test_a_code_that_comes_too_late_leads_back_to_the_beginning(front: Running, visitor: Page) -> None:
    visitor.goto(f"{front.url}/?login=oidc_code")
    visitor.fill("#code", "123456")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("alert")).to_contain_text("Start it again")
    expect(visitor.get_by_test_id("oidc")).to_be_visible()
