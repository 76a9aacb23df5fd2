"""The certificate that the listening door shows to terminals, and those that it asks terminals for."""

import ssl
from pathlib import Path


class CertificateError(Exception):
    """The door cannot speak TLS with what was given; the message says what is wrong with which file."""


def door_tls(
    certificate: Path | None, key: Path | None, *, client_ca: Path | None = None, needs_client: bool = False
) -> ssl.SSLContext | None:
    """Return TLS for a server, or None when no certificate is given. The key may stand in the certificate's file.

    A terminal with a certificate that `client_ca` signed is known by it; with `needs_client` none comes without.

    Raises CertificateError for a file that is missing or not PEM, and for a key that is not the certificate's.
    """
    if certificate is None:
        if key is not None:
            raise CertificateError(f"{key} is the key of which certificate? Give --tls-certificate too")
        if client_ca is not None or needs_client:
            raise CertificateError("terminals show certificates over TLS only: give --tls-certificate too")
        return None
    for path, option in ((certificate, "certificate"), (key, "key"), (client_ca, "client-ca")):
        if path is not None and not path.is_file():
            raise CertificateError(f"there is no file {path}: give a PEM file with --tls-{option}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 or later
    try:
        # Without the empty password, OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        files = certificate if key is None else f"{certificate} and {key}"
        raise CertificateError(f"{files}: no certificate with its unencrypted private key in PEM ({error})") from error
    _ask_clients(context, client_ca, needs_client=needs_client)
    return context


def _ask_clients(context: ssl.SSLContext, client_ca: Path | None, *, needs_client: bool) -> None:
    if client_ca is None:
        if needs_client:
            raise CertificateError("--tls-client-required: who signs the certificates? Give --tls-client-ca too")
        return
    try:
        context.load_verify_locations(client_ca)
    except (OSError, ValueError) as error:
        raise CertificateError(f"{client_ca}: no certificate authority in PEM ({error})") from error
    context.verify_mode = ssl.CERT_REQUIRED if needs_client else ssl.CERT_OPTIONAL
