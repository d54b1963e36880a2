"""Tables of what surrounds the packages: accesses, chains, cameras' files, holds, scrubs, redactions, attachments."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import Moment, Serial, Table


class AccessBatchRow(Table):
    """A leaf of the log over custody entries ``first_seq`` to ``last_seq``: `api.store.evidence.access`."""

    __tablename__ = "access_batches"

    last_seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(BigInteger)
    log_index: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Moment)


class PackageLinkRow(Table):
    """A filed package's place in its camera's chain, as its manifest says."""

    __tablename__ = "package_links"
    __table_args__ = (Index("package_links_by_camera", "camera_id", "created"),)

    sums_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    camera_id: Mapped[str] = mapped_column(String(64))
    lead_id: Mapped[str] = mapped_column(String(32))
    previous: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[datetime] = mapped_column(Moment)


class CameraFileRow(Table):
    """One version of a camera's file under article 41, an `api.contract.evidence.article41.Article41File`."""

    __tablename__ = "camera_files"

    camera_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)


class HoldRow(Table):
    """The setting or release of a legal hold on a lead's package."""

    __tablename__ = "holds"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    lead_id: Mapped[str] = mapped_column(String(32), index=True)
    is_set: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)


class ScrubRow(Table):
    """One scrub of the vault; ``report`` is an `api.evidence.scrub.ScrubReport` as JSON."""

    __tablename__ = "scrubs"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    scrub_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Moment)
    sound: Mapped[bool] = mapped_column(Boolean)
    report: Mapped[str] = mapped_column(Text)


class RedactionRow(Table):
    """A redacted copy of a package's picture or clip; see `api.store.evidence.redactions`."""

    __tablename__ = "redactions"

    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    file: Mapped[str] = mapped_column(String(255))
    source_sha256: Mapped[str] = mapped_column(String(64))
    boxes: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)
    copy: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    media_type: Mapped[str] = mapped_column(String(32), server_default="image/jpeg")
    regions: Mapped[str] = mapped_column(Text, server_default="[]")
    masks: Mapped[str] = mapped_column(Text, server_default="[]")
    made_by: Mapped[str] = mapped_column(String(160), server_default="")


class AttachmentRow(Table):
    """
    A stored attachment of a lead, whose bytes are in the vault; see `api.store.evidence.attachments`. Append-only.

    ``camera_id`` and ``taken`` are of a still that the system keeps; empty for what people attach.
    """

    __tablename__ = "attachments"

    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int] = mapped_column(BigInteger)
    camera_id: Mapped[str] = mapped_column(String(64))
    taken: Mapped[datetime | None] = mapped_column(Moment)
