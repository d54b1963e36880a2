"""Disposition: what should follow from a lead, who is notified, and why (domain.md 6.5, 7.2)."""

from collections.abc import Iterator
from typing import Literal

from api.contract.reasons import DispositionReason
from api.contract.register.enterprise import Risk
from api.contract.wire.lead import LeadDisposition
from api.contract.wire.state import Priority
from vision.leads.circumstances import Circumstances

_RISK_REASONS = {
    Risk.RED: DispositionReason.RED_RISK,
    Risk.YELLOW: DispositionReason.YELLOW_RISK,
    Risk.GREEN: DispositionReason.GREEN_RISK,
}

_WATCHED = frozenset(
    {
        DispositionReason.NOT_MEASURED,
        DispositionReason.NO_GRADE,
        DispositionReason.BELOW_LIMIT,
        DispositionReason.NOT_LASTING,
    }
)
"""Reasons why smoke at an outlet is no violation yet (domain.md 7.2, V01: watch)."""


def disposition_of(around: Circumstances, priority: Priority) -> LeadDisposition:
    """Return the proposed action, who is notified, and the reasons, the strongest first."""
    reasons = list(_reasons(around))
    is_lenient = around.is_listed or around.risk is Risk.GREEN
    is_minor = not (around.is_grave or around.is_severe or around.confirmed_within(24))
    action: Literal["lead", "warn_only", "watch"] = "lead"
    if around.is_fire_alarm:
        action = "lead"
    elif _WATCHED & set(reasons) and not (around.is_severe or DispositionReason.OVER_LIMIT in reasons):
        action = "watch"
    elif is_lenient and is_minor:
        action = "warn_only"
        reasons.append(DispositionReason.FIRST_MINOR)
    return LeadDisposition(
        action=action,
        notify=["queue"] if action == "watch" else list(_notified(around, priority)),
        approval_required=around.is_listed,
        reasons=[reason.value for reason in reasons],
    )


def _reasons(around: Circumstances) -> Iterator[DispositionReason]:
    """Yield the reasons, the strongest first: those of the event, then those of its owner."""
    if around.is_flames:
        yield DispositionReason.FIRE_ALARM if around.is_fire_alarm else DispositionReason.FLAMES_EXPLAINED
    if around.is_grave:
        yield DispositionReason.GRAVE_CLASS
    yield from around.lead.grounds
    if around.is_code_proposed:
        yield DispositionReason.CODE_PROPOSED
    if not around.lead.peak.zone:
        yield DispositionReason.UNATTRIBUTED
    if around.is_severe:
        yield DispositionReason.SEVERE
    if around.alert is not None:
        yield DispositionReason.ALERT_IN_FORCE
    yield from _reasons_of_owner(around)


def _reasons_of_owner(around: Circumstances) -> Iterator[DispositionReason]:
    if around.confirmed_within(24):
        yield DispositionReason.REPEATED
    if around.is_unregistered:
        yield DispositionReason.UNREGISTERED
    if around.is_listed:
        yield DispositionReason.POSITIVE_LIST
    if around.risk in _RISK_REASONS:
        yield _RISK_REASONS[around.risk]
    if around.risk is Risk.GREEN and not around.is_listed:
        yield DispositionReason.NON_SITE_FIRST


def _notified(around: Circumstances, priority: Priority) -> Iterator[str]:
    """Yield who is notified: by risk colour and positive list, and always by urgency."""
    is_red = around.risk is Risk.RED and not around.is_listed
    is_yellow = around.risk is Risk.YELLOW and not around.is_listed
    if is_red or around.is_grave or priority is Priority.P1:
        yield "wall_alarm"
    if is_red or is_yellow or priority is Priority.P1:
        yield "duty_phone"
    if is_red:
        yield "team_leader"
    yield "queue"
    if around.is_listed:
        yield "company"
