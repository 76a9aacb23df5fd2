"""Enveloped XML signatures of CAP documents, held against certificates that the operator trusts.

Sources: CAP 1.2, section 3.3.4; XML Signature (W3C), checked by signxml. A signature must cover all that is read, and a
certificate inside a document vouches for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - it has no types
from signxml.exceptions import InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from alerts.core import cap_in
from alerts.core.cap_in import Incoming
from alerts.core.errors import BadDocument
from alerts.core.words import Words

_IN_PART: Final = Words("数字签名只覆盖了报文的一部分，已拒绝", "its signature covers a part of it only: refused")


class Signature(StrEnum):
    NONE = "none"
    UNCHECKED = "unchecked"  # signed, and there is no certificate to check it by
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A message as it may be trusted. `signer`: whose certificate it was; empty unless verified."""

    message: Incoming
    signature: Signature
    signer: str = ""


Trusted = Sequence[x509.Certificate]
# What a hostile signature may make signxml, lxml beneath it, or base64 raise
_WRONG: Final[tuple[type[Exception], ...]] = (
    SignXMLException,
    etree.LxmlError,
    ValueError,
    KeyError,
    NotImplementedError,
    AttributeError,
    TypeError,
)


def certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file; raises ValueError where there is none."""
    return tuple(x509.load_pem_x509_certificates(pem))


def check(document: bytes, *, trusted: Trusted, now: datetime) -> Checked:
    """Read a document; raises BadDocument also for a signature that none of the trusted certificates made.

    The tree is built by alerts.core.xml_in first: a document type has been refused when lxml sees the bytes.
    """
    message = cap_in.read(document)
    if not message.is_signed:
        return Checked(message=message, signature=Signature.NONE)
    if not trusted:
        return Checked(message=message, signature=Signature.UNCHECKED)
    wrong: Exception | None = None
    for certificate in trusted:
        try:
            signed = _signed(document, certificate, now)
        except _WRONG as failed:
            wrong = failed
        else:
            # What is read must be what was signed: a signature may cover a part, and the rest say something else.
            if cap_in.read(signed) != replace(message, is_signed=False):
                raise BadDocument(_IN_PART)
            return Checked(message=message, signature=Signature.VERIFIED, signer=_owner(certificate))
    raise BadDocument(
        Words(
            "数字签名无效：内容被改动，或签名者不在受信任的证书之列，已拒绝；请向来源单位核实",
            "its signature is not good: it was altered, or its signer is not among the trusted certificates."
            " Refused; ask its sender by another way",
        )
    ) from wrong


def _signed(document: bytes, certificate: x509.Certificate, now: datetime) -> bytes:
    """Return what the signature covers: the whole document, by one reference to it, or it raises."""
    wanted = SignatureConfiguration(location="./", expect_references=1, verification_time=now)
    found = XMLVerifier().verify(document, x509_cert=certificate, expect_config=wanted)
    if isinstance(found, list) or found.signed_xml is None:
        raise InvalidSignature("it does not sign one document")
    return found.signed_data


def _owner(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()
