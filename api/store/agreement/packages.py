"""Compares packages with the log: each as filed, and deleted only with a leaf."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import PIECE, Leaf, Walk
from api.store.evidence.tlog import LeafKind
from api.store.tables import PackageRow


@dataclass(frozen=True, slots=True)
class _Filed:
    """A package as the table has it."""

    log_index: int
    sums_sha256: str
    lead_id: str


@dataclass(frozen=True, slots=True)
class _Deletion:
    """The newest leaf on a package's deletion: an older release could log one twice."""

    log_index: int
    lead_id: str
    at: str


class Packages:
    """
    Compares the table of packages with the leaves of kinds ``package`` and ``deletion``.

    Packages from before there was a log have no leaf and are not judged.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        columns = (PackageRow.log_index, PackageRow.sums_sha256, PackageRow.lead_id)
        filed = select(*columns).where(PackageRow.log_index.is_not(None))
        rows = session.execute(filed.order_by(*columns).execution_options(yield_per=PIECE))
        self._rows = Walk(
            (_Filed(log_index, sums, lead_id) for log_index, sums, lead_id in rows if log_index is not None),
            lambda row: row.log_index,
        )
        self._deletions: dict[str, _Deletion] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield the differences between the table and a leaf; deletions are checked at the end."""
        if leaf.kind is LeafKind.DELETION:
            told = _Deletion(leaf.index, leaf.text("lead_id"), leaf.text("at"))
            self._deletions[leaf.text("sums_sha256")] = told
            return
        yield from (_planted(row) for row in self._rows.before(leaf.index))
        row = self._rows.at(leaf.index)
        what = f"package {hashlib.sha256(leaf.data).hexdigest()} (the log's leaf {leaf.index})"
        if row is None:
            yield f"{what} of lead {leaf.subject} is gone from the records"
        elif row.sums_sha256 != hashlib.sha256(leaf.data).hexdigest():
            yield f"{what} is {row.sums_sha256} of lead {row.lead_id} in the records"
        elif row.lead_id != leaf.subject:
            yield f"{what} is lead {row.lead_id}'s in the records and listed under {leaf.subject} in the log"

    def close(self) -> Iterator[str]:
        """Yield the packages without a leaf, and deletions that only table or log has."""
        yield from (_planted(row) for row in self._rows.rest())
        columns = (PackageRow.sums_sha256, PackageRow.lead_id, PackageRow.deleted)
        rows = select(*columns).where(PackageRow.deleted.is_not(None)).order_by(PackageRow.sums_sha256)
        for sums, lead_id, deleted in self._session.execute(rows.execution_options(yield_per=PIECE)):
            told = self._deletions.pop(sums, None)
            if told is None:
                yield f"the package of lead {lead_id} is marked as deleted, and no leaf of the log says so"
            elif deleted is not None and rfc3339(deleted) != told.at:
                yield (
                    f"the package of lead {lead_id} is marked as deleted at {rfc3339(deleted)}; "
                    f"by the log's leaf {told.log_index} it was at {told.at}"
                )
        for told in self._deletions.values():
            leaf = f"the log's leaf {told.log_index}"
            yield f"the package of lead {told.lead_id} was deleted ({leaf}); it is not marked so"


def _planted(row: _Filed) -> str:
    return f"package {row.sums_sha256} of lead {row.lead_id} is not the log's leaf {row.log_index}"
