"""The wall's event sequence: written in the same transaction as the change it reports."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.contract.wire.event import EventType, WallEvent
from api.contract.wire.lead import LeadDocument
from api.store.documents import read_document, stored
from api.store.tables import EventRow

Scalar = str | int | float | bool | None


def append_event(
    session: Session,
    kind: EventType,
    subject: str,
    at: datetime,
    *,
    lead: LeadDocument | None = None,
    data: Mapping[str, Scalar] | None = None,
) -> WallEvent:
    """Append one event to the sequence and return it with its cursor; needs the writing transaction."""
    row = EventRow(type=kind.value, at=at, subject=subject, document="")
    session.add(row)
    session.flush()
    event = WallEvent(cursor=row.cursor, type=kind, at=at, subject=subject, lead=lead, data=dict(data or {}))
    row.document = stored(event)
    session.flush()
    return event


def events_after(session: Session, cursor: int, limit: int) -> list[tuple[int, str]]:
    """Return up to ``limit`` readable events after ``cursor`` in order: cursor and `WallEvent` JSON."""
    found: list[tuple[int, str]] = []
    while len(found) < limit:
        asked = (
            select(EventRow.cursor, EventRow.document)
            .where(EventRow.cursor > cursor)
            .order_by(EventRow.cursor)
            .limit(limit - len(found))
        )
        rows = session.execute(asked).all()
        if not rows:
            break
        cursor = rows[-1].cursor
        found += [(row.cursor, row.document) for row in rows if _read(session, row.cursor, row.document) is not None]
    return found


def last_camera_states(session: Session) -> dict[str, str]:
    """Return the state in the newest event of each camera, if it has one."""
    kinds = (EventType.CAMERA_CHANGED.value, EventType.CAMERA_REMOVED.value)
    newest = select(func.max(EventRow.cursor)).where(EventRow.type.in_(kinds)).group_by(EventRow.subject)
    rows = session.execute(select(EventRow.cursor, EventRow.document).where(EventRow.cursor.in_(newest)))
    events = (_read(session, row.cursor, row.document) for row in rows)
    return {event.subject: str(event.data["state"]) for event in events if event is not None and "state" in event.data}


def camera_removals(session: Session, after: int, until: int) -> list[tuple[str, datetime | None]]:
    """
    Return the changes of cameras between two cursors in order: a camera and the time of its removal, ``None`` for any
    other change. Silence is no change here, because removed cameras fall silent.
    """
    told = or_(
        EventRow.type == EventType.CAMERA_REMOVED.value,
        (EventRow.type == EventType.CAMERA_CHANGED.value) & EventRow.document.not_like('%"state":"silent"%'),
    )
    rows = session.execute(
        select(EventRow.subject, EventRow.type, EventRow.at)
        .where(EventRow.cursor > after, EventRow.cursor <= until, told)
        .order_by(EventRow.cursor)
    )
    removed = EventType.CAMERA_REMOVED.value
    return [(row.subject, row.at if row.type == removed else None) for row in rows]


def newest_event(session: Session, kind: EventType) -> WallEvent | None:
    """Return the newest event of a kind, or ``None``."""
    newest = select(EventRow).where(EventRow.type == kind.value).order_by(EventRow.cursor.desc()).limit(1)
    row = session.scalar(newest)
    return None if row is None else _read(session, row.cursor, row.document)


def newest_cursor(session: Session) -> int:
    """Return the newest event's cursor, 0 before the first."""
    return session.scalar(select(func.coalesce(func.max(EventRow.cursor), 0))) or 0


def _read(session: Session, cursor: int, document: str) -> WallEvent | None:
    return read_document(session, WallEvent, str(cursor), document, of="events")
