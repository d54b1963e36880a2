"""
Accesses in the log, so that the record of who viewed evidence cannot be rewritten.

A leaf for every look would make the log a list of looks; a batch is one leaf: the Merkle root (RFC 6962) over the
custody entries since the batch before, each as canonical JSON with its number. An entry is proven by two paths: from
the entry to the batch's root, and from the batch's leaf to the log's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.trust.merkle import Span, Subtree, inclusion_spans, leaf_hash, node_hash
from api.contract.trust.stamp import canonical_json
from api.contract.wire.moment import rfc3339
from api.store.evidence.tables import AccessBatchRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord
from api.store.tables import CustodyRow

MOST_IN_BATCH = 10_000
"""Entries of one leaf; what is more waits for the next."""


@dataclass(frozen=True, slots=True)
class AccessProof:
    """
    That a custody entry is in the log.

    Attributes:
        leaf: the entry as canonical JSON: what is hashed.

        index, size, path: of the entry in its batch, as in RFC 6962.

        root: of the batch, hex; part of the log's leaf ``log_index``.
    """

    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    root: str
    log_index: int


def log_accesses(session: Session, at: datetime) -> int | None:
    """Append a leaf for the entries without one and return its index; ``None`` without such entries."""
    first = _logged_until(session) + 1
    rows = session.scalars(
        select(CustodyRow).where(CustodyRow.seq >= first).order_by(CustodyRow.seq).limit(MOST_IN_BATCH)
    ).all()
    if not rows:
        return None
    last = rows[-1].seq
    root = custody_root(rows)
    record = {"first_seq": rows[0].seq, "last_seq": last, "count": len(rows), "root": root, "at": rfc3339(at)}
    index = append_record(session, LeafKind.ACCESS, record, f"custody-{rows[0].seq}-{last}", at)
    session.add(AccessBatchRow(last_seq=last, first_seq=rows[0].seq, log_index=index, root=root, at=at))
    return index


def waiting_since(session: Session) -> datetime | None:
    """Return the time of the oldest entry without a batch; ``None``: every entry is in the log."""
    oldest = select(CustodyRow.at).where(CustodyRow.seq > _logged_until(session)).order_by(CustodyRow.seq).limit(1)
    return session.scalar(oldest)


def logged_until(session: Session) -> int:
    """Return the number of the newest custody entry in the log; 0: none."""
    return _logged_until(session)


def access_proof(session: Session, lead_id: str, seq: int) -> AccessProof:
    """Return the proof of a lead's custody entry; raise `UnknownRecord` for none, or one that is in no batch yet."""
    row = session.get(CustodyRow, seq)
    if row is None or row.lead_id != lead_id:
        raise UnknownRecord(f"lead {lead_id} has no custody entry {seq}")
    batch = session.scalar(
        select(AccessBatchRow).where(AccessBatchRow.last_seq >= seq).order_by(AccessBatchRow.last_seq).limit(1)
    )
    if batch is None:
        raise UnknownRecord(f"custody entry {seq} is not in the log yet")
    rows = _entries(session, batch)
    index = next(place for place, one in enumerate(rows) if one.seq == seq)
    hashes = _subtrees(rows)
    path = tuple(span.root(hashes) for span in inclusion_spans(index, len(rows)))
    return AccessProof(access_leaf(row), index, len(rows), path, batch.root, batch.log_index)


def custody_root(rows: Sequence[CustodyRow]) -> str:
    """Return the root over custody entries in order, hex, as the leaf over them names it."""
    return Span(0, len(rows)).root(_subtrees(rows)).hex()


def access_leaf(row: CustodyRow) -> bytes:
    """Return a custody entry as it is hashed: canonical JSON."""
    return canonical_json(
        {
            "seq": row.seq,
            "lead_id": row.lead_id,
            "file": row.file,
            "action": row.action,
            "who": row.who,
            "address": row.address,
            "at": rfc3339(row.at),
            "result": row.result,
        }
    )


def _logged_until(session: Session) -> int:
    return session.scalar(select(func.max(AccessBatchRow.last_seq))) or 0


def _entries(session: Session, batch: AccessBatchRow) -> Sequence[CustodyRow]:
    within = CustodyRow.seq.between(batch.first_seq, batch.last_seq)
    return session.scalars(select(CustodyRow).where(within).order_by(CustodyRow.seq)).all()


def _subtrees(rows: Sequence[CustodyRow]) -> dict[Subtree, bytes]:
    """Return the hashes of all complete subtrees over the entries."""
    level, row = 0, [leaf_hash(access_leaf(one)) for one in rows]
    hashes: dict[Subtree, bytes] = {}
    while row:
        hashes |= {Subtree(level, position): found for position, found in enumerate(row)}
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        level += 1
    return hashes
