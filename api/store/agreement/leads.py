"""Compares leads with the log: every change of state, and each lead with its newest records."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.review import Verdict
from api.contract.trust.stamp import canonical_json
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.contract.wire.state import LeadState
from api.store.agreement.ledger import PIECE, Leaf, Walk, differing
from api.store.evidence.corrections import CorrectedField, value_of
from api.store.evidence.tlog import LeafKind
from api.store.tables import LeadRow, PackageRow, TransitionRow
from api.store.transitions import FIRST_HASH
from api.store.verdicts import verdict_after


@dataclass(slots=True)
class _Standing:
    """
    A lead by its records: state, version, verdict, and the newest value of each corrected field.

    Attributes:
        verdict: the decision on it; ``None`` while undecided.

        filed: when its package was filed; empty before that.

        changed: the last decision of an operator; before the first, the time of filing.
    """

    state: str = ""
    version: int = 0
    verdict: Verdict | None = None
    filed: str = ""
    changed: str = ""
    corrected: dict[CorrectedField, str] = field(default_factory=dict)


_NEEDED = frozenset({"seq", "lead_id", "to", "role", "user", "at", "version", "prev_hash"})
"""Required members of a transition's record."""


class Leads:
    """
    Compares transitions and leads with the leaves of kinds ``transition`` and ``correction``.

    Transitions from before there was a log have no leaf: the hash chain holds them, up to the first that has one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        rows = select(TransitionRow).order_by(TransitionRow.seq).execution_options(yield_per=PIECE)
        self._rows = Walk(iter(session.scalars(rows)), lambda row: row.seq)
        self._has_leaves = False
        self._newest = FIRST_HASH
        self._standings: dict[str, _Standing] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield the differences between the tables and a leaf."""
        if leaf.kind is LeafKind.CORRECTION:
            standing = self._standings.setdefault(leaf.text("lead_id"), _Standing())
            standing.version = max(standing.version, leaf.number("version"))
            standing.corrected[CorrectedField(leaf.text("field"))] = leaf.text("after")
            return
        yield from (fault for row in self._rows.before(leaf.number("seq")) for fault in self._without_leaf(row))
        self._has_leaves = True
        what = _name(leaf.record)
        row = self._rows.at(leaf.number("seq"))
        record = canonical_json(leaf.told())
        if row is None:
            yield f"{what} (the log's leaf {leaf.index}) is gone"
        elif row.record.encode() != record:
            yield f"{what} is not the log's leaf {leaf.index}: changed is {differing(leaf.told(), _read(row))}"
        elif (row.lead_id, row.record_sha256) != (leaf.text("lead_id"), hashlib.sha256(record).hexdigest()):
            yield f"{what} is listed under lead {row.lead_id} or a hash that is not its own"
        yield from self._follow(leaf.record, record)

    def close(self) -> Iterator[str]:
        """Yield the transitions without a leaf, and the leads that differ from their records."""
        yield from (fault for row in self._rows.rest() for fault in self._without_leaf(row))
        columns = (LeadRow.lead_id, LeadRow.state, LeadRow.version, LeadRow.violation_code, LeadRow.document)
        rows = select(*columns, LeadRow.verdict, LeadRow.changed, PackageRow.received).outerjoin(
            PackageRow, PackageRow.lead_id == LeadRow.lead_id
        )
        rows = rows.order_by(LeadRow.lead_id).execution_options(yield_per=PIECE)
        for lead_id, state, version, code, document, verdict, changed, received in self._session.execute(rows):
            standing = self._standings.pop(lead_id, None)
            if standing is None:
                yield f"lead {lead_id} is in no leaf of the log"
                continue
            try:
                yield from _lead_faults(lead_id, {"state": state, "version": version, "code": code}, document, standing)
            except (KeyError, TypeError, ValueError):
                yield f"the document of lead {lead_id} cannot be read"
            if verdict != (standing.verdict or ""):
                yield (
                    f"lead {lead_id} is listed as found {verdict or 'neither'}; "
                    f"by its records it is {standing.verdict or 'undecided'}"
                )
            yield from _time_faults(lead_id, changed, received, standing)
        yield from (f"lead {lead_id} is in the log and no longer in the store" for lead_id in sorted(self._standings))

    def _without_leaf(self, row: TransitionRow) -> Iterator[str]:
        record = _read(row)
        if self._has_leaves or _NEEDED - record.keys():
            yield f"transition {row.seq} of lead {row.lead_id} is in no leaf of the log"
        else:
            yield from self._follow(record, row.record.encode())

    def _follow(self, record: Mapping[str, JsonValue], data: bytes) -> Iterator[str]:
        """Go on from a transition to the next; yield whether it does not follow the one before."""
        if record["prev_hash"] != self._newest:
            yield f"{_name(record)} does not follow the one before it, which was changed, planted or taken away"
        self._newest = hashlib.sha256(data).hexdigest()
        standing = self._standings.setdefault(str(record["lead_id"]), _Standing())
        if not record.get("act"):  # a proposal, or an answer to one, leaves the state as it is
            standing.state = str(record["to"])
            standing.verdict = verdict_after(standing.verdict, standing.state)
        by_operator, at = record["role"] != "A", str(record["at"])
        if by_operator or not standing.changed:
            standing.changed = at
        if not (by_operator or standing.filed) and standing.state == LeadState.PENDING_VERIFY:
            standing.filed = at
        if isinstance(record["version"], int):
            # a record from before the log may come after the leaf of a correction that is newer
            standing.version = max(standing.version, record["version"])


def _lead_faults(lead_id: str, listed: Mapping[str, str | int], document: str, standing: _Standing) -> Iterator[str]:
    """Yield the differences between a lead and its records; `listed` is what it is found by."""
    told = json.loads(document)
    if (told["state"], told["version"]) != (standing.state, standing.version):
        yield (
            f"lead {lead_id} is {told['state']} in version {told['version']}; "
            f"by its records it is {standing.state} in version {standing.version}"
        )
    if listed != {"state": told["state"], "version": told["version"], "code": told["violation_code"]}:
        yield f"lead {lead_id} is listed as {', '.join(map(str, listed.values()))}, which its document does not say"
    if standing.corrected:
        try:
            lead = LeadDocument.model_validate_json(document)
        except ValidationError:
            yield f"lead {lead_id} cannot be read"
            return
        for name, after in standing.corrected.items():
            if value_of(lead, name) != after:
                yield f"lead {lead_id} has {name} {value_of(lead, name)!r}; it was corrected to {after!r}"


def _time_faults(lead_id: str, changed: datetime, received: datetime | None, standing: _Standing) -> Iterator[str]:
    """Yield where the times from which a package's days are counted are not those of its records."""
    if rfc3339(changed) != standing.changed:
        yield f"lead {lead_id} is listed as decided at {rfc3339(changed)}; by its records it was at {standing.changed}"
    if received is not None and standing.filed and rfc3339(received) != standing.filed:
        yield (
            f"the package of lead {lead_id} is listed as filed at {rfc3339(received)}; "
            f"by its records it was at {standing.filed}"
        )


def _name(record: Mapping[str, JsonValue]) -> str:
    return f"transition {record['seq']} of lead {record['lead_id']} to {record['to']} by {record['user']}"


def _read(row: TransitionRow) -> dict[str, JsonValue]:
    """Return a row's record; an empty one where it cannot be read."""
    try:
        record = json.loads(row.record)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
