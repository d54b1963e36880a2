"""Assessment: leads that still wait are scored anew when a fact about their enterprise arrives."""

from datetime import datetime

from sqlalchemy.orm import Session

from api.contract.loop.moves import MOVES
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import SYSTEM, LoopRole
from api.contract.wire.state import LeadState
from api.store.lead_rows import get_lead
from api.store.loop.facts import assessed, later_leads
from api.store.transitions import Said, annotate_lead

MOST = 200
"""Leads of one enterprise that one fact changes; the newest beyond that keep their score."""
WAITING = frozenset(state.value for state, moves in MOVES.items() if moves) - {LeadState.CLOSED.value}


def reassess_later(session: Session, lead: LeadDocument, at: datetime) -> None:
    """Score the enterprise's later leads anew after a violation was confirmed or withdrawn; writes."""
    if lead.target is None or not lead.target.uscc:
        return
    why = f"lead {lead.lead_id} of the same enterprise is {lead.state}"
    for lead_id in later_leads(session, lead.target.uscc, lead.event.start, WAITING, MOST):
        reassess(session, lead_id, why, at)


def reassess(session: Session, lead_id: str, why: str, at: datetime) -> None:
    """Score a lead anew; where that changes something it is a record of its history. The writing transaction."""
    before = get_lead(session, lead_id)
    after = assessed(session, before)
    if after == before:
        return
    names = ("target", "factors", "score", "priority", "disposition", "penalty_hint")
    changes = {name: getattr(after, name) for name in names}
    reason = f"score {before.score} -> {after.score}: {why}" if before.score != after.score else why
    said = Said(SYSTEM, LoopRole.ANALYSER, reason, at)
    annotate_lead(session, lead_id, "reassessed", changes, version=before.version, record=said)
