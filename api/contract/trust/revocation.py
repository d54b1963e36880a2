"""
Revoked certificates: which, since when and why: the site's own list as JSON, and authorities' lists (CRL, RFC 5280).

Verifiers carry both along and trust them as they trust the roots.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pydantic import Field, ValidationError

from api.contract.fields import Line, Pem
from api.contract.trust.stamp import UNREADABLE, StampError, fingerprint, read_certificates
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime, rfc3339

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

        is_compromise: whether its key may have leaked, so that its time-stamps prove nothing.

        authority: the certificate itself where it issued nodes' certificates; what they sealed before needs it as their
            root. Packages do not hold it, as they do a node's own.
    """

    at: datetime
    reason: str
    is_compromise: bool = False
    authority: x509.Certificate | None = None


class RevokedDocument(Wire):
    """One revoked certificate."""

    certificate_sha256: Sha256
    at: UtcTime
    reason: Line
    certificate_pem: Annotated[
        Pem | None, Field(description="of an authority: under it what was stamped before is valid")
    ] = None


class RevokedList(Wire):
    """All revoked certificates: ``revoked.json``."""

    revoked: list[RevokedDocument] = Field(max_length=100_000)


def parse_revoked(data: bytes) -> Mapping[str, Revocation]:
    """Return fingerprint to revocation from a ``revoked.json``; raise `StampError` for anything else."""
    try:
        document = RevokedList.model_validate_json(data)
    except ValidationError as error:
        raise StampError("the list of revoked certificates is not the JSON of GET /v1/trust/revoked.json") from error
    return {
        each.certificate_sha256: Revocation(each.at, each.reason, authority=_authority(each))
        for each in document.revoked
    }


def _authority(document: RevokedDocument) -> x509.Certificate | None:
    if document.certificate_pem is None:
        return None
    certificate = read_certificates(document.certificate_pem.encode())[0]
    if fingerprint(certificate) != document.certificate_sha256:
        raise StampError(
            f"the list of revoked certificates holds another certificate for {document.certificate_sha256}"
        )
    return certificate


def parse_crls(data: bytes) -> list[x509.CertificateRevocationList]:
    """Return all CRLs of a PEM file, e.g. beside the roots in theirs, or the one in DER; none where there is none."""
    try:
        if data[:1] == b"0":
            return [x509.load_der_x509_crl(data)]
        return [x509.load_pem_x509_crl(each) for each in _PEM.findall(data)]
    except UNREADABLE as error:
        raise StampError(f"a list of revoked certificates (CRL) cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Revocations:
    """
    The revoked certificates that a verifier knows.

    Attributes:
        known: time and reason of revocation, by fingerprint.

        crls: lists of the authorities that issued the certificates.

        anchors: the roots that the verifier holds.
    """

    known: Mapping[str, Revocation]
    crls: Sequence[x509.CertificateRevocationList]
    anchors: Sequence[x509.Certificate]

    def readmitted(self, certificate: x509.Certificate, stamped: datetime | None) -> list[x509.Certificate]:
        """
        Return what was revoked of a node's certificate and those above it, as anchors of what was stamped before.

        Only self-signed ones: the node's own, or its authority's. Raises `StampError` where the package was not
        `stamped` before a revocation; ``None``: no accepted time-stamp proves when it existed.
        """
        trusted: list[x509.Certificate] = []
        for each in (certificate, *issuers_of(certificate, [*self.anchors, *self._former()])):
            revoked = self._find(each)
            if revoked is None:
                continue
            if stamped is None or stamped >= revoked.at:
                name = each.subject.rfc4514_string()
                raise StampError(
                    f"the certificate of {name} was revoked at {rfc3339(revoked.at)} ({revoked.reason}), and no "
                    "accepted time stamp shows that the package is older"
                )
            trusted += [each] if each.issuer == each.subject else []
        return trusted

    def check_stands(
        self, certificate: x509.Certificate, at: datetime | None, between: Sequence[x509.Certificate] = ()
    ) -> None:
        """
        Raise where a certificate, or one above it, was revoked before it sealed something at a time, if that is known.

        `between` are certificates that came along, which an authority above may be among.
        """
        for each in (certificate, *issuers_of(certificate, [*self.anchors, *between])):
            revoked = self._find(each, between)
            if revoked is not None and (at is None or at >= revoked.at or revoked.is_compromise):
                name = each.subject.rfc4514_string()
                raise StampError(
                    f"the certificate of {name} was revoked at {rfc3339(revoked.at)} ({revoked.reason}): what its key "
                    "sealed is not believed"
                )

    def _find(self, certificate: x509.Certificate, between: Sequence[x509.Certificate] = ()) -> Revocation | None:
        """Return since when a certificate is revoked, by the given lists; raise `StampError` for a false list."""
        known = self.known.get(fingerprint(certificate))
        return known or crl_revocation(certificate, self.crls, (*self.anchors, *self._former(), *between))

    def _former(self) -> list[x509.Certificate]:
        """Return the authorities that issued nodes' certificates until they were revoked."""
        return [each.authority for each in self.known.values() if each.authority is not None]


def issuers_of(certificate: x509.Certificate, anchors: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    """Yield the authorities above a certificate that are among `anchors`, its root last."""
    current = certificate
    for _ in range(_MOST_ISSUERS):
        issuer = next((each for each in anchors if _signed(each, current)), None)
        if issuer is None:
            return
        yield issuer
        if issuer.issuer == issuer.subject:
            return
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
    """Return an entry's revocation: since the invalidity date if the list has one, else since its date."""
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
