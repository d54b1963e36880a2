"""Leads in the store: announced, filed, listed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.trust.stamp import parse_sha256_list
from api.contract.wire.event import EventType
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState
from api.store.documents import LEADS, read_document
from api.store.events import append_event
from api.store.evidence.tlog import LeafKind, append_leaf
from api.store.faults import (
    RecordConflict,
    ReusedKey,
    StoreError,
)
from api.store.loop.facts import assessed
from api.store.search import index_files, index_lead
from api.store.tables import IdempotencyRow, LeadRow, PackageRow
from api.store.transitions import enter_state, record_transition, reviewers_reasons

_UNTOUCHED: dict[str, object] = {"timers": {}, "proposal": None, "handling": None, "penalty_hint": None}
"""What no worker says of a lead."""


@dataclass(frozen=True, slots=True)
class Filing:
    """What a worker's post is filed under: its key, the hash of lead and package together, and its ``SHA256SUMS``."""

    key_id: int
    idempotency_key: str
    content_sha256: str
    node: str
    node_fingerprint: str
    size: int
    files: int
    sums: bytes


def find_answer(session: Session, key_id: int, idempotency_key: str, content_sha256: str) -> tuple[int, str] | None:
    """Return status and answer once given to the key, ``None`` for a new key; raise `ReusedKey` for other content."""
    row = session.get(IdempotencyRow, (key_id, idempotency_key))
    if row is None:
        return None
    if row.content_sha256 != content_sha256:
        raise ReusedKey(f"the idempotency key {idempotency_key} was used for other content")
    return row.status, row.answer


def announce_lead(session: Session, lead: LeadDocument, still: bytes | None, at: datetime) -> bool:
    """Store an announced lead as CANDIDATE; ``False`` when the lead is there already, whatever its state."""
    if session.get(LeadRow, lead.lead_id) is not None:
        return False
    candidate = lead.model_copy(
        update={**_UNTOUCHED, "state": LeadState.CANDIDATE, "version": 1, "evidence": None, "class_": "lead_only"}
    )
    row, candidate = enter_state(session, None, candidate, at, at)
    row.still = still
    record_transition(
        session,
        candidate,
        frm="",
        role=LoopRole.ANALYSER,
        user=candidate.node,
        reason="announced by the analyser",
        at=at,
    )
    index_lead(session, row, candidate, ())
    data = {"still": f"/v1/leads/{lead.lead_id}/still.jpg"} if still else {}
    append_event(session, EventType.LEAD_ANNOUNCED, lead.lead_id, at, lead=candidate, data=data)
    return True


def file_lead(session: Session, lead: LeadDocument, filing: Filing, at: datetime) -> tuple[int, str]:
    """
    File a verified lead as PENDING_VERIFY, or upgrade its announced candidate; return status and answer.

    The same lead with the same package under another key is not filed again: 200 with the lead as it stands. Raises
    `ReusedKey`, or `RecordConflict` when the lead is filed with another package.
    """
    known = find_answer(session, filing.key_id, filing.idempotency_key, filing.content_sha256)
    if known is not None:
        return known
    if lead.evidence is None:
        raise StoreError(f"lead {lead.lead_id} has no evidence")
    row = session.get(LeadRow, lead.lead_id)
    if row is not None and row.sums_sha256 is not None:
        if row.sums_sha256 != lead.evidence.sums_sha256:
            raise RecordConflict(f"lead {lead.lead_id} is filed with another package, {row.sums_sha256}")
        status, answer = 200, row.document
    else:
        if session.get(PackageRow, lead.evidence.sums_sha256) is not None:
            raise RecordConflict(f"package {lead.evidence.sums_sha256} is filed with another lead")
        before = "" if row is None else row.state
        version = 1 if row is None else row.version + 1
        index = append_leaf(session, LeafKind.PACKAGE, filing.sums, lead.lead_id, at)
        evidence = lead.evidence.model_copy(update={"log_index": index})
        update = {**_UNTOUCHED, "state": LeadState.PENDING_VERIFY, "version": version, "evidence": evidence}
        row, filed = enter_state(session, row, assessed(session, lead.model_copy(update=update)), at, at)
        session.add(
            PackageRow(
                sums_sha256=lead.evidence.sums_sha256,
                lead_id=lead.lead_id,
                node_fingerprint=filing.node_fingerprint,
                size=filing.size,
                files=filing.files,
                received=at,
                log_index=index,
            )
        )
        record_transition(
            session,
            filed,
            frm=before,
            role=LoopRole.ANALYSER,
            user=filing.node,
            reason="package verified",
            at=at,
            attach_sha256=lead.evidence.sums_sha256,
        )
        index_lead(session, row, filed, ())
        index_files(session, lead.lead_id, lead.evidence.sums_sha256, parse_sha256_list(filing.sums))
        append_event(session, EventType.LEAD_FILED, lead.lead_id, at, lead=filed)
        status, answer = 201, row.document
    session.add(
        IdempotencyRow(
            key_id=filing.key_id,
            idempotency_key=filing.idempotency_key,
            content_sha256=filing.content_sha256,
            status=status,
            answer=answer,
            created=at,
        )
    )
    session.flush()
    return status, answer


def index_waiting(session: Session, count: int) -> int:
    """Index up to `count` leads that were filed before there was a search; return how many; the writing transaction."""
    rows = session.scalars(select(LeadRow).where(LeadRow.indexed.is_(False)).order_by(LeadRow.lead_id).limit(count))
    done = 0
    for row in rows.all():
        lead = read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)
        if lead is None:
            row.indexed = True  # it cannot be found by its words, and must not keep the others waiting
        else:
            index_lead(session, row, lead, reviewers_reasons(session, row.lead_id))
        done += 1
    return done


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many leads are in each state that any lead is in."""
    rows = session.execute(select(LeadRow.state, func.count()).group_by(LeadRow.state))
    return {state: count for state, count in rows}  # noqa: C416  (rows are not tuples to a type checker)
