"""Custody held against the log: each leaf of accesses names the root over the entries that it took."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.agreement.ledger import PIECE, Leaf, Walk
from api.store.evidence.access import custody_root
from api.store.evidence.tables import AccessBatchRow
from api.store.tables import CustodyRow

MOST_NAMED = 3
"""Leads or entries that a sentence names one by one."""


class Custody:
    """Compares custody's entries and the table of their batches with the leaves of kind ``access``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        batches = select(AccessBatchRow).order_by(AccessBatchRow.log_index, AccessBatchRow.last_seq)
        self._batches = Walk(
            iter(session.scalars(batches.execution_options(yield_per=PIECE))), lambda batch: batch.log_index
        )
        self._until: int | None = None

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield what is wrong with a leaf's batch and entries."""
        yield from (_planted(batch) for batch in self._batches.before(leaf.index))
        first, last, root = leaf.number("first_seq"), leaf.number("last_seq"), leaf.text("root")
        batch = self._batches.at(leaf.index)
        if batch is None:
            yield f"the batch of custody entries {first} to {last}, the log's leaf {leaf.index}, is gone"
        elif (batch.first_seq, batch.last_seq, batch.root) != (first, last, root):
            yield f"the batch of custody entries {first} to {last} is not the one of the log's leaf {leaf.index}"
        # From the batch before on, so that an entry put between two batches is found too.
        entries = self._entries(self._until, last)
        self._until = last
        count = leaf.number("count")
        if len(entries) != count or custody_root(entries) != root:
            found = _difference(entries, first, last, count)
            yield f"custody entries {first} to {last} are not those of the log's leaf {leaf.index}: {found}"

    def close(self) -> Iterator[str]:
        """Yield the batches without a leaf."""
        yield from (_planted(batch) for batch in self._batches.rest())

    def _entries(self, after: int | None, last: int) -> Sequence[CustodyRow]:
        rows = select(CustodyRow).where(CustodyRow.seq <= last).order_by(CustodyRow.seq)
        return self._session.scalars(rows if after is None else rows.where(CustodyRow.seq > after)).all()


def _planted(batch: AccessBatchRow) -> str:
    return (
        f"the batch of custody entries {batch.first_seq} to {batch.last_seq} is not in the log's leaf {batch.log_index}"
    )


def _difference(entries: Sequence[CustodyRow], first: int, last: int, count: int) -> str:
    """Return how the entries differ from the `count` logged ones; the root gives no more detail."""
    if len(entries) < count:
        there = {entry.seq for entry in entries}
        gone = [str(seq) for seq in range(first, last + 1) if seq not in there]
        which = f" ({', '.join(gone)})" if len(gone) == count - len(entries) <= MOST_NAMED else ""
        return f"{count - len(entries)} of {count} gone{which}"
    if len(entries) > count:
        return f"{len(entries) - count} more than the {count} that were logged"
    leads = sorted({entry.lead_id for entry in entries})
    more = f" and {len(leads) - MOST_NAMED} other leads" if len(leads) > MOST_NAMED else ""
    return f"changed, among those of {', '.join(leads[:MOST_NAMED])}{more}"
