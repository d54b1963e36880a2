"""
Re-verification: does the recorded model, under the recorded configuration, say of a package's clip what it said live?

The pictures that were analysed live are decoded from the clip and shown to the same weights, and their boxes to the
same rule. The worker may have seen more than the clip shows (its background from before), the engine may be another,
and key frames on patrol are decoded without the loop filter: what comes out differently is told, not hidden.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import CLIP, DETECTIONS, PackageError, PackageFiles, read_bytes
from api.contract.evidence.report import Outcome
from api.contract.evidence.tarball import open_package
from api.contract.evidence.verification import verify_package
from api.contract.trust.stamp import sha256_hex
from models.detector import Detector, WeightsError
from models.registry import RegisteredModel, Registry
from models.runtime.choice import open_detector
from streams.timing.clock import UtcSource
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig
from vision.confirm.classifier import TrackClassifier
from vision.evidence.clips import LEFT_OUT, NO_PRE_ROLL
from vision.evidence.effective_config import CONFIG, read_in_force
from vision.evidence.recorded_pictures import read_recorded, shown_in_clip
from vision.leads.lead import CloseReason, Lead
from vision.replay.box_agreement import BoxAgreement, BoxCounter
from vision.replay.replay import seen
from vision.replay.verdict import Verdict, differences, nearest, step_s
from vision.scene.look import looking

CONFIDENCE_BOUND = 0.05
"""Difference of confidence up to which engines agree: bf16 was at most 0.042 from f32 (decision 0007)."""

_DETECTIONS_MOST = 64 << 20
_CLIP_MOST = 1 << 30


@dataclass(frozen=True, slots=True)
class Reverification:
    """
    The answer.

    Attributes:
        lead_id: whose package it is.

        recorded: the verdict that the package states.

        found: the one that was reached again; ``None`` where the rule confirmed nothing.

        boxes: how the detector's boxes agree.

        model: name and version that ran.

        engine: what ran it.

        differences: what makes it another verdict, one sentence each; empty: the same.

        remarks: what differs without changing the verdict, or limits what it says.
    """

    lead_id: str
    recorded: Verdict
    found: Verdict | None
    boxes: BoxAgreement
    model: str
    engine: str
    differences: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether the verdict is the recorded one."""
        return not self.differences


class DetectorOpener(Protocol):
    """Opens the detector of a registered model; raises `ModelError`."""

    def __call__(self, model: RegisteredModel, runtime: str, *, threshold: float) -> Detector:
        """Return it, in that run-time and with that threshold."""
        ...


def reverify(
    package: Path,
    registry: Registry,
    runtime: str = "auto",
    weights: Path | None = None,
    *,
    opener: DetectorOpener = open_detector,
) -> Reverification:
    """
    Judge the clip of `package` (a folder or tar) again and compare.

    The weights are those that the package names by their SHA-256: the registry's, or the file `weights` where they are
    retired and only in the project's history. Raises `PackageError` for a package that does not verify or has no clip,
    `models.detector.UnknownModelError` where `registry` does not know its weights, `WeightsError` where they are not
    there or others; `ModelError`, `ConfigError` and `StreamError` as their makers do.
    """
    report = verify_package(package)
    failed = next((check.sentence for check in report.checks if check.outcome is Outcome.FAIL), "")
    if failed or report.manifest is None:
        raise PackageError(f"{package} does not verify, so nothing is judged again: {failed}")
    opened = open_package(package)
    try:
        with tempfile.TemporaryDirectory(prefix="plumewatch-reverify-") as folder:
            return _judge_again(
                opened, report.manifest, _Engine(registry, runtime, weights, opener), Path(folder) / CLIP
            )
    finally:
        opened.close()


@dataclass(frozen=True, slots=True)
class _Engine:
    """What is to judge: the weights of a registry, or of a file, in a run-time."""

    registry: Registry
    runtime: str
    weights: Path | None
    opener: DetectorOpener

    def detector(self, manifest: Manifest, threshold: float) -> Detector:
        """Return a detector over the recorded weights."""
        model = self.registry.of_weights(manifest.model.weights_sha256)
        if self.weights is not None:
            model = replace(model, weights=self.weights)
        elif model.is_retired and not model.weights.is_file():
            raise WeightsError(
                f"{model.title}, which judged this package, is retired: its weights, SHA-256 "
                f"{model.card.weights_sha256}, stand {model.whereabouts}; give them by --weights FILE"
            )
        return self.opener(model, self.runtime, threshold=threshold)


def _judge_again(package: PackageFiles, manifest: Manifest, engine: _Engine, clip: Path) -> Reverification:
    if CLIP not in package.sizes:
        gaps = "; ".join(gap.reason for gap in manifest.gaps)
        raise PackageError(f"the package of {manifest.lead_id} has no clip to judge again ({gaps})")
    clip.write_bytes(read_bytes(package, CLIP, _CLIP_MOST))
    config, remarks = _configuration(package, manifest, clip)
    detector = engine.detector(manifest, config.detector.candidate_threshold)
    pictures = read_recorded(read_bytes(package, DETECTIONS, _DETECTIONS_MOST))
    camera = looking(config.cameras[0].to_camera(config.stream), detector.card)
    classifier = TrackClassifier.of(manifest.model.weights_sha256)
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, detector.card, classifier)
    counter = BoxCounter(detector.card)
    leads: dict[str, Lead] = {}
    source = UtcSource(manifest.time.source)
    for shown in shown_in_clip(camera, pictures, source, manifest.time.uncertainty_s):
        found = seen(shown.frame, detector)
        counter.add(shown, found)
        leads |= {change.lead.key: change.lead for change in analyser.observe(shown.frame, found)}
    leads |= {change.lead.key: change.lead for change in analyser.end(CloseReason.SHUTDOWN)}
    boxes = counter.agreement(len(pictures))
    recorded = Verdict.recorded(manifest)
    verdict = nearest(recorded, leads.values())
    return Reverification(
        lead_id=manifest.lead_id,
        recorded=recorded,
        found=verdict,
        boxes=boxes,
        model=f"{detector.card.name} {detector.card.version}",
        engine=_engine(detector),
        differences=tuple(differences(recorded, verdict, step_s(pictures, recorded.confirmed_utc))),
        remarks=(*remarks, *_circumstances(manifest, detector, boxes, classifier)),
    )


def _configuration(package: PackageFiles, manifest: Manifest, clip: Path) -> tuple[WorkerConfig, list[str]]:
    """Return the recorded configuration with the clip for its camera, and what is to be remarked of it."""
    if CONFIG not in package.sizes:
        config = WorkerConfig.for_sources([str(clip)])
        return config, ["the package records no configuration: today's defaults were used, without zones"]
    data = read_bytes(package, CONFIG, _DETECTIONS_MOST)
    if sha256_hex(data) != manifest.config_sha256:
        raise PackageError(f"{CONFIG} is not the configuration whose SHA-256 the manifest states")
    return read_in_force(data, str(clip)), []


def _classifier_version(manifest: Manifest) -> str:
    """Return which fit the recorded rule decided by; empty where it went by *k* of *n*."""
    return str(manifest.rule.params.get("belief", ""))


def _circumstances(
    manifest: Manifest, detector: Detector, boxes: BoxAgreement, classifier: TrackClassifier | None
) -> Iterator[str]:
    """Yield what differs without changing the verdict, or limits what it says."""
    if (version := _classifier_version(manifest)) and (classifier is None or classifier.version != version):
        yield f"the classifier {version} that decided is not known here: judged again by today's"
    then = manifest.runtime
    engine = " ".join(part for part in (then.engine, then.version, then.precision, then.device) if part)
    if engine != _engine(detector):
        yield f"recorded with {engine}, judged again with {_engine(detector)}"
    if boxes.missing:
        yield f"{boxes.missing} of {boxes.pictures + boxes.missing} recorded pictures are not in the clip"
    if boxes.confidence > CONFIDENCE_BOUND:
        yield f"a box differs by {boxes.confidence:.3f} in confidence; engines agree to {CONFIDENCE_BOUND:g}"
    edge = detector.card.threshold + CONFIDENCE_BOUND
    if boxes.lone > edge:
        yield f"a box of confidence {boxes.lone:.3f} is on one side only; below {edge:.2f} that may happen"
    if any(gap.reason == NO_PRE_ROLL for gap in manifest.gaps):
        yield "the clip lacks its pre-roll: the worker had seen more than it shows"
    if any(gap.reason == LEFT_OUT for gap in manifest.gaps):
        yield "the clip was cut to fit into its package: the worker had seen more than it shows"


def _engine(detector: Detector) -> str:
    runtime = detector.runtime
    return f"{runtime.engine} {runtime.version} {runtime.precision} {runtime.device}"
