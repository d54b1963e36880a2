"""Queue: the leads that wait for a role, most urgent first, each state walked by its index."""

import heapq
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from api.contract.loop.moves import waiting_for
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import LoopRole
from api.store.documents import LEADS, read_document
from api.store.tables import LeadRow

_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def waiting_leads(
    session: Session, role: LoopRole, divisions: list[str], *, overdue_at: datetime | None, enforced: bool, limit: int
) -> list[str]:
    """
    Return the documents of the leads that wait for a role, by when they are due; those without a limit last.

    Args:
        session: any.

        role: whose turn it is.

        divisions: beginnings of the divisions that count; an empty text is everywhere.

        overdue_at: only those that are due by this moment; ``None``: all.

        enforced: whether two people are needed where the table says so; else a proposal is never waited for.

        limit: of the answer.
    """
    found = []
    for state, is_proposed in sorted(waiting_for(role)):
        if is_proposed and not enforced:
            is_proposed = False  # noqa: PLW2901  (whoever confirms would be the only one)
        asked = select(LeadRow).where(LeadRow.state == state.value, LeadRow.proposed.is_(is_proposed))
        asked = asked.where(_within(divisions))
        if overdue_at is not None:
            asked = asked.where(LeadRow.due <= overdue_at)
        undated = asked.where(LeadRow.due.is_(None)).order_by(LeadRow.event_start).limit(limit)
        without = [] if overdue_at is not None else session.scalars(undated).all()
        dated = session.scalars(asked.where(LeadRow.due.is_not(None)).order_by(LeadRow.due).limit(limit)).all()
        found += [*dated, *without]
    unique = {row.lead_id: row for row in found}.values()
    urgent = heapq.nsmallest(limit, unique, key=lambda row: (row.due or _LAST, -row.score, row.event_start))
    return [row.document for row in urgent if read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)]


def public_penalties(session: Session, until: date, limit: int) -> list[LeadDocument]:
    """Return the leads whose penalty is public to a local day at most, the first to end first."""
    rows = session.scalars(
        select(LeadRow).where(LeadRow.public_until <= until.isoformat()).order_by(LeadRow.public_until).limit(limit)
    )
    documents = (read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS) for row in rows)
    return [document for document in documents if document is not None]


def _within(divisions: list[str]) -> ColumnElement[bool]:
    return or_(*(LeadRow.division.startswith(each, autoescape=True) for each in divisions))
