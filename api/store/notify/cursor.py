"""Cursor: up to which event of the wall's sequence messages have been made, and the events after it."""

from dataclasses import dataclass

from pydantic import BaseModel, JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.store.documents import LEADS, read_document
from api.store.events import newest_cursor
from api.store.notify.tables import NotificationCursorRow
from api.store.tables import EventRow, LeadRow

_ROW = 1


class SourceEvent(BaseModel):
    """An event of any type, one that this version does not know too."""

    cursor: int
    type: str
    at: UtcTime
    subject: str
    lead: LeadDocument | None = None
    data: dict[str, JsonValue] = {}


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Some events in order, and the cursor of the last one that was looked at."""

    events: list[SourceEvent]
    cursor: int


def planned_cursor(session: Session) -> int:
    """Return up to which event messages have been made."""
    return _cursor_row(session).cursor


def has_new_events(session: Session) -> bool:
    """Whether there are events after that cursor."""
    return newest_cursor(session) > planned_cursor(session)


def new_events(session: Session, limit: int) -> EventBatch:
    """Return the next events; one that cannot be read is noted and left out."""
    cursor = planned_cursor(session)
    asked = select(EventRow.cursor, EventRow.document).where(EventRow.cursor > cursor).order_by(EventRow.cursor)
    found = []
    for row in session.execute(asked.limit(limit)):
        cursor = row.cursor
        event = read_document(session, SourceEvent, str(cursor), row.document, of="events")
        if event is not None:
            found.append(event)
    return EventBatch(found, cursor)


def advance_cursor(session: Session, cursor: int) -> None:
    """Move the cursor; in the writing transaction that holds the messages of the events before it."""
    _cursor_row(session).cursor = cursor


def lead_of(session: Session, event: SourceEvent) -> LeadDocument | None:
    """Return the lead that an event is about, as it says or else as it stands; ``None`` where there is none."""
    if event.lead is not None:
        return event.lead
    row = session.get(LeadRow, event.subject)
    return None if row is None else read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)


def _cursor_row(session: Session) -> NotificationCursorRow:
    row = session.get(NotificationCursorRow, _ROW)
    if row is None:  # somebody emptied the table: no message of the past
        row = NotificationCursorRow(row_id=_ROW, cursor=newest_cursor(session))
        session.add(row)
    return row
