"""Enrolment: checks that a node's certificate can sign that node's packages and nothing else."""

from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.contract.trust.stamp import UNREADABLE, StampError
from api.contract.trust.timestamp import bears_site_policy

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_STAMPING = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def check_node_certificate(certificate: x509.Certificate) -> None:
    """
    Raise `StampError` for a certificate that could vouch for more than its node's packages.

    Pinned certificates are among the roots that verifiers hold: one that issues others, stamps times or calls itself a
    site's root would be an authority there. A self-signed one must say that it issues none (basic constraints).
    """
    try:
        constraints = _extension(certificate, x509.BasicConstraints)
        usage = _extension(certificate, x509.KeyUsage)
        purposes = _extension(certificate, x509.ExtendedKeyUsage)
    except UNREADABLE as error:
        raise StampError(f"the certificate cannot be read: {error}") from error
    if constraints is None and certificate.issuer == certificate.subject:
        raise StampError("a node's self-signed certificate must say that it issues no others (basic constraints)")
    if (constraints is not None and constraints.ca) or (usage is not None and usage.key_cert_sign):
        raise StampError("a node's certificate must not be one that may issue others")
    if purposes is not None and not _STAMPING.isdisjoint(purposes):
        raise StampError("a node's certificate must not be one for time-stamps")
    if bears_site_policy(certificate):
        raise StampError("a node's certificate must not name the policy of a site's root")


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
