"""Leads with packages that hold real media, for a browser to play; one of them measured and judged in full."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2

from api.contract.evidence.manifest import FileRole
from api.contract.evidence.package import FileOrigin, seal_package
from api.contract.evidence.tarball import write_tar
from api.contract.wire.lead import LeadDisposition, LeadDocument, LeadEvidence, LeadLegal, LeadTarget, LeadVote
from api.contract.wire.moment import rfc3339
from tests.api.conftest import Posting, sample_lead
from tests.api.contract.sample import ORIGINS, TestSigner, sample_manifest
from tests.api.wall.stage import square_picture

MakeLead = Callable[..., LeadDocument]


def fresh_lead(lead_id: str = "L20261123-001007", *, ago_s: float = 5.0, **camera: str) -> LeadDocument:
    """Return the sample lead as if it had begun some seconds ago."""
    lead = sample_lead(lead_id)
    start = datetime.now(UTC) - timedelta(seconds=ago_s)
    event = lead.event.model_copy(
        update={"start": start, "confirmed": start + timedelta(seconds=3), "end": start + timedelta(seconds=4)}
    )
    return lead.model_copy(update={"event": event, "camera": lead.camera.model_copy(update=camera)})


def judged_lead(lead_id: str = "L20261123-001007", *, ago_s: float = 5.0, **measure: object) -> LeadDocument:
    """Return a lead of black smoke over the limit from a registered outlet, as measured and judged; or as told."""
    lead = fresh_lead(lead_id, ago_s=ago_s)
    measured = {
        "kind": "ringelmann_screen",
        "duration_s": 655.0,
        "zone": "1号排放口",
        "probability": 0.93,
        "validity": "valid",
        "opacity_pct": 46.1,
        "opacity_sd_pct": 3.2,
        "least_opacity_pct": 38.0,
        "grade": 2.25,
        "grade_limit": 1.0,
        "colour": "black",
        "method": "regression",
        "readings": 44,
        "readings_valid": 41,
        "r2": 0.91,
        "sun_angle_deg": 152.0,
    }
    document = lead.model_dump() | {
        "violation_code": "V01_STACK_SMOKE",
        "priority": "P1",
        "score": 87,
        "measure": lead.measure.model_dump() | measured | measure,
        "target": LeadTarget(
            zone="1号排放口",
            uscc="91110000802100433B",
            name="北京通州示范热力有限公司",
            outlet="DA001",
            risk="red",
            registry_version="2026-11-20",
        ),
        "legal": LeadLegal(
            in_force_at="2026-11-23",
            basis=["Code-1107", "Code-221"],
            text_zh="《生态环境法典》第1107条、第221条",
            penalty_zh="责令改正或者限制生产、停产整治，并处十万元以上一百万元以下罚款",
            authority="生态环境",
        ),
        "disposition": LeadDisposition(
            notify=["wall_alarm", "duty_phone", "team_leader"], reasons=["red_risk", "over_limit"]
        ),
        "votes": [
            LeadVote(source="model", name="emissions-v8s", says="0.88"),
            LeadVote(source="physics", name="不透光度回归", says="R² 0.91"),
        ],
    }
    return LeadDocument.model_validate(document)


def readings_csv(start: datetime, opacities: Sequence[float | None]) -> str:
    """Return the readings of an outlet, one in 15 s; ``None`` is a reading refused for low contrast."""
    lines = ["start_utc,opacity_pct,opacity_sd_pct,grade,validity"]
    for number, opacity in enumerate(opacities):
        at = rfc3339(start + timedelta(seconds=15 * number))
        values = ",,,no_contrast" if opacity is None else f"{opacity},3.0,{opacity // 5 / 4},valid"
        lines.append(f"{at},{values}")
    return "\n".join(lines) + "\n"


def playable_posting(
    folder: Path, clip: Path, signer: TestSigner, lead: LeadDocument, readings: str | None = None
) -> Posting:
    """Return the lead with a package whose clip and pictures can be shown, sealed by `signer`."""
    package = folder / lead.lead_id
    package.mkdir(parents=True)
    (package / "clip.mp4").write_bytes(clip.read_bytes())
    picture = square_picture(10.0)
    cv2.imwrite(str(package / "f0001.png"), picture)
    cv2.imwrite(str(package / "overlay.jpg"), picture)
    (package / "detections.jsonl").write_bytes(b'{"pts_s":10.0,"boxes":[]}\n')
    origins = dict(ORIGINS)
    if readings is not None:
        (package / "readings.csv").write_text(readings, encoding="utf-8")
        origins["readings.csv"] = FileOrigin(FileRole.DERIVED, "clip.mp4", "opacity in steps of 15 s")
    manifest = sample_manifest(lead.lead_id)
    sealed = seal_package(
        package,
        manifest.model_copy(
            update={
                "violation_code": lead.violation_code,
                "camera": manifest.camera.model_copy(update={"id": lead.camera.id}),
            }
        ),
        origins,
        signer,
    )
    tar = folder / f"{lead.lead_id}.tar"
    with tar.open("wb") as target:
        write_tar(sealed.folder, target)
    evidence = LeadEvidence(package=f"/v1/evidence/{lead.lead_id}", sums_sha256=sealed.sums_sha256)
    return Posting(lead.model_copy(update={"evidence": evidence}), tar.read_bytes())
