"""Faulty cameras are reported within a minute and make no violation lead; one that a hand blinded makes a V17."""

import numpy as np
import pytest

from models.detections import Detections
from tests.vision.faults import FAULTS, YARD, grain, hazy
from tests.vision.moments import CARD, boxes, frame, moment
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.leads.lead import CloseReason, LeadChange, WorkerLeadState

SOUND_S = 30.0
PLANT = [{"name": "works", "kind": "premises", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "owner": "one works"}]
FIRE = boxes(("fire", 0.9, (100, 60, 160, 120)), ("smoke", 0.9, (90, 20, 170, 80)))
BY_HAND = {"covered", "blurred", "moved", "turned"}


def sound(zones: list[dict[str, object]], **camera: object) -> CameraAnalyser:
    """Return the analyser of a camera that has shown its yard for half a minute."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4", "zones": zones, **camera}]})
    a = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    for number in range(round(SOUND_S / 2)):
        assert a.observe(frame(grain(YARD, number), moment(2.0 * number)), Detections.empty()) == []
    return a


def show(
    a: CameraAnalyser, fault: str, seconds: float, detections: Detections = FIRE
) -> list[tuple[float, LeadChange]]:
    """Show a fault every two seconds with these boxes; return what changed, and after how long."""
    changes = []
    for number in range(round(seconds / 2)):
        image, time = FAULTS[fault](100 + number), moment(SOUND_S + 2.0 * number)
        changes += [(2.0 * number, change) for change in a.observe(frame(image, time), detections)]
    return changes


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_faulty_camera_is_reported_within_a_minute_and_makes_no_violation_lead(fault: str) -> None:
    """Whatever a detector claims to see in its pictures for three minutes: nothing is confirmed but tampering."""
    a = sound(PLANT)
    codes, found_s = set(), None
    for number in range(90):
        time = moment(SOUND_S + 2.0 * number)
        changes = a.observe(frame(FAULTS[fault](100 + number), time), FIRE)
        codes |= {c.lead.violation_code for c in changes if c.lead.state is WorkerLeadState.CONFIRMED}
        if found_s is None and a.picture_fault is not None:
            found_s = 2.0 * number
    assert found_s is not None
    assert found_s <= 60
    assert codes <= {"V17_DEVICE_TAMPER"}
    assert a.picture_fault is not None
    assert {"turned": "moved"}.get(fault, fault) == a.picture_fault.value


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_what_a_hand_does_to_a_camera_over_a_plant_is_tampering(fault: str) -> None:
    """Covered, out of focus or turned at once, for 20 s: one V17 that names the fault and the owner."""
    leads = [(s, c.lead) for s, c in show(sound(PLANT), fault, 120) if c.lead.state is WorkerLeadState.CONFIRMED]
    assert len(leads) == (fault in BY_HAND)
    for seconds, lead in leads:
        assert 20 <= seconds <= 60
        assert (lead.violation_code, lead.first) == ("V17_DEVICE_TAMPER", moment(SOUND_S))
        assert lead.judgement is not None
        assert lead.judgement.target is not None
        assert (lead.judgement.target.name, lead.judgement.disposition.action) == ("one works", "lead")
        assert lead.judgement.disposition.reasons == ["grave_class", "tampering", "unregistered"]


def test_without_a_plant_it_is_a_finding_and_no_lead() -> None:
    """Nobody is accused where nobody is watched."""
    assert [c for _, c in show(sound([]), "covered", 120) if c.lead.state is WorkerLeadState.CONFIRMED] == []


def test_a_camera_that_turns_by_itself_is_not_tampered_with_when_it_turns() -> None:
    """One with presets may show another place; that it is covered is told all the same."""
    moved = show(sound(PLANT, preset=2), "moved", 120)
    assert [change for _, change in moved if change.lead.violation_code == "V17_DEVICE_TAMPER"] == []
    covered = [c.lead for _, c in show(sound(PLANT, preset=2), "covered", 120)]
    assert [one.violation_code for one in covered if one.state is WorkerLeadState.CONFIRMED] == ["V17_DEVICE_TAMPER"]


def test_what_comes_by_degrees_is_no_tampering() -> None:
    """Fog that thickens over a minute blurs the camera as well, and nobody did it."""
    a = sound(PLANT)
    changes = []
    for number in range(60):
        share = max(0.05, 1 - number / 30)
        changes += a.observe(frame(hazy(number, share), moment(SOUND_S + 2.0 * number)), Detections.empty())
    assert a.picture_fault is not None
    assert changes == []


def test_tampering_ends_when_the_camera_sees_again() -> None:
    """The lead is closed, lasted as long as the fault, and rules work again."""
    a = sound(PLANT)
    show(a, "covered", 120)
    changes = []
    for number in range(60, 75):
        time = moment(SOUND_S + 2.0 * number)
        changes += a.observe(frame(grain(YARD, 500 + number), time), Detections.empty())
    assert a.picture_fault is None
    assert [(c.lead.state, c.lead.reason) for c in changes] == [(WorkerLeadState.CLOSED, CloseReason.GONE)]


def test_a_turned_camera_is_told_of_once_and_ends_when_it_turns_back() -> None:
    """One lead however long it stays turned and moves on, closed with the first pictures of the old view."""
    a = sound(PLANT)
    changes = [change for _, change in show(a, "turned", 300, Detections.empty())]
    assert [change.lead.state for change in changes] == [WorkerLeadState.CANDIDATE, WorkerLeadState.CONFIRMED]
    for number in range(150, 190):
        picture = FAULTS["moved"](number) if number < 180 else grain(YARD, number)
        changes += a.observe(frame(picture, moment(SOUND_S + 2.0 * number)), Detections.empty())
    assert [(c.lead.state, c.lead.reason) for c in changes[2:]] == [(WorkerLeadState.CLOSED, CloseReason.GONE)]


def test_leads_under_way_are_closed_when_the_camera_goes_blind() -> None:
    """A fire that was confirmed ends with the reason; it does not hang on what a covered lens shows."""
    a = sound([])
    fire = boxes(("fire", 0.9, (100, 60, 160, 120)))
    for number in range(10):
        image = grain(YARD, 300 + number)
        image[60:120, 100:160] = np.random.default_rng(number).integers(0, 255, (60, 60, 3), np.uint8)
        a.observe(frame(image, moment(SOUND_S + 2.0 * number)), fire)
    ended = []
    for number in range(10, 30):
        time = moment(SOUND_S + 2.0 * number)
        ended += a.observe(frame(FAULTS["covered"](number), time), fire)
    assert [(c.lead.state, c.lead.reason) for c in ended] == [(WorkerLeadState.CLOSED, CloseReason.UNSIGHTED)]
