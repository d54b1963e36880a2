"""Leads in the store: announced, filed, moved through their states, listed."""

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import rfc8785
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.review import Verdict
from api.contract.trust.stamp import parse_sha256_list
from api.contract.wire.event import EventType
from api.contract.wire.lead import LeadDocument, LeadState, ReviewAnswers
from api.contract.wire.moment import rfc3339
from api.store.documents import LEADS, read_document, stored
from api.store.events import append_event
from api.store.evidence.tlog import LeafKind, append_leaf, append_record
from api.store.faults import (
    IllegalMove,
    RecordConflict,
    ReusedKey,
    StaleVersion,
    StoreError,
    UnknownRecord,
    UnreadableRecord,
)
from api.store.search import index_files, index_lead
from api.store.tables import IdempotencyRow, LeadRow, PackageRow, TransitionRow
from api.store.verdicts import verdict_after

FIRST_HASH = "0" * 64

OPERATOR_MOVES: Mapping[LeadState, frozenset[LeadState]] = MappingProxyType(
    {
        LeadState.CANDIDATE: frozenset(),
        LeadState.PENDING_VERIFY: frozenset({LeadState.VERIFIED, LeadState.REJECTED_FALSE, LeadState.NEED_MORE}),
        LeadState.NEED_MORE: frozenset({LeadState.PENDING_VERIFY}),
        LeadState.REJECTED_FALSE: frozenset({LeadState.ARCHIVED}),
        LeadState.VERIFIED: frozenset(),
        LeadState.ARCHIVED: frozenset(),
    }
)
"""
What an operator may do (domain.md 6.2, as far as the states exist).

A state tells where a lead stands, not what it was found to be: that is its verdict (`api.store.verdicts`).
"""


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


def get_lead(session: Session, lead_id: str) -> LeadDocument:
    """Return a lead; raise `UnknownRecord`."""
    return read_lead(session, lead_row(session, lead_id))


def read_lead(session: Session, row: LeadRow) -> LeadDocument:
    """Return a row's lead; raise `UnreadableRecord`."""
    lead = read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)
    if lead is None:
        raise UnreadableRecord(f"what is stored of lead {row.lead_id} cannot be read")
    return lead


def get_still(session: Session, lead_id: str) -> bytes:
    """Return the small JPEG that came with the lead's announcement; raise `UnknownRecord`."""
    still = lead_row(session, lead_id).still
    if still is None:
        raise UnknownRecord(f"lead {lead_id} came without a picture")
    return still


def announce_lead(session: Session, lead: LeadDocument, still: bytes | None, at: datetime) -> bool:
    """Store an announced lead as CANDIDATE; ``False`` when the lead is there already, whatever its state."""
    if session.get(LeadRow, lead.lead_id) is not None:
        return False
    candidate = lead.model_copy(
        update={"state": LeadState.CANDIDATE, "version": 1, "evidence": None, "class_": "lead_only"}
    )
    row = write_lead(session, None, candidate, at)
    row.still = still
    _record(session, candidate, frm="", role="A", user=candidate.node, reason="announced by the analyser", at=at)
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
        filed = lead.model_copy(update={"state": LeadState.PENDING_VERIFY, "version": version, "evidence": evidence})
        row = write_lead(session, row, filed, at)
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
        _record(
            session,
            filed,
            frm=before,
            role="A",
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


def move_lead(
    session: Session,
    lead_id: str,
    to: LeadState,
    *,
    version: int,
    user: str,
    reason: str,
    at: datetime,
    reason_code: str = "",
    attach_sha256: str = "",
    review: ReviewAnswers | None = None,
    moves: Mapping[LeadState, AbstractSet[LeadState]] = OPERATOR_MOVES,
) -> LeadDocument:
    """
    Move a lead to another state for an operator, to whom `moves` are open.

    Raises `UnknownRecord`, `StaleVersion` or `IllegalMove`.
    """
    row = lead_row(session, lead_id)
    if row.version != version:
        raise StaleVersion(f"lead {lead_id} has version {row.version}, not {version}")
    lead = read_lead(session, row)
    if to not in moves[lead.state]:
        possible = ", ".join(sorted(moves[lead.state])) or "no other state"
        raise IllegalMove(f"lead {lead_id} is {lead.state} and may go to {possible}, not to {to}")
    moved = lead.model_copy(update={"state": to, "version": version + 1})
    write_lead(session, row, moved, row.received).changed = at
    _record(
        session,
        moved,
        frm=lead.state,
        role="V",
        user=user,
        reason=reason,
        at=at,
        reason_code=reason_code,
        attach_sha256=attach_sha256,
        review=review,
    )
    index_lead(session, row, moved, reviewers_reasons(session, lead_id))
    append_event(
        session, EventType.LEAD_CHANGED, lead_id, at, lead=moved, data={"from": lead.state, "by": f"operator:{user}"}
    )
    return moved


def transitions_of(session: Session, lead_id: str) -> list[str]:
    """Return the lead's transition records in order, each as canonical JSON; raise `UnknownRecord`."""
    lead_row(session, lead_id)
    rows = select(TransitionRow.record).where(TransitionRow.lead_id == lead_id).order_by(TransitionRow.seq)
    return list(session.scalars(rows))


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


def reviewers_reasons(session: Session, lead_id: str) -> list[str]:
    """Return what people gave as reasons for their decisions on a lead, oldest first."""
    records = [json.loads(record) for record in transitions_of(session, lead_id)]
    return [str(record["reason"]) for record in records if record["role"] != "A"]


def lead_row(session: Session, lead_id: str) -> LeadRow:
    """Return a lead's row; raise `UnknownRecord`."""
    row = session.get(LeadRow, lead_id)
    if row is None:
        raise UnknownRecord(f"there is no lead {lead_id}")
    return row


def write_lead(session: Session, row: LeadRow | None, lead: LeadDocument, received: datetime) -> LeadRow:
    """Write a lead's document and what it is listed by into its row, a new one where there is none."""
    if row is None:
        row = LeadRow(lead_id=lead.lead_id, received=received, changed=received)
        session.add(row)
    row.state = lead.state.value
    verdict = verdict_after(Verdict(row.verdict) if row.verdict else None, lead.state)
    row.verdict = "" if verdict is None else verdict.value
    row.version = lead.version
    row.violation_code = lead.violation_code
    row.priority = lead.priority.value
    row.score = lead.score
    row.camera_id = lead.camera.id
    row.node = lead.node
    row.event_start = lead.event.start
    row.sums_sha256 = None if lead.evidence is None else lead.evidence.sums_sha256
    row.document = stored(lead)
    return row


def _record(
    session: Session,
    lead: LeadDocument,
    *,
    frm: str,
    role: str,
    user: str,
    reason: str,
    at: datetime,
    reason_code: str = "",
    attach_sha256: str = "",
    review: ReviewAnswers | None = None,
) -> None:
    """Append the transition's record to the one hash chain and to the log; needs the writing transaction."""
    session.flush()
    newest = session.scalars(select(TransitionRow).order_by(TransitionRow.seq.desc()).limit(1)).first()
    seq = 1 if newest is None else newest.seq + 1
    members: dict[str, str | int | dict[str, bool]] = {
        "seq": seq,
        "lead_id": lead.lead_id,
        "from": frm,
        "to": lead.state.value,
        "version": lead.version,
        "role": role,
        "user": user,
        "at": rfc3339(at),
        "reason": reason,
        "reason_code": reason_code,
        "attach_sha256": attach_sha256,
        "prev_hash": FIRST_HASH if newest is None else newest.record_sha256,
    }
    if review is not None:
        members["review"] = review.model_dump()
    record = rfc8785.dumps(members)
    session.add(
        TransitionRow(
            seq=seq, lead_id=lead.lead_id, record=record.decode(), record_sha256=hashlib.sha256(record).hexdigest()
        )
    )
    append_record(session, LeafKind.TRANSITION, members, lead.lead_id, at)
