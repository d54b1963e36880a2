"""Disposition: why a lead is handled as it is, by what was seen; what follows is one rule of the contract."""

from collections.abc import Iterator

from api.contract.loop import disposition as rule
from api.contract.reasons import DispositionReason
from api.contract.wire.lead import LeadDisposition
from api.contract.wire.state import Priority
from vision.leads.circumstances import Circumstances


def disposition_of(around: Circumstances, priority: Priority) -> LeadDisposition:
    """Return the proposed action, who is notified, and the reasons, the strongest first (domain.md 6.5, 7.2)."""
    return rule.disposition_of(
        list(_seen(around)),
        priority,
        around.risk,
        is_listed=around.is_listed,
        is_repeated=around.confirmed_within(24) > 0,
        is_unregistered=around.is_unregistered,
    )


def _seen(around: Circumstances) -> Iterator[DispositionReason]:
    """Yield the reasons that come from what was seen, the strongest first."""
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
