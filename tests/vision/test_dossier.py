"""The lead's document and score, and the log of detections behind it."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from api.contract.schema import Place, Priority
from models.detections import Detections
from tests.vision.scene import CAMERA, NOW, SITE, WITNESS, some_time
from vision.dossier import lead_document, manifest_draft, priority_of, score_of
from vision.exhibits import DetectionLog
from vision.leads import Finding, Lead, LeadKey, LeadState


def a_lead(violation_code: str = "V01_STACK_SMOKE", seconds: float = 30.0) -> Lead:
    peak = Finding("smoke", (1.0, 2.0, 3.0, 4.0), 0.9, some_time(5), "", {"area_fraction": 0.1, "ratio": math.nan})
    return Lead(
        key=LeadKey("gate-3/0/smoke.visible/1"),
        camera_id=CAMERA.id,
        rule_id="smoke.visible",
        rule_version="1.0.0",
        rule_params={"k": 4},
        violation_code=violation_code,
        state=LeadState.CONFIRMED,
        track=1,
        first=some_time(0),
        confirmed=some_time(3),
        last=some_time(seconds),
        peak=peak,
        observations=4,
    )


@pytest.mark.parametrize(
    ("code", "seconds", "score"),
    [
        ("V01_STACK_SMOKE", 0, 20),
        ("V01_STACK_SMOKE", 59.9, 20),
        ("V01_STACK_SMOKE", 60, 21),
        ("V04_WASTE_BURN", 86_400, 32),
        ("V99_UNHEARD_OF", 0, 5),
    ],
)
def test_the_score_is_severity_and_duration(code: str, seconds: float, score: int) -> None:
    """Severity of the class, one point a minute, ten at most; an unknown class has the least severity."""
    assert score_of(code, seconds) == score
    assert lead_document("L20261123-001001", a_lead(code, seconds), SITE, WITNESS).score == score


@pytest.mark.parametrize(("score", "priority"), [(0, "P3"), (39, "P3"), (40, "P2"), (69, "P2"), (70, "P1")])
def test_priorities_follow_the_score(score: int, priority: str) -> None:
    """P1 from 70, P2 from 40."""
    assert priority_of(score) is Priority(priority)


def test_a_lead_tells_where_when_and_by_what() -> None:
    """The document repeats the lead's facts; a figure that is no number is left out, not sent as null."""
    site = replace(SITE, gb_id="11011200091320000001", place=Place(division="110112", lon=116.65, lat=39.91), preset=2)
    document = lead_document("L20261123-001001", a_lead(), site, WITNESS)
    assert (document.camera.gb_id, document.camera.preset, document.place.lon) == ("11011200091320000001", 2, 116.65)
    assert (document.event.clock_source, document.event.uncertainty_s) == ("arrival", 1.0)
    assert document.measure.values == {"area_fraction": 0.1}
    assert (document.measure.duration_s, document.measure.quality) == (30.0, "screening")
    assert document.class_ == "lead_only"
    assert document.evidence is None


def test_a_manifest_without_a_clip_claims_no_picture() -> None:
    """Codec, size, rate and ticks are null where there is no clip; the lead's own clock is still named."""
    manifest = manifest_draft("L20261123-001001", a_lead(), SITE, WITNESS, None, (), NOW)
    assert manifest.stream.codec is None
    assert manifest.time.first_pts is None
    assert manifest.time.source == "arrival"
    assert manifest.camera.art41.legal_review is None


def test_an_empty_log_has_nothing() -> None:
    """No picture was analysed, none is told."""
    assert DetectionLog(10).between(0, some_time(0).pts_s, some_time(9).pts_s) == []


def test_a_log_is_bounded_in_seconds_and_in_count() -> None:
    """Old pictures leave by the stream's clock, those of an older epoch by UTC; never more than the most are kept."""
    log = DetectionLog(10, most=15)
    for second in range(30):
        log.append(some_time(second), Detections.empty())
    kept = log.between(0, some_time(0).pts_s, some_time(99).pts_s)
    assert [frame.time.pts_s for frame in kept] == list(range(19, 30))
    later = some_time(0, epoch=1)
    log.append(replace(later, utc=later.utc + timedelta(seconds=11)), Detections.empty())
    assert log.between(0, some_time(0).pts_s, some_time(99).pts_s) == []
    for second in range(100):
        log.append(replace(some_time(second / 100, epoch=1), utc=later.utc + timedelta(seconds=12)), Detections.empty())
    assert len(log.between(1, some_time(0).pts_s, some_time(99).pts_s)) == 15
