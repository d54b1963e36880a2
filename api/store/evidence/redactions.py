"""Redactions: copies of a package's pictures and clips with parts covered, tied to their originals by the log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from api.contract.evidence.redaction import ClipMask, ClipRegion, PictureBox
from api.contract.wire.moment import rfc3339
from api.store.database import Database
from api.store.documents import note_row
from api.store.evidence.tables import RedactionRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord
from api.store.search_tables import PackageFileRow

OPERATION = "boxes covered with one flat colour, metadata left out"
CLIP_OPERATION = (
    "boxes covered with one flat colour for a while, pictures encoded anew at their times, nothing else kept"
)

SUFFIXES = {"image/jpeg": ".jpg", "video/mp4": ".mp4"}
"""How copies of each media type are called."""

PIECE = 1024 * 1024
"""Bytes of a copy that are read from the store at once."""

_REGIONS = TypeAdapter(list[ClipRegion])
_MASKS = TypeAdapter(list[ClipMask])


@dataclass(frozen=True, slots=True)
class Covering:
    """
    The covered regions of a copy, their author and reason.

    Attributes:
        boxes: of a picture. `regions` and `masks`: of a clip.

        made_by: the worker that covered a clip; empty for pictures, which the API covers.
    """

    reason: str
    by: str
    boxes: tuple[PictureBox, ...] = ()
    regions: tuple[ClipRegion, ...] = ()
    masks: tuple[ClipMask, ...] = ()
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redacted copy: of which file, with which hash, what is covered, and of what type; ``size`` in bytes."""

    lead_id: str
    file: str
    source_sha256: str
    sha256: str
    covering: Covering
    at: datetime
    log_index: int
    media_type: str
    size: int

    @property
    def name(self) -> str:
        """The name under which the copy is handed out."""
        return self.sha256 + SUFFIXES[self.media_type]


def add_redaction(
    session: Session,
    *,
    lead_id: str,
    file: str,
    source_sha256: str,
    sha256: str,
    covering: Covering,
    at: datetime,
    copy: bytes,
    media_type: str = "image/jpeg",
) -> Redaction:
    """
    Keep a copy and log what ties it to its original; the same copy again is the one that is there.

    `media_type` is one of `SUFFIXES`. Needs the writing transaction.
    """
    known = _find(session, lead_id, sha256)
    if known is not None:
        return known
    is_clip = media_type == "video/mp4"
    boxes = [list(box) for box in covering.boxes]
    regions = [region.model_dump(mode="json") for region in covering.regions]
    masks = [mask.model_dump(mode="json") for mask in covering.masks]
    record: dict[str, object] = {
        "lead_id": lead_id,
        "file": file,
        "source_sha256": source_sha256,
        "sha256": sha256,
        "operation": CLIP_OPERATION if is_clip else OPERATION,
        "reason": covering.reason,
        "by": covering.by,
        "at": rfc3339(at),
    }
    record |= {"regions": regions, "masks": masks, "made_by": covering.made_by} if is_clip else {"boxes": boxes}
    index = append_record(session, LeafKind.REDACTION, record, lead_id, at)
    row = RedactionRow(
        lead_id=lead_id,
        sha256=sha256,
        file=file,
        source_sha256=source_sha256,
        boxes=json.dumps(boxes),
        regions=json.dumps(regions),
        masks=json.dumps(masks, ensure_ascii=False),
        media_type=media_type,
        made_by=covering.made_by,
        reason=covering.reason,
        by=covering.by,
        at=at,
        log_index=index,
        copy=copy,
    )
    session.add(row)
    session.flush()
    made = _redaction(row, len(copy))
    name = f"redactions/{made.name}"
    session.execute(insert(PackageFileRow).values(sha256=sha256, lead_id=lead_id, name=name))
    return made


def redactions_of(session: Session, lead_id: str) -> list[Redaction]:
    """Return a lead's redacted copies in order of making, without those whose row cannot be read."""
    rows = select(RedactionRow, func.length(RedactionRow.copy)).where(RedactionRow.lead_id == lead_id)
    found = []
    for row, size in session.execute(rows.order_by(RedactionRow.log_index)):
        try:
            found.append(_redaction(row, size))
        except ValueError as fault:  # JSON's, or pydantic's
            note_row(session, f"{row.lead_id} {row.sha256}", type(fault).__name__, of="redacted copies")
    return found


def find_redaction(session: Session, lead_id: str, sha256: str) -> Redaction:
    """Return a redacted copy's record; raise `UnknownRecord`."""
    found = _find(session, lead_id, sha256)
    if found is None:
        raise UnknownRecord(f"lead {lead_id} has no redacted copy {sha256}")
    return found


def copy_pieces(database: Database, redaction: Redaction, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a copy from `start` up to `end`, piece by piece; raise `UnknownRecord`."""
    for first in range(start, end, PIECE):
        wanted = func.substr(RedactionRow.copy, first + 1, min(PIECE, end - first), type_=RedactionRow.copy.type)
        with database.reading() as session:
            piece = session.scalar(
                select(wanted).where(RedactionRow.lead_id == redaction.lead_id, RedactionRow.sha256 == redaction.sha256)
            )
        if piece is None:
            raise UnknownRecord(f"lead {redaction.lead_id} has no redacted copy {redaction.sha256}")
        yield bytes(piece)


def _find(session: Session, lead_id: str, sha256: str) -> Redaction | None:
    found = session.execute(
        select(RedactionRow, func.length(RedactionRow.copy)).where(
            RedactionRow.lead_id == lead_id, RedactionRow.sha256 == sha256
        )
    ).first()
    return None if found is None else _redaction(*found)


def _redaction(row: RedactionRow, size: int) -> Redaction:
    boxes = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in json.loads(row.boxes))
    covering = Covering(
        reason=row.reason,
        by=row.by,
        boxes=boxes,
        regions=tuple(_REGIONS.validate_json(row.regions)),
        masks=tuple(_MASKS.validate_json(row.masks)),
        made_by=row.made_by,
    )
    return Redaction(
        row.lead_id,
        row.file,
        row.source_sha256,
        row.sha256,
        covering,
        row.at,
        row.log_index,
        row.media_type,
        size,
    )
