"""Keys made from the installation's secret: what the tables hold sealed is of no use to who steals a copy of them."""

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES: Final = 12  # the size AES-GCM is made for (NIST SP 800-38D)


class Seal:
    """`purpose` binds what is sealed to its use and its owner: moved to another row, it opens no more."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(_derived(secret, b"gridwarden seal"))
        self._key = _derived(secret, b"gridwarden digest")

    def close(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> bytes | None:
        """Return what was sealed; None for anything that was not sealed here for this purpose."""
        if len(sealed) <= NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
        except InvalidTag:
            return None

    def digest(self, text: str, *, purpose: str) -> bytes:
        """Return a keyed hash (HMAC-SHA-256), for codes too short to be safe under a plain one."""
        return hmac.digest(self._key, f"{purpose}\0{text}".encode(), hashlib.sha256)


def _derived(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
