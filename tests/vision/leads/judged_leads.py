"""Leads at one site with a register, and their judgements."""

from dataclasses import replace
from datetime import datetime, timedelta

from streams.camera import camera_id
from tests.vision.moments import CARD, moment
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.judgement import Judge
from vision.leads.lead import Finding, Judgement, Lead, LeadKey, WorkerLeadState
from vision.plume.readings import Measurement, PlumeColour

USCC = "91110000802100433B"
POLYGON = [[0, 0], [1, 0], [1, 1], [0, 1]]


def site(**enterprise: object) -> WorkerConfig:
    """Return a camera over an outlet of an enterprise with these values, and one alert on 2026-11-25."""
    zones = [
        {"name": "stack", "kind": "outlet", "polygon": POLYGON, "owner": USCC, "outlet": "DA001"},
        {"name": "yard", "polygon": POLYGON, "owner": "somebody"},
        {"name": "road", "kind": "road", "polygon": POLYGON},
        {"name": "works", "kind": "premises", "polygon": POLYGON},
        {"name": "market", "kind": "no_bbq", "polygon": POLYGON, "schedule": [{"from": "08:00", "to": "12:00"}]},
        {"name": "field", "kind": "field", "polygon": POLYGON},
        {"name": "straw", "polygon": POLYGON, "violation_code": "V03_STRAW_BURN"},
    ]
    return parse_config(
        {
            "cameras": [{"id": "cam", "source": "x.mp4", "zones": zones}],
            "enterprises": [{"uscc": USCC, "name": "one works", "registry_version": "2026-11-20", **enterprise}],
            "alerts": [{"level": "orange", "from": "2026-11-25T00:00:00", "to": "2026-11-26T00:00:00"}],
        }
    )


def lead(code: str = "V01_STACK_SMOKE", zone: str = "stack", seconds: float = 0.0, day: datetime | None = None) -> Lead:
    """Return a confirmed lead in a zone that lasted for so long."""
    first = moment(0)
    if day is not None:
        first = replace(first, utc=day)
    last = replace(first, pts_s=first.pts_s + int(seconds), utc=first.utc + timedelta(seconds=seconds))
    return Lead(
        key=LeadKey("cam/0/smoke.visible/1"),
        camera_id=camera_id("cam"),
        rule_id="smoke.visible",
        rule_version="1",
        rule_params={"min_change": 1.5, "grade_limit": 1.0},
        violation_code=code,
        state=WorkerLeadState.CONFIRMED,
        track=1,
        first=first,
        confirmed=first,
        last=last,
        peak=Finding("smoke", (1.0, 2.0, 3.0, 4.0), 0.83, first, zone, {"change_ratio": 7.25}),
        observations=4,
    )


def flames(zone: str = "", code: str = "V04_WASTE_BURN", **values: object) -> Lead:
    """Return a confirmed lead of flames in a zone."""
    one = lead(code, zone, **values)  # type: ignore[arg-type]
    return replace(one, rule_id="fire.visible", peak=replace(one.peak, class_name="fire"))


def measured(opacity: float | None, grade: float | None, validity: str = "valid", least: float = 0.0) -> Measurement:
    """Return a measurement with these figures."""
    return Measurement(
        zone="stack", method="m", validity=validity, readings=12, valid=12 if opacity else 0, opacity=opacity,
        sd=0.03, least=least, grade=grade, peak_grade=grade, six_minute_mean=None, frequency=0.5,
        colour=PlumeColour.BLACK, r2=0.9, sun_angle_deg=None, notes=(),
    )  # fmt: skip


def judged(one: Lead, **enterprise: object) -> Judgement:
    """Return what is proposed for a lead at a site whose enterprise has these values."""
    config = site(**enterprise)
    return Judge(config.cameras[0], config, CARD).judge(one)
