"""Custody: who viewed, downloaded or verified which evidence file, and when; append-only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.tables import CustodyRow

ONE_VIEW = timedelta(minutes=10)
"""A player asks for a clip in many ranges; all within this time are one view."""


class CustodyAction(StrEnum):
    """What was done with evidence."""

    FILED = "filed"
    VIEWED = "viewed"
    PLAYED = "played"
    DOWNLOADED = "downloaded"
    EXPORTED = "exported"
    VERIFIED = "verified"
    PRINTED = "printed"
    REDACTED = "redacted"
    HELD = "held"
    RELEASED = "released"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """
    One entry.

    Attributes:
        file: empty for the whole package.

        who: ``operator:name`` or ``worker:name``.

        seq: its number among all; 0 before it is recorded.
    """

    lead_id: str
    file: str
    action: CustodyAction
    who: str
    address: str
    at: datetime
    result: str = ""
    seq: int = 0


def add_custody(session: Session, entry: CustodyEntry) -> None:
    """Append an entry; needs the writing transaction."""
    session.add(
        CustodyRow(
            lead_id=entry.lead_id,
            file=entry.file,
            action=entry.action.value,
            who=entry.who,
            address=entry.address,
            at=entry.at,
            result=entry.result,
        )
    )


def is_recorded(session: Session, entry: CustodyEntry) -> bool:
    """True when the same was recorded within `ONE_VIEW` before the entry."""
    found = session.scalar(
        select(CustodyRow.seq)
        .where(
            CustodyRow.lead_id == entry.lead_id,
            CustodyRow.who == entry.who,
            CustodyRow.file == entry.file,
            CustodyRow.action == entry.action.value,
            CustodyRow.address == entry.address,
            CustodyRow.at > entry.at - ONE_VIEW,
        )
        .limit(1)
    )
    return found is not None


def custody_of(session: Session, lead_id: str) -> list[CustodyEntry]:
    """Return a lead's entries in order."""
    rows = session.scalars(select(CustodyRow).where(CustodyRow.lead_id == lead_id).order_by(CustodyRow.seq))
    return [entry_of(row) for row in rows]


def entry_of(row: CustodyRow) -> CustodyEntry:
    """Return the entry of a row."""
    action = CustodyAction(row.action)
    return CustodyEntry(row.lead_id, row.file, action, row.who, row.address, row.at, row.result, row.seq)
