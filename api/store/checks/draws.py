"""Draws in the store: each is frozen, and a leaf of the log."""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.checks.draw import Draw
from api.contract.trust.stamp import canonical_json
from api.contract.wire.moment import rfc3339
from api.store.checks.tables import DrawRow
from api.store.documents import read_document
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import RecordConflict, UnknownRecord, UnreadableRecord

DRAWS = "draws"


def keep_draw(session: Session, draw: Draw, at: datetime) -> None:
    """Keep a draw; needs the writing transaction; raise `RecordConflict` where its id was used."""
    if session.get(DrawRow, draw.id) is not None:
        raise RecordConflict(f"draw {draw.id} was made already; a draw is not repeated under its id")
    text = canonical_json(draw.model_dump(mode="json")).decode()
    record = {
        "draw": draw.id,
        "draw_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "seed": draw.seed,
        "pool_sha256": draw.pool_sha256,
        "by": draw.made_by,
        "at": rfc3339(at),
    }
    index = append_record(session, LeafKind.DRAW, record, f"draw:{draw.id}", at)
    session.add(DrawRow(draw_id=draw.id, made=at, document=text, log_index=index))
    session.flush()


def get_draw(session: Session, draw_id: str) -> Draw:
    """Return a draw; raise `UnknownRecord` or `UnreadableRecord`."""
    row = session.get(DrawRow, draw_id)
    if row is None:
        raise UnknownRecord(f"there is no draw {draw_id}")
    found = read_document(session, Draw, row.draw_id, row.document, of=DRAWS)
    if found is None:
        raise UnreadableRecord(f"what is stored of draw {draw_id} cannot be read")
    return found


def list_draws(session: Session, limit: int) -> list[str]:
    """Return the ids of draws, the newest first."""
    return list(session.scalars(select(DrawRow.draw_id).order_by(DrawRow.made.desc()).limit(limit)))
