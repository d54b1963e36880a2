"""
Facts: what the API knows of a lead beside its worker: the register at the event's moment, alerts, earlier violations.

A lead's score, disposition and hint are made anew from them when it is filed and when such a fact arrives later. What
was seen and measured stays as the worker reported it (domain.md 6.5).
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.catalogue import catalogue
from api.contract.loop.disposition import OWNER_REASONS, disposition_of
from api.contract.loop.priority import alert_factor, confirmed_factor, priority_of, score_of, standing_factor
from api.contract.reasons import DispositionReason
from api.contract.register.enterprise import Risk
from api.contract.wire.handling import PenaltyHint
from api.contract.wire.lead import LeadDisposition, LeadDocument, LeadFactor
from api.store.register.standing import alerts_at, leniency_for, standing_at
from api.store.tables import LeadRow

YEAR = timedelta(days=365)
_SEEN_REASONS = frozenset(DispositionReason) - OWNER_REASONS - {DispositionReason.ALERT_IN_FORCE}


def assessed(session: Session, lead: LeadDocument) -> LeadDocument:
    """Return a lead with target, score, disposition and hint by what is known now; a lead of nobody stays as it is."""
    target = lead.target
    if target is None or not target.uscc or lead.disposition is None:
        return lead
    start = lead.event.start
    standing = standing_at(session, target.uscc, start)
    known = standing.enterprise is not None
    risk = standing.risk if known else Risk(target.risk)
    is_listed = standing.positive_list is not None if known else target.positive_list
    alerts = [order.level.value for order in alerts_at(session, start) if target.uscc not in order.exempt]
    alert = alerts[0] if alerts else _said(lead, "alert")
    year = max(confirmed_before(session, lead, YEAR), int(_said(lead, "confirmed") or 0))
    is_repeated = confirmed_before(session, lead, 2 * YEAR) > 0 or _reason(lead, DispositionReason.REPEATED)
    new = [standing_factor(risk, is_listed=is_listed), alert_factor(alert), confirmed_factor(year)]
    factors = _replaced(lead.factors, new)
    score = score_of(factors)
    priority = priority_of(score)
    seen = [DispositionReason(each) for each in lead.disposition.reasons if each in _SEEN_REASONS]
    row = catalogue().get(lead.violation_code)
    if row is not None and row.never_warn_only and DispositionReason.GRAVE_CLASS not in seen:
        seen.insert(0, DispositionReason.GRAVE_CLASS)
    if alert:
        seen.append(DispositionReason.ALERT_IN_FORCE)
    is_unregistered = not known and _reason(lead, DispositionReason.UNREGISTERED)
    disposition = disposition_of(
        seen, priority, risk, is_listed=is_listed, is_repeated=is_repeated, is_unregistered=is_unregistered
    )
    stands = {
        "risk": risk.value,
        "positive_list": is_listed,
        "registry_version": standing.registry_version if known else target.registry_version,
        "name": target.name or (standing.enterprise.name if standing.enterprise is not None else ""),
    }
    return lead.model_copy(
        update={
            "target": target.model_copy(update=stands),
            "factors": factors,
            "score": score,
            "priority": priority,
            "disposition": disposition,
            "penalty_hint": _hint(session, lead, disposition, is_first=not is_repeated),
        }
    )


def _hint(session: Session, lead: LeadDocument, disposition: LeadDisposition, *, is_first: bool) -> PenaltyHint:
    """Return what the no-penalty list of the event's day proposes; nothing for a severe or grave finding."""
    grave = {DispositionReason.SEVERE.value, DispositionReason.GRAVE_CLASS.value, DispositionReason.FIRE_ALARM.value}
    if grave & set(disposition.reasons):
        return PenaltyHint(first_in_24_months=is_first, harm="serious")
    fitting = leniency_for(session, lead.violation_code, lead.event.start)
    item = next((each for each in fitting if is_first or not each.first_only), None)
    if item is None:
        return PenaltyHint(first_in_24_months=is_first)
    within = None if item.corrected_within_h is None else timedelta(hours=item.corrected_within_h)
    return PenaltyHint(
        list_version=item.version,
        list_item=item.id,
        first_in_24_months=is_first,
        correct_by=None if within is None else lead.event.start + within,
    )


def confirmed_before(session: Session, lead: LeadDocument, within: timedelta) -> int:
    """Return how many violations of a lead's enterprise were confirmed in the time before its event."""
    if lead.target is None or not lead.target.uscc:
        return 0
    start = lead.event.start
    counted = select(func.count()).select_from(LeadRow)
    of = (LeadRow.uscc == lead.target.uscc, LeadRow.confirmed.is_not(None), LeadRow.lead_id != lead.lead_id)
    return session.scalar(counted.where(*of, LeadRow.event_start >= start - within, LeadRow.event_start < start)) or 0


def later_leads(session: Session, uscc: str, after: datetime, states: frozenset[str], most: int) -> list[str]:
    """Return the ids of an enterprise's leads in these states whose events began after a time, the oldest first."""
    rows = select(LeadRow.lead_id).where(LeadRow.uscc == uscc, LeadRow.event_start > after, LeadRow.state.in_(states))
    return list(session.scalars(rows.order_by(LeadRow.event_start).limit(most)))


def _said(lead: LeadDocument, name: str) -> str:
    return next((factor.says for factor in lead.factors if factor.name == name), "")


def _reason(lead: LeadDocument, reason: DispositionReason) -> bool:
    return lead.disposition is not None and reason.value in lead.disposition.reasons


def _replaced(factors: list[LeadFactor], new: list[LeadFactor]) -> list[LeadFactor]:
    """Return the factors with each new one in the place of the old one of its kind, at the end where there was none."""
    left = {_kind(factor): factor for factor in new}
    kept = [left.pop(_kind(factor), factor) for factor in factors]
    return [*kept, *left.values()]


def _kind(factor: LeadFactor) -> str:
    """Return what a factor speaks of: colour and list are one, since only one of them counts."""
    return "standing" if factor.name in {"risk", "positive_list"} else factor.name
