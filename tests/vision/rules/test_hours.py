"""Zones at their hours: outside them smoke in a zone makes no lead, flames do, and a mask hides nothing."""

import pytest

from tests.vision.moments import CARD, boxes, flaming, flickering, frame, moment
from tests.vision.rules.views import reading, readings, rule_of, site, smoke_from, square
from tests.vision.rules.zone.test_stack import verdicts
from vision.analysis.analyser import CameraAnalyser
from vision.leads.lead import CloseReason, WorkerLeadState
from vision.plume.readings import PlumeColour

PLUME = (140, 60, 180, 100)
OPEN = {"from": "09:00", "to": "12:00"}
"""Of the films, which begin on a Monday at 10:00 in Beijing."""
SHUT = {"from": "13:00", "to": "09:00"}
TUESDAYS = {"days": ["tue"], **OPEN}


@pytest.mark.parametrize(
    ("schedule", "leads"),
    [([], 1), ([OPEN], 1), ([SHUT], 0), ([TUESDAYS], 0), ([SHUT, OPEN], 1), ([{"from": "10:02", "to": "11:00"}], 0)],
)
def test_a_family_works_at_its_zones_hours(schedule: list[dict[str, object]], leads: int) -> None:
    """Smoke of a minute counts from the beginning of the hours on, in the site's local time."""
    rule = rule_of("V04_WASTE_BURN", site(square("no_burn", schedule=schedule)))
    changes = smoke_from(rule, 0, 150)

    assert [c.lead.state for c in changes].count(WorkerLeadState.CONFIRMED) == leads


def test_a_lead_is_over_a_minute_after_the_hours() -> None:
    """What goes on after them is not looked at any more."""
    rule = rule_of("V04_WASTE_BURN", site(square("no_burn", schedule=[{"from": "09:00", "to": "10:02"}])))
    changes = smoke_from(rule, 0, 300)

    assert [c.lead.state for c in changes] == [
        WorkerLeadState.CANDIDATE,
        WorkerLeadState.CONFIRMED,
        WorkerLeadState.CLOSED,
    ]
    assert (changes[-1].lead.reason, changes[-1].lead.last) == (CloseReason.GONE, moment(118))


def test_readings_from_before_the_hours_accuse_nobody() -> None:
    """Two minutes above the limit count from the hours on, whatever was read before."""
    late = site(square("outlet", schedule=[{"from": "10:01", "to": "12:00"}]))
    series = readings([1.5] * 13)

    assert [when for when, _ in verdicts(rule_of("V01_STACK_SMOKE", site(square("outlet"))), series)] == [135]
    assert [when for when, _ in verdicts(rule_of("V01_STACK_SMOKE", late), series)] == [195]


@pytest.mark.parametrize("code", ["V01_STACK_SMOKE", "V02_COLOR_PLUME"])
@pytest.mark.parametrize(("schedule", "leads"), [([], 1), ([OPEN], 1), ([SHUT], 0), ([TUESDAYS], 0), ([SHUT, OPEN], 1)])
def test_a_family_on_readings_works_at_its_own_hours(code: str, schedule: list[dict[str, object]], leads: int) -> None:
    """Grades and colours count at the hours of the family's table, as boxes do."""
    config = site(square("outlet"), violations={code: {"schedule": schedule}})
    colour = PlumeColour.YELLOW if code.startswith("V02") else PlumeColour.BLACK
    series = [reading(number, 1.5, colour) for number in range(13)]

    assert len(verdicts(rule_of(code, config), series)) == leads


def test_the_hours_of_the_zone_and_of_the_family_must_both_hold() -> None:
    """From the later of the two beginnings on, readings count."""
    zone = square("outlet", schedule=[{"from": "10:01", "to": "12:00"}])
    config = site(zone, violations={"V01_STACK_SMOKE": {"schedule": [{"from": "10:02", "to": "12:00"}]}})

    assert [when for when, _ in verdicts(rule_of("V01_STACK_SMOKE", config), readings([1.5] * 20))] == [255]


def confirmed(class_name: str, zone: dict[str, object], **rule: object) -> list[str]:
    """Return the zones of the leads on a box in a zone that flickers, or burns."""
    picture = flaming if class_name == "fire" else flickering
    config = site(zone, rules={class_name: rule})
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    changes = []
    for i in range(12):
        changes += analyser.observe(frame(picture(i / 2, PLUME), moment(i / 2)), boxes((class_name, 0.7, PLUME)))
    return [change.lead.peak.zone for change in changes if change.lead.state is WorkerLeadState.CONFIRMED]


@pytest.mark.parametrize(
    ("class_name", "kind", "schedule", "rule", "zones"),
    [
        ("smoke", "watch", [OPEN], {}, ["z"]),
        ("smoke", "watch", [SHUT], {}, []),
        ("smoke", "outlet", [SHUT], {}, []),
        ("fire", "watch", [SHUT], {}, ["z"]),
        ("fire", "watch", [SHUT], {"zones": ["z"]}, []),
        ("fire", "watch", [OPEN], {"zones": ["z"]}, ["z"]),
        ("smoke", "mask", [OPEN], {}, []),
        ("smoke", "mask", [SHUT], {}, [""]),
    ],
)
def test_the_standing_rules_mind_the_hours_and_flames_do_not(
    class_name: str, kind: str, schedule: list[dict[str, object]], rule: dict[str, object], zones: list[str]
) -> None:
    """Smoke in a zone at rest is nobody's; flames are told at any hour unless the rule is confined; masks open."""
    assert confirmed(class_name, square(kind, schedule=schedule), **rule) == zones
