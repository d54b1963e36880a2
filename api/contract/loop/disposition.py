"""Disposition: what should follow from a lead and who is notified, by its reasons (domain.md 6.5), for both sides."""

from collections.abc import Iterator, Sequence
from typing import Literal

from api.contract.reasons import DispositionReason
from api.contract.register.enterprise import Risk
from api.contract.wire.lead import LeadDisposition
from api.contract.wire.state import Priority

_RISK_REASONS = {
    Risk.RED: DispositionReason.RED_RISK,
    Risk.YELLOW: DispositionReason.YELLOW_RISK,
    Risk.GREEN: DispositionReason.GREEN_RISK,
}
OWNER_REASONS = frozenset(
    {
        *_RISK_REASONS.values(),
        DispositionReason.REPEATED,
        DispositionReason.UNREGISTERED,
        DispositionReason.POSITIVE_LIST,
        DispositionReason.NON_SITE_FIRST,
        DispositionReason.FIRST_MINOR,
    }
)
"""Reasons that come from whose it is; the others come from what was seen."""
_WATCHED = frozenset(
    {
        DispositionReason.NOT_MEASURED,
        DispositionReason.NO_GRADE,
        DispositionReason.BELOW_LIMIT,
        DispositionReason.NOT_LASTING,
    }
)
"""Reasons why smoke at an outlet is no violation yet (domain.md 7.2, V01: watch)."""


def disposition_of(
    seen: Sequence[DispositionReason],
    priority: Priority,
    risk: Risk,
    *,
    is_listed: bool,
    is_repeated: bool,
    is_unregistered: bool = False,
) -> LeadDisposition:
    """
    Return the proposed action, who is notified, and the reasons, the strongest first.

    Args:
        seen: reasons that come from what was seen, the strongest first.

        priority: class of the score.

        risk: colour of the enterprise at the event's moment.

        is_listed: whether it was on the positive list then.

        is_repeated: whether it had a confirmed violation in the 24 months before.

        is_unregistered: whether the zone names an owner whom the register does not know.
    """
    reasons = [
        *seen,
        *_reasons_of_owner(risk, is_listed=is_listed, is_repeated=is_repeated, is_unregistered=is_unregistered),
    ]
    is_fire_alarm = DispositionReason.FIRE_ALARM in seen
    is_severe, is_grave = DispositionReason.SEVERE in seen, DispositionReason.GRAVE_CLASS in seen
    is_lenient = is_listed or risk is Risk.GREEN
    action: Literal["lead", "warn_only", "watch"] = "lead"
    if is_fire_alarm:
        action = "lead"
    elif _WATCHED & set(seen) and not (is_severe or DispositionReason.OVER_LIMIT in seen):
        action = "watch"
    elif is_lenient and not (is_grave or is_severe or is_repeated):
        action = "warn_only"
        reasons.append(DispositionReason.FIRST_MINOR)
    notified = (
        ["queue"] if action == "watch" else list(_notified(risk, priority, is_listed=is_listed, is_grave=is_grave))
    )
    return LeadDisposition(
        action=action,
        notify=notified,
        approval_required=is_listed,
        reasons=[reason.value for reason in reasons],
    )


def _reasons_of_owner(
    risk: Risk, *, is_listed: bool, is_repeated: bool, is_unregistered: bool
) -> Iterator[DispositionReason]:
    if is_repeated:
        yield DispositionReason.REPEATED
    if is_unregistered:
        yield DispositionReason.UNREGISTERED
    if is_listed:
        yield DispositionReason.POSITIVE_LIST
    if risk in _RISK_REASONS:
        yield _RISK_REASONS[risk]
    if risk is Risk.GREEN and not is_listed:
        yield DispositionReason.NON_SITE_FIRST


def _notified(risk: Risk, priority: Priority, *, is_listed: bool, is_grave: bool) -> Iterator[str]:
    """Yield who is notified: by risk colour and positive list, and always by urgency."""
    is_red = risk is Risk.RED and not is_listed
    is_yellow = risk is Risk.YELLOW and not is_listed
    if is_red or is_grave or priority is Priority.P1:
        yield "wall_alarm"
    if is_red or is_yellow or priority is Priority.P1:
        yield "duty_phone"
    if is_red:
        yield "team_leader"
    yield "queue"
    if is_listed:
        yield "company"
