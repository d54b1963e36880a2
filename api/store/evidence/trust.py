"""Trust in the store: which certificates packages are verified against, which no longer count, and since when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.trust.revocation import Revocation, RevokedDocument, crl_revocation
from api.contract.trust.stamp import UNREADABLE, StampError, read_certificate, read_certificates
from api.contract.wire.moment import rfc3339
from api.store.evidence.checkpoints import keep_certificate
from api.store.evidence.log_tables import CertificateRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import RecordConflict, UnknownRecord

ANCHORS = ("node", "authority")
"""Kinds of certificates that packages are verified against: nodes', and those of authorities that issue them."""


def trusted_pems(session: Session) -> list[str]:
    """Return the certificates of nodes and their authorities that count, oldest first, PEM."""
    rows = (
        select(CertificateRow.pem)
        .where(CertificateRow.kind.in_(ANCHORS), CertificateRow.revoked.is_(None))
        .order_by(CertificateRow.added, CertificateRow.fingerprint)
    )
    return list(session.scalars(rows))


def add_authority(session: Session, *, fingerprint: str, name: str, pem: str, by: str, at: datetime) -> None:
    """
    Trust an authority that issues nodes' certificates; one that is trusted already stays.

    Raises `RecordConflict` for a certificate that was revoked or is known as something else.
    """
    row = session.get(CertificateRow, fingerprint)
    if row is not None:
        if row.revoked is not None:
            raise RecordConflict(f"the certificate {fingerprint} was revoked at {rfc3339(row.revoked)}")
        if row.kind != "authority":
            raise RecordConflict(f"the certificate {fingerprint} is that of {row.kind} {row.name}")
        return
    keep_certificate(session, fingerprint=fingerprint, kind="authority", name=name, pem=pem, at=at)
    facts = {"event": "authority trusted", "name": name, "certificate_sha256": fingerprint, "by": by, "at": rfc3339(at)}
    append_record(session, LeafKind.KEY, facts, f"authority:{name}"[:160], at)


def certificates_of_key(session: Session, pem: str) -> list[CertificateRow]:
    """Return nodes' and authorities' certificates, oldest first, that are of the public key of the one in `pem`."""
    key = _public_key(pem)
    rows = (
        select(CertificateRow)
        .where(CertificateRow.kind.in_(ANCHORS))
        .order_by(CertificateRow.added, CertificateRow.fingerprint)
    )
    return [] if key is None else [row for row in session.scalars(rows) if _public_key(row.pem) == key]


def _public_key(pem: str) -> CertificatePublicKeyTypes | None:
    """Return a certificate's key; ``None`` where it cannot be read, which the scrub reports."""
    try:
        return read_certificates(pem.encode())[0].public_key()
    except (StampError, *UNREADABLE):
        return None


def revoke_certificate(
    session: Session, fingerprint: str, *, since: datetime, reason: str, by: str, at: datetime
) -> None:
    """
    Let a certificate no longer count `since` a time; what an accepted time-stamp shows to be older stays valid.

    Nor does any other certificate of its key that is known here: whoever has the key seals under whichever counts, and
    a node keeps it when an authority's certificate follows its own. Each is a leaf.

    Raises `UnknownRecord`, or `RecordConflict` where it and all others of its key are revoked already.
    """
    row = session.get(CertificateRow, fingerprint)
    if row is None or row.kind not in ANCHORS:
        raise UnknownRecord(f"no certificate {fingerprint} of a node or authority is known")
    others = [each for each in certificates_of_key(session, row.pem) if each is not row and each.revoked is None]
    if row.revoked is not None and not others:
        raise RecordConflict(f"the certificate {fingerprint} was revoked at {rfc3339(row.revoked)}")
    for each in (*([row] if row.revoked is None else []), *others):
        _revoke(session, each, since=since, reason=reason, by=by, at=at)


def _revoke(session: Session, row: CertificateRow, *, since: datetime, reason: str, by: str, at: datetime) -> None:
    row.revoked, row.reason = since, reason
    facts = {
        "event": "revoked",
        "name": row.name,
        "certificate_sha256": row.fingerprint,
        "since": rfc3339(since),
        "reason": reason,
        "by": by,
        "at": rfc3339(at),
    }
    append_record(session, LeafKind.KEY, facts, f"{row.kind}:{row.name}"[:160], at)


def take_crls(
    session: Session, crls: Sequence[x509.CertificateRevocationList], *, by: str, at: datetime
) -> list[RevokedDocument]:
    """
    Revoke what authorities' lists name of the certificates that still count, and return it; the writing transaction.

    The other certificates of its key are revoked with it, unless it was superseded: the next may be of the same key.
    Raises `StampError` where there is no list, or one that no authority signed which is trusted here.
    """
    if not crls:
        raise StampError("there is no list of revoked certificates (CRL)")
    rows = session.scalars(
        select(CertificateRow).where(CertificateRow.kind.in_(ANCHORS), CertificateRow.revoked.is_(None))
    ).all()
    known = [(row, read_certificate(row.pem.encode())) for row in rows]
    authorities = [certificate for row, certificate in known if row.kind == "authority"]
    for crl in crls:
        if not any(each.subject == crl.issuer for each in authorities):
            raise StampError(f"{crl.issuer.rfc4514_string()} is not an authority that is trusted here")
    named = [(row, found) for row, each in known if (found := crl_revocation(each, crls, authorities)) is not None]
    named.sort(key=lambda each: each[1].at)
    issuers = {row.fingerprint: each.issuer.rfc4514_string() for row, each in known}
    taken: list[RevokedDocument] = []

    def revoke(row: CertificateRow, of: CertificateRow, found: Revocation) -> None:
        since, reason = min(found.at, at), f"CRL of {issuers[of.fingerprint]}: {found.reason}"
        _revoke(session, row, since=since, reason=reason, by=by, at=at)
        taken.append(RevokedDocument(certificate_sha256=row.fingerprint, at=since, reason=reason))

    for row, found in named:
        revoke(row, row, found)
    for row, found in named:
        if found.reason != x509.ReasonFlags.superseded.value:
            for other in certificates_of_key(session, row.pem):
                if other.revoked is None:
                    revoke(other, row, found)
    return taken


def revoked_certificates(session: Session) -> Mapping[str, Revocation]:
    """Return what was revoked, by fingerprint; authorities with their certificates, which old packages need."""
    rows = session.scalars(select(CertificateRow).where(CertificateRow.revoked.is_not(None)))
    return MappingProxyType({row.fingerprint: _revocation(row, row.revoked) for row in rows if row.revoked is not None})


def _revocation(row: CertificateRow, at: datetime) -> Revocation:
    is_authority = row.kind == "authority"
    return Revocation(at, row.reason, authority=read_certificates(row.pem.encode())[0] if is_authority else None)
