"""Pairs: how a place looked at the peak of a violation and after it was corrected."""

from dataclasses import dataclass
from datetime import datetime

from api.contract.evidence.manifest import Manifest, ManifestFile, parse_manifest
from api.contract.evidence.package import MANIFEST, OVERLAY
from api.contract.trust.stamp import StampError
from api.contract.wire.lead import LeadDocument
from api.evidence.vault import VaultError
from api.state import ApiState


@dataclass(frozen=True, slots=True)
class PeakStill:
    """The still of a package that shows the peak of what was seen."""

    name: str
    sha256: str
    at: datetime


def peak_still(state: ApiState, lead: LeadDocument) -> PeakStill | str:
    """Return the still of the peak in a lead's package, or why there is none; blocks."""
    if lead.evidence is None:
        return "the evidence has not come in yet"
    sums = lead.evidence.sums_sha256
    try:
        size = state.vault.sizes(sums).get(MANIFEST, 0)
        manifest = parse_manifest(b"".join(state.vault.read(sums, MANIFEST, 0, size)))
    except (VaultError, StampError) as fault:
        return str(fault)
    file = _of_the_peak(manifest)
    if file is None:
        return "the package holds no still"
    return PeakStill(file.name, file.sha256, manifest.measurements.peak_utc)


def _of_the_peak(manifest: Manifest) -> ManifestFile | None:
    """Return the source of the overlay, drawn on the peak (`vision.evidence.package_files`); else any still."""
    pictures = {each.name: each for each in manifest.files if each.name.endswith((".jpg", ".png"))}
    overlay = pictures.pop(OVERLAY, None)
    if overlay is None:
        return next(iter(pictures.values()), None)
    return pictures.get(overlay.source or "", overlay)
