"""The certificate that the listening door shows to terminals."""

import ssl
from pathlib import Path


class CertificateError(Exception):
    """The door cannot speak TLS with what was given; the message says what is wrong with which file."""


def door_tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return TLS for a server, or None when no certificate is given. The key may stand in the certificate's file.

    Raises CertificateError for a file that is missing or not PEM, and for a key that is not the certificate's.
    """
    if certificate is None:
        if key is not None:
            raise CertificateError(f"{key} is the key of which certificate? Give --tls-certificate too")
        return None
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise CertificateError(f"there is no file {path}: give a PEM file with --tls-certificate and --tls-key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 or later
    try:
        # Without the empty password, OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        files = certificate if key is None else f"{certificate} and {key}"
        raise CertificateError(f"{files}: no certificate with its unencrypted private key in PEM ({error})") from error
    return context
