"""Leads with packages that hold real media, for a browser to play."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2

from api.contract.package import seal_package
from api.contract.schema import LeadDocument, LeadEvidence
from api.contract.tarball import write_tar
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


def playable_posting(folder: Path, clip: Path, signer: TestSigner, lead: LeadDocument) -> Posting:
    """Return the lead with a package whose clip and pictures can be shown, sealed by `signer`."""
    package = folder / lead.lead_id
    package.mkdir(parents=True)
    (package / "clip.mp4").write_bytes(clip.read_bytes())
    picture = square_picture(10.0)
    cv2.imwrite(str(package / "f0001.png"), picture)
    cv2.imwrite(str(package / "overlay.jpg"), picture)
    (package / "detections.jsonl").write_bytes(b'{"pts_s":10.0,"boxes":[]}\n')
    manifest = sample_manifest(lead.lead_id)
    sealed = seal_package(
        package,
        manifest.model_copy(update={"camera": manifest.camera.model_copy(update={"id": lead.camera.id})}),
        ORIGINS,
        signer,
    )
    tar = folder / f"{lead.lead_id}.tar"
    with tar.open("wb") as target:
        write_tar(sealed.folder, target)
    evidence = LeadEvidence(package=f"/v1/evidence/{lead.lead_id}", sums_sha256=sealed.sums_sha256)
    return Posting(lead.model_copy(update={"evidence": evidence}), tar.read_bytes())
