"""Priority: the factors of a lead's score (domain.md 6.5)."""

from collections.abc import Iterator

from api.contract.loop.priority import alert_factor, confirmed_factor, standing_factor
from api.contract.wire.lead import LeadFactor
from vision.leads.circumstances import Circumstances

_LEAST_SEVERITY = 5
_SHORTEST_S = 60.0
"""The shortest persistence of domain.md 7.2, for codes outside the catalogue."""

_MOST_DURATION_POINTS = 10
_INVALID_POINTS = -15
_FIRE_POINTS = 150
"""More than all other factors together, which reach 145 with on-line data and complaints."""


def factors_of(around: Circumstances) -> Iterator[LeadFactor]:
    """
    Yield the factors of the score of domain.md 6.5, those of zero points too; the score is their sum, at least 0.

    On-line exceedance and clustered complaints are not connected yet. A fire alarm is not in that table.
    """
    row, lead = around.row, around.lead
    durations = row.durations if row else {}
    limit_s = durations.get("seen_s", _SHORTEST_S)
    limit_s = durations.get("fire_s", limit_s) if around.is_flames else limit_s
    duration_s = lead.last.seconds_since(lead.first)
    confirmed = around.confirmed_within(12)
    if around.is_fire_alarm:
        yield LeadFactor(name="fire_alarm", points=_FIRE_POINTS)
    level = "" if around.alert is None else around.alert.level.value
    yield standing_factor(around.risk, is_listed=around.is_listed)
    yield alert_factor(level)
    yield LeadFactor(name="severity", points=row.severity if row else _LEAST_SEVERITY, says=lead.violation_code[:64])
    yield confirmed_factor(confirmed)
    yield LeadFactor(
        name="duration",
        points=min(_MOST_DURATION_POINTS, int(duration_s / max(limit_s, 1.0))),
        says=f"{duration_s:.0f} s / {limit_s:.0f} s",
    )
    if lead.measurement is not None:
        points = _INVALID_POINTS if around.is_unmeasured else 0
        yield LeadFactor(name="validity", points=points, says=lead.measurement.validity)
