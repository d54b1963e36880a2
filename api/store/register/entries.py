"""Entries of the register as they stand now: found by key, listed, searched; and the history of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from api.contract.register.entry import Entry
from api.store.documents import read_document
from api.store.faults import UnknownRecord, UnreadableRecord
from api.store.register.tables import RegisterChangeRow, RegisterEntryRow
from api.store.terms import normal_text, search_words

ENTRIES = "register entries"
PIECE = 500
EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True, slots=True)
class Stored(Generic[EntryT]):
    """An entry with its version, and who entered that, why and when."""

    document: EntryT
    version: int
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Change(Generic[EntryT]):
    """One change of an entry; no document: it was removed, or cannot be read."""

    version: int
    removed: bool
    document: EntryT | None
    by: str
    reason: str
    at: datetime
    before_sha256: str
    after_sha256: str
    log_index: int


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """
    Which entries are asked for: all that is given must hold.

    Attributes:
        words: each must occur in name, code or address.

        division: code or its beginning.

        status: see `api.contract.register.entry.Facts`.

        cursor: key after which the page begins; ``None`` for the first.

        limit: entries of a page.
    """

    words: str = ""
    uscc: str = ""
    division: str = ""
    status: str = ""
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EntryPage(Generic[EntryT]):
    """Entries by key, the key after which the next page begins (``None``: there is none), and how many there are."""

    entries: list[Stored[EntryT]]
    next: str | None
    total: int


def get_entry(session: Session, kind: type[EntryT], key: str) -> Stored[EntryT]:
    """Return an entry as it stands; raise `UnknownRecord`, `UnreadableRecord`."""
    row = session.get(RegisterEntryRow, (kind.kind.value, key))
    if row is None:
        raise UnknownRecord(f"there is no {kind.kind} {key}")
    return read_entry(session, kind, row)


def read_entry(session: Session, kind: type[EntryT], row: RegisterEntryRow) -> Stored[EntryT]:
    """Return a row's entry; raise `UnreadableRecord`."""
    document = _document(session, kind, row.key, row.document)
    if document is None:
        raise UnreadableRecord(f"what is stored of {kind.kind} {row.key} cannot be read: write it anew or remove it")
    return Stored(document, row.version, row.by, row.reason, row.changed)


def list_entries(session: Session, kind: type[EntryT], query: EntryQuery | None = None) -> EntryPage[EntryT]:
    """Return a page of entries as they stand, by key; without those that cannot be read."""
    asked = query or EntryQuery()
    wanted = _wanted(kind, asked)
    total = session.scalar(select(func.count()).select_from(RegisterEntryRow).where(*wanted)) or 0
    statement = select(RegisterEntryRow).where(*wanted).order_by(RegisterEntryRow.key).limit(asked.limit + 1)
    if asked.cursor is not None:
        statement = statement.where(RegisterEntryRow.key > asked.cursor)
    rows = session.scalars(statement).all()
    found = [stored for row in rows[: asked.limit] if (stored := _read(session, kind, row)) is not None]
    return EntryPage(found, rows[asked.limit - 1].key if len(rows) > asked.limit else None, total)


def all_entries(session: Session, kind: type[EntryT]) -> Iterator[Stored[EntryT]]:
    """Yield all entries of a kind as they stand, by key; without those that cannot be read."""
    statement = select(RegisterEntryRow).where(RegisterEntryRow.kind == kind.kind.value).order_by(RegisterEntryRow.key)
    for row in session.scalars(statement.execution_options(yield_per=PIECE)):
        if (stored := _read(session, kind, row)) is not None:
            yield stored


def history_of(session: Session, kind: type[EntryT], key: str) -> list[Change[EntryT]]:
    """Return every change of an entry, oldest first; raise `UnknownRecord` for one that never was."""
    rows = session.scalars(
        select(RegisterChangeRow)
        .where(RegisterChangeRow.kind == kind.kind.value, RegisterChangeRow.key == key)
        .order_by(RegisterChangeRow.version)
    ).all()
    if not rows:
        raise UnknownRecord(f"there never was a {kind.kind} {key}")
    return [
        Change(
            row.version,
            row.removed,
            None if row.removed else _document(session, kind, key, row.document),
            row.by,
            row.reason,
            row.at,
            row.before_sha256,
            row.after_sha256,
            row.log_index,
        )
        for row in rows
    ]


def page_of(entries: Iterable[Stored[EntryT]], query: EntryQuery) -> EntryPage[EntryT]:
    """Return the page that is asked for of entries that come by key; all of them are looked at."""
    words = _words(query)
    found = [stored for stored in entries if _is_wanted(stored.document, query, words)]
    rest = [stored for stored in found if query.cursor is None or stored.document.key > query.cursor]
    page = rest[: query.limit]
    return EntryPage(page, page[-1].document.key if len(rest) > query.limit else None, len(found))


def searched_text(document: Entry) -> str:
    """Return what a search for words looks through."""
    facts = document.facts
    return normal_text(" ".join((facts.name, *facts.words)))


def _is_wanted(document: Entry, query: EntryQuery, words: Sequence[str]) -> bool:
    facts = document.facts
    text = searched_text(document)
    return (
        query.uscc in {"", facts.uscc}
        and facts.division.startswith(query.division)
        and query.status in {"", facts.status}
        and all(word in text for word in words)
    )


def _words(query: EntryQuery) -> list[str]:
    return [word.text.strip() for word in search_words(query.words)]


def _wanted(kind: type[Entry], query: EntryQuery) -> list[ColumnElement[bool]]:
    wanted = [RegisterEntryRow.kind == kind.kind.value]
    if query.uscc:
        wanted.append(RegisterEntryRow.uscc == query.uscc)
    if query.division:
        wanted.append(RegisterEntryRow.division.startswith(query.division, autoescape=True))
    if query.status:
        wanted.append(RegisterEntryRow.status == query.status)
    wanted += [RegisterEntryRow.text.contains(word, autoescape=True) for word in _words(query)]
    return wanted


def _read(session: Session, kind: type[EntryT], row: RegisterEntryRow) -> Stored[EntryT] | None:
    document = _document(session, kind, row.key, row.document)
    return None if document is None else Stored(document, row.version, row.by, row.reason, row.changed)


def _document(session: Session, kind: type[EntryT], key: str, text: str) -> EntryT | None:
    return read_document(session, kind, f"{kind.kind} {key}", text, of=ENTRIES)
