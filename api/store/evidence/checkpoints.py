"""The log's identity and its signed checkpoints in the store."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.trust.checkpoint import Checkpoint, parse_checkpoint
from api.store.evidence.log_tables import CertificateRow, CheckpointRow, LogIdentityRow
from api.store.faults import RecordConflict


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the log's signature over its bytes, and the certificate (PEM) of the key that signed."""

    checkpoint: Checkpoint
    text: bytes
    signature: bytes
    certificate_pem: str
    at: datetime


def claim_log(session: Session, log_id: str, origin: str, at: datetime) -> str:
    """
    Return the origin of the one log of this site; at its first start it becomes `origin`.

    Raises `RecordConflict` where the store's log has another id: its keys are elsewhere.
    """
    row = session.scalars(select(LogIdentityRow)).first()
    if row is None:
        session.add(LogIdentityRow(log_id=log_id, origin=origin, created=at))
        return origin
    if row.log_id != log_id:
        raise RecordConflict(f"the log of this database is {row.log_id}, the keys here are those of the log {log_id}")
    return row.origin


def keep_certificate(
    session: Session, *, fingerprint: str, kind: str, name: str, pem: str, at: datetime, reason: str = ""
) -> None:
    """Keep a certificate for as long as anything that it signed may be verified; one that is there stays."""
    if session.get(CertificateRow, fingerprint) is None:
        session.add(CertificateRow(fingerprint=fingerprint, kind=kind, name=name, pem=pem, added=at, reason=reason))
        session.flush()


def add_checkpoint(session: Session, signed: SignedCheckpoint, certificate_sha256: str) -> None:
    """Keep a checkpoint; one of its size that is there stays."""
    if session.get(CheckpointRow, signed.checkpoint.size) is None:
        session.add(
            CheckpointRow(
                size=signed.checkpoint.size,
                at=signed.at,
                text=signed.text.decode(),
                signature=signed.signature,
                certificate_sha256=certificate_sha256,
            )
        )


def newest_checkpoint(session: Session) -> SignedCheckpoint | None:
    """Return the newest checkpoint, ``None`` before the first."""
    row = session.scalars(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1)).first()
    return None if row is None else _signed(session, row)


def covering_checkpoint(session: Session, index: int) -> SignedCheckpoint | None:
    """Return the first checkpoint of a tree that holds the leaf `index`: always the same one, once there is one."""
    row = session.scalars(
        select(CheckpointRow).where(CheckpointRow.size > index).order_by(CheckpointRow.size).limit(1)
    ).first()
    return None if row is None else _signed(session, row)


def _signed(session: Session, row: CheckpointRow) -> SignedCheckpoint:
    text = row.text.encode()
    pem = session.get_one(CertificateRow, row.certificate_sha256).pem
    return SignedCheckpoint(parse_checkpoint(text), text, bytes(row.signature), pem, row.at)
