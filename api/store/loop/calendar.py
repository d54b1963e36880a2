"""Calendar: days on which this site works other than the calendar of public holidays says."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord
from api.store.loop.tables import CalendarDayRow


def calendar_days(session: Session, year: int) -> list[CalendarDayRow]:
    """Return the site's own days of a year, in order."""
    rows = select(CalendarDayRow).where(CalendarDayRow.day.startswith(f"{year:04d}-")).order_by(CalendarDayRow.day)
    return list(session.scalars(rows))


def set_day(session: Session, day: date, *, working: bool, reason: str, by: str, at: datetime) -> None:
    """Say whether a day is a working day; needs the writing transaction. Limits that run already stay as they are."""
    row = session.get(CalendarDayRow, day.isoformat())
    if row is None:
        row = CalendarDayRow(day=day.isoformat())
        session.add(row)
    row.working, row.reason, row.changed, row.changed_by = working, reason, at, by
    _log(session, day, working, reason, by, at)


def clear_day(session: Session, day: date, *, reason: str, by: str, at: datetime) -> None:
    """Leave a day to the calendar of holidays again; needs the writing transaction; raise `UnknownRecord`."""
    row = session.get(CalendarDayRow, day.isoformat())
    if row is None:
        raise UnknownRecord(f"{day} is as the calendar of public holidays has it")
    session.delete(row)
    _log(session, day, None, reason, by, at)


def _log(session: Session, day: date, working: bool | None, reason: str, by: str, at: datetime) -> None:
    told = {"day": day.isoformat(), "working": working, "reason": reason, "by": by, "at": rfc3339(at)}
    append_record(session, LeafKind.CALENDAR, told, f"calendar:{day}", at)
    session.flush()
