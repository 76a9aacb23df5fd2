"""Certificates that nobody but the test trusts: for 127.0.0.1, and for terminals."""

import subprocess
from pathlib import Path


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return PEM files of a new certificate and its key, valid for a day."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    _openssl(*kind, *named, "-keyout", str(key), "-out", str(certificate))
    return certificate, key


def authority(folder: Path, name: str = "authority") -> tuple[Path, Path]:
    """Return PEM files of a certificate authority and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    _openssl(*kind, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate))
    return certificate, key


def signed(folder: Path, by: tuple[Path, Path], *, name: str) -> tuple[Path, Path]:
    """Return PEM files of a certificate of `name` that the authority signed, and of its key."""
    certificate, key, request = folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}.csr"
    kind = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/O=city/CN={name}"]
    _openssl(*kind, "-keyout", str(key), "-out", str(request))
    sign = ["x509", "-req", "-in", str(request), "-CA", str(by[0]), "-CAkey", str(by[1]), "-CAcreateserial"]
    _openssl(*sign, "-days", "1", "-out", str(certificate))
    return certificate, key


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)  # noqa: S603, S607 - Debian's, our own words
