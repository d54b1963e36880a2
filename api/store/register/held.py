"""
What held: the register as it stood at a moment, whatever has been entered since.

Every change has two times. *Valid time* is in the document: the days of a colour, a listing, a permit, a certificate.
*Record time* is when somebody entered it. What held at a moment is what the register said then about that moment: of
the changes entered by then the newest whose dates have begun. So

* an entry that is changed, backdated or removed later does not change what held at an event;
* a permit that begins next year, entered today, leaves today's in force until then;
* a certificate whose dates were cut short holds no longer, though an older version said more;
* what nobody had entered by then did not hold.

With ``known_at`` the question is another one: what held then, as far as was known at that later time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from api.store.documents import read_document
from api.store.faults import UnreadableRecord
from api.store.register.entries import ENTRIES, PIECE, EntryPage, EntryQuery, EntryT, Stored, page_of
from api.store.register.tables import RegisterChangeRow


def held_at(
    session: Session, kind: type[EntryT], key: str, at: datetime, *, known_at: datetime | None = None
) -> EntryT | None:
    """
    Return the entry that held at an aware time; ``None`` where none did.

    `known_at` is by when it must have been entered; left out: by `at` itself. Raises `UnreadableRecord`.
    """
    found = held_stored(session, kind, key, at, known_at=known_at)
    return None if found is None else found.document


def held_stored(
    session: Session, kind: type[EntryT], key: str, at: datetime, *, known_at: datetime | None = None
) -> Stored[EntryT] | None:
    """Return the entry that held like `held_at`, with its version and who entered it."""
    return next(_held(session, kind, at, known_at or at, RegisterChangeRow.key == key), None)


def all_held(session: Session, kind: type[EntryT], at: datetime) -> Iterator[Stored[EntryT]]:
    """Yield all entries of a kind that held at an aware time, by key; raise `UnreadableRecord`."""
    return _held(session, kind, at, at)


def held_entries(
    session: Session,
    kind: type[EntryT],
    at: datetime,
    query: EntryQuery | None = None,
    *,
    known_at: datetime | None = None,
) -> EntryPage[EntryT]:
    """Return a page of the entries that held at an aware time, by key, like `list_entries`; all are looked at."""
    asked = query or EntryQuery()
    conditions = [RegisterChangeRow.uscc == asked.uscc] if asked.uscc else []
    return page_of(_held(session, kind, at, known_at or at, *conditions), asked)


def held_of_enterprise(
    session: Session, kind: type[EntryT], uscc: str, at: datetime, *, known_at: datetime | None = None
) -> list[EntryT]:
    """Return the entries of an enterprise that held at an aware time, by key."""
    held = _held(session, kind, at, known_at or at, RegisterChangeRow.uscc == uscc)
    return [stored.document for stored in held if stored.document.facts.uscc == uscc]


def held_of_keys(
    session: Session, kind: type[EntryT], keys: Sequence[str], at: datetime, *, known_at: datetime | None = None
) -> dict[str, EntryT]:
    """Return the entries with these keys that held at an aware time, by key."""
    held = _held(session, kind, at, known_at or at, RegisterChangeRow.key.in_(keys))
    return {stored.document.key: stored.document for stored in held}


def _held(
    session: Session, kind: type[EntryT], at: datetime, known_at: datetime, *conditions: ColumnElement[bool]
) -> Iterator[Stored[EntryT]]:
    """Yield what held, by key. A condition on anything but the key must be looked at again: newer versions differ."""
    keys = select(RegisterChangeRow.key).where(RegisterChangeRow.kind == kind.kind.value, *conditions)
    rows = session.scalars(
        select(RegisterChangeRow)
        .where(
            RegisterChangeRow.kind == kind.kind.value,
            RegisterChangeRow.at <= known_at,
            RegisterChangeRow.key.in_(keys.distinct()),
        )
        .order_by(RegisterChangeRow.key, RegisterChangeRow.version.desc())
        .execution_options(yield_per=PIECE)
    )
    for _, changes in groupby(rows, lambda row: row.key):
        if (stored := _newest_begun(session, kind, list(changes), at)) is not None:
            yield stored


def _newest_begun(
    session: Session, kind: type[EntryT], changes: Sequence[RegisterChangeRow], at: datetime
) -> Stored[EntryT] | None:
    """Return what holds of an entry's changes, the newest first; raise `UnreadableRecord`."""
    for row in changes:
        if row.removed:
            return None
        document = read_document(session, kind, f"{kind.kind} {row.key}", row.document, of=ENTRIES)
        if document is None:
            raise UnreadableRecord(f"what is stored of {kind.kind} {row.key}, version {row.version}, cannot be read")
        if document.has_begun(at):
            return None if document.has_ended(at) else Stored(document, row.version, row.by, row.reason, row.at)
    return None
