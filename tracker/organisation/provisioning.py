"""What a new terminal needs to know, as text, as files and as a QR code; shown once, to whoever asked for it.

A credential is a pure function of code, secret and the door's public address. The database keeps the secret's hash.
"""

import base64
import io
import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import segno

from tracker.organisation.errors import Unknown
from tracker.store.terminals import rotate

MQTT_PORT: Final = 1883
MQTTS_PORT: Final = 8883
PHONE: Final = "phone"  # the device of owntracks/{user}/{device}
USUAL_INTERVAL_S: Final = 30
_LONGEST_CLIENT_ID: Final = (
    23  # letters and digits: what every MQTT server must take (3.1.1, 3.1.3.1), and what iOS sends
)
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)
_UP: Final = ("pos", "nmea", "sos", "status", "ack")
_DOWN: Final = ("stored", "alert", "cmd")

Connection = psycopg.AsyncConnection[Any]


class DoorAddressError(ValueError):
    """The terminals' public address cannot be used; the message says what it should look like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDoor:
    """Where terminals connect, as they see it from outside."""

    host: str
    port: int
    is_tls: bool

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{host}:{self.port}"


def door_of(url: str) -> PublicDoor:
    """Parse `mqtt://host[:1883]` or `mqtts://host[:8883]`. Raises DoorAddressError."""
    wish = "write mqtts://gps.example.org:8883, or mqtt:// without TLS"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise DoorAddressError(f"terminals' address {url!r}: {error}; {wish}") from error
    is_host = _HOST.fullmatch(parts.hostname or "") is not None
    if parts.scheme not in {"mqtt", "mqtts"} or not is_host or parts.username is not None:
        raise DoorAddressError(f"terminals' address {url!r}: {wish}")
    is_tls = parts.scheme == "mqtts"
    return PublicDoor(host=parts.hostname or "", port=port or (MQTTS_PORT if is_tls else MQTT_PORT), is_tls=is_tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One terminal's secret in every form that somebody may carry to it."""

    terminal: str
    secret: str
    url: str  # of the door
    otrc: dict[str, Any]  # a configuration file of the OwnTracks app
    otrc_url: str  # the same as a link that opens the app
    qr_svg: str  # that link, to be photographed
    config: dict[str, Any]  # what any other MQTT terminal needs


def credential_of(code: str, secret: str, door: PublicDoor, *, interval_s: int | None = None) -> Credential:
    otrc = owntracks(code, secret, door, interval_s=interval_s)
    link = owntracks_link(otrc)
    return Credential(
        terminal=code,
        secret=secret,
        url=door.url,
        otrc=otrc,
        otrc_url=link,
        qr_svg=qr_svg(link),
        config=generic(code, secret, door, interval_s=interval_s),
    )


def owntracks(code: str, secret: str, door: PublicDoor, *, interval_s: int | None) -> dict[str, Any]:
    """Return the app's configuration. Source: the OwnTracks booklet, JSON, `_type=configuration`."""
    return {
        "_type": "configuration",
        "mode": 0,  # MQTT
        "host": door.host,
        "port": door.port,
        "tls": door.is_tls,
        "mqttProtocolLevel": 4,  # 3.1.1; the app's default is 3.1
        "auth": True,
        "username": code,
        "password": secret,
        "deviceId": PHONE,
        "clientId": client_id_of(code),
        "tid": code[-2:],
        "pubTopicBase": "owntracks/%u/%d",
        "pubQos": 1,
        "cleanSession": False,  # alerts wait for a phone that is away
        "monitoring": 2,  # "move": reports by time, not only after 500 m
        "locatorInterval": interval_s or USUAL_INTERVAL_S,
    }


def owntracks_link(otrc: dict[str, Any]) -> str:
    """Return owntracks:///config?inline=<base64>, which needs no escaping.

    Base64 of ASCII without `>`, `?` and `~` has neither `+` nor `/`; spaces behind the JSON spare the `=`.
    """
    text = json.dumps(otrc, separators=(",", ":"))
    padded = text + " " * (-len(text) % 3)
    return f"owntracks:///config?inline={base64.b64encode(padded.encode('ascii')).decode()}"


def generic(code: str, secret: str, door: PublicDoor, *, interval_s: int | None) -> dict[str, Any]:
    """Return what an MQTT terminal of any make needs: docs/protocol.md, filled in."""
    own = f"gw/v1/t/{code}/"
    return {
        "host": door.host,
        "port": door.port,
        "tls": door.is_tls,
        "username": code,
        "password": secret,
        "client_id": client_id_of(code),
        "qos": 1,
        "interval_s": interval_s or USUAL_INTERVAL_S,
        "publish": {word: own + word for word in _UP},
        "subscribe": {word: own + word for word in _DOWN},
        "last_will": {"topic": own + "status", "payload": "offline", "retain": True},
    }


def client_id_of(code: str) -> str:
    """Return letters and digits of the code that every server and app takes; it need not be unique over terminals."""
    return "".join(letter for letter in code if letter.isalnum())[-_LONGEST_CLIENT_ID:] or PHONE


def qr_svg(text: str) -> str:
    """Return a QR code as SVG that scales with its box. Correction level L: fewer, larger squares on a clean screen."""
    drawn = io.BytesIO()
    segno.make(text, error="l", boost_error=False, micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff"
    )
    return drawn.getvalue().decode().strip()


async def issue(connection: Connection, code: str, *, door: PublicDoor, interval_s: int | None = None) -> Credential:
    """Give an open terminal a new secret; the old one ends with the transaction. Raises Unknown."""
    secret = await rotate(connection, code)
    if secret is None:
        raise Unknown(f"there is no terminal {code!r} in use: it may be retired", f"没有在用的终端 {code}：可能已报废")
    return credential_of(code, secret, door, interval_s=interval_s)
