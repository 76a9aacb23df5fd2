"""The identity provider as the settings name it."""

from urllib.parse import urlsplit

from dashboard.security.single_sign_on import SingleSignOn
from gridwarden.settings import Settings

CALLBACK = "/api/login/oidc/callback"
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class SignOnError(Exception):
    """Single sign-on is set up by half; the message says what is missing."""


def single_sign_on(settings: Settings, *, public_url: str) -> SingleSignOn | None:
    """Return the provider, None without one; raises SignOnError."""
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise SignOnError("single sign-on needs GRIDWARDEN_OIDC_CLIENT_ID beside GRIDWARDEN_OIDC_ISSUER")
    address = urlsplit(settings.oidc_issuer)
    if address.scheme != "https" and address.hostname not in HERE:
        raise SignOnError("GRIDWARDEN_OIDC_ISSUER must begin with https://: log-ins would be read on the way")
    secret = settings.oidc_client_secret
    return SingleSignOn(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        name=settings.oidc_name,
        redirect=settings.oidc_redirect or public_url.rstrip("/") + CALLBACK,
        match=settings.oidc_match,
        second_factors=tuple(settings.oidc_second_factors.split()),
    )
