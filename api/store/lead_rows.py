"""Rows of leads: read, found by version, written with what they are listed by."""

from datetime import datetime

from sqlalchemy.orm import Session

from api.contract.review import Verdict
from api.contract.wire.lead import LeadDocument
from api.store.documents import LEADS, read_document, stored
from api.store.faults import (
    StaleVersion,
    UnknownRecord,
    UnreadableRecord,
)
from api.store.tables import LeadRow
from api.store.verdicts import verdict_after


def get_lead(session: Session, lead_id: str) -> LeadDocument:
    """Return a lead; raise `UnknownRecord`."""
    return read_lead(session, lead_row(session, lead_id))


def get_still(session: Session, lead_id: str) -> bytes:
    """Return the small JPEG that came with the lead's announcement; raise `UnknownRecord`."""
    still = lead_row(session, lead_id).still
    if still is None:
        raise UnknownRecord(f"lead {lead_id} came without a picture")
    return still


def read_lead(session: Session, row: LeadRow) -> LeadDocument:
    """Return a row's lead; raise `UnreadableRecord`."""
    lead = read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)
    if lead is None:
        raise UnreadableRecord(f"what is stored of lead {row.lead_id} cannot be read")
    return lead


def versioned_lead(session: Session, lead_id: str, version: int) -> tuple[LeadRow, LeadDocument]:
    """Return a lead that has this version; raise `UnknownRecord` or `StaleVersion`."""
    row = lead_row(session, lead_id)
    if row.version != version:
        raise StaleVersion(f"lead {lead_id} has version {row.version}, not {version}")
    return row, read_lead(session, row)


def lead_row(session: Session, lead_id: str) -> LeadRow:
    """Return a lead's row; raise `UnknownRecord`."""
    row = session.get(LeadRow, lead_id)
    if row is None:
        raise UnknownRecord(f"there is no lead {lead_id}")
    return row


def write_lead(session: Session, row: LeadRow | None, lead: LeadDocument, received: datetime) -> LeadRow:
    """Write a lead's document and what it is listed by into its row, a new one where there is none."""
    if row is None:
        row = LeadRow(lead_id=lead.lead_id, received=received, changed=received)
        session.add(row)
    row.state = lead.state.value
    verdict = verdict_after(Verdict(row.verdict) if row.verdict else None, lead.state)
    row.verdict = "" if verdict is None else verdict.value
    row.version = lead.version
    row.violation_code = lead.violation_code
    row.priority = lead.priority.value
    row.score = lead.score
    row.camera_id = lead.camera.id
    row.node = lead.node
    row.event_start = lead.event.start
    row.sums_sha256 = None if lead.evidence is None else lead.evidence.sums_sha256
    publicity = None if lead.handling is None else lead.handling.publicity
    row.public_until = None if publicity is None else publicity.until.isoformat()
    row.document = stored(lead)
    return row
