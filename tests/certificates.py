"""A certificate for 127.0.0.1 that nobody but the test trusts."""

import subprocess
from pathlib import Path


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return PEM files of a new certificate and its key, valid for a day."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(  # noqa: S603 - our own words
        ["openssl", *kind, *named, "-keyout", str(key), "-out", str(certificate)],  # noqa: S607 - Debian's
        check=True,
        capture_output=True,
    )
    return certificate, key
