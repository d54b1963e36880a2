"""
Tables of what proves the site's past: the append-only log, its checkpoints, time stamps and certificates.

``log_leaves``, ``log_nodes`` and ``checkpoints`` are append-only: the migrations add triggers that refuse to change or
delete their rows.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import Moment, Serial, Table


class LogIdentityRow(Table):
    """The one log of this site: the key that signs its checkpoints, and the name in their first line; one row."""

    __tablename__ = "log_identity"

    log_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    origin: Mapped[str] = mapped_column(String(128))
    created: Mapped[datetime] = mapped_column(Moment)


class LogLeafRow(Table):
    """One leaf of the append-only log, exactly the bytes that it hashes; see `api.store.evidence.tlog`."""

    __tablename__ = "log_leaves"
    __table_args__ = (Index("log_leaves_by_subject", "subject", "index"),)

    index: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class LogNodeRow(Table):
    """The hash of a complete subtree of the log (`api.contract.trust.merkle.Subtree`); level 0: leaves' hashes."""

    __tablename__ = "log_nodes"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Table):
    """A signed checkpoint of the log; ``certificate_sha256`` names the log certificate of the time."""

    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Moment)
    text: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_sha256: Mapped[str] = mapped_column(String(64))


class TimeStampRow(Table):
    """
    A time stamp that is asked for (``token`` empty) or that was given; the key is the SHA-256 of what it stamps.

    ``subject`` is a lead's id for a package's hash list, a tree size for a checkpoint.
    """

    __tablename__ = "time_stamps"
    __table_args__ = (Index("time_stamps_due", "gen_time", "next_try"), Index("time_stamps_by_subject", "subject"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    asked: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(Integer)
    next_try: Mapped[datetime] = mapped_column(Moment)
    fault: Mapped[str] = mapped_column(Text)
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    certificate_pem: Mapped[str | None] = mapped_column(Text)
    gen_time: Mapped[datetime | None] = mapped_column(Moment)
    tsa_kind: Mapped[str | None] = mapped_column(String(16))


class CertificateRow(Table):
    """A certificate or revocation list that ever counted here; never deleted. ``name`` is the node's or authority's."""

    __tablename__ = "certificates"
    __table_args__ = (Index("certificates_by_name", "kind", "name"),)

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    pem: Mapped[str] = mapped_column(Text)
    added: Mapped[datetime] = mapped_column(Moment)
    revoked: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text)
