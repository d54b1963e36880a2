"""
The append-only log in the store: one RFC 6962 tree a site, grown in the transaction of what it records.

A leaf and the change it records are committed together or not at all, so a cut leaves neither without the other;
the database's one write lock (`Database.writing`) makes this the single writer, whichever process writes. Appending and
proving touch O(log n) rows.

Leaves are a package's ``SHA256SUMS``, or canonical JSON with the member ``kind``. They are kept whole: what a deleted
package held stays provable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, insert, or_, select
from sqlalchemy.orm import Session

from api.contract.trust.merkle import (
    Span,
    Subtree,
    consistency_spans,
    finished_by,
    inclusion_spans,
    leaf_hash,
    node_hash,
)
from api.contract.trust.stamp import canonical_json
from api.store.evidence.log_tables import LogLeafRow, LogNodeRow
from api.store.faults import StoreError
from api.store.tables import PackageRow


class LeafKind(StrEnum):
    """What a leaf records."""

    PACKAGE = "package"
    TRANSITION = "transition"
    CORRECTION = "correction"
    DELETION = "deletion"
    ACCESS = "access"
    KEY = "key"
    CAMERA = "camera"
    HOLD = "hold"
    REDACTION = "redaction"
    ATTACHMENT = "attachment"
    OPERATOR = "operator"
    GRANT = "grant"
    REGISTER = "register"
    CHECK = "check"
    DRAW = "draw"
    LEGAL = "legal"
    CALENDAR = "calendar"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class LogLeaf:
    """A leaf as it was appended; ``subject`` is what it is about, mostly a lead's id."""

    index: int
    kind: LeafKind
    subject: str
    at: datetime
    data: bytes


def append_leaf(session: Session, kind: LeafKind, data: bytes, subject: str, at: datetime) -> int:
    """Append `data` and return its index; needs the writing transaction, with which it is on disk."""
    return append_leaves(session, kind, [(data, subject)], at)


def append_leaves(session: Session, kind: LeafKind, leaves: Sequence[tuple[bytes, str]], at: datetime) -> int:
    """
    Append leaves, each with its subject, and return the index of the first one; the others follow.

    Needs the writing transaction; as many statements for thousands as for one.
    """
    first = log_size(session)
    if not leaves:
        return first
    numbered = list(enumerate(leaves, start=first))
    wanted = (left for index, _ in numbered for left in finished_by(index))
    known = _hashes(session, [left for left in wanted if (left.position + 1) << left.level <= first])
    for index, (data, _) in numbered:
        found = known[Subtree(0, index)] = leaf_hash(data)
        for left in finished_by(index):
            found = known[Subtree(left.level + 1, index >> (left.level + 1))] = node_hash(known[left], found)
    made = [
        {"level": subtree.level, "position": subtree.position, "hash": found}
        for subtree, found in known.items()
        if (subtree.position + 1) << subtree.level > first
    ]
    session.execute(
        insert(LogLeafRow),
        [
            {"index": index, "kind": kind.value, "subject": subject, "at": at, "data": data}
            for index, (data, subject) in numbered
        ],
    )
    session.execute(insert(LogNodeRow), made)
    return first


def append_record(session: Session, kind: LeafKind, record: Mapping[str, object], subject: str, at: datetime) -> int:
    """Append `record` as canonical JSON with its ``kind`` and return its index; needs the writing transaction."""
    return append_leaf(session, kind, canonical_json({**record, "kind": kind.value}), subject, at)


def append_records(
    session: Session, kind: LeafKind, records: Sequence[tuple[Mapping[str, object], str]], at: datetime
) -> int:
    """Append records, each with its subject, like `append_record`; return the index of the first one."""
    leaves = [(canonical_json({**record, "kind": kind.value}), subject) for record, subject in records]
    return append_leaves(session, kind, leaves, at)


def log_size(session: Session) -> int:
    """Return how many leaves the log has."""
    newest = session.scalar(select(func.max(LogLeafRow.index)))
    return 0 if newest is None else newest + 1


def log_root(session: Session, size: int) -> bytes:
    """Return the root that the log had with `size` leaves; raise `StoreError` where it never had as many."""
    _check_size(session, size)
    return _roots(session, [Span(0, size)])[0]


def inclusion_path(session: Session, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size`; raise `ValueError` or `StoreError`."""
    _check_size(session, size)
    return _roots(session, inclusion_spans(index, size))


def consistency_path(session: Session, first: int, second: int) -> list[bytes]:
    """Return the proof that the tree of `second` begins with that of `first`; raise `ValueError` or `StoreError`."""
    _check_size(session, second)
    return _roots(session, consistency_spans(first, second))


def _check_size(session: Session, size: int) -> None:
    """Raise `StoreError` for more leaves than there are, before a path through a tree of any size is worked out."""
    found = log_size(session)
    if size > found:
        raise StoreError(f"the log has {found} leaves, fewer than were asked for")


def log_index_of(session: Session, sums_sha256: str) -> int | None:
    """Return which leaf a package's hash list is; ``None`` for a package from before the log."""
    return session.scalar(select(PackageRow.log_index).where(PackageRow.sums_sha256 == sums_sha256))


def log_leaves(session: Session, start: int, count: int) -> list[LogLeaf]:
    """Return up to `count` leaves from the index `start` on."""
    rows = select(LogLeafRow).where(LogLeafRow.index >= start).order_by(LogLeafRow.index).limit(count)
    return [_leaf(row) for row in session.scalars(rows)]


def log_nodes(session: Session, level: int, start: int, count: int) -> list[bytes]:
    """Return the hashes of up to `count` complete subtrees of one level from the position `start` on."""
    rows = (
        select(LogNodeRow.hash)
        .where(LogNodeRow.level == level, LogNodeRow.position >= start)
        .order_by(LogNodeRow.position)
        .limit(count)
    )
    return [bytes(found) for found in session.scalars(rows)]


def leaves_about(session: Session, subject: str) -> list[LogLeaf]:
    """Return all leaves about one subject, in order."""
    rows = select(LogLeafRow).where(LogLeafRow.subject == subject).order_by(LogLeafRow.index)
    return [_leaf(row) for row in session.scalars(rows)]


def _leaf(row: LogLeafRow) -> LogLeaf:
    return LogLeaf(row.index, LeafKind(row.kind), row.subject, row.at, bytes(row.data))


def _roots(session: Session, spans: Sequence[Span]) -> list[bytes]:
    """Return each span's hash, all read in one query."""
    hashes = _hashes(session, [subtree for span in spans for subtree in span.subtrees()])
    return [span.root(hashes) for span in spans]


def _hashes(session: Session, subtrees: Iterable[Subtree]) -> dict[Subtree, bytes]:
    """Return the hashes of complete subtrees; raise `StoreError` where one is not there."""
    wanted = list(dict.fromkeys(subtrees))
    if not wanted:
        return {}
    asked = or_(*(and_(LogNodeRow.level == each.level, LogNodeRow.position == each.position) for each in wanted))
    rows = session.execute(select(LogNodeRow.level, LogNodeRow.position, LogNodeRow.hash).where(asked))
    found = {Subtree(row.level, row.position): bytes(row.hash) for row in rows}
    for subtree in wanted:
        if subtree not in found:
            raise StoreError(f"the log has no node {subtree.position} of level {subtree.level}")
    return found
