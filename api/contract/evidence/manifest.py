"""
The manifest of an evidence package: ``evidence/1`` of domain.md 5.2.

What is not known is ``null``, never a guess. No passwords, no stream address in clear: its hash names it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from api.contract.fields import Box, Count, Line, Name, Pixels, Settings, Whole, Word
from api.contract.trust.stamp import FILE_NAME_PATTERN, StampError, canonical_json
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText, LeadId, Sha256
from api.contract.wire.moment import UtcTime

FileName = Annotated[str, Field(max_length=128, pattern=f"^{FILE_NAME_PATTERN}$")]
FIRST_PACKAGE = "0" * 64
"""``prev_package_sha256`` of a camera's first package."""
STREAM = "stream"
"""``source`` of a file that was taken from the camera's stream and not from another file of the package."""


SITE_PROOFS: tuple[Literal["time_stamp", "log"], ...] = ("time_stamp", "log")
"""What every site adds when it files a package: an authority's stamp, and its place in the log."""


class FileRole(StrEnum):
    """Only originals are evidence; what was made from them is derived (domain.md 5.1, rule 5)."""

    ORIGINAL = "original"
    DERIVED = "derived"


class Article41(Wire):
    """The camera's file under art. 41 of the Penalty Law; all ``null`` until it is entered."""

    legal_review: Line | None = None
    technical_review: Line | None = None
    published: Line | None = None
    valid_until: Word | None = None


class ManifestCamera(Wire):
    """The camera and its place; angles in degrees, height in metres."""

    id: CameraIdText
    gb_id: Word | None = None
    name: Name | None = None
    lon: float | None = None
    lat: float | None = None
    height_m: float | None = None
    azimuth: float | None = None
    fov: float | None = None
    art41: Article41 = Article41()


class ManifestStream(Wire):
    """The stream as it was received; ``fps`` is measured from the clip's timestamps, not declared."""

    url_sha256: Sha256
    codec: Word | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    fps: float | None = None
    gateway: Line | None = None


class ManifestTime(Wire):
    """
    The clip's first and last picture by both clocks.

    ``first_pts`` and ``last_pts`` are the stream's own ticks of ``time_base`` seconds; UTC comes from ``source`` and
    holds within ``uncertainty_s``. Network and on-screen clock are ``null`` until they are measured.
    """

    first_pts: Whole | None = None
    last_pts: Whole | None = None
    time_base: Word | None = None
    epoch: Whole | None = None
    first_utc: UtcTime | None = None
    last_utc: UtcTime | None = None
    source: Word
    uncertainty_s: float
    ntp_source: Line | None = None
    ntp_offset_ms: float | None = None
    osd_text: Line | None = None
    osd_offset_ms: float | None = None


class ManifestModel(Wire):
    """The weights that saw it."""

    name: Name
    version: Word
    weights_sha256: Sha256
    format: Word
    labels_sha256: Sha256 | None = None
    benchmark_run_id: Line | None = None


class ManifestRuntime(Wire):
    """The engine that ran them and the worker it ran on."""

    engine: Name
    version: Name
    device: Line
    precision: Word | None = None
    driver: Line | None = None
    worker_id: Name
    image_digest: Line | None = None


class ManifestRule(Wire):
    """The rule that made the lead, with the values it ran with."""

    id: Name
    version: Word
    params: Settings = Field(default_factory=dict)


class Measurements(Wire):
    """What was measured between first and last sight; a screening value, never a legal reading."""

    kind: Word
    class_name: Word
    first_utc: UtcTime
    confirmed_utc: UtcTime
    last_utc: UtcTime
    peak_utc: UtcTime
    peak_confidence: float
    peak_xyxy: Box
    observations: Count
    duration_s: float
    zone: Name | None = None
    values: dict[Word, float] = Field(default_factory=dict, max_length=64)


class Gap(Wire):
    """A stretch that the clip does not show although it should; seconds are of the stream's own clock."""

    reason: Line
    start_s: float | None = None
    end_s: float | None = None


class ManifestFile(Wire):
    """One evidence file. ``source`` is another file's name or ``stream``; ``operation`` says how it was made."""

    name: FileName
    size: Count
    sha256: Sha256
    sm3: Sha256 | None = None
    role: FileRole
    source: Name | None = None
    operation: Line | None = None


class Manifest(Wire):
    """``manifest.json``; `api.contract.evidence.verification` checks it against its package."""

    schema_: Literal["evidence/1"] = Field("evidence/1", alias="schema")
    lead_id: LeadId
    violation_code: Word
    camera: ManifestCamera
    stream: ManifestStream
    time: ManifestTime
    model: ManifestModel
    runtime: ManifestRuntime
    rule: ManifestRule
    measurements: Measurements
    gaps: list[Gap] = Field(default_factory=list, max_length=10_000)
    files: list[ManifestFile] = Field(default_factory=list, max_length=1000)
    config_sha256: Sha256 | None = None
    prev_package_sha256: Sha256
    created_utc: UtcTime
    operator: Literal["auto"] = "auto"
    site_proofs: list[Literal["time_stamp", "log"]] | None = Field(
        None,
        max_length=8,
        description="proofs that the site adds when it files the package, so that a copy without them lacks something; "
        "absent in packages from before 2026-11-27",
    )

    model_config = Wire.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _files_are_told_apart(self) -> Self:
        names = [entry.name for entry in self.files]
        if names != sorted(set(names)):
            raise ValueError("files must be sorted by name, none twice")
        return self

    def to_bytes(self) -> bytes:
        """Return the manifest as RFC 8785 canonical JSON."""
        members = self.model_dump(mode="json")
        if self.site_proofs is None:
            del members["site_proofs"]  # older packages have no such member, and their bytes are sealed
        return canonical_json(members)


def parse_manifest(data: bytes) -> Manifest:
    """Return the manifest in `data`; raise `StampError` unless it is complete, of this schema, and canonical."""
    try:
        manifest = Manifest.model_validate_json(data, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise StampError(f"manifest.json: {where}: {first['msg']}") from error
    if manifest.to_bytes() != data:
        raise StampError("manifest.json is not RFC 8785 canonical JSON of the schema evidence/1")
    return manifest


def source_faults(files: Mapping[str, ManifestFile]) -> list[str]:
    """Return one sentence for each file without a known origin: no source or operation, or an unknown source."""
    faults = []
    for name, entry in files.items():
        if entry.role is FileRole.DERIVED and not (entry.source and entry.operation):
            faults.append(f"{name} is derived but does not name its source and operation")
        elif entry.source is not None and (entry.source == name or entry.source not in {STREAM, *files}):
            faults.append(f"{name} names the source {entry.source!r}, which is not a file of the package")
    return faults
