"""
Stored documents: a row that no longer validates is left out, counted and named, and affects no other.

Unreadable rows are remembered by the `Database` and reported by ``/readyz``; the log has each once. Documents are read
back before they are written (`stored`), so bad rows come from another version, another program or a broken disk.
"""

import threading
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from api.contract.wire.document import Wire

log = structlog.get_logger(__name__)

LEADS = "leads"
ModelT = TypeVar("ModelT", bound=BaseModel)
_KEY = "unreadable"
_NAMED = 5
_REMEMBERED = 1000


class Unreadable:
    """The rows that could not be read when they were last looked at, by kind; safe in threads."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    def note(self, kind: str, key: str, reason: str) -> None:
        """Remember a row and log it, unless it is known."""
        with self._lock:
            if (kind, key) in self._rows or len(self._rows) >= _REMEMBERED:
                return
            self._rows[kind, key] = None
        log.error("stored row cannot be read and is left out", kind=kind, key=key, reason=reason)

    def forget(self, kind: str, key: str) -> None:
        """Forget a row that was read, written again or removed."""
        if self._rows:
            with self._lock:
                self._rows.pop((kind, key), None)

    def sentence(self) -> str:
        """Return how many rows of what kind cannot be read, and which; empty where all can."""
        with self._lock:
            rows = list(self._rows)
        if not rows:
            return ""
        told = []
        for kind in dict.fromkeys(kind for kind, _ in rows):
            keys = [key for each, key in rows if each == kind]
            rest = ", ..." if len(keys) > _NAMED else ""
            told.append(f"{len(keys)} of {kind} ({', '.join(keys[:_NAMED])}{rest})")
        return f"stored rows cannot be read and are left out: {'; '.join(told)}; write them again or remove them"


def open_session_info(unreadable: Unreadable) -> dict[str, Unreadable]:
    """Return what a session must carry for `read_document`."""
    return {_KEY: unreadable}


def read_document(session: Session, kind: type[ModelT], key: str, document: str, *, of: str) -> ModelT | None:
    """Return the document of a row, `None` where it does not validate; `of` names its kind for people, plural."""
    try:
        found = kind.model_validate_json(document)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        note_row(session, key, f"{where}: {first['msg']}"[:300], of=of)
        return None
    forget_row(session, key, of=of)
    return found


def note_row(session: Session, key: str, reason: str, *, of: str) -> None:
    """Remember that a row cannot be read."""
    unreadable: Unreadable | None = session.info.get(_KEY)
    if unreadable is not None:
        unreadable.note(of, key, reason)


def forget_row(session: Session, key: str, *, of: str) -> None:
    """Forget an unreadable row that was written again or removed."""
    unreadable: Unreadable | None = session.info.get(_KEY)
    if unreadable is not None:
        unreadable.forget(of, key)


def stored(document: Wire) -> str:
    """Return a document as JSON that can be read again; raise `pydantic.ValidationError` before it is committed."""
    text = document.model_dump_json()
    type(document).model_validate_json(text)
    return text
