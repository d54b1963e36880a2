"""V01 and V02: what the readings above an outlet amount to."""

import pytest

from api.contract.reasons import DispositionReason
from tests.vision.moments import moment
from tests.vision.rules.views import box, reading, readings, rule_of, site, square, view
from vision.leads.lead import WorkerLeadState
from vision.plume.readings import PlumeColour, Reading
from vision.plume.validity import Refusal
from vision.rules.zone.zonal import ZoneRule

MOUTH = (480.0, 300.0, 520.0, 410.0)


def stack(**zone: object) -> ZoneRule:
    """Return the rule on the grades above an outlet."""
    return rule_of("V01_STACK_SMOKE", site(square("outlet", **zone)))


def verdicts(rule: ZoneRule, series: list[Reading]) -> list[tuple[float, tuple[DispositionReason, ...]]]:
    """Show the readings one after the other; return when leads were confirmed, and on what grounds."""
    found: list[tuple[float, tuple[DispositionReason, ...]]] = []
    for number in range(1, len(series) + 1):
        seconds = 15 * number
        changes = rule.observe(view(seconds, box(seconds, MOUTH), readings=series[:number]))
        found += [(seconds, c.lead.grounds) for c in changes if c.lead.state is WorkerLeadState.CONFIRMED]
    return found


def test_without_readings_nobody_is_accused() -> None:
    """No reading, and readings that were refused, make no lead."""
    assert verdicts(stack(), []) == []
    assert verdicts(stack(), readings([None] * 120)) == []


@pytest.mark.parametrize(
    ("grades", "when"),
    [
        ([1.0] * 120, []),
        ([0.5] * 111 + [1.25] * 9, [(1800, (DispositionReason.OVER_LIMIT,))]),
        ([0.5] * 112 + [1.25] * 8, []),
        ([1.5] * 9, [(135, (DispositionReason.OVER_LIMIT,))]),
        ([1.5] * 8 + [None] * 20 + [1.5], [(435, (DispositionReason.OVER_LIMIT,))]),
        ([2.0] * 4, [(60, (DispositionReason.FAST_ALARM,))]),
        ([2.0, 2.0, 1.0, 2.0, 2.0], []),
        ([2.0, 2.0, None, 2.0, 2.0], []),
    ],
)
def test_a_limit_is_exceeded_as_the_standard_adds_up(
    grades: list[float | None], when: list[tuple[float, tuple[DispositionReason, ...]]]
) -> None:
    """Above the limit for more than 2 min of 30 (domain 1.2), or grade 2 for 60 s running; a limit of 1 allows 1."""
    assert verdicts(stack(), readings(grades)) == when


def test_the_limit_is_the_outlets_own() -> None:
    """An old furnace may show grade 2; grade 2 for a minute is allowed there as well."""
    assert verdicts(stack(grade_limit=2.0), readings([2.0] * 60)) == []
    assert verdicts(stack(grade_limit=2.0), readings([2.25] + [2.0] * 60)) == []
    assert len(verdicts(stack(grade_limit=2.0), readings([2.25] * 4))) == 1


def test_the_lead_tells_what_was_measured() -> None:
    """From the first reading above the limit; the box of the smoke; grade, limit and readings."""
    rule = stack()
    verdicts(rule, readings([0.5] * 4 + [1.5] * 9))
    (lead,) = rule.open_leads
    assert (lead.first, lead.peak.xyxy, lead.rule_params["grade_limit"]) == (moment(60), MOUTH, 1.0)
    assert lead.measurement is not None
    assert (lead.measurement.grade, lead.measurement.readings) == (1.5, 13)
    assert lead.peak.measures["over_limit_s"] == 135


def test_a_lead_needs_no_box() -> None:
    """Where the detector misses the plume that was measured, the outlet itself is shown."""
    rule = stack()
    series = readings([2.0] * 4)
    rule.observe(view(60, readings=series))
    (lead,) = rule.open_leads
    assert (lead.peak.xyxy, lead.peak.confidence, lead.track) == ((400.0, 400.0, 600.0, 600.0), 0.0, 0)


def test_old_readings_open_no_lead_again() -> None:
    """A minute after the smoke the lead is closed, though the half hour still exceeds the limit."""
    rule = stack()
    series = readings([2.0] * 9)
    verdicts(rule, series)
    closed = [c for s in range(150, 400, 15) for c in rule.observe(view(s, readings=series))]
    assert [change.lead.state for change in closed] == [WorkerLeadState.CLOSED]


def test_a_coloured_plume_is_reported_after_three_minutes_and_without_a_grade() -> None:
    """Yellow for 180 s of 10 min, with or without a number; black, white and changing colours are none."""
    rule = rule_of("V02_COLOR_PLUME", site(square("outlet")))
    yellow = [reading(n, None, PlumeColour.YELLOW, Refusal.NO_CONTRAST) for n in range(12)]
    assert verdicts(rule, yellow) == [(180, ())]
    (lead,) = rule.open_leads
    assert (lead.violation_code, lead.peak.measures["coloured_s"]) == ("V02_COLOR_PLUME", 180)
    assert lead.measurement is not None
    assert lead.measurement.grade is None
    for other in (PlumeColour.BLACK, PlumeColour.GREY, PlumeColour.WHITE):
        rule = rule_of("V02_COLOR_PLUME", site(square("outlet")))
        assert verdicts(rule, [reading(n, 1.0, other) for n in range(40)]) == []
    mixed = [reading(n, 1.0, PlumeColour.YELLOW if n % 2 else PlumeColour.BLUE) for n in range(20)]
    assert verdicts(rule_of("V02_COLOR_PLUME", site(square("outlet"))), mixed) == []
