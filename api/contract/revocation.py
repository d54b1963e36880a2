"""
Revoked certificates: which, since when and why: the site's own list as JSON, and authorities' lists (CRL, RFC 5280).

Verifiers carry both along and trust them as they trust the roots.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pydantic import BaseModel, ConfigDict, ValidationError

from api.contract.schema import Sha256, UtcTime
from api.contract.stamp import UNREADABLE, StampError

_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_HARMLESS = frozenset(
    {
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
"""Reasons after which what was sealed before stays good (RFC 3161, 4); with another, or none, a key may have leaked."""
_MOST_ISSUERS = 6


@dataclass(frozen=True, slots=True)
class Revocation:
    """
    A certificate that no longer counts.

    Attributes:
        at: since when, aware UTC.

        reason: for people.

        is_compromise: whether its key may have been in other hands, so that times which it stamped prove nothing.
    """

    at: datetime
    reason: str
    is_compromise: bool = False


class RevokedDocument(BaseModel):
    """One revoked certificate."""

    model_config = ConfigDict(extra="forbid")

    certificate_sha256: Sha256
    at: UtcTime
    reason: str


class RevokedList(BaseModel):
    """All revoked certificates: ``revoked.json``."""

    model_config = ConfigDict(extra="forbid")

    revoked: list[RevokedDocument]


def parse_revoked(data: bytes) -> Mapping[str, Revocation]:
    """Return fingerprint to revocation from a ``revoked.json``; raise `StampError` for anything else."""
    try:
        document = RevokedList.model_validate_json(data)
    except ValidationError as error:
        raise StampError("the list of revoked certificates is not the JSON of GET /v1/trust/revoked.json") from error
    return {each.certificate_sha256: Revocation(each.at, each.reason) for each in document.revoked}


def parse_crls(data: bytes) -> list[x509.CertificateRevocationList]:
    """Return all CRLs of a PEM file, e.g. beside the roots in theirs, or the one in DER; none where there is none."""
    try:
        if data[:1] == b"0":
            return [x509.load_der_x509_crl(data)]
        return [x509.load_pem_x509_crl(each) for each in _PEM.findall(data)]
    except UNREADABLE as error:
        raise StampError(f"a list of revoked certificates (CRL) cannot be read: {error}") from error


def issuers_of(certificate: x509.Certificate, anchors: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    """Yield the authorities between a certificate and its root that are among `anchors`, the root left out."""
    current = certificate
    for _ in range(_MOST_ISSUERS):
        issuer = next((each for each in anchors if _signed(each, current)), None)
        if issuer is None or issuer.issuer == issuer.subject:
            return
        yield issuer
        current = issuer


def crl_revocation(
    certificate: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
    issuers: Sequence[x509.Certificate],
) -> Revocation | None:
    """
    Return since when a certificate is revoked by one of `crls`; ``None`` where none of its issuer's lists names it.

    A list that bears the issuer's name and is signed by none of `issuers` raises `StampError`: it is false, or its
    authority's certificate is missing.
    """
    found: list[Revocation] = []
    for crl in crls:
        if crl.issuer != certificate.issuer:
            continue
        if not any(each.subject == crl.issuer and _lists(each, crl) for each in issuers):
            name = crl.issuer.rfc4514_string()
            raise StampError(f"the list of revoked certificates (CRL) of {name} is not signed by a given authority")
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            found.append(_revocation(entry))
    return min(found, key=lambda each: each.at, default=None)


def _revocation(entry: x509.RevokedCertificate) -> Revocation:
    """Return an entry's revocation: since when the key was in doubt, where the list tells that, else since its date."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = x509.ReasonFlags.unspecified
    at = entry.revocation_date_utc
    with contextlib.suppress(x509.ExtensionNotFound):
        at = min(at, entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc)
    return Revocation(at, reason.value, reason not in _HARMLESS)


def _lists(authority: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """True when the authority signed the list and may."""
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    try:
        return crl.is_signature_valid(authority.public_key()) and (usage is None or usage.crl_sign)  # type: ignore[arg-type]
    except (*UNREADABLE, TypeError):
        return False


def _signed(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (*UNREADABLE, TypeError, InvalidSignature):
        return False
    return issuer != subject
