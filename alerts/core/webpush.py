"""Web Push as its standards have it: a message encrypted for one subscription, and the sender's word on who it is.

Sources: RFC 8291 (Message Encryption for Web Push), RFC 8188 (the content coding aes128gcm, one record), RFC 8292
(VAPID). The push service carries the message and cannot read it. Randomness and time are arguments.
"""

import base64
import binascii
import struct
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from alerts.core.errors import BadContent
from alerts.core.words import Words

CURVE: Final = ec.SECP256R1()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: FIPS 186-4, D.1.2.3
POINT_BYTES: Final = 65  # uncompressed
AUTH_BYTES: Final = 16
RECORD_BYTES: Final = 4096  # what every push service must take (RFC 8030, section 7.2)
HEADER: Final = struct.Struct(">16sIB")  # salt, record size, length of the sender's key
LAST_RECORD: Final = b"\x02"
TAG_BYTES: Final = 16
MOST_PLAIN_BYTES: Final = RECORD_BYTES - HEADER.size - POINT_BYTES - TAG_BYTES - len(LAST_RECORD)  # 3,993
MOST_ENDPOINT: Final = 2_000
TOKEN_LIVES: Final = timedelta(hours=12)  # at most 24 (RFC 8292, section 2)

# Of Chrome and Edge's Chromium, Firefox, Safari, and Edge before Chromium's. A beginning dot takes all hosts below.
SERVICES: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    ".push.apple.com",
    ".notify.windows.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where a browser is pushed to, and the keys that only it can answer to."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def subscription(*, endpoint: str, p256dh: str, auth: str, services: Collection[str]) -> Subscription:
    """Parse what a browser says of itself; raises BadContent. What is no push service of ours is not called."""
    key, secret = _decoded(p256dh), _decoded(auth)
    if len(secret) != AUTH_BYTES or not _is_point(key):
        raise BadContent(
            Words(
                "浏览器给出的推送密钥无效，请重新开启通知", "the browser's push keys are no such keys: turn it on again"
            )
        )
    if len(endpoint) > MOST_ENDPOINT or not _is_of(endpoint, services):
        raise BadContent(
            Words(
                "不支持此浏览器的推送服务；短信照常发送。请换用其他浏览器，或联系管理员",
                "the push service of this browser is not among those allowed here: text messages go on; "
                "try another browser, or ask the operator",
            )
        )
    return Subscription(endpoint=endpoint, p256dh=key, auth=secret)


def encrypt(plain: bytes, to: Subscription, *, own_key: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Return the body of the request (RFC 8291, section 3.4). `own_key` and `salt` are new for every message."""
    if len(plain) > MOST_PLAIN_BYTES:
        raise ValueError(f"a message of {len(plain)} bytes is too long to push: at most {MOST_PLAIN_BYTES}")
    own_point = point_of(own_key)
    shared = own_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.p256dh))
    secret = _hkdf(shared, salt=to.auth, info=b"WebPush: info\x00" + to.p256dh + own_point, length=32)
    key = _hkdf(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _hkdf(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    sealed = AESGCM(key).encrypt(nonce, plain + LAST_RECORD, None)
    return HEADER.pack(salt, RECORD_BYTES, len(own_point)) + own_point + sealed


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVE)


def sender_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the installation's own key, always the same for the same secret: subscriptions are bound to it."""
    wide = _hkdf(secret, salt=b"", info=b"gridwarden web push", length=48)  # 128 bits more than needed: no bias
    return ec.derive_private_key(int.from_bytes(wide) % (ORDER - 1) + 1, CURVE)


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, uncompressed: what a page subscribes with."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def authorization(endpoint: str, *, key: ec.EllipticCurvePrivateKey, subject: str, now: datetime) -> str:
    """Return the header Authorization for all endpoints of one push service (RFC 8292, section 3)."""
    claims = {"aud": origin_of(endpoint), "exp": int((now + TOKEN_LIVES).timestamp()), "sub": subject}
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(key))
    return f"vapid t={token}, k={encoded(point_of(key))}"


def origin_of(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def encoded(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Return what base64url stands for; nothing for what is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_point(key: bytes) -> bool:
    if len(key) != POINT_BYTES:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key)
    except ValueError:
        return False
    return True


def _is_of(endpoint: str, services: Collection[str]) -> bool:
    """A service is a host, `.host` for all below it, or a whole origin (of tests, and of services inside a network)."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if f"{parts.scheme}://{parts.netloc}" in services:
        return True
    is_known = any(host == one or (one.startswith(".") and host.endswith(one)) for one in services)
    return is_known and parts.scheme == "https" and port in {None, 443}


def _hkdf(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)
