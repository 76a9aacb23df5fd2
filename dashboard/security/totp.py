"""One-time codes of an authenticator app (RFC 6238) and recovery codes. Time and memory come in as arguments."""

import base64
import hmac
import secrets
from datetime import datetime
from io import BytesIO
from typing import Final

import segno
from pyotp import random_base32
from pyotp.totp import TOTP

STEP_S: Final = 30
WINDOW: Final = 1  # steps before and after: clocks of telephones are up to half a minute off
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10  # 80 random bits, 16 characters
ISSUER: Final = "Gridwarden"


def new_secret() -> str:
    """Return 160 random bits in base32, as RFC 4226 recommends."""
    return random_base32()


def uri_of(secret: str, *, account: str) -> str:
    """Return what the app reads from the QR code."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def qr_svg(uri: str) -> str:
    """Return a QR code as an SVG document without fixed size."""
    drawn = BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", border=2, xmldecl=False, omitsize=True)
    return drawn.getvalue().decode()


def step_of(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def accepted_step(secret: str, code: str, *, at: datetime, last_step: int) -> int | None:
    """Return the time step that `code` belongs to; None for a wrong code, and for one no newer than `last_step`.

    A code is accepted once (RFC 6238, 5.2): who reads it over a shoulder cannot use it again.
    """
    codes, now = TOTP(secret), step_of(at)
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(codes.generate_otp(step).encode(), code.encode()) and step > last_step:
            return step
    return None


def new_recovery_codes() -> list[str]:
    return [_grouped(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def plain(code: str) -> str:
    """Return a code as it is compared: people type spaces, dashes and small letters."""
    return "".join(code.split()).replace("-", "").upper()


def _grouped(raw: bytes) -> str:
    text = base64.b32encode(raw).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
