"""
After stills: pictures of a lead's camera that are to be kept once the violation was corrected, and what became of them.

Each is asked for in the transaction of what it is kept for, and tried a few times: a camera may be away just then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.loop.tables import AfterStillRow
from api.store.tables import LeadRow

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
"""Between one try and the next; after the last of them it is given up."""
UNFINISHED = "the last try was not finished"


class Occasion(StrEnum):
    """What a still is kept for."""

    RECTIFIED = "rectified"
    """The lead entered RECTIFIED."""
    WATCHED = "watched"
    """The days of watching after that are over."""


@dataclass(frozen=True, slots=True)
class AfterStill:
    """
    A still that was asked for.

    Attributes:
        next_try: when it is tried (again); ``None``: it is kept, or was given up.

        reason: why there is none yet; empty while it was not tried, or once it is kept.

        sha256: of the attachment; empty while there is none.
    """

    lead_id: str
    asked: datetime
    occasion: Occasion
    tries: int
    next_try: datetime | None
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DueStill:
    """A still that is to be taken now, and of which camera."""

    lead_id: str
    asked: datetime
    camera_id: str


def ask_still(session: Session, lead_id: str, occasion: Occasion, at: datetime) -> None:
    """Ask for a still of a lead's camera; needs the writing transaction."""
    row = AfterStillRow(lead_id=lead_id, asked=at, occasion=occasion.value, tries=0, next_try=at, reason="", sha256="")
    session.add(row)


def stills_wait(session: Session, now: datetime) -> bool:
    """Whether a still is due."""
    return session.scalar(select(AfterStillRow.lead_id).where(AfterStillRow.next_try <= now).limit(1)) is not None


def take_due(session: Session, now: datetime, most: int) -> list[DueStill]:
    """
    Return the stills that are due, each counted as tried; needs the writing transaction.

    What becomes of it is told to `settle_still`; of several API processes one gets it.
    """
    rows = session.execute(
        select(AfterStillRow, LeadRow.camera_id)
        .join(LeadRow, LeadRow.lead_id == AfterStillRow.lead_id)
        .where(AfterStillRow.next_try <= now)
        .order_by(AfterStillRow.next_try, AfterStillRow.lead_id)
        .limit(most)
    ).all()
    for row, _ in rows:
        row.next_try = now + PAUSES[row.tries] if row.tries < len(PAUSES) else None
        row.tries += 1
        row.reason = UNFINISHED
    return [DueStill(row.lead_id, row.asked, camera_id) for row, camera_id in rows]


def settle_still(session: Session, due: DueStill, *, sha256: str = "", reason: str = "", final: bool = False) -> None:
    """
    Note the attachment that was made, or why there is none; needs the writing transaction.

    A `final` reason is one that no further try mends.
    """
    row = session.get_one(AfterStillRow, (due.lead_id, due.asked))
    row.sha256, row.reason = sha256, reason
    if sha256 or final:
        row.next_try = None


def stills_of(session: Session, lead_id: str) -> list[AfterStill]:
    """Return the stills that were asked for of a lead, oldest first."""
    rows = select(AfterStillRow).where(AfterStillRow.lead_id == lead_id).order_by(AfterStillRow.asked)
    return [
        AfterStill(row.lead_id, row.asked, Occasion(row.occasion), row.tries, row.next_try, row.reason, row.sha256)
        for row in session.scalars(rows)
    ]
