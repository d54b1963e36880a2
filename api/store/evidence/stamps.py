"""Time-stamps in the store: a queue of those asked for, which outlives any restart, and those that were given."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.wire.lead import LeadDocument
from api.store.documents import LEADS, read_document
from api.store.evidence.log_tables import LogLeafRow, TimeStampRow
from api.store.faults import UnknownRecord
from api.store.tables import LeadRow, PackageRow

LATE_AFTER = timedelta(hours=24)
"""A stamp that has been waited for longer is an alarm (domain.md 5.2)."""
LEASE = timedelta(minutes=2)
"""How long a process that took a waiting stamp has before another one may ask for it."""


class StampedKind(StrEnum):
    """What is stamped."""

    PACKAGE = "package"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class WaitingStamp:
    """A stamp that is asked for; ``attempts`` counts this one."""

    digest: str
    kind: StampedKind
    subject: str
    attempts: int


@dataclass(frozen=True, slots=True)
class StoredStamp:
    """A granted stamp: the authority's whole answer, its certificates (PEM), time, and kind (own, licensed)."""

    answer: bytes
    certificates_pem: str
    gen_time: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class StampQueue:
    """The queue: its length, the time of its oldest entry, and the newest fault (empty: none)."""

    waiting: int
    oldest: datetime | None
    fault: str

    def late(self, now: datetime) -> bool:
        """True when the oldest has waited longer than `LATE_AFTER`."""
        return self.oldest is not None and now - self.oldest > LATE_AFTER


def queue_stamp(session: Session, kind: StampedKind, subject: str, data: bytes, at: datetime) -> str:
    """Ask for a stamp of `data` and return its SHA-256; what is asked for already is not asked for again."""
    digest = hashlib.sha256(data).hexdigest()
    if session.get(TimeStampRow, digest) is None:
        session.add(
            TimeStampRow(
                digest=digest, kind=kind.value, subject=subject, data=data, asked=at, attempts=0, next_try=at, fault=""
            )
        )
        session.flush()
    return digest


def queue_missing(session: Session, at: datetime) -> int:
    """Request stamps for logged packages without a request; return their number."""
    missing = (
        select(PackageRow.lead_id, LogLeafRow.data)
        .join(LogLeafRow, LogLeafRow.index == PackageRow.log_index)
        .outerjoin(TimeStampRow, TimeStampRow.digest == PackageRow.sums_sha256)
        .where(TimeStampRow.digest.is_(None))
    )
    found = session.execute(missing).all()
    for row in found:
        queue_stamp(session, StampedKind.PACKAGE, row.lead_id, row.data, at)
    return len(found)


def take_waiting(session: Session, now: datetime) -> WaitingStamp | None:
    """Return the next waiting stamp, or ``None``; it is returned to no other caller within `LEASE`."""
    row = session.scalars(
        select(TimeStampRow)
        .where(TimeStampRow.gen_time.is_(None), TimeStampRow.next_try <= now)
        .order_by(TimeStampRow.next_try, TimeStampRow.asked)
        .limit(1)
    ).first()
    if row is None:
        return None
    row.attempts += 1
    row.next_try = now + LEASE
    return WaitingStamp(row.digest, StampedKind(row.kind), row.subject, row.attempts)


def put_back(session: Session, digest: str, fault: str, next_try: datetime) -> None:
    """Let a stamp wait on, with the reason why it was not given."""
    row = _row(session, digest)
    row.fault = fault
    row.next_try = next_try


def store_stamp(session: Session, digest: str, stamp: StoredStamp) -> None:
    """Store a granted stamp; the first one stays. A package's lead records its kind."""
    row = _row(session, digest)
    if row.gen_time is not None:
        return
    row.token = stamp.answer
    row.certificate_pem = stamp.certificates_pem
    row.gen_time = stamp.gen_time
    row.tsa_kind = stamp.kind
    row.fault = ""
    lead = session.get(LeadRow, row.subject) if row.kind == StampedKind.PACKAGE else None
    if lead is not None:
        document = read_document(session, LeadDocument, lead.lead_id, lead.document, of=LEADS)
        if document is not None and document.evidence is not None:
            evidence = document.evidence.model_copy(update={"tsa": stamp.kind})
            lead.document = document.model_copy(update={"evidence": evidence}).model_dump_json()


def find_stamp(session: Session, digest: str) -> StoredStamp | None:
    """Return the stamp for a SHA-256, ``None`` while it is pending or was never requested."""
    row = session.get(TimeStampRow, digest)
    if row is None or row.token is None or row.gen_time is None:
        return None
    return StoredStamp(row.token, row.certificate_pem or "", row.gen_time, row.tsa_kind or "")


def stamp_queue(session: Session) -> StampQueue:
    """Return what waits."""
    waiting, oldest = session.execute(
        select(func.count(), func.min(TimeStampRow.asked)).where(TimeStampRow.gen_time.is_(None))
    ).one()
    fault = session.scalar(
        select(TimeStampRow.fault)
        .where(TimeStampRow.gen_time.is_(None), TimeStampRow.fault != "")
        .order_by(TimeStampRow.next_try.desc())
        .limit(1)
    )
    return StampQueue(waiting, oldest, fault or "")


def newest_stamp_time(session: Session) -> datetime | None:
    """Return the latest time that was ever stamped here."""
    return session.scalar(select(func.max(TimeStampRow.gen_time)))


def _row(session: Session, digest: str) -> TimeStampRow:
    row = session.get(TimeStampRow, digest)
    if row is None:
        raise UnknownRecord(f"no time-stamp was asked for {digest}")
    return row
