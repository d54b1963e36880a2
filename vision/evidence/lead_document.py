"""
Lead document: a lead's manifest and its wire document, from what the worker knows. Pure functions.

Nothing is invented: what nobody has measured or entered is ``null`` in the manifest (domain.md 5.2).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.contract.evidence.manifest import (
    FIRST_PACKAGE,
    SITE_PROOFS,
    Article41,
    Gap,
    Manifest,
    ManifestCamera,
    ManifestModel,
    ManifestRule,
    ManifestRuntime,
    ManifestStream,
    ManifestTime,
    Measurements,
)
from api.contract.trust.stamp import canonical_json, sha256_hex
from api.contract.wire.lead import LeadCamera, LeadDocument, LeadEvent, LeadMeasure, LeadModel, LeadRule
from api.contract.wire.place import Place
from api.contract.wire.state import Priority
from models.detector import ModelCard, Runtime
from streams.camera import Camera
from streams.timing.clock import CaptureTime
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.evidence.clips import Clip
from vision.leads.lead import Lead
from vision.scene.health import PictureFault

KIND = "visible_emission"
"""All that is measured where no outlet is: something was seen, where, how long."""

_FAULTS = frozenset(PictureFault)


@dataclass(frozen=True, slots=True)
class Site:
    """
    A camera and what is known of where it stands.

    Attributes:
        camera: id, name and source.

        gb_id: 20-digit GB/T 28181 id, empty where it has none.

        place: division, town and coordinates.

        preset: the PTZ preset it stands at; ``None`` for a fixed camera.

        height_m: above ground.

        azimuth: degrees from north, clockwise.

        fov: horizontal angle of view in degrees.

        gateway: name of the platform that relays the stream.

        art41: the camera's legal file.
    """

    camera: Camera
    gb_id: str = ""
    place: Place = field(default_factory=Place)
    preset: int | None = None
    height_m: float | None = None
    azimuth: float | None = None
    fov: float | None = None
    gateway: str | None = None
    art41: Article41 = field(default_factory=Article41)


@dataclass(frozen=True, slots=True)
class Witness:
    """What saw it: the model, the engine that ran it, the node, and ``config.json`` of the camera (`in_force`)."""

    card: ModelCard
    runtime: Runtime
    node: str
    configuration: bytes | None = field(default=None, repr=False)


def lead_document(
    lead_id: str, lead: Lead, site: Site, witness: Witness, *, timezone: str = "Asia/Shanghai"
) -> LeadDocument:
    """Return the lead as it travels, its evidence not yet named; `timezone` is the site's, for people who read it."""
    confirmed = confirmed_time(lead)
    judged = lead.judgement
    return LeadDocument(
        lead_id=lead_id,
        violation_code=lead.violation_code,
        priority=Priority.P3 if judged is None else judged.priority,
        score=0 if judged is None else judged.score,
        factors=[] if judged is None else list(judged.factors),
        place=site.place,
        camera=LeadCamera(id=lead.camera_id, name=site.camera.name, gb_id=site.gb_id, preset=site.preset),
        event=LeadEvent(
            start=lead.first.utc,
            confirmed=confirmed.utc,
            end=lead.last.utc,
            timezone=timezone,
            clock_source=confirmed.source,
            uncertainty_s=confirmed.uncertainty_s,
        ),
        measure=measure_of(lead),
        rule=LeadRule(id=lead.rule_id, version=lead.rule_version, params=dict(lead.rule_params)),
        model=LeadModel(name=witness.card.name, version=witness.card.version, sha256=witness.card.weights_sha256),
        target=None if judged is None else judged.target,
        legal=None if judged is None else judged.legal,
        disposition=None if judged is None else judged.disposition,
        votes=[] if judged is None else list(judged.votes),
        node=witness.node,
    )


def measure_of(lead: Lead) -> LeadMeasure:
    """Return what was measured of a lead; opacity has a number only where it is valid."""
    peak, measured = lead.peak, lead.measurement
    measure = LeadMeasure(
        kind=kind_of(lead),
        class_name=peak.class_name,
        peak_confidence=peak.confidence,
        peak_xyxy=peak.xyxy,
        peak_utc=peak.time.utc,
        observations=lead.observations,
        duration_s=round(lead.last.seconds_since(lead.first), 3),
        zone=peak.zone,
        values=_finite(peak.measures),
        probability=lead.probability,
    )
    if measured is None:
        return measure
    limit = lead.rule_params.get("grade_limit")
    values = {"peak_grade": measured.peak_grade, "six_minute_mean": measured.six_minute_mean}
    values["emission_frequency"] = measured.frequency
    return measure.model_copy(
        update={
            "values": measure.values | {name: round(v, 4) for name, v in values.items() if v is not None},
            "validity": measured.validity,
            "opacity_pct": _percent(measured.opacity),
            "opacity_sd_pct": _percent(measured.sd),
            "least_opacity_pct": _percent(measured.least),
            "grade": measured.grade,
            "grade_limit": limit if isinstance(limit, float) else None,
            "colour": "" if measured.colour is None else measured.colour.value,
            "method": measured.method,
            "readings": measured.readings,
            "readings_valid": measured.valid,
            "r2": None if measured.r2 is None else round(measured.r2, 4),
            "sun_angle_deg": None if measured.sun_angle_deg is None else round(measured.sun_angle_deg, 1),
        }
    )


def kind_of(lead: Lead) -> str:
    """Return what the numbers of a lead are: a grade, an opacity, a frequency, a fault, or that something was seen."""
    measured = lead.measurement
    if lead.peak.class_name in _FAULTS:
        return "camera_health"
    if measured is not None and measured.grade is not None:
        return "ringelmann_screen"
    if measured is not None and measured.opacity is not None:
        return "opacity"
    return "emission_frequency" if "emission_frequency" in lead.peak.measures else KIND


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * min(max(share, 0.0), 1.0), 1)


def manifest_draft(
    lead_id: str, lead: Lead, site: Site, witness: Witness, clip: Clip | None, gaps: tuple[Gap, ...], now: datetime
) -> Manifest:
    """Return the manifest without its files and without its place in the camera's chain."""
    place = site.place
    return Manifest(
        lead_id=lead_id,
        violation_code=lead.violation_code,
        camera=ManifestCamera(
            id=lead.camera_id,
            gb_id=site.gb_id or None,
            name=site.camera.name or None,
            lon=place.lon,
            lat=place.lat,
            height_m=site.height_m,
            azimuth=site.azimuth,
            fov=site.fov,
            art41=site.art41,
        ),
        stream=ManifestStream(
            url_sha256=site.camera.source.sha256,
            codec=clip.stream.codec if clip else None,
            width=clip.stream.width if clip else None,
            height=clip.stream.height if clip else None,
            fps=clip.fps if clip else None,
            gateway=site.gateway,
        ),
        time=_manifest_time(confirmed_time(lead), clip),
        model=ManifestModel(
            name=witness.card.name,
            version=witness.card.version,
            weights_sha256=witness.card.weights_sha256,
            format=witness.card.weights_format,
            labels_sha256=sha256_hex(canonical_json(list(witness.card.class_names))),
        ),
        runtime=ManifestRuntime(
            engine=witness.runtime.engine,
            version=witness.runtime.version,
            device=witness.runtime.device,
            precision=witness.runtime.precision,
            worker_id=witness.node,
        ),
        rule=ManifestRule(id=lead.rule_id, version=lead.rule_version, params=dict(lead.rule_params)),
        measurements=Measurements(
            kind=kind_of(lead),
            class_name=lead.peak.class_name,
            first_utc=lead.first.utc,
            confirmed_utc=confirmed_time(lead).utc,
            last_utc=lead.last.utc,
            peak_utc=lead.peak.time.utc,
            peak_confidence=lead.peak.confidence,
            peak_xyxy=lead.peak.xyxy,
            observations=lead.observations,
            duration_s=lead.last.seconds_since(lead.first),
            zone=lead.peak.zone or None,
            values=_finite(lead.peak.measures),
        ),
        gaps=list(gaps),
        config_sha256=None if witness.configuration is None else sha256_hex(witness.configuration),
        prev_package_sha256=FIRST_PACKAGE,
        created_utc=now,
        site_proofs=list(SITE_PROOFS),
    )


def _manifest_time(confirmed: CaptureTime, clip: Clip | None) -> ManifestTime:
    if clip is None:
        return ManifestTime(epoch=confirmed.epoch, source=confirmed.source, uncertainty_s=confirmed.uncertainty_s)
    base = clip.stream.time_base
    return ManifestTime(
        first_pts=clip.first_pts,
        last_pts=clip.last_pts,
        time_base=f"{base.numerator}/{base.denominator}",
        epoch=clip.first.epoch,
        first_utc=clip.first.utc,
        last_utc=clip.last.utc,
        source=clip.first.source,
        uncertainty_s=max(clip.first.uncertainty_s, clip.last.uncertainty_s),
    )


def _finite(measures: Mapping[str, float]) -> dict[str, float]:
    """Return the measures that are numbers: JSON has no other, and one bad figure may not cost the evidence."""
    return {name: float(value) for name, value in measures.items() if math.isfinite(value)}


def confirmed_time(lead: Lead) -> CaptureTime:
    """Return when the lead was confirmed; raise `ValueError` for one that is not."""
    if lead.confirmed is None:
        raise ValueError(f"lead {lead.key} is not confirmed")
    return lead.confirmed


def place_of(camera: CameraConfig, config: WorkerConfig) -> Place:
    """Return where a camera looks."""
    return Place(division=config.site.division, town=camera.town or config.site.town, lon=camera.lon, lat=camera.lat)


def site_of(camera: Camera, config: CameraConfig, worker: WorkerConfig) -> Site:
    """Return what is known of where a camera stands, from its own configuration and its worker's."""
    art41 = config.art41
    return Site(
        camera=camera,
        gb_id=config.gb_id,
        place=place_of(config, worker),
        preset=config.preset,
        height_m=config.height_m,
        azimuth=config.azimuth_deg,
        fov=config.fov_deg,
        art41=Article41(
            legal_review=art41.legal_review or None,
            technical_review=art41.technical_review or None,
            published=art41.published or None,
            valid_until=None if art41.valid_until is None else art41.valid_until.isoformat(),
        ),
    )
