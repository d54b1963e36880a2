"""Attachments: who may give a lead a file, and how the file is kept: on the vault's shelf first, then in the log."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.evidence.vault import VaultError
from api.loop.actor import actor_before
from api.problems import Problem
from api.state import ApiState
from api.store.evidence.attachments import FOLDER, StoredAttachment, add_attachment
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.evidence.holds import lead_deleted_at

log = structlog.get_logger(__name__)

BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
"""Types that a browser may show, and how their files begin."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An attachment that is stored, and whether this call stored it."""

    attachment: StoredAttachment
    fresh: bool


def may_attach(session: Session, username: str, lead: LeadDocument) -> bool:
    """Whether an operator may give a lead files: who holds any role in its division; anyone on a site without roles."""
    return bool(actor_before(session, username, lead).roles)


def keep_attachment(state: ApiState, made: StoredAttachment, file: Path, address: str) -> Kept:
    """
    Keep a file that hashes to the attachment's hash, with its leaf of the log and its custody; blocks.

    The same again is the one that is there. Answers 410 for a lead whose package was deleted, 503 where the vault takes
    nothing now.
    """
    shelf = state.vault.attachments
    with state.database.reading() as session:
        refuse_deleted(session, made.lead_id)
    try:
        shelf.keep(made.lead_id, made.sha256, file)
    except VaultError as fault:
        log.error("attachment cannot be stored", lead=made.lead_id, error=str(fault))  # noqa: TRY400 (says it all)
        raise Problem(503, "vault-unavailable", "the attachment cannot be kept now; send it again later") from fault
    try:
        with state.database.writing() as session:
            refuse_deleted(session, made.lead_id)
            found, fresh = add_attachment(session, made)
            if fresh:
                name = f"{FOLDER}/{made.sha256}"
                entry = CustodyEntry(made.lead_id, name, CustodyAction.FILED, made.by, address, made.at)
                add_custody(session, entry)
    except Problem:  # deleted meanwhile, and what was put on the shelf after that goes too
        shelf.erase(made.lead_id)
        raise
    if fresh:
        log.info("attachment stored", lead=made.lead_id, sha256=made.sha256, kind=made.kind.value, by=made.by)
    return Kept(found, fresh)


def refuse_deleted(session: Session, lead_id: str) -> None:
    """Answer 410 where a lead's package was deleted: its attachments went with it."""
    gone = lead_deleted_at(session, lead_id)
    if gone is not None:
        detail = f"the package and the attachments of lead {lead_id} were deleted at {rfc3339(gone)}"
        raise Problem(410, "evidence-deleted", detail)


def begins_as(file: Path, media_type: str) -> bool:
    """Whether a file begins as its type says; true for types that are never shown."""
    beginnings = BEGINNINGS.get(media_type)
    if beginnings is None:
        return True
    with file.open("rb") as opened:
        return opened.read(8).startswith(beginnings)
