"""Replay: files through the same analyser as live cameras, as fast as they can be analysed, with the same verdict."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import structlog

from api.contract.titles import Title, title
from api.contract.wire.lead import LeadDisposition, LeadFactor, LeadLegal, LeadMeasure, LeadTarget, LeadVote
from api.contract.wire.state import Priority
from models.detections import Detections, Xyxy
from models.detector import Detector
from streams.camera import Camera, Pace
from streams.decoding.decode import FrameDecoder
from streams.frame import Frame
from streams.source import AvSource
from streams.timing.clock import CaptureTime, StreamClock
from vision.analysis.analyser import CameraAnalyser
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.confirm.tracks import TrackedBox
from vision.evidence.lead_document import measure_of
from vision.leads.lead import CloseReason, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.leads.recent_leads import MERGE_S
from vision.scene.health import PictureFault, PictureHealth
from vision.scene.look import in_source, looking

log = structlog.get_logger(__name__)

_DECODER_THREADS = 4


@dataclass(frozen=True, slots=True)
class ReplayPeak:
    """The surest box of a lead; `s` is seconds from the file's first picture."""

    class_name: str
    confidence: float
    xyxy: Xyxy
    s: float
    zone: str


@dataclass(frozen=True, slots=True)
class ReplayLead:
    """
    A confirmed lead in a file. Seconds count from the file's first picture.

    Attributes:
        file: the file's path as it was given.

        title: what it is called (`api.contract.titles`).

        first_utc: when the thing was first seen, by the file's own account of when it was recorded.

        measure, target, legal, disposition, votes, factors, score, priority: as in the lead's document
            (`api.contract.wire.lead`).

        probability: calibrated, that it is what its class says; ``None`` where nothing was fitted for the model.
    """

    file: str
    rule: str
    rule_version: str
    violation_code: str
    title: Title
    track: int
    first_utc: datetime
    first_s: float
    confirmed_s: float
    last_s: float
    observations: int
    peak: ReplayPeak
    measure: LeadMeasure
    target: LeadTarget | None
    legal: LeadLegal | None
    disposition: LeadDisposition | None
    votes: tuple[LeadVote, ...]
    factors: tuple[LeadFactor, ...]
    score: int
    priority: Priority
    probability: float | None

    @classmethod
    def of(cls, file: Path, lead: Lead, start: CaptureTime) -> Self:
        """Return a confirmed lead of `file`, whose first picture was taken at `start`, with its times in seconds."""
        if lead.confirmed is None:
            raise ValueError(f"lead {lead.key} was never confirmed")
        judged = lead.judgement
        reasons = () if judged is None else judged.disposition.reasons
        return cls(
            file=str(file),
            rule=lead.rule_id,
            rule_version=lead.rule_version,
            violation_code=lead.violation_code,
            title=title(lead.violation_code, measure_of(lead), reasons),
            track=lead.track,
            first_utc=lead.first.utc,
            first_s=seconds_from(start, lead.first),
            confirmed_s=seconds_from(start, lead.confirmed),
            last_s=seconds_from(start, lead.last),
            observations=lead.observations,
            peak=ReplayPeak(
                class_name=lead.peak.class_name,
                confidence=round(lead.peak.confidence, 4),
                xyxy=lead.peak.xyxy,
                s=seconds_from(start, lead.peak.time),
                zone=lead.peak.zone,
            ),
            measure=measure_of(lead),
            target=None if judged is None else judged.target,
            legal=None if judged is None else judged.legal,
            disposition=None if judged is None else judged.disposition,
            votes=() if judged is None else judged.votes,
            factors=() if judged is None else judged.factors,
            score=0 if judged is None else judged.score,
            priority=Priority.P3 if judged is None else judged.priority,
            probability=None if lead.probability is None else round(lead.probability, 4),
        )


@dataclass(frozen=True, slots=True)
class ReplayFinding:
    """
    A fault of the picture in a file. Seconds count from the file's first picture.

    Attributes:
        fault: `vision.scene.health.PictureFault`.

        since_s: the first picture that looked wrong.

        reported_s: when it counted as a fault; from `since_s` on nothing is confirmed, but of a camera that moved only
            until its new view is learnt.

        cleared_s: when it was over; ``None`` where the file ended before.

        was_sudden: whether the picture before it still looked as usual.
    """

    file: str
    fault: str
    since_s: float
    reported_s: float
    cleared_s: float | None
    was_sudden: bool


def findings(paths: Sequence[Path], config: WorkerConfig, detector: Detector) -> Iterator[ReplayFinding]:
    """Yield what is wrong with the pictures of the files, in the order in which it ended; raises as `replay` does."""
    for path in paths:
        start: CaptureTime | None = None
        held: ReplayFinding | None = None
        for step in followed(_camera_config(path, config), config, detector):
            if step.frame is None:
                break
            start = start or step.frame.time
            now_s = seconds_from(start, step.frame.time)
            fault = "" if step.fault is None else step.fault.kind.value
            if held is not None and fault != held.fault:
                yield replace(held, cleared_s=now_s)
                held = None
            if held is None and step.fault is not None:
                since_s = seconds_from(start, step.fault.onset)
                held = ReplayFinding(str(path), fault, since_s, now_s, None, step.fault.was_sudden)
        if held is not None:
            yield held


def replay(paths: Sequence[Path], config: WorkerConfig, detector: Detector) -> Iterator[ReplayLead]:
    """
    Yield the confirmed leads in the files, file by file, in the order in which they ended.

    A file that is the `source` of a camera in `config` is analysed as that camera (zones, masks, rules); any other as
    a camera of its own without zones. Pictures are detected one by one: the make-up of batches cannot change a
    verdict. Raises `streams.errors.StreamError` for a file that cannot be read, `models.detector.InferenceError`.
    """
    for path in paths:
        yield from _leads(path, _camera_config(path, config), config, detector)


def seen(frame: Frame, detector: Detector) -> Detections:
    """Return the boxes of a frame, in pixels of the source."""
    return in_source(frame, detector.detect([frame.image])[0])


def analysed(camera: Camera, detector: Detector) -> Iterator[tuple[Frame, Detections]]:
    """Yield each picture of a file at the camera's analysis rate with its boxes; raises as `replay` does."""
    settings = replace(looking(camera, detector.card).settings, pace=Pace.FREE, loop=False)
    source = AvSource(replace(camera, settings=settings), StreamClock())
    decoder = FrameDecoder(settings.analysis_fps, threads=_DECODER_THREADS, look_px=settings.look_px)
    for packet in source.packets():
        for frame in decoder.decode(packet):
            yield frame, seen(frame, detector)
    for frame in decoder.flush():
        yield frame, seen(frame, detector)
    if decoder.errors:
        log.warning("damaged pictures passed over", camera=camera.id, count=decoder.errors, decoded=decoder.decoded)


@dataclass(frozen=True, slots=True)
class StepFault:
    """A fault that holds: which, since which picture, and whether it came at once."""

    kind: PictureFault
    onset: CaptureTime
    was_sudden: bool


def _fault(health: PictureHealth) -> StepFault | None:
    if health.fault is None or health.onset is None:
        return None
    return StepFault(health.fault, health.onset, health.was_sudden)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """
    One analysed picture of a file, or its end.

    Attributes:
        frame: the picture; ``None`` at the end.

        boxes: the tracks that it shows.

        closed: confirmed leads that are over: they ended, and half an hour passed in which they could have gone on.

        fault: what is wrong with the picture; ``None`` where it is sound.

        is_cut: true at the end where the file goes on after `until_s`.
    """

    frame: Frame | None
    boxes: Sequence[TrackedBox]
    closed: Sequence[Lead]
    is_cut: bool = False
    fault: StepFault | None = None


def followed(
    camera: CameraConfig, config: WorkerConfig, detector: Detector, until_s: float = math.inf
) -> Iterator[Step]:
    """
    Yield what the rules make of each picture of a camera's file, then of its end.

    Args:
        camera: its `source` is the file.

        config: the rules.

        detector: finds the boxes.

        until_s: what comes later than so many seconds after the first picture is not looked at.
    """
    analyser = CameraAnalyser.for_camera(camera, config, detector.card)
    closed: dict[LeadKey, Lead] = {}
    start: CaptureTime | None = None
    is_cut = False
    for frame, detections in analysed(camera.to_camera(config.stream), detector):
        start = start or frame.time
        if seconds_from(start, frame.time) > until_s:
            is_cut = True
            break
        _note(closed, analyser.observe(frame, detections))
        over = [lead for lead in closed.values() if seconds_from(lead.last, frame.time) > MERGE_S]
        yield Step(frame, analyser.overlay(), [closed.pop(lead.key) for lead in over], fault=_fault(analyser.health))
    _note(closed, analyser.end(CloseReason.SHUTDOWN))
    yield Step(None, (), list(closed.values()), is_cut)
    for held in analyser.merger.held_back:
        log.info("lead held back", lead=held.key, code=held.violation_code, reason=held.reason.value, into=held.into)


def _leads(path: Path, camera: CameraConfig, config: WorkerConfig, detector: Detector) -> Iterator[ReplayLead]:
    start: CaptureTime | None = None
    for step in followed(camera, config, detector):
        start = start or (step.frame.time if step.frame else None)
        if start is None:
            log.warning("no picture could be decoded", file=str(path))
            return
        for lead in step.closed:
            yield ReplayLead.of(path, lead, start)


def _note(closed: dict[LeadKey, Lead], changes: Sequence[LeadChange]) -> None:
    """Keep the leads that ended, in the order in which they did; one that goes on is taken out again."""
    for change in changes:
        closed.pop(change.lead.key, None)
        if change.lead.state is WorkerLeadState.CLOSED:
            closed[change.lead.key] = change.lead


def _camera_config(path: Path, config: WorkerConfig) -> CameraConfig:
    """Return the camera of `config` whose source is the file, or a new one named after the file."""
    for camera in config.cameras:
        if Path(camera.source).resolve() == path.resolve():
            return camera
    return config.with_sources([str(path)]).cameras[-1]


def seconds_from(start: CaptureTime, time: CaptureTime) -> float:
    """Return the seconds from `start` to `time`, to the millisecond; across epochs by the file's UTC."""
    if time.epoch == start.epoch:
        return round(time.seconds_since(start), 3)
    return round((time.utc - start.utc).total_seconds(), 3)
