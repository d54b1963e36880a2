"""
Tables of the store. Documents are kept whole, as the JSON that was accepted; columns beside them are what queries need.

``transitions`` and ``custody`` are append-only: the migrations add triggers that refuse to change or delete their rows.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Double, ForeignKey, Index, Integer, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import ByteOrdered, Moment, Serial, Table


class LeadRow(Table):
    """
    A lead: its newest document, and the small picture that came with its announcement.

    ``verdict`` is what people found it to be (`api.store.verdicts`), empty while that is undecided. ``entered`` and
    ``due`` are the time of its state, ``alarm_at`` is when somebody is told of that next (`api.store.loop.clock`);
    ``proposed``: a move waits for a second person. ``confirmed``: since when it is a confirmed violation.
    ``public_until``: last local day on which its penalty is public.
    """

    __tablename__ = "leads"
    __table_args__ = (
        Index("leads_newest", "event_start", "lead_id"),
        Index("leads_by_state", "state", "event_start"),
        Index("leads_by_verdict", "verdict", "event_start"),
        Index("leads_by_camera", "camera_id", "event_start"),
        Index("leads_by_code", "violation_code", "event_start"),
        Index("leads_by_enterprise", "uscc", "event_start"),
        Index("leads_by_division", "division"),
        Index("leads_by_place", "lat", "lon"),
        Index("leads_waiting", "state", "proposed", "due"),
        Index("leads_alarms", "alarm_at"),
    )

    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(24))
    verdict: Mapped[str] = mapped_column(String(8), server_default="")
    version: Mapped[int] = mapped_column(Integer)
    violation_code: Mapped[str] = mapped_column(String(64))
    priority: Mapped[str] = mapped_column(String(2))
    score: Mapped[int] = mapped_column(Integer)
    camera_id: Mapped[str] = mapped_column(String(64))
    node: Mapped[str] = mapped_column(String(128))
    event_start: Mapped[datetime] = mapped_column(Moment)
    received: Mapped[datetime] = mapped_column(Moment)
    changed: Mapped[datetime] = mapped_column(Moment, server_default="0")
    entered: Mapped[datetime | None] = mapped_column(Moment)
    due: Mapped[datetime | None] = mapped_column(Moment)
    alarm_at: Mapped[datetime | None] = mapped_column(Moment)
    proposed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    confirmed: Mapped[datetime | None] = mapped_column(Moment)
    public_until: Mapped[str | None] = mapped_column(String(10), index=True)
    sums_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    division: Mapped[str] = mapped_column(ByteOrdered(12), server_default="")
    lon: Mapped[float | None] = mapped_column(Double)
    lat: Mapped[float | None] = mapped_column(Double)
    uscc: Mapped[str] = mapped_column(String(18), server_default="")
    enterprise: Mapped[str] = mapped_column(Text, server_default="")
    text: Mapped[str] = mapped_column(Text, server_default="")
    indexed: Mapped[bool] = mapped_column(Boolean, server_default=false(), index=True)
    document: Mapped[str] = mapped_column(Text)
    still: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class PackageRow(Table):
    """An evidence package; its key is the SHA-256 of its ``SHA256SUMS``. In the vault unless it was ``deleted``."""

    __tablename__ = "packages"
    __table_args__ = (Index("packages_by_age", "received"),)

    sums_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    lead_id: Mapped[str] = mapped_column(String(32), unique=True)
    node_fingerprint: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[int] = mapped_column(Integer)
    received: Mapped[datetime] = mapped_column(Moment)
    log_index: Mapped[int | None] = mapped_column(BigInteger, index=True)
    deleted: Mapped[datetime | None] = mapped_column(Moment)


class CameraRow(Table):
    """A registered camera; ``document`` holds its full source."""

    __tablename__ = "cameras"

    camera_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)


class WorkerKeyRow(Table):
    """A worker's key: only the SHA-256 of its token."""

    __tablename__ = "worker_keys"

    key_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(128))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(Moment)
    revoked: Mapped[datetime | None] = mapped_column(Moment)


class NodeRow(Table):
    """A worker node with its pinned certificate, against which packages are verified."""

    __tablename__ = "nodes"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    number: Mapped[int] = mapped_column(Integer, unique=True)
    certificate_pem: Mapped[str] = mapped_column(Text)
    key_id: Mapped[int] = mapped_column(ForeignKey("worker_keys.key_id"))
    enrolled: Mapped[datetime] = mapped_column(Moment)


class OperatorRow(Table):
    """A person who logs in."""

    __tablename__ = "operators"

    operator_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text)
    must_change_password: Mapped[bool] = mapped_column(Boolean)
    created: Mapped[datetime] = mapped_column(Moment)
    disabled: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Table):
    """An operator's login; only the SHA-256 of the cookie's value."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.operator_id"), index=True)
    created: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment, index=True)


class EventRow(Table):
    """A wall event; the cursor is never used twice."""

    __tablename__ = "events"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    cursor: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    type: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Moment)
    subject: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)


class TransitionRow(Table):
    """One change of a lead's state; each record holds the hash of the one before it (domain.md 6.2)."""

    __tablename__ = "transitions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    lead_id: Mapped[str] = mapped_column(String(32), index=True)
    record: Mapped[str] = mapped_column(Text)
    record_sha256: Mapped[str] = mapped_column(String(64))


class CustodyRow(Table):
    """Who viewed, downloaded or verified which evidence file, and when."""

    __tablename__ = "custody"
    __table_args__ = (Index("custody_recent", "lead_id", "who", "file", "action", "at"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    lead_id: Mapped[str] = mapped_column(String(32))
    file: Mapped[str] = mapped_column(String(255))
    action: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(160))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Moment)
    result: Mapped[str] = mapped_column(String(32))


class IdempotencyRow(Table):
    """The answer to an idempotency key, so that the same key gets it again."""

    __tablename__ = "idempotency"

    key_id: Mapped[int] = mapped_column(ForeignKey("worker_keys.key_id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    content_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Moment)


class CoverageRow(Table):
    """One hour of one account of what a worker watched of a camera; ``document`` is the newest `AccountHour`."""

    __tablename__ = "coverage"
    __table_args__ = (Index("coverage_by_hour", "hour", "camera_id"), Index("coverage_by_end", "camera_id", "end"))

    camera_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    account: Mapped[str] = mapped_column(String(16), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[datetime] = mapped_column(Moment)
    received: Mapped[datetime] = mapped_column(Moment)
    document: Mapped[str] = mapped_column(Text)


class CoverageLossRow(Table):
    """A time for which a worker had to discard its account."""

    __tablename__ = "coverage_losses"

    camera_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    worker: Mapped[str] = mapped_column(String(128), primary_key=True)
    start: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    end: Mapped[datetime] = mapped_column(Moment)


class DutyRow(Table):
    """A time in which a camera is to be watched: registered and enabled; ``end`` is open while it is."""

    __tablename__ = "duties"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    duty_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(64), index=True)
    start: Mapped[datetime] = mapped_column(Moment)
    end: Mapped[datetime | None] = mapped_column(Moment)
