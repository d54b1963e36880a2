"""Transitions: a lead moves, or a move is proposed; each is a record of the one hash chain and a leaf of the log."""

import hashlib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.loop.moves import MOVES
from api.contract.trust.stamp import canonical_json
from api.contract.wire.event import EventType
from api.contract.wire.handling import LeadHandling, LeadProposal, MoveContent, ReviewAnswers
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState
from api.store.events import append_event
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import (
    IllegalMove,
)
from api.store.lead_rows import lead_row, versioned_lead, write_lead
from api.store.loop.clock import due_of, set_clock, timed
from api.store.search import index_lead
from api.store.tables import LeadRow, TransitionRow

FIRST_HASH = "0" * 64


OPERATOR_MOVES: Mapping[LeadState, frozenset[LeadState]] = MappingProxyType(
    {state: frozenset(move.to for move in moves if move.roles - {LoopRole.ANALYSER}) for state, moves in MOVES.items()}
)
"""Where people may move a lead, whoever they are. Who may, and what it takes: `api.loop.transition`."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who did something to a lead, in which role, when and why."""

    user: str
    role: LoopRole
    reason: str
    at: datetime


def move_lead(
    session: Session,
    lead_id: str,
    to: LeadState,
    *,
    version: int,
    user: str,
    reason: str,
    at: datetime,
    role: LoopRole = LoopRole.VERIFIER,
    reason_code: str = "",
    attach_sha256: str = "",
    review: ReviewAnswers | None = None,
    content: MoveContent | None = None,
    moves: Mapping[LeadState, AbstractSet[LeadState]] = OPERATOR_MOVES,
) -> LeadDocument:
    """
    Move a lead to another state, where `moves` are open.

    Raises `UnknownRecord`, `StaleVersion` or `IllegalMove`.
    """
    row, lead = versioned_lead(session, lead_id, version)
    if to not in moves[lead.state]:
        possible = ", ".join(sorted(moves[lead.state])) or "no other state"
        raise IllegalMove(f"lead {lead_id} is {lead.state} and may go to {possible}, not to {to}")
    handling = lead.handling if content is None else handling_after(lead.handling, content)
    moved = lead.model_copy(update={"state": to, "version": version + 1, "proposal": None, "handling": handling})
    row, moved = enter_state(session, row, moved, row.received, at)
    if role is not LoopRole.ANALYSER:
        row.changed = at
    if to is LeadState.CONFIRMED:
        row.confirmed = at
    elif to is LeadState.WITHDRAWN:
        row.confirmed = None
    record_transition(
        session,
        moved,
        frm=lead.state,
        role=role,
        user=user,
        reason=reason,
        at=at,
        reason_code=reason_code,
        attach_sha256=attach_sha256,
        review=review,
        content=content,
    )
    index_lead(session, row, moved, reviewers_reasons(session, lead_id))
    by = f"operator:{user}" if role is not LoopRole.ANALYSER else user
    append_event(session, EventType.LEAD_CHANGED, lead_id, at, lead=moved, data={"from": lead.state, "by": by})
    return moved


def propose_move(
    session: Session, lead_id: str, proposal: LeadProposal | None, content: MoveContent, *, version: int, record: Said
) -> LeadDocument:
    """
    Keep what one person proposes for a second one to confirm, or take it away again; the lead's state stays.

    Raises `UnknownRecord` or `StaleVersion`.
    """
    act = "declined" if proposal is None else "proposed"
    to = None if proposal is None else proposal.to
    changed = annotate_lead(
        session, lead_id, act, {"proposal": proposal}, version=version, record=record, content=content, to=to
    )
    lead_row(session, lead_id).proposed = proposal is not None
    return changed


def annotate_lead(
    session: Session,
    lead_id: str,
    act: str,
    changes: Mapping[str, object],
    *,
    version: int,
    record: Said,
    content: MoveContent | None = None,
    to: LeadState | None = None,
) -> LeadDocument:
    """
    Change what a lead's document says, and keep that as a record of its history; its state stays.

    Args:
        session: the writing transaction.

        lead_id: the lead's id.

        act: what is done, one word; it stands in the record.

        changes: fields of the document and their new values.

        version: the one that the caller has read.

        record: who says so, in which role, why and when.

        content: what was given with it.

        to: the state that is spoken of; ``None``: the lead's own.

    Raises `UnknownRecord` or `StaleVersion`.
    """
    row, lead = versioned_lead(session, lead_id, version)
    changed = lead.model_copy(update={**changes, "version": version + 1})
    row = write_lead(session, row, changed, row.received)
    if record.role is not LoopRole.ANALYSER:
        row.changed = record.at
    record_transition(
        session,
        changed,
        frm=lead.state,
        to=to,
        act=act,
        role=record.role,
        user=record.user,
        reason=record.reason,
        reason_code="" if content is None else content.reason_code,
        review=None if content is None else content.review,
        content=content,
        at=record.at,
    )
    by = f"operator:{record.user}" if record.role is not LoopRole.ANALYSER else record.user
    data = {"from": lead.state, "by": by}
    append_event(session, EventType.LEAD_CHANGED, lead_id, record.at, lead=changed, data=data)
    return changed


def handling_after(before: LeadHandling | None, content: MoveContent) -> LeadHandling:
    """Return how a lead is handled after a move: what the move carried takes the place of what was there."""
    given = content.model_dump(exclude_defaults=True).keys() & LeadHandling.model_fields.keys()
    kept = LeadHandling() if before is None else before
    return kept.model_copy(update={name: getattr(content, name) for name in given})


def transitions_of(session: Session, lead_id: str) -> list[str]:
    """Return the lead's transition records in order, each as canonical JSON; raise `UnknownRecord`."""
    lead_row(session, lead_id)
    rows = select(TransitionRow.record).where(TransitionRow.lead_id == lead_id).order_by(TransitionRow.seq)
    return list(session.scalars(rows))


def reviewers_reasons(session: Session, lead_id: str) -> list[str]:
    """Return what people gave as reasons for their decisions on a lead, oldest first."""
    records = [json.loads(record) for record in transitions_of(session, lead_id)]
    return [str(record["reason"]) for record in records if record["role"] != "A"]


def enter_state(
    session: Session, row: LeadRow | None, lead: LeadDocument, received: datetime, at: datetime
) -> tuple[LeadRow, LeadDocument]:
    """Write a lead that enters its state, with the clock of that state."""
    due = due_of(session, lead, at)
    lead = timed(lead, due)
    row = write_lead(session, row, lead, received)
    set_clock(row, at, due)
    return row, lead


def record_transition(
    session: Session,
    lead: LeadDocument,
    *,
    frm: str,
    to: LeadState | None = None,
    act: str = "",
    role: LoopRole,
    user: str,
    reason: str,
    at: datetime,
    reason_code: str = "",
    attach_sha256: str = "",
    review: ReviewAnswers | None = None,
    content: MoveContent | None = None,
) -> None:
    """Append the transition's record to the one hash chain and to the log; needs the writing transaction."""
    session.flush()
    newest = session.scalars(select(TransitionRow).order_by(TransitionRow.seq.desc()).limit(1)).first()
    seq = 1 if newest is None else newest.seq + 1
    members: dict[str, object] = {
        "seq": seq,
        "lead_id": lead.lead_id,
        "from": frm,
        "to": (to or lead.state).value,
        "version": lead.version,
        "role": role.value,
        "user": user,
        "at": rfc3339(at),
        "reason": reason,
        "reason_code": reason_code,
        "attach_sha256": attach_sha256,
        "prev_hash": FIRST_HASH if newest is None else newest.record_sha256,
    }
    if review is not None:
        members["review"] = review.model_dump()
    if act:
        members["act"] = act
    if content is not None:
        beside = {"review", "reason_code"}
        carried = content.model_dump(mode="json", exclude_defaults=True, exclude=beside, by_alias=True)
        members |= {"content": carried} if carried else {}
    record = canonical_json(members)
    session.add(
        TransitionRow(
            seq=seq, lead_id=lead.lead_id, record=record.decode(), record_sha256=hashlib.sha256(record).hexdigest()
        )
    )
    append_record(session, LeafKind.TRANSITION, members, lead.lead_id, at)
