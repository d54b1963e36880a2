"""Legal holds, retention and deletion of packages: what has to stay, what may go, and what went."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from api.contract.review import Verdict
from api.contract.wire.moment import rfc3339
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.evidence.tables import AttachmentRow, HoldRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import IllegalMove, UnknownRecord
from api.store.tables import LeadRow, PackageRow


class RetentionClass(StrEnum):
    """How long a package stays (domain.md 5.2): as long as its case may matter, or shortly when it was false."""

    CASE = "case"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Days that packages of each class stay after they were filed, and at least after the lead's last decision."""

    case_days: int
    rejected_days: int

    def days(self, kind: RetentionClass) -> int:
        """Return the days of a class."""
        return self.case_days if kind is RetentionClass.CASE else self.rejected_days


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: nothing deletes the package while it is set."""

    lead_id: str
    is_set: bool
    reason: str
    by: str
    at: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class DuePackage:
    """A package past its retention time and without a hold."""

    lead_id: str
    sums_sha256: str
    kind: RetentionClass
    size: int
    files: int
    received: datetime


@dataclass(frozen=True, slots=True)
class Stock:
    """
    What the vault holds by the store's account, in packages and bytes, those of attachments included.

    ``due`` is part of the others.

    Attributes:
        bytes_last_day: filed within 24 hours, deleted since or not; ``bytes_last_week`` likewise.

        first: when the first package ever was filed; ``None`` before that.
    """

    packages: int
    size: int
    held: int
    deleted: int
    due: int
    due_bytes: int
    bytes_last_day: int
    bytes_last_week: int
    first: datetime | None


def holds_of(session: Session, lead_id: str) -> list[Hold]:
    """Return every setting and release of a hold on a lead's package, oldest first: in the order of their leaves."""
    rows = session.scalars(select(HoldRow).where(HoldRow.lead_id == lead_id).order_by(HoldRow.log_index))
    return [Hold(row.lead_id, row.is_set, row.reason, row.by, row.at, row.log_index) for row in rows]


def is_held(session: Session, lead_id: str) -> bool:
    """True while a hold is set."""
    holds = holds_of(session, lead_id)
    return bool(holds) and holds[-1].is_set


def set_hold(session: Session, lead_id: str, *, held: bool, reason: str, by: str, at: datetime) -> Hold:
    """Set or release a hold, as a leaf of the log; raise `IllegalMove` where it is so already. Writing transaction."""
    if session.get(LeadRow, lead_id) is None:
        raise UnknownRecord(f"there is no lead {lead_id}")
    if is_held(session, lead_id) == held:
        raise IllegalMove(f"lead {lead_id} is {'held already' if held else 'not held'}")
    record = {"lead_id": lead_id, "held": held, "reason": reason, "by": by, "at": rfc3339(at)}
    index = append_record(session, LeafKind.HOLD, record, lead_id, at)
    session.add(HoldRow(lead_id=lead_id, is_set=held, reason=reason, by=by, at=at, log_index=index))
    return Hold(lead_id, held, reason, by, at, index)


def due_packages(session: Session, rule: RetentionRule, now: datetime, limit: int) -> list[DuePackage]:
    """Return packages past their retention time and without a hold, the oldest first."""
    rows = session.execute(_due(rule, now).order_by(PackageRow.received).limit(limit)).all()
    return [
        DuePackage(row.lead_id, row.sums_sha256, _class(row.verdict), row.size, row.files, row.received) for row in rows
    ]


def delete_package(
    session: Session, due: DuePackage, rule: RetentionRule, *, reason: str, by: str, at: datetime
) -> int:
    """
    Record that a package is deleted and return the leaf's index; its files are erased only after this is committed.

    The attachments of its lead go with it, and the leaf names them. The lead, its still, its records and, in the log,
    its ``SHA256SUMS`` stay. Raises `UnknownRecord`, or `IllegalMove`
    while it is held, for one that is deleted already, and for one that is not due by `rule` any more. Needs the writing
    transaction.
    """
    row = session.get(PackageRow, due.sums_sha256)
    if row is None:
        raise UnknownRecord(f"there is no package {due.sums_sha256}")
    if row.deleted is not None:
        raise IllegalMove(f"the package of lead {row.lead_id} was deleted at {rfc3339(row.deleted)}")
    if is_held(session, row.lead_id):
        raise IllegalMove(f"the package of lead {row.lead_id} is under a legal hold")
    if session.execute(_due(rule, at).where(PackageRow.sums_sha256 == row.sums_sha256)).first() is None:
        raise IllegalMove(f"the package of lead {row.lead_id} is not due any more: something was decided meanwhile")
    attached = select(AttachmentRow.sha256).where(AttachmentRow.lead_id == row.lead_id)
    attachments = list(session.scalars(attached.order_by(AttachmentRow.sha256)))
    record = {
        "lead_id": row.lead_id,
        "sums_sha256": row.sums_sha256,
        "package_leaf": row.log_index,
        "retention": due.kind.value,
        "files": row.files,
        "bytes": row.size,
        "reason": reason,
        "by": by,
        "at": rfc3339(at),
        **({"attachments": attachments} if attachments else {}),
    }
    index = append_record(session, LeafKind.DELETION, record, row.lead_id, at)
    row.deleted = at
    add_custody(session, CustodyEntry(row.lead_id, "", CustodyAction.DELETED, by, "local", at, due.kind.value))
    return index


def deleted_at(session: Session, sums_sha256: str) -> datetime | None:
    """Return when a package was deleted; ``None``: it is kept, or was never filed."""
    row = session.get(PackageRow, sums_sha256)
    return None if row is None else row.deleted


def deleted_packages(session: Session) -> list[tuple[str, str]]:
    """Return lead and hash of every package that was deleted."""
    rows = select(PackageRow.lead_id, PackageRow.sums_sha256).where(PackageRow.deleted.is_not(None))
    return [(row.lead_id, row.sums_sha256) for row in session.execute(rows)]


def lead_deleted_at(session: Session, lead_id: str) -> datetime | None:
    """Return when a lead's package was deleted, and its attachments with it; ``None``: it is kept, or there is none."""
    return session.scalar(select(PackageRow.deleted).where(PackageRow.lead_id == lead_id))


def kept_packages(session: Session) -> list[tuple[str, str]]:
    """Return lead and hash of every package that must be in the vault, in order of filing."""
    rows = session.execute(
        select(PackageRow.lead_id, PackageRow.sums_sha256)
        .where(PackageRow.deleted.is_(None))
        .order_by(PackageRow.received, PackageRow.lead_id)
    )
    return [(row.lead_id, row.sums_sha256) for row in rows]


def stock(session: Session, rule: RetentionRule, now: datetime) -> Stock:
    """Return what the vault holds."""
    kept = PackageRow.deleted.is_(None)
    packages, size = _sums(session, select(func.count(), func.sum(PackageRow.size)).where(kept))
    deleted, _ = _sums(session, select(func.count(), func.sum(PackageRow.size)).where(~kept))
    day, week = (
        _sums(session, select(func.count(), func.sum(PackageRow.size)).where(PackageRow.received > now - span))[1]
        for span in (timedelta(days=1), timedelta(days=7))
    )
    attached = select(func.count(), func.sum(AttachmentRow.size))
    gone = select(PackageRow.lead_id).where(~kept)
    size += _sums(session, attached.where(AttachmentRow.lead_id.not_in(gone)))[1]
    day += _sums(session, attached.where(AttachmentRow.at > now - timedelta(days=1)))[1]
    week += _sums(session, attached.where(AttachmentRow.at > now - timedelta(days=7)))[1]
    first = session.scalar(select(PackageRow.received).order_by(PackageRow.received).limit(1))
    due = _due(rule, now).subquery()
    due_count, due_bytes = _sums(session, select(func.count(), func.sum(due.c.size)))
    held = session.scalar(select(func.count()).select_from(_held().subquery())) or 0
    return Stock(packages, size, held, deleted, due_count, due_bytes, day, week, first)


def _sums(session: Session, statement: Select[int, int]) -> tuple[int, int]:
    count, total = session.execute(statement).one()
    return int(count or 0), int(total or 0)


def _held() -> Select[str]:
    """Select the leads whose newest leaf about a hold sets one; a row's number is in no leaf and decides nothing."""
    newest = select(func.max(HoldRow.log_index)).group_by(HoldRow.lead_id)
    return select(HoldRow.lead_id).where(HoldRow.log_index.in_(newest), HoldRow.is_set.is_(True))


def _due(rule: RetentionRule, now: datetime) -> Select[str, str, str, int, int, datetime]:
    def over(kind: RetentionClass, of_class: ColumnElement[bool]) -> ColumnElement[bool]:
        before = now - timedelta(days=rule.days(kind))
        return and_(of_class, PackageRow.received < before, LeadRow.changed < before)

    return (
        select(
            PackageRow.lead_id,
            PackageRow.sums_sha256,
            LeadRow.verdict,
            PackageRow.size,
            PackageRow.files,
            PackageRow.received,
        )
        .join(LeadRow, LeadRow.lead_id == PackageRow.lead_id)
        .where(
            PackageRow.deleted.is_(None),
            PackageRow.lead_id.not_in(_held()),
            or_(
                over(RetentionClass.REJECTED, LeadRow.verdict == Verdict.FALSE.value),
                over(RetentionClass.CASE, LeadRow.verdict != Verdict.FALSE.value),
            ),
        )
    )


def _class(verdict: str) -> RetentionClass:
    return RetentionClass.REJECTED if verdict == Verdict.FALSE else RetentionClass.CASE
