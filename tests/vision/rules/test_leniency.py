"""
What colour and list of an owner change about when a lead is made, for every rule (domain.md 6.5, its first rows).

Points, notification and what follows are in ``tests/vision/leads/test_judgement.py``. Sampling is no matter of the
register: every camera is patrolled alike, and looked at closely while something shows (decision 0011).
"""

import numpy as np
import pytest

from models.detections import Detections
from tests.vision.faults import FAULTS, YARD, grain
from tests.vision.moments import CARD, frame, moment
from tests.vision.rules.views import USCC, box, reading, readings, rule_of, site, smoke_from, square, view
from tests.vision.rules.zone.test_stack import verdicts
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig
from vision.confirm.classifier import ClassWeights, TrackClassifier
from vision.leads.lead import Lead, WorkerLeadState
from vision.plume.readings import PlumeColour
from vision.rules.rule_set import RuleSet

LISTED = {"from": "2026-01-01"}
ALERT = {"level": "red", "from": "2026-11-23T09:00:00", "to": "2026-11-23T12:00:00", "measures": ["production"]}

TABLE = [
    ({}, 1.0, 0.0),
    ({"risk": "red"}, 1.0, -0.05),
    ({"risk": "yellow"}, 1.0, 0.0),
    ({"risk": "green"}, 1.5, 0.05),
    ({"risk": "red", "positive_list": LISTED}, 1.5, 0.05),
    ({"risk": "red", "positive_list": {"from": "2026-11-24"}}, 1.0, -0.05),
]
"""Enterprise, persistence and threshold: the two rows of domain.md 6.5; a list that begins tomorrow changes nothing."""

Enterprise = dict[str, object]


def owned(kind: str, enterprise: Enterprise, **tables: object) -> WorkerConfig:
    """Return a camera over one zone of an enterprise with these values."""
    return site(square(kind, owner=USCC), enterprises=[{"uscc": USCC, "name": "works", **enterprise}], **tables)


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
@pytest.mark.parametrize(
    ("kind", "code", "seconds"),
    [
        ("premises", "V01B_BYPASS", 60),
        ("field", "V03_STRAW_BURN", 60),
        ("no_burn", "V04_WASTE_BURN", 60),
        ("no_bbq", "V05_OPEN_BBQ", 180),
        ("vent", "V06_FUME_DIRECT", 60),
        ("outlet", "V12_ALERT_STOP", 600),
    ],
)
def test_rules_on_boxes_in_zones(
    kind: str, code: str, seconds: int, enterprise: Enterprise, persistence: float, shift: float
) -> None:
    """The least confidence moves by 0.05, and the time that it must be seen is half as long again."""
    config = owned(kind, enterprise, alerts=[ALERT])
    assert smoke_from(rule_of(code, config), 0, 2 * seconds, confidence=0.3 + shift - 0.01) == []
    _, confirmed = smoke_from(rule_of(code, config), 0, seconds * persistence, confidence=0.3 + shift + 0.001)
    assert confirmed.lead.confirmed == moment(seconds * persistence)


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_rules_on_readings(enterprise: Enterprise, persistence: float, shift: float) -> None:  # noqa: ARG001 (no box)
    """Longer than 2 or 3 min above the limit, grade 2 for 60 or 90 s, a colour for 3 or 4.5 min; there is no box."""
    config = owned("outlet", enterprise)
    assert [when for when, _ in verdicts(rule_of("V01_STACK_SMOKE", config), readings([1.5] * 20))] == [
        120 * persistence + 15
    ]
    assert [when for when, _ in verdicts(rule_of("V01_STACK_SMOKE", config), readings([2.0] * 8))] == [60 * persistence]
    yellow = [reading(n, 1.0, PlumeColour.YELLOW) for n in range(20)]
    assert [when for when, _ in verdicts(rule_of("V02_COLOR_PLUME", config), yellow)] == [180 * persistence]


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_the_lead_repeats_what_held_for_its_owner(enterprise: Enterprise, persistence: float, shift: float) -> None:
    """Times and confidence as they were applied, not as they are for others."""
    config = owned("outlet", enterprise)
    stack, colour = rule_of("V01_STACK_SMOKE", config), rule_of("V02_COLOR_PLUME", config)
    verdicts(stack, readings([2.0] * 20))
    verdicts(colour, [reading(n, 1.0, PlumeColour.YELLOW) for n in range(20)])
    assert {**stack.open_leads[0].rule_params} == {
        "grade_limit": 1.0,
        "op": ">",
        "seconds": 120 * persistence,
        "window_s": 1800,
        "fast_grade": 2.0,
        "fast_s": 60 * persistence,
        "zones": "z",
        "zone_kind": "outlet",
    }
    assert colour.open_leads[0].rule_params["seen_s"] == 180 * persistence
    ground = rule_of("V04_WASTE_BURN", owned("no_burn", enterprise))
    smoke_from(ground, 0, 120)
    (lead,) = ground.open_leads
    assert (lead.rule_params["threshold"], lead.rule_params["seen_s"]) == (pytest.approx(0.3 + shift), 60 * persistence)


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_the_rule_on_the_camera_itself(enterprise: Enterprise, persistence: float, shift: float) -> None:  # noqa: ARG001
    """A covered lens is tampering after 20 or 30 s."""
    config = owned("premises", enterprise)
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    for number in range(15):
        analyser.observe(frame(grain(YARD, number), moment(2.0 * number)), Detections.empty())
    found = []
    for number in range(15, 45):
        image = FAULTS["covered"](100 + number)
        found += analyser.observe(frame(image, moment(2.0 * number)), Detections.empty())
    (lead,) = [change.lead for change in found if change.lead.state is WorkerLeadState.CONFIRMED]
    assert lead.confirmed is not None
    assert lead.confirmed.seconds_since(lead.first) == 20 * persistence


def standing(class_name: str, enterprise: Enterprise, confidence: float) -> Lead | None:
    """Return what a standing rule confirms of boxes in an owner's zone, two pictures a second for ten seconds."""
    config = owned("watch", enterprise)
    bench = RuleSet.for_camera(config.cameras[0], config, CARD)
    for number in range(20):
        seconds = number / 2
        for change in bench.observe(view(seconds, box(seconds, confidence=confidence, class_name=class_name))):
            if change.lead.state is WorkerLeadState.CONFIRMED:
                return change.lead
    return None


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_the_standing_smoke_rule(enterprise: Enterprise, persistence: float, shift: float) -> None:
    """The mean confidence moves by 0.05 and 1.5 s become 2.25 s, the next picture's; the lead repeats both."""
    assert standing("smoke", enterprise, 0.3 + shift - 0.01) is None
    lead = standing("smoke", enterprise, 0.3 + shift + 0.001)
    assert lead is not None
    assert lead.confirmed == moment(1.5 if persistence == 1 else 2.5)
    told = (lead.rule_params.get("owner_threshold", 0.0), lead.rule_params.get("owner_persistence", 1.0))
    assert told == (shift, persistence)


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_the_standing_smoke_rule_by_belief(enterprise: Enterprise, persistence: float, shift: float) -> None:
    """Where belief decides, the probability that it needs moves; the weights stay."""
    config = owned("watch", enterprise)
    sure = TrackClassifier("1", 0.5, {"smoke": ClassWeights(9.0, np.zeros(0))})
    for told, expected in ((0.5 + shift - 0.01, None), (0.5 + shift + 0.001, 1.5 if persistence == 1 else 2.5)):
        bench = RuleSet.for_camera(config.cameras[0], config, CARD, sure)
        changes = [
            change.lead.confirmed
            for number in range(20)
            for change in bench.observe(view(number / 2, box(number / 2, probability=told)))
            if change.lead.state is WorkerLeadState.CONFIRMED
        ]
        assert changes == ([] if expected is None else [moment(expected)])


@pytest.mark.parametrize(("enterprise", "persistence", "shift"), TABLE)
def test_flames_are_told_alike_whoever_they_burn_at(enterprise: Enterprise, persistence: float, shift: float) -> None:  # noqa: ARG001
    """No colour and no list holds a fire back."""
    assert standing("fire", enterprise, 0.28) is None
    lead = standing("fire", enterprise, 0.31)
    assert lead is not None
    assert lead.confirmed == moment(1.5)
