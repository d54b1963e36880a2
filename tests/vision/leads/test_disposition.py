"""What is proposed for a lead, who is notified, and why."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.vision.leads.judged_leads import flames, judged, lead, measured, site
from tests.vision.moments import CARD
from vision.leads.judgement import Judge
from vision.leads.lead import Lead


@pytest.mark.parametrize(
    ("enterprise", "action", "notify", "needs_approval"),
    [
        ({}, "lead", ["queue"], False),
        ({"risk": "red"}, "lead", ["wall_alarm", "duty_phone", "team_leader", "queue"], False),
        ({"risk": "yellow"}, "lead", ["duty_phone", "queue"], False),
        ({"risk": "green"}, "warn_only", ["queue"], False),
        ({"risk": "red", "positive_list": {"from": "2026-01-01"}}, "warn_only", ["queue", "company"], True),
        ({"risk": "green", "confirmed": ["2025-06-01"]}, "lead", ["queue"], False),
        ({"risk": "green", "confirmed": ["2024-06-01"]}, "warn_only", ["queue"], False),
    ],
)
def test_colour_and_list_decide_what_follows(
    enterprise: dict[str, object], action: str, notify: list[str], *, needs_approval: bool
) -> None:
    """Domain 6.5: warn only at a first minor finding of a green or listed enterprise; approval for a listed one."""
    found = judged(lead(), **enterprise).disposition
    assert (found.action, found.notify, found.approval_required) == (action, notify, needs_approval)


def test_what_is_only_watched_wakes_nobody() -> None:
    """Smoke at an outlet without a valid reading, or below the limit: in the queue, whatever the colour."""
    for measurement in (None, measured(None, None, "no_contrast"), measured(0.15, 0.75), measured(0.4, None)):
        seen = replace(lead(), rule_id="smoke.visible", measurement=measurement)
        config = site(risk="red")
        found = Judge(config.cameras[0], config, CARD).judged(seen, {}).judgement
        assert found is not None
        assert (found.disposition.action, found.disposition.notify) == ("watch", ["queue"])


@pytest.mark.parametrize(
    "one",
    [
        lead("V04_WASTE_BURN"),
        lead("V01B_BYPASS"),
        lead("V17_DEVICE_TAMPER"),
        replace(lead(), measurement=measured(0.61, 2.75)),
        replace(lead(), measurement=measured(0.5, 3.0)),
        replace(lead(), measurement=measured(None, None, "no_contrast", least=0.65)),
    ],
)
def test_some_things_are_never_merely_warned_of(one: Lead) -> None:
    """Open burning, by-pass, tampering, grade 3, opacity of 60 %: a lead, whatever colour and list."""
    found = judged(one, risk="green", positive_list={"from": "2026-01-01"}).disposition
    assert found.action == "lead"
    assert {"grave_class", "severe"} & set(found.reasons)
    assert found.approval_required


@pytest.mark.parametrize("zone", ["", "road", "yard", "field", "straw"])
@pytest.mark.parametrize("enterprise", [{}, {"risk": "green"}, {"positive_list": {"from": "2026-01-01"}}])
def test_flames_that_no_zone_explains_are_a_fire_alarm(zone: str, enterprise: dict[str, object]) -> None:
    """P1 at once, first of the reasons, told to the wall and by phone; never watched or warned of, whoever owns it."""
    found = judged(flames(zone), **enterprise)
    assert (found.priority, found.disposition.action, found.disposition.reasons[0]) == ("P1", "lead", "fire_alarm")
    assert {"wall_alarm", "duty_phone", "queue"} <= set(found.disposition.notify)
    assert found.factors[0].name == "fire_alarm"


@pytest.mark.parametrize(
    ("zone", "code", "when", "is_alarm"),
    [
        ("stack", "V04_WASTE_BURN", 2, False),
        ("works", "V04_WASTE_BURN", 2, False),
        ("market", "V05_OPEN_BBQ", 2, False),
        ("market", "V05_OPEN_BBQ", 14, True),
    ],
)
def test_flames_that_a_zone_explains_have_the_usual_priority(
    zone: str, code: str, when: int, *, is_alarm: bool
) -> None:
    """A flare, a boiler, a barbecue at its hours are no alarm; they say that they are flames and are explained."""
    found = judged(flames(zone, code, day=datetime(2026, 11, 23, when, tzinfo=UTC)))
    assert (found.priority, found.disposition.reasons[0]) == (
        ("P1", "fire_alarm") if is_alarm else ("P3", "flames_explained")
    )


@pytest.mark.parametrize(
    ("one", "is_proposal"),
    [
        (lead(zone=""), True),
        (lead(zone="yard"), True),
        (lead(zone="road"), True),
        (flames("stack"), True),
        (lead(zone="stack"), False),
        (lead("V03_STRAW_BURN", "field"), False),
        (lead("V03_STRAW_BURN", "straw"), False),
        (lead("V01B_BYPASS", "works"), False),
    ],
)
def test_outside_a_zone_that_says_it_the_code_is_a_proposal(one: Lead, *, is_proposal: bool) -> None:
    """The code is the rule's usual one there; a zone of its kind, or one that names the code, stands for it."""
    assert ("code_proposed" in judged(one).disposition.reasons) is is_proposal
