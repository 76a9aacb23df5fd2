"""Logging in at the city's own identity provider: OpenID Connect, authorization code flow with PKCE.

What may go wrong there is one of two exceptions: the provider is away, or what it says is not to be believed. Neither
touches the way by password.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboard.security.seal import Seal

TIMEOUT_S: Final = 10.0  # of one log-in: three requests
LIFETIME: Final = timedelta(minutes=10)  # between going there and coming back
KEPT_S: Final = 300.0  # of what the provider says of itself
LEEWAY_S: Final = 60  # two servers' clocks
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")  # never `none`, never a shared secret
STATE: Final = "single sign-on state"


class ProviderAway(Exception):  # noqa: N818 - an answer, not an accident
    """The identity provider does not answer, or not as one."""


class NotBelieved(Exception):  # noqa: N818 - an answer, not an accident
    """What came back is not the answer to what was asked, or its proof does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSignOn:
    """One identity provider, as the operator configured it."""

    issuer: str
    client_id: str
    client_secret: str | None
    name: str  # on the log-in page
    redirect: str  # our address of /api/login/oidc/callback, as the provider knows it
    match: str = "email"  # the claim that must equal an invited account's name the first time
    second_factors: Collection[str] = ("mfa",)  # values of amr or acr that count as one


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What we remember between going and coming back, sealed in the browser's cookie."""

    state: str
    nonce: str
    verifier: str  # PKCE, RFC 7636
    until: float  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is."""

    issuer: str
    subject: str
    name: str | None  # the claim to match an account's name with; None when it is missing or not verified
    has_second_factor: bool


class Provider:
    """Talks to the identity provider. `clock` returns the time now, aware UTC."""

    def __init__(self, settings: SingleSignOn, seal: Seal, *, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._seal = seal
        self._clock = clock
        self._facts: tuple[float, Mapping[str, Any]] | None = None  # read at, what

    async def begin(self) -> tuple[str, str]:
        """Return where to send the browser, and the cookie to give it; raises ProviderAway."""
        started = Started(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            until=(self._clock() + LIFETIME).timestamp(),
        )
        async with _client() as client:
            facts = await self._discover(client)
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect,
            "scope": "openid profile email",
            "state": started.state,
            "nonce": started.nonce,
            "code_challenge": _challenge(started.verifier),
            "code_challenge_method": "S256",
        }
        address = _text(facts, "authorization_endpoint")
        separator = "&" if "?" in address else "?"
        return f"{address}{separator}{urlencode(asked)}", self._cookie(started)

    async def finish(self, *, cookie: str, state: str, code: str) -> Identity:
        """Return who came back; raises NotBelieved or ProviderAway."""
        started = self._started(cookie)
        if started is None or not secrets.compare_digest(started.state.encode(), state.encode()):
            raise NotBelieved("the state is not ours")
        async with _client() as client:
            facts = await self._discover(client)
            token = await self._redeem(client, _text(facts, "token_endpoint"), code, started.verifier)
            keys = await _fetch(client, _text(facts, "jwks_uri"))
        return self._identity(await asyncio.to_thread(self.verified, token, keys, started.nonce))

    async def _discover(self, client: httpx.AsyncClient) -> Mapping[str, Any]:
        """Return what the provider says of itself, kept for a while: anybody may press the button."""
        now_s = self._clock().timestamp()
        if self._facts is not None and now_s - self._facts[0] < KEPT_S:
            return self._facts[1]
        facts = await _fetch(client, self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if facts.get("issuer") != self.settings.issuer:  # OpenID Connect Discovery 1.0, 4.3
            raise ProviderAway(f"{self.settings.issuer} calls itself {facts.get('issuer')}: set that as the issuer")
        self._facts = now_s, facts
        return facts

    async def _redeem(self, client: httpx.AsyncClient, address: str, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        answer = await _ask(client, "POST", address, form, self._login())
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderAway(f"{address} answered {answer.status_code}")
        if answer.status_code != HTTPStatus.OK:
            raise NotBelieved(f"the code was refused with {answer.status_code}")
        return _text(_object(answer), "id_token")

    def _login(self) -> tuple[str, str] | None:
        """Return the client's name and secret, encoded as RFC 6749 2.3.1 asks for; None for a public client."""
        secret = self.settings.client_secret
        return None if secret is None else (quote_plus(self.settings.client_id), quote_plus(secret))

    def verified(self, token: str, keys: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Verify an id_token by OpenID Connect Core 1.0, 3.1.3.7; raises NotBelieved."""
        settings = self.settings
        rules = jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(cast("Any", keys)), algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as wrong:
            raise NotBelieved(f"the id_token does not hold: {wrong}") from wrong
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else settings.client_id) != settings.client_id:
            raise NotBelieved("the id_token was made for another client")
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        amr = claims.get("amr")
        proofs = {str(one) for one in cast("list[object]", amr)} if isinstance(amr, list) else set[str]()
        return Identity(
            issuer=self.settings.issuer,
            subject=str(claims["sub"]),
            name=_name_in(claims, self.settings.match),
            has_second_factor=bool((proofs | {str(claims.get("acr"))}) & set(self.settings.second_factors)),
        )

    def _cookie(self, started: Started) -> str:
        sealed = self._seal.close(msgspec.json.encode(started), purpose=STATE)
        return base64.urlsafe_b64encode(sealed).decode()

    def _started(self, cookie: str) -> Started | None:
        try:
            plain = self._seal.open(base64.urlsafe_b64decode(cookie), purpose=STATE)
        except ValueError:
            return None
        if plain is None:
            return None
        started = msgspec.json.decode(plain, type=Started)
        return started if started.until > self._clock().timestamp() else None


def _name_in(claims: Mapping[str, Any], match: str) -> str | None:
    """Return the claim to match by; an e-mail address that the provider did not verify is nobody's."""
    if match == "email" and claims.get("email_verified") is not True:
        return None
    name = claims.get(match)
    return name if isinstance(name, str) and name else None


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)


async def _fetch(client: httpx.AsyncClient, address: str) -> Mapping[str, Any]:
    answer = await _ask(client, "GET", address)
    if answer.status_code != HTTPStatus.OK:
        raise ProviderAway(f"{address} answered {answer.status_code}")
    return _object(answer)


async def _ask(
    client: httpx.AsyncClient,
    method: str,
    address: str,
    form: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
) -> httpx.Response:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await client.request(method, address, data=form, auth=login)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as away:
        raise ProviderAway(f"{address} does not answer: {type(away).__name__}") from away


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError as wrong:
        raise ProviderAway(f"{answer.url.host} answered no JSON") from wrong
    if not isinstance(found, dict):
        raise ProviderAway(f"{answer.url.host} answered something else than an object")
    return cast("Mapping[str, Any]", found)


def _text(facts: Mapping[str, Any], name: str) -> str:
    found = facts.get(name)
    if not isinstance(found, str):
        raise ProviderAway(f"the identity provider does not say its {name}")
    return found
