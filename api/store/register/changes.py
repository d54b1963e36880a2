"""Changes of the register: each is kept whole, and is a leaf of the log that tells who, why, and both hashes."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from api.contract.register.entry import Entry, RegisterKind
from api.contract.trust.stamp import canonical_json
from api.contract.wire.moment import rfc3339
from api.store.documents import forget_row
from api.store.evidence.tlog import LeafKind, append_records
from api.store.faults import StaleVersion, UnknownRecord
from api.store.register.entries import ENTRIES, EntryT, Stored, read_entry, searched_text
from api.store.register.tables import RegisterChangeRow, RegisterEntryRow

_PIECE = 500
"""Keys that one statement asks for."""


class Outcome(StrEnum):
    """What putting an entry does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class _Before:
    """How an entry stands: its newest version, and its document; empty where it is not there or was removed."""

    version: int
    document: str


@dataclass(frozen=True, slots=True)
class _Step(Generic[EntryT]):
    """One entry to be written: what it is, as text too, and how it stood; no document: it is removed."""

    key: str
    before: _Before
    document: EntryT | None
    text: str
    uscc: str

    @property
    def outcome(self) -> Outcome:
        if self.before.document == "":
            return Outcome.NEW
        return Outcome.UNCHANGED if self.before.document == self.text else Outcome.CHANGED


def put_entry(
    session: Session, document: EntryT, version: int | None, *, who: str, reason: str, at: datetime
) -> Stored[EntryT]:
    """
    Enter a document as it is to hold from its own dates on; return it with its version.

    What is entered already is not entered again. Needs the writing transaction.

    Args:
        session: of the writing transaction.

        document: all of the entry.

        version: the one that the caller has read; 0 for an entry that must be new; ``None``: whatever is there.

        who: as records name a caller, ``operator:name``.

        reason: why, in that person's words.

        at: now: the time at which it is entered, whatever its own dates are.

    Raises:
        StaleVersion: the entry has another version.
    """
    [step] = _steps(session, [document])
    standing = step.before.version if step.before.document else 0
    if version is not None and version != standing:
        raise StaleVersion(_stale(document.kind, document.key, standing, version))
    if step.outcome is not Outcome.UNCHANGED:
        _write(session, document.kind, [step], who=who, reason=reason, at=at)
    row = session.get(RegisterEntryRow, (document.kind.value, document.key), populate_existing=True)
    if row is None:
        raise UnknownRecord(f"there is no {document.kind} {document.key}")
    return read_entry(session, type(document), row)


def put_entries(session: Session, documents: Sequence[EntryT], *, who: str, reason: str, at: datetime) -> list[Outcome]:
    """
    Enter documents of one kind, each key once, whatever is there; return what became of each.

    Needs the writing transaction. Thousands take few statements.
    """
    steps = _steps(session, documents)
    changed = [step for step in steps if step.outcome is not Outcome.UNCHANGED]
    if changed:
        _write(session, documents[0].kind, changed, who=who, reason=reason, at=at)
    return [step.outcome for step in steps]


def outcomes_of(session: Session, documents: Sequence[Entry]) -> list[Outcome]:
    """Return what `put_entries` would do with each document; writes nothing."""
    return [step.outcome for step in _steps(session, documents)]


def delete_entry(
    session: Session, kind: type[Entry], key: str, version: int | None, *, who: str, reason: str, at: datetime
) -> None:
    """
    Mark an entry as removed from `at` on; its history stays, and so does what held before.

    Needs the writing transaction. Raises `UnknownRecord`, or `StaleVersion` where it has another version than named.
    """
    row = session.get(RegisterEntryRow, (kind.kind.value, key), populate_existing=True)
    if row is None:
        raise UnknownRecord(f"there is no {kind.kind} {key}")
    if version is not None and version != row.version:
        raise StaleVersion(_stale(kind.kind, key, row.version, version))
    step: _Step[Entry] = _Step(key, _Before(row.version, row.document), None, "", row.uscc)
    _write(session, kind.kind, [step], who=who, reason=reason, at=at)


def _stale(kind: RegisterKind, key: str, standing: int, named: int) -> str:
    if standing == 0:
        return f"there is no {kind} {key} of version {named}"
    return f"{kind} {key} has version {standing}, not {named}" if named else f"{kind} {key} is there already"


def _steps(session: Session, documents: Sequence[EntryT]) -> list[_Step[EntryT]]:
    if not documents:
        return []
    kind = documents[0].kind
    before = _before(session, kind, [document.key for document in documents])
    return [
        _Step(document.key, before.get(document.key, _Before(0, "")), document, _text(document), document.facts.uscc)
        for document in documents
    ]


def _before(session: Session, kind: RegisterKind, keys: Sequence[str]) -> dict[str, _Before]:
    """Return how entries stand, those that were removed among them."""
    found: dict[str, _Before] = {}
    for piece in _pieces(keys):
        versions = (
            select(RegisterChangeRow.key, func.max(RegisterChangeRow.version))
            .where(RegisterChangeRow.kind == kind.value, RegisterChangeRow.key.in_(piece))
            .group_by(RegisterChangeRow.key)
        )
        found |= {key: _Before(version, "") for key, version in session.execute(versions)}
        entries = select(RegisterEntryRow.key, RegisterEntryRow.version, RegisterEntryRow.document).where(
            RegisterEntryRow.kind == kind.value, RegisterEntryRow.key.in_(piece)
        )
        found |= {key: _Before(version, document) for key, version, document in session.execute(entries)}
    return found


def _pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _PIECE):
        yield keys[start : start + _PIECE]


def _text(document: Entry) -> str:
    """Return a document as canonical JSON that can be read again; raise `pydantic.ValidationError`."""
    text = canonical_json(document.model_dump(mode="json")).decode()
    type(document).model_validate_json(text)
    return text


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _write(
    session: Session, kind: RegisterKind, steps: Sequence[_Step[EntryT]], *, who: str, reason: str, at: datetime
) -> None:
    """Append changes and their leaves, and make the entries what follows from them."""
    told: list[dict[str, object]] = [
        {
            "register": kind.value,
            "key": step.key,
            "version": step.before.version + 1,
            "removed": step.document is None,
            "before_sha256": _hash(step.before.document),
            "after_sha256": _hash(step.text),
            "by": who,
            "reason": reason,
        }
        for step in steps
    ]
    records = [({**each, "at": rfc3339(at)}, f"register:{kind}:{each['key']}") for each in told]
    first = append_records(session, LeafKind.REGISTER, records, at)
    session.execute(
        insert(RegisterChangeRow),
        [
            {name: value for name, value in each.items() if name != "register"}
            | {"kind": kind.value, "uscc": step.uscc, "document": step.text, "at": at, "log_index": first + number}
            for number, (each, step) in enumerate(zip(told, steps, strict=True))
        ],
    )
    removed = [step.key for step in steps if step.document is None]
    new = [step for step in steps if step.document is not None and step.before.document == ""]
    changed = [step for step in steps if step.document is not None and step.before.document != ""]
    if removed:
        session.execute(
            delete(RegisterEntryRow).where(RegisterEntryRow.kind == kind.value, RegisterEntryRow.key.in_(removed))
        )
    if new:
        session.execute(insert(RegisterEntryRow), [_row(kind, step, who, reason, at) for step in new])
    if changed:
        session.execute(update(RegisterEntryRow), [_row(kind, step, who, reason, at) for step in changed])
    for step in steps:
        forget_row(session, f"{kind} {step.key}", of=ENTRIES)


def _row(kind: RegisterKind, step: _Step[EntryT], who: str, reason: str, at: datetime) -> dict[str, object]:
    if step.document is None:
        raise ValueError(f"{kind} {step.key} is removed")
    facts = step.document.facts
    return {
        "kind": kind.value,
        "key": step.key,
        "version": step.before.version + 1,
        "name": facts.name,
        "uscc": facts.uscc,
        "division": facts.division,
        "status": facts.status,
        "lon": facts.lon,
        "lat": facts.lat,
        "text": searched_text(step.document),
        "document": step.text,
        "by": who,
        "reason": reason,
        "changed": at,
    }
