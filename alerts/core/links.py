"""Signed acknowledgement links: whoever holds one answers one alert for one person, until it expires.

Token: base64url of alert id (16 bytes), member (4), expiry (4, unix seconds), and the first 16 bytes of
HMAC-SHA256 over them: 54 characters, because it travels in an SMS. It opens nothing but that one answer.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

CLAIMS: Final = struct.Struct(">16sII")
SIGNATURE_BYTES: Final = 16  # 128 bits: a guess a nanosecond would take longer than the universe


class BadLink(Exception):  # noqa: N818 - the answer to a visitor, not an accident
    """The link was not made by us, or was damaged on the way."""


class LinkExpired(BadLink):
    """The link was ours, and its time is over."""


@dataclass(frozen=True, slots=True)
class Link:
    alert: UUID
    member: int
    expires_at: datetime


def sign(link: Link, *, secret: bytes) -> str:
    """Return the token of a link."""
    claims = CLAIMS.pack(link.alert.bytes, link.member, int(link.expires_at.timestamp()))
    return _spelled(claims + _signature(claims, secret))


def read(token: str, *, secret: bytes, now: datetime) -> Link:
    """Return the link of a token; raises BadLink, or LinkExpired at and after its expiry.

    A token has one spelling: the last character's four bits that say nothing must be 0 (RFC 4648, section 3.5).
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as broken:
        raise BadLink("this is not one of our links") from broken
    claims, signature = raw[: CLAIMS.size], raw[CLAIMS.size :]
    is_ours = len(claims) == CLAIMS.size and hmac.compare_digest(signature, _signature(claims, secret))
    if not is_ours or _spelled(raw) != token:
        raise BadLink("this is not one of our links")
    alert, member, expires_s = CLAIMS.unpack(claims)
    link = Link(UUID(bytes=alert), member, datetime.fromtimestamp(expires_s, UTC))
    if now >= link.expires_at:
        raise LinkExpired(f"this link expired at {link.expires_at:%Y-%m-%d %H:%M} UTC")
    return link


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(claims: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"gridwarden acknowledgement\x00" + claims, hashlib.sha256)[:SIGNATURE_BYTES]
