"""The weather services as the settings name them: their feeds, and the certificates that sign what they send."""

from datetime import timedelta
from urllib.parse import urlsplit

from alerts.core.cap_signatures import Trusted, certificates
from alerts.fetching import Feeds
from gridwarden.settings import Settings


class WeatherError(Exception):
    """The services are set up wrongly; the message says what and where."""


def feeds(settings: Settings) -> Feeds | None:
    """Return the feeds to fetch, None without one; raises WeatherError."""
    addresses = tuple(dict.fromkeys(settings.cap_feeds.split()))
    for address in addresses:
        try:
            parts = urlsplit(address)
        except ValueError as wrong:
            raise WeatherError(f"GRIDWARDEN_CAP_FEEDS: {address} is no address ({wrong})") from wrong
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise WeatherError(f"GRIDWARDEN_CAP_FEEDS: {address} must begin with https:// or http:// and name a host")
    if not addresses:
        return None
    hosts = frozenset(host.lower() for host in settings.cap_hosts.split())
    return Feeds(addresses=addresses, every=timedelta(seconds=settings.cap_every_s), hosts=hosts)


def trusted(settings: Settings) -> Trusted:
    """Return the certificates that signatures are checked by; raises WeatherError for a file that holds none."""
    path = settings.cap_certificates
    if path is None:
        return ()
    try:
        return certificates(path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise WeatherError(f"GRIDWARDEN_CAP_CERTIFICATES: {path} holds no certificate in PEM ({wrong})") from wrong
