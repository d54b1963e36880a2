"""
Watching: whether it happened again in the days after a lead was rectified (domain.md 6.2, state RECTIFIED).

Known are the leads of the same place and code that the analyser filed in that time, and for which share of it the
camera was watched. Without a further lead the answer is "no" only where nearly all of the time was watched.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.review import Verdict
from api.contract.wire.handling import LeadHandling, Recurrence
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import SYSTEM, LoopRole
from api.contract.wire.state import LeadState
from api.fleet.coverage import hour_of, in_one, watched_by_hour
from api.store.coverage import known_coverage
from api.store.documents import LEADS, read_document
from api.store.loop.after_stills import Occasion, ask_still
from api.store.tables import LeadRow
from api.store.transitions import Said, annotate_lead

WATCHED_ENOUGH = 0.95
"""Share of the time from which silence counts as "no" (the uptime of domain.md 6.1, S1)."""
MOST_LEADS = 20


def finish_watching(session: Session, now: datetime, most: int) -> int:
    """Write what became of the leads whose days of watching are over; needs the writing transaction."""
    rows = session.scalars(
        select(LeadRow)
        .where(LeadRow.alarm_at <= now, LeadRow.due <= now, LeadRow.state == LeadState.RECTIFIED.value)
        .order_by(LeadRow.alarm_at)
        .limit(most)
    ).all()
    done = 0
    for row in rows:
        lead = read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS)
        if lead is None or row.entered is None or (lead.handling is not None and lead.handling.recurrence is not None):
            continue
        found = recurrence_of(session, lead, row.entered, now)
        handling = (lead.handling or LeadHandling()).model_copy(update={"recurrence": found})
        said = Said(SYSTEM, LoopRole.ANALYSER, _sentence(found), now)
        annotate_lead(session, lead.lead_id, "watched", {"handling": handling}, version=lead.version, record=said)
        ask_still(session, lead.lead_id, Occasion.WATCHED, now)
        done += 1
    return done


def recurrence_of(session: Session, lead: LeadDocument, since: datetime, until: datetime) -> Recurrence:
    """Return whether what a lead shows was seen again from `since` on and before `until`, both aware."""
    rows = session.scalars(
        select(LeadRow)
        .where(
            LeadRow.camera_id == lead.camera.id,
            LeadRow.violation_code == lead.violation_code,
            LeadRow.event_start >= since,
            LeadRow.event_start < until,
            LeadRow.lead_id != lead.lead_id,
            LeadRow.verdict != Verdict.FALSE.value,
        )
        .order_by(LeadRow.event_start)
        .limit(10 * MOST_LEADS)
    ).all()
    others = (read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS) for row in rows)
    again = [other.lead_id for other in others if other is not None and _same_target(lead, other)][:MOST_LEADS]
    share = _watched_share(session, lead.camera.id, since, until)
    seen = "yes" if again else "no" if share >= WATCHED_ENOUGH else "unknown"
    return Recurrence(since=since, until=until, seen=seen, leads=again, watched_share=round(share, 4))


def _same_target(lead: LeadDocument, other: LeadDocument) -> bool:
    """Whether two leads of one camera and code are of one place: the same outlet or zone, or both of none."""
    one, two = lead.target, other.target
    if one is None or two is None:
        return one is two
    return (one.uscc, one.outlet, one.zone) == (two.uscc, two.outlet, two.zone)


def _watched_share(session: Session, camera_id: str, since: datetime, until: datetime) -> float:
    start = hour_of(since)
    known = known_coverage(session, start, until, camera_id).get(camera_id)
    share = None if known is None else in_one(watched_by_hour(known, start, until, until)).share
    return 0.0 if share is None else share


def _sentence(found: Recurrence) -> str:
    days = (found.until - found.since).days
    watched = f"watched for {found.watched_share:.0%} of {days} days"
    match found.seen:
        case "yes":
            return f"seen again in {len(found.leads)} leads; {watched}"
        case "no":
            return f"not seen again; {watched}"
        case _:
            return f"not seen again, but too little was watched to say so: {watched}"
