"""Secrets of terminals and passwords of accounts: made, hashed and checked here and nowhere else."""

import hashlib
import hmac
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SALT_BYTES: Final = 12  # Mosquitto 2.0 reads no salt of another length from its password file
_EARLIER_HASH_BYTES: Final = 32
_passwords: Final = PasswordHasher()  # argon2id with the library's parameters (RFC 9106, low-memory): about 40 ms


def new_secret() -> str:
    """Return 128 random bits in hexadecimal: a terminal's MQTT password."""
    return secrets.token_hex(16)


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def hash_secret(secret: str, salt: bytes) -> bytes:
    """Return SHA-512(secret || salt), as in a Mosquitto password file: 1.2 us, so a city can reconnect (ADR 13)."""
    return hashlib.sha512(secret.encode() + salt).digest()


def verify(secret: str, *, salt: bytes, secret_hash: bytes) -> bool:
    """Whether `secret` is the one hashed, in constant time; rows of an earlier release hold SHA-256(salt || secret)."""
    if len(secret_hash) == _EARLIER_HASH_BYTES:
        return hmac.compare_digest(hashlib.sha256(salt + secret.encode()).digest(), secret_hash)
    return hmac.compare_digest(hash_secret(secret, salt), secret_hash)


def new_password() -> str:
    """Return a password of 96 random bits that can be read out and typed: four groups of hexadecimal."""
    text = secrets.token_hex(12)
    return "-".join(text[start : start + 6] for start in range(0, 24, 6))


def hash_password(password: str) -> str:
    """Return an argon2id hash with its parameters. Takes 40 ms and 64 MiB: call it in a thread."""
    return _passwords.hash(password)


def verify_password(password: str, password_hash: str) -> bool:
    """Whether `password` is the one hashed; False for a hash of another kind. Costs as much as hashing."""
    try:
        return _passwords.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
