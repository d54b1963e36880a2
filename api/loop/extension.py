"""Extension: the head of unit makes a limit longer, once, where the law lets him (domain.md 6.2)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from api.contract.loop.limits import EXTENSIONS, TIMER_NAMES
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import LoopRole
from api.loop.actor import actor_before
from api.loop.transition import RoleMissing
from api.store.faults import IllegalMove
from api.store.lead_rows import lead_row, versioned_lead
from api.store.loop.clock import limit_of, restart_alarms
from api.store.tables import LeadRow
from api.store.transitions import Said, annotate_lead


def extend(session: Session, lead_id: str, username: str, reason: str, *, version: int, at: datetime) -> LeadDocument:
    """
    Extend the limit of the state that a lead is in; needs the writing transaction.

    Raises `UnknownRecord`, `StaleVersion`, `RoleMissing`, or `IllegalMove` where the law knows no longer limit.
    """
    row, lead = versioned_lead(session, lead_id, version)
    due = longer_limit(session, row, lead, username)
    said = Said(username, LoopRole.HEAD, reason, at)
    timers = {TIMER_NAMES[lead.state]: due}
    changed = annotate_lead(session, lead_id, "extended", {"timers": timers}, version=version, record=said)
    restart_alarms(row, due, at)
    return changed


def longer_limit(session: Session, row: LeadRow, lead: LeadDocument, username: str) -> datetime:
    """Return until when an operator may extend the limit of a lead's state; raise `RoleMissing` or `IllegalMove`."""
    if LoopRole.HEAD not in actor_before(session, username, lead).roles:
        raise RoleMissing("to extend a limit takes the role head of unit in the lead's division")
    longer = EXTENSIONS.get(lead.state)
    if longer is None or row.due is None or row.entered is None:
        raise IllegalMove(f"the limit of the state {lead.state} cannot be extended")
    usual = limit_of(session, lead, row.entered)
    if usual is None or row.due > usual:
        raise IllegalMove(f"the limit of the state {lead.state} was extended already")
    return row.due + longer


@dataclass(frozen=True, slots=True)
class Extension:
    """What an operator can do with a limit: until when it would run, or why it is blocked."""

    until: datetime | None = None
    blocked: str = ""


def extension_of(session: Session, lead: LeadDocument, username: str) -> Extension | None:
    """Return the extension that an operator could give; ``None`` without the role, or where the law knows none."""
    if lead.state not in EXTENSIONS:
        return None
    try:
        return Extension(longer_limit(session, lead_row(session, lead.lead_id), lead, username))
    except RoleMissing:
        return None
    except IllegalMove as fault:
        return Extension(blocked=str(fault))
