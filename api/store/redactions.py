"""Redactions: copies of a package's pictures with parts covered, tied to their originals by a leaf of the log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from api.contract.schema import rfc3339
from api.store.evidence_tables import RedactionRow
from api.store.faults import UnknownRecord
from api.store.search_tables import PackageFileRow
from api.store.tlog import LeafKind, append_record

OPERATION = "boxes covered with one flat colour, metadata left out"
PictureBox = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the original."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redacted copy: of which file, with which hash, what is covered, by whom and why."""

    lead_id: str
    file: str
    source_sha256: str
    sha256: str
    boxes: tuple[PictureBox, ...]
    reason: str
    by: str
    at: datetime
    log_index: int


def add_redaction(
    session: Session,
    *,
    lead_id: str,
    file: str,
    source_sha256: str,
    sha256: str,
    boxes: Sequence[PictureBox],
    reason: str,
    by: str,
    at: datetime,
    picture: bytes,
) -> Redaction:
    """Keep a copy and log what ties it to its original; the same copy again is the one that is there. Writes."""
    known = session.get(RedactionRow, (lead_id, sha256))
    if known is not None:
        return _redaction(known)
    record = {
        "lead_id": lead_id,
        "file": file,
        "source_sha256": source_sha256,
        "sha256": sha256,
        "operation": OPERATION,
        "boxes": [list(box) for box in boxes],
        "reason": reason,
        "by": by,
        "at": rfc3339(at),
    }
    index = append_record(session, LeafKind.REDACTION, record, lead_id, at)
    row = RedactionRow(
        lead_id=lead_id,
        sha256=sha256,
        file=file,
        source_sha256=source_sha256,
        boxes=json.dumps(record["boxes"]),
        reason=reason,
        by=by,
        at=at,
        log_index=index,
        picture=picture,
    )
    session.add(row)
    session.execute(insert(PackageFileRow).values(sha256=sha256, lead_id=lead_id, name=f"redactions/{sha256}.jpg"))
    session.flush()
    return _redaction(row)


def redactions_of(session: Session, lead_id: str) -> list[Redaction]:
    """Return a lead's redacted copies in order of making."""
    rows = session.scalars(select(RedactionRow).where(RedactionRow.lead_id == lead_id).order_by(RedactionRow.log_index))
    return [_redaction(row) for row in rows]


def redacted_picture(session: Session, lead_id: str, sha256: str) -> bytes:
    """Return a redacted copy, JPEG; raise `UnknownRecord`."""
    row = session.get(RedactionRow, (lead_id, sha256))
    if row is None:
        raise UnknownRecord(f"lead {lead_id} has no redacted copy {sha256}")
    return row.picture


def _redaction(row: RedactionRow) -> Redaction:
    boxes = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in json.loads(row.boxes))
    return Redaction(
        row.lead_id, row.file, row.source_sha256, row.sha256, boxes, row.reason, row.by, row.at, row.log_index
    )
