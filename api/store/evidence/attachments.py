"""
Attachments: files that belong to a lead's moves, and stills that the system keeps, each tied to its lead by the log.

Their bytes are on the vault's shelf (`api.evidence.vault.Shelf`). They live as long as the package of their lead: its
deletion is theirs.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from api.contract.wire.handling import Attachment
from api.contract.wire.moment import rfc3339
from api.contract.wire.role import LoopRole
from api.store.evidence.tables import AttachmentRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord
from api.store.search_tables import PackageFileRow
from api.store.tables import PackageRow
from api.store.transitions import transitions_of

FOLDER = "attachments"
"""How custody and search name the files: ``attachments/<SHA-256>``."""


class AttachmentKind(StrEnum):
    """What an attachment is: the kinds of a move's attachments, and what the system keeps."""

    PHOTO = "photo"
    RECORD = "record"
    DOCUMENT = "document"
    AFTER = "after"
    """A still of the lead's camera from after the violation was corrected."""


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """
    A file that is kept with a lead; ``size`` in bytes.

    Attributes:
        camera_id, taken: of a still that the system keeps; empty and ``None`` for what people attach.

        log_index: its leaf of the log; -1 before it has one.
    """

    lead_id: str
    sha256: str
    name: str
    kind: AttachmentKind
    media_type: str
    size: int
    by: str
    at: datetime
    camera_id: str = ""
    taken: datetime | None = None
    log_index: int = -1


@dataclass(frozen=True, slots=True)
class NamedAttachment:
    """A file that a lead's moves name, whether it is stored or not; the first move that named it counts."""

    sha256: str
    name: str
    kind: AttachmentKind
    by: str
    at: datetime


def add_attachment(session: Session, made: StoredAttachment) -> tuple[StoredAttachment, bool]:
    """
    Log an attachment that is on the shelf; return it, or the one that is there, and whether it is new.

    Needs the writing transaction.
    """
    known = find_attachment(session, made.lead_id, made.sha256)
    if known is not None:
        return known, False
    record: dict[str, object] = {
        "lead_id": made.lead_id,
        "sha256": made.sha256,
        "name": made.name,
        "attached_as": made.kind.value,
        "media_type": made.media_type,
        "size": made.size,
        "by": made.by,
        "at": rfc3339(made.at),
    }
    if made.taken is not None:
        record |= {"camera_id": made.camera_id, "taken": rfc3339(made.taken)}
    row = AttachmentRow(
        lead_id=made.lead_id,
        sha256=made.sha256,
        name=made.name,
        kind=made.kind.value,
        media_type=made.media_type,
        size=made.size,
        by=made.by,
        at=made.at,
        log_index=append_record(session, LeafKind.ATTACHMENT, record, made.lead_id, made.at),
        camera_id=made.camera_id,
        taken=made.taken,
    )
    session.add(row)
    session.flush()
    name = f"{FOLDER}/{made.sha256}"
    session.execute(insert(PackageFileRow).values(sha256=made.sha256, lead_id=made.lead_id, name=name))
    return _stored(row), True


def find_attachment(session: Session, lead_id: str, sha256: str) -> StoredAttachment | None:
    """Return a stored attachment of a lead; ``None`` where it is not stored."""
    row = session.get(AttachmentRow, (lead_id, sha256))
    return None if row is None else _stored(row)


def get_attachment(session: Session, lead_id: str, sha256: str) -> StoredAttachment:
    """Return a stored attachment of a lead; raise `UnknownRecord`."""
    found = find_attachment(session, lead_id, sha256)
    if found is None:
        raise UnknownRecord(f"lead {lead_id} has no stored attachment {sha256}")
    return found


def attachments_of(session: Session, lead_id: str) -> list[StoredAttachment]:
    """Return a lead's stored attachments in order of storing."""
    rows = select(AttachmentRow).where(AttachmentRow.lead_id == lead_id).order_by(AttachmentRow.log_index)
    return [_stored(row) for row in session.scalars(rows)]


def named_attachments(session: Session, lead_id: str) -> list[NamedAttachment]:
    """Return the files that a lead's moves name, in their order, each once; raise `UnknownRecord`."""
    found: dict[str, NamedAttachment] = {}
    for text in transitions_of(session, lead_id):
        record = json.loads(text)
        by, at = f"operator:{record['user']}", datetime.fromisoformat(record["at"])
        for one in _carried(record):
            found.setdefault(one.sha256, NamedAttachment(one.sha256, one.name, AttachmentKind(one.kind), by, at))
    return list(found.values())


def kept_attachments(session: Session) -> list[tuple[str, str, str]]:
    """Return lead, hash and the hash of the lead's package, empty without one, of all that must be on the shelf."""
    rows = session.execute(
        select(AttachmentRow.lead_id, AttachmentRow.sha256, PackageRow.sums_sha256)
        .outerjoin(PackageRow, PackageRow.lead_id == AttachmentRow.lead_id)
        .where(PackageRow.deleted.is_(None))
        .order_by(AttachmentRow.log_index)
    )
    return [(lead_id, sha256, sums or "") for lead_id, sha256, sums in rows]


def _carried(record: dict[str, object]) -> Iterable[Attachment]:
    """Return the attachments that a transition's record carries, and the document of its decision."""
    content = record.get("content")
    carried = content.get("attachments", []) if isinstance(content, dict) else []
    yield from (Attachment.model_validate(each) for each in carried)
    if record["role"] != LoopRole.ANALYSER and (decision := record.get("attach_sha256")):
        yield Attachment(name=str(decision)[:12], sha256=str(decision))


def _stored(row: AttachmentRow) -> StoredAttachment:
    return StoredAttachment(
        row.lead_id,
        row.sha256,
        row.name,
        AttachmentKind(row.kind),
        row.media_type,
        row.size,
        row.by,
        row.at,
        row.camera_id,
        row.taken,
        row.log_index,
    )
