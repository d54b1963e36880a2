"""Coverage in the store: accounts from workers, losses, and the duties of cameras."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.contract.coverage import AccountHour, AccountLoss
from api.contract.wire.moment import rfc3339
from api.store.documents import read_document, stored
from api.store.tables import CoverageLossRow, CoverageRow, DutyRow

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Known:
    """
    The records of one camera's time.

    Attributes:
        duties: when it was to be watched; ``None`` as end: it still is.

        hours: accounts of the time asked for, and before them the last one before it.

        losses: times whose account is lost.
    """

    duties: tuple[tuple[datetime, datetime | None], ...] = ()
    hours: tuple[AccountHour, ...] = ()
    losses: tuple[AccountLoss, ...] = ()


def note_duty(session: Session, camera_id: str, at: datetime, *, on_duty: bool) -> None:
    """Note that from ``at`` on a camera is, or is not, to be watched; nothing changes where it was so already."""
    row = session.scalar(select(DutyRow).where(DutyRow.camera_id == camera_id, DutyRow.end.is_(None)))
    if on_duty and row is None:
        session.add(DutyRow(camera_id=camera_id, start=at, end=None))
    elif not on_duty and row is not None:
        row.end = at


def take_hours(session: Session, hours: Iterable[AccountHour], at: datetime) -> int:
    """Store the hours that are newer than their stored version; return their number."""
    taken = 0
    for hour in hours:
        row = session.get(CoverageRow, (hour.camera_id, hour.hour, hour.account))
        if row is None:
            row = CoverageRow(camera_id=hour.camera_id, hour=hour.hour, account=hour.account, sequence=0)
            session.add(row)
        if hour.sequence <= row.sequence:
            continue
        row.sequence, row.end, row.received, row.document = hour.sequence, hour.end, at, stored(hour)
        taken += 1
    return taken


def take_losses(session: Session, losses: Iterable[AccountLoss]) -> None:
    """Store losses."""
    for loss in losses:
        session.merge(
            CoverageLossRow(camera_id=loss.camera_id, worker=loss.worker, start=loss.start, end=loss.end),
        )


def known_coverage(session: Session, start: datetime, end: datetime, camera_id: str | None = None) -> dict[str, Known]:
    """Return the records by camera for the time from ``start`` (a full hour) to ``end``."""
    duties: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    duty_rows = select(DutyRow).where(DutyRow.start < end, or_(DutyRow.end.is_(None), DutyRow.end > start))
    hour_rows = select(CoverageRow).where(CoverageRow.hour >= start, CoverageRow.hour < end)
    loss_rows = select(CoverageLossRow).where(CoverageLossRow.start < end, CoverageLossRow.end > start)
    newest = select(CoverageRow.camera_id, func.max(CoverageRow.end).label("end")).where(CoverageRow.hour < start)
    if camera_id is not None:
        duty_rows = duty_rows.where(DutyRow.camera_id == camera_id)
        hour_rows = hour_rows.where(CoverageRow.camera_id == camera_id)
        loss_rows = loss_rows.where(CoverageLossRow.camera_id == camera_id)
        newest = newest.where(CoverageRow.camera_id == camera_id)
    for row in session.scalars(duty_rows.order_by(DutyRow.start)):
        duties[row.camera_id].append((row.start, row.end))
    last = newest.group_by(CoverageRow.camera_id).subquery()
    before = select(CoverageRow).join(
        last, (CoverageRow.camera_id == last.c.camera_id) & (CoverageRow.end == last.c.end)
    )
    hours: dict[str, list[AccountHour]] = defaultdict(list)
    for told in [*session.scalars(before), *session.scalars(hour_rows.order_by(CoverageRow.hour))]:
        key = f"{told.camera_id} {rfc3339(told.hour)} {told.account}"
        hour = read_document(session, AccountHour, key, told.document, of="hours of coverage")
        if hour is not None:
            hours[hour.camera_id].append(hour)
    losses: dict[str, list[AccountLoss]] = defaultdict(list)
    for loss in session.scalars(loss_rows):
        losses[loss.camera_id].append(
            AccountLoss(camera_id=loss.camera_id, worker=loss.worker, start=loss.start, end=loss.end)
        )
    return {
        camera: Known(tuple(duties[camera]), tuple(hours[camera]), tuple(losses[camera]))
        for camera in sorted({*duties, *hours, *losses})
    }
