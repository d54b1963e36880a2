"""The lead's document and score, and the log of detections behind it."""

import math
from dataclasses import replace
from datetime import date, timedelta

from api.contract.catalogue import catalogue
from api.contract.wire.lead import LeadDisposition, LeadFactor, LeadTarget, LeadVote
from api.contract.wire.place import Place
from api.contract.wire.state import Priority
from models.detections import Detections
from tests.vision.staged import CAMERA, NOW, SITE, WITNESS, some_time
from vision.evidence.lead_document import lead_document, manifest_draft, measure_of
from vision.evidence.package_files import DetectionLog
from vision.leads.lead import Finding, Judgement, Lead, LeadKey, WorkerLeadState
from vision.plume.readings import Measurement, PlumeColour


def a_lead(violation_code: str = "V01_STACK_SMOKE", seconds: float = 30.0) -> Lead:
    peak = Finding("smoke", (1.0, 2.0, 3.0, 4.0), 0.9, some_time(5), "", {"area_fraction": 0.1, "ratio": math.nan})
    return Lead(
        key=LeadKey("gate-3/0/smoke.visible/1"),
        camera_id=CAMERA.id,
        rule_id="smoke.visible",
        rule_version="1.0.0",
        rule_params={"k": 4},
        violation_code=violation_code,
        state=WorkerLeadState.CONFIRMED,
        track=1,
        first=some_time(0),
        confirmed=some_time(3),
        last=some_time(seconds),
        peak=peak,
        observations=4,
    )


def test_what_was_judged_is_told() -> None:
    """Target, law, disposition, votes, factors, score and priority are those of the judgement; none without one."""
    judged = Judgement(
        target=LeadTarget(zone="stack", name="one works"),
        legal=catalogue().legal_at("V01_STACK_SMOKE", date(2026, 11, 23)),
        disposition=LeadDisposition(action="watch", reasons=["not_measured"]),
        votes=(LeadVote(source="rule", name="persistence"),),
        factors=(LeadFactor(name="severity", points=41, says="V01_STACK_SMOKE"),),
        score=41,
        priority=Priority.P2,
    )
    document = lead_document("L20261123-001001", replace(a_lead(), judgement=judged), SITE, WITNESS)
    assert (document.target, document.legal, document.disposition) == (
        judged.target,
        judged.legal,
        judged.disposition,
    )
    assert (document.score, document.priority, document.votes) == (41, Priority.P2, list(judged.votes))
    assert document.factors == list(judged.factors)
    bare = lead_document("L20261123-001001", a_lead(), SITE, WITNESS)
    assert (bare.target, bare.legal, bare.disposition, bare.score, bare.priority) == (None, None, None, 0, Priority.P3)


def test_opacity_is_told_in_percent_with_its_validity_and_limit() -> None:
    """A valid reading has number, deviation, grade and limit; a refused one has the reason and no number."""
    measured = Measurement(
        zone="stack", method="m", validity="valid", readings=12, valid=9, opacity=0.461, sd=0.0312, least=0.4,
        grade=1.75, peak_grade=2.25, six_minute_mean=0.3, frequency=0.5, colour=PlumeColour.BLACK, r2=0.91,
        sun_angle_deg=152.04, notes=(),
    )  # fmt: skip
    lead = replace(a_lead(), measurement=measured, rule_params={"grade_limit": 1.0})
    told = measure_of(lead)
    assert (told.kind, told.validity, told.colour) == ("ringelmann_screen", "valid", "black")
    assert (told.opacity_pct, told.opacity_sd_pct, told.least_opacity_pct) == (46.1, 3.1, 40.0)
    assert (told.grade, told.grade_limit, told.readings, told.readings_valid) == (1.75, 1.0, 12, 9)
    assert told.values == {"area_fraction": 0.1, "peak_grade": 2.25, "six_minute_mean": 0.3, "emission_frequency": 0.5}
    refused = replace(measured, validity="no_contrast", opacity=None, sd=None, grade=None, peak_grade=None)
    told = measure_of(replace(lead, measurement=refused))
    assert (told.kind, told.validity, told.opacity_pct, told.grade) == ("visible_emission", "no_contrast", None, None)


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
