"""Signed documents: verified by a trusted certificate, called unchecked without one, refused when they were altered."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from signxml.signer import XMLSigner

from alerts.core import cap_signatures
from alerts.core.cap_signatures import Checked, Signature
from alerts.core.errors import BadDocument
from tests.core.alerts.test_cap_in import a_document

etree: Any = import_module("lxml.etree")  # it has no types
NOON: Final = datetime(2026, 7, 20, 4, 0, tzinfo=UTC)


@cache
def a_key(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and its certificate, good for a day around noon."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(17)
        .not_valid_before(NOON - timedelta(hours=12))
        .not_valid_after(NOON + timedelta(hours=12))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def signed(document: bytes, name: str = "气象台", **how: Any) -> bytes:
    key, certificate = a_key(name)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signer = XMLSigner(signature_algorithm="ecdsa-sha256")
    root: Any = signer.sign(etree.fromstring(document), key=pem, cert=[certificate], **how)
    return etree.tostring(root)


def check(document: bytes, *trusted: str, now: datetime = NOON) -> Checked:
    return cap_signatures.check(document, trusted=[a_key(name)[1] for name in trusted], now=now)


def test_a_document_without_a_signature_is_taken_as_it_is() -> None:
    assert check(a_document(), "气象台").signature is Signature.NONE


def test_a_signature_that_nobody_can_check_is_said_to_be_unchecked() -> None:
    assert check(signed(a_document())).signature is Signature.UNCHECKED


def test_a_signature_by_one_of_the_trusted_certificates_is_verified() -> None:
    found = check(signed(a_document()), "水利局", "气象台")
    assert (found.signature, found.signer) == (Signature.VERIFIED, "气象台")
    assert found.message.infos[0].event == "暴雨"


@pytest.mark.parametrize(
    "altered",
    [
        signed(a_document())
        .replace("暴雨".encode(), "大风".encode())
        .replace(b"&#26292;&#38632;", b"&#22823;&#39118;"),
        signed(a_document()).replace(b"Severe", b"Extreme"),
        signed(a_document()).replace(b"<sender>", b"<sender>x"),
        signed(a_document(), "somebody"),
    ],
)
def test_a_document_that_was_altered_or_signed_by_somebody_else_is_refused(altered: bytes) -> None:
    with pytest.raises(BadDocument, match="signature is not good"):
        check(altered, "气象台")


def test_a_certificate_that_has_expired_vouches_for_nothing() -> None:
    with pytest.raises(BadDocument, match="signature is not good"):
        check(signed(a_document()), "气象台", now=NOON + timedelta(days=1))


def test_a_signature_over_a_part_does_not_cover_the_rest() -> None:
    """A good message within a forged one, whose signature points at the good one alone."""
    good = a_document().replace(b"<alert ", b'<alert Id="good" ', 1)
    forged = a_document().replace("暴雨".encode(), "大风".encode())
    whole = signed(forged.replace(b"</alert>", good + b"</alert>", 1), reference_uri="good")
    with pytest.raises(BadDocument, match="part of it only"):
        check(whole, "气象台")


@pytest.mark.parametrize(
    "broken", ["<SignedInfo/>", "", "x" * 50, "<SignedInfo><CanonicalizationMethod Algorithm='no'/></SignedInfo>"]
)
def test_a_signature_that_is_none_is_refused(broken: str) -> None:
    element = f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">{broken}</Signature></alert>'
    with pytest.raises(BadDocument, match="signature is not good"):
        check(a_document().replace(b"</alert>", element.encode()), "气象台")


def test_a_file_without_a_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        cap_signatures.certificates(b"no certificate")
