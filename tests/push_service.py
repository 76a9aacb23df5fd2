"""A stranger's push service and the browsers behind it: strict, by the standards' words alone; nothing of ours is used.

It refuses a message without TTL, with a topic that is none, with a token that is not signed by the key that the browser
subscribed with, for another service, or outside its time; and it opens each message with the browser's private key.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
URGENCIES = {"very-low", "low", "normal", "high"}
CREDENTIALS = re.compile(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=([\w-]+)")
DAY_S = 86_400


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Browser:
    """One that is subscribed: its address at the service, its keys, and the server's key it was subscribed with."""

    path: str
    server_key: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def opened(self, body: bytes) -> bytes:
        """Decrypt by RFC 8188 and 8291; raises for anything that is not exactly so."""
        salt, record_size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert (length, record_size >= len(sealed)) == (65, True)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        secret = derived(self.auth, shared, b"WebPush: info\x00" + self.point + sender, 32)
        key = derived(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = derived(salt, secret, b"Content-Encoding: nonce\x00", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert plain[-1] == 2, "the last record ends with 2"
        return plain[:-1]


def derived(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """HKDF of one block, by RFC 5869."""
    extracted = hmac.digest(salt, material, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]


@dataclass(frozen=True)
class Pushed:
    browser: Browser
    headers: dict[str, str]
    said: dict[str, Any]


class PushService:
    """`clock` is the time it judges tokens by. `answers` are given to the next requests in place of 201."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.browsers: dict[str, Browser] = {}
        self.pushed: list[Pushed] = []
        self.complaints: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.origin = ""

    def browser(self, server_key: str) -> Browser:
        made = Browser(path=f"/push/{secrets.token_urlsafe(16)}", server_key=server_key)
        self.browsers[made.path] = made
        return made

    def subscription(self, browser: Browser) -> dict[str, Any]:
        """Return what PushSubscription.toJSON() says."""
        keys = {"p256dh": packed(browser.point), "auth": packed(browser.auth)}
        return {"endpoint": self.origin + browser.path, "expirationTime": None, "keys": keys}

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        browser = self.browsers.get(path)
        if browser is None:
            return 404, {}, "no such subscription"
        try:
            self._check(headers, browser)
            assert len(body) <= 4096, "too long"
            plain = browser.opened(body)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the sender is told
            self.complaints.append(f"{type(wrong).__name__}: {wrong}")
            return 403, {}, str(wrong)
        if self.answers:
            status, more = self.answers.pop(0)
            if status != 201:
                return status, more, "as the test wishes"
        self.pushed.append(Pushed(browser, headers, json.loads(plain)))
        return 201, {"Location": f"{self.origin}/message/{len(self.pushed)}"}, ""

    def _check(self, headers: dict[str, str], browser: Browser) -> None:
        assert headers.get("content-encoding") == "aes128gcm", "content-encoding"
        assert headers.get("ttl", "").isdigit(), "TTL"
        assert headers.get("urgency", "normal") in URGENCIES, "urgency"
        assert re.fullmatch(r"[\w-]{1,32}", headers.get("topic", "x")), "topic"
        found = CREDENTIALS.fullmatch(headers.get("authorization", ""))
        assert found, "authorization"
        head, claims, signature, key = found.groups()
        assert key == browser.server_key, "another key than the one subscribed with"
        self._check_token(head, claims, signature, key)

    def _check_token(self, head: str, claims: str, signature: str, key: str) -> None:
        assert json.loads(unpacked(head))["alg"] == "ES256", "alg"
        raw = unpacked(signature)
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unpacked(key))
        try:
            both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
            point.verify(both, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
        except InvalidSignature as forged:
            raise AssertionError("signature") from forged
        said, now_s = json.loads(unpacked(claims)), self.clock().timestamp()
        assert said["aud"] == self.origin, "aud"
        assert now_s < said["exp"] <= now_s + DAY_S, "exp"
        assert said["sub"].startswith(("mailto:", "https:")), "sub"


@contextlib.contextmanager
def push_service(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Generator[PushService]:
    service = PushService(clock)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, text = service.take(self.path, headers, body)
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="push service")
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
