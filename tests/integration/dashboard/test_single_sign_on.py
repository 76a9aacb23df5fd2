"""Coming by the city's own identity provider: a stranger's one, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pyotp.totp import TOTP

from dashboard.security.seal import Seal
from dashboard.security.single_sign_on import NotBelieved, Provider, SingleSignOn
from tests.identity_provider import IdentityProvider, identity_provider
from tests.integration.dashboard.builders import PASSWORD, Place, now
from tests.integration.dashboard.running import a_dashboard, free_port

MAIL = "chen.li@city.example"


@pytest.fixture(scope="module")
def peer() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


def settings_of(url: str, port: int) -> SingleSignOn:
    return SingleSignOn(
        issuer=url,
        client_id="gridwarden",
        client_secret="a secret with : and %",
        name="City directory",
        redirect=f"http://127.0.0.1:{port}/api/login/oidc/callback",
    )


@pytest.fixture
async def front(database: str, city: psycopg.AsyncConnection[Any], peer: IdentityProvider) -> AsyncIterator[Place]:
    port = free_port()
    async with a_dashboard(database, port=port, single_sign_on=settings_of(peer.url, port)) as place:
        yield place


async def invite(place: Place, name: str = MAIL) -> None:
    async with place.logged_in("centre") as centre:
        account = {"name": name, "unit": 2, "roles": {"dispatcher": 2}, "oidc": True}
        made = await centre.post("/api/accounts", json=account)
        assert (made.status_code, made.json()["password"]) == (201, None), made.text


async def way_back(client: httpx.AsyncClient, subject: str) -> str:
    """Go to the provider, log in there, and return the address it sends the browser back to."""
    there = await client.get("/api/login/oidc")
    assert there.status_code == 302, there.text
    asked = parse_qs(urlsplit(there.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    async with httpx.AsyncClient() as browser:
        back = await browser.post(there.headers["location"], data={"sub": subject})
    assert back.status_code == 302, back.text
    return back.headers["location"]


async def come(client: httpx.AsyncClient, subject: str) -> str:
    """Come by single sign-on; return where it ends."""
    return (await client.get(await way_back(client, subject))).headers["location"]


async def test_the_log_in_page_offers_it_by_name(front: Place, place: Place) -> None:
    async with front.client() as with_it, place.client() as without:
        assert (await with_it.get("/api/login/options")).json() == {"oidc": {"name": "City directory"}}
        assert (await without.get("/api/login/options")).json() == {"oidc": None}
        assert (await without.get("/api/login/oidc")).status_code == 404


async def test_who_was_invited_comes_in_and_is_bound(front: Place, peer: IdentityProvider) -> None:
    await invite(front)
    peer.knows("chen", email=MAIL, email_verified=True)
    async with front.client() as client:
        assert await come(client, "chen") == "/"
        me = (await client.get("/api/me")).json()["account"]
    assert (me["name"], me["via"], set(me["roles"])) == (MAIL, "oidc", {"viewer", "dispatcher"})
    peer.knows("chen", email="another@city.example", email_verified=True)
    peer.knows("thief", email=MAIL, email_verified=True)
    async with front.client() as again, front.client() as thief:
        assert await come(again, "chen") == "/"
        assert await come(thief, "thief") == "/?login=oidc_unknown"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "east", "email_verified": True},  # an account that nobody invited to come this way
        {"email": MAIL},
        {"email": MAIL, "email_verified": False},
        {"preferred_username": MAIL},
        {},
    ],
)
async def test_anybody_else_is_told_that_no_account_is_theirs(
    front: Place, peer: IdentityProvider, city: psycopg.AsyncConnection[Any], claims: dict[str, Any]
) -> None:
    await invite(front)
    peer.knows("stranger", **claims)
    async with front.client() as client:
        assert await come(client, "stranger") == "/?login=oidc_unknown"
        assert (await client.get("/api/me")).status_code == 401
    row = await city.execute("SELECT detail->>'why' FROM audit WHERE action = 'account.login_failed'")
    assert await row.fetchall() == [("single_sign_on",)]


async def test_the_answer_to_another_browser_is_not_taken(front: Place, peer: IdentityProvider) -> None:
    """Else somebody could send a link that logs its reader in as somebody else."""
    await invite(front)
    peer.knows("chen", email=MAIL, email_verified=True)
    async with front.client() as mine, front.client() as theirs:
        back = await way_back(mine, "chen")
        assert (await theirs.get(back)).headers["location"] == "/?login=oidc_failed"
        await theirs.get("/api/login/oidc")
        assert (await theirs.get(back)).headers["location"] == "/?login=oidc_failed"
        assert (await mine.get(back)).headers["location"] == "/"
        assert (await mine.get(back)).headers["location"] == "/?login=oidc_failed"


async def test_the_cookie_of_the_way_is_short_lived_and_out_of_reach(front: Place) -> None:
    async with front.client() as client:
        cookie = (await client.get("/api/login/oidc")).headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "max-age=600", "path=/api/login/oidc"))


async def test_refusing_there_leads_back_to_the_log_in_page(front: Place) -> None:
    async with front.client() as client:
        await client.get("/api/login/oidc")
        back = await client.get("/api/login/oidc/callback?error=access_denied&state=x")
    assert back.headers["location"] == "/?login=oidc_failed"


async def test_a_state_that_is_no_state_leads_back_to_the_log_in_page(front: Place) -> None:
    async with front.client() as client:
        await client.get("/api/login/oidc")
        back = await client.get("/api/login/oidc/callback?code=x&state=%E9%97%A8")
    assert back.headers["location"] == "/?login=oidc_failed"


async def test_our_second_factor_is_asked_unless_theirs_was_shown(front: Place, peer: IdentityProvider) -> None:
    await invite(front)
    peer.knows("chen", email=MAIL, email_verified=True)
    async with front.client() as client:
        await come(client, "chen")
        app = TOTP((await client.post("/api/me/totp")).json()["secret"])
        code = app.at(now(), counter_offset=-1)
        assert (await client.post("/api/me/totp/confirm", json={"code": code})).status_code == 200
    async with front.client() as client:
        assert await come(client, "chen") == "/?login=oidc_code"
        assert (await client.get("/api/me")).status_code == 401
        wrong = await client.post("/api/login/oidc/code", json={"code": "000000"})
        right = await client.post("/api/login/oidc/code", json={"code": app.at(now())})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "second_factor")
        assert (right.status_code, right.json()["account"]["via"]) == (200, "oidc")
    async with front.client() as nobody:
        assert (await nobody.post("/api/login/oidc/code", json={"code": "000000"})).status_code == 401
    peer.knows("chen", email=MAIL, email_verified=True, amr=["pwd", "mfa"])
    async with front.client() as client:
        assert await come(client, "chen") == "/"


async def test_a_provider_that_is_away_leaves_the_password(database: str, city: psycopg.AsyncConnection[Any]) -> None:
    port = free_port()
    away = settings_of(f"http://127.0.0.1:{free_port()}", port)
    async with a_dashboard(database, port=port, single_sign_on=away) as place, place.client() as client:
        assert (await client.get("/api/login/oidc")).headers["location"] == "/?login=oidc_away"
        answer = await client.post("/api/login", json={"name": "east", "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["gridwarden", "another"]},  # of several, azp must say that it was made for us
        {"azp": "another-client"},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
    ],
)
def test_an_id_token_that_is_not_for_us_is_not_believed(changed: dict[str, Any]) -> None:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    with pytest.raises(NotBelieved):
        a_provider().verified(signed(key, changed), keys_of(key), "n")


def test_an_id_token_signed_by_anybody_is_not_believed() -> None:
    key, other = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
    provider = a_provider()
    assert provider.verified(signed(key, {}), keys_of(key), "n")["sub"] == "chen"
    unsigned = "eyJhbGciOiJub25lIn0." + signed(key, {}).split(".")[1] + "."
    for token in (signed(other, {}), unsigned, "no token at all"):
        with pytest.raises(NotBelieved):
            provider.verified(token, keys_of(key), "n")


def a_provider() -> Provider:
    settings = replace(settings_of("https://id.example", 1), second_factors=("mfa",))
    return Provider(settings, Seal(b"any"), clock=now)


def signed(key: RSAKey, changed: dict[str, Any]) -> str:
    at = int(now().timestamp())
    claims = {"iss": "https://id.example", "aud": "gridwarden", "sub": "chen", "nonce": "n", "iat": at, "exp": at + 60}
    claims = {name: value for name, value in (claims | changed).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


def keys_of(key: RSAKey) -> dict[str, Any]:
    return dict(KeySet([key]).as_dict(private=False))
