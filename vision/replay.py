"""Replay: files through the same analyser as live cameras, as fast as they can be analysed, with the same verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import structlog

from models.detections import Detections
from models.detector import Detector
from streams.camera import Camera, Pace
from streams.clock import CaptureTime, StreamClock
from streams.decode import FrameDecoder
from streams.frame import Frame
from streams.source import AvSource
from vision.analyser import CameraAnalyser
from vision.config import WorkerConfig
from vision.leads import CloseReason, Lead, LeadChange, LeadState, Xyxy
from vision.look import in_source, looking
from vision.sections import CameraConfig

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

        first_utc: when the thing was first seen, by the file's own account of when it was recorded.
    """

    file: str
    rule: str
    rule_version: str
    violation_code: str
    track: int
    first_utc: datetime
    first_s: float
    confirmed_s: float
    last_s: float
    observations: int
    peak: ReplayPeak

    @classmethod
    def of(cls, file: Path, lead: Lead, start: CaptureTime) -> Self:
        """Return a confirmed lead of `file`, whose first picture was taken at `start`, with its times in seconds."""
        if lead.confirmed is None:
            raise ValueError(f"lead {lead.key} was never confirmed")
        return cls(
            file=str(file),
            rule=lead.rule_id,
            rule_version=lead.rule_version,
            violation_code=lead.violation_code,
            track=lead.track,
            first_utc=lead.first.utc,
            first_s=_seconds(lead.first, start),
            confirmed_s=_seconds(lead.confirmed, start),
            last_s=_seconds(lead.last, start),
            observations=lead.observations,
            peak=ReplayPeak(
                class_name=lead.peak.class_name,
                confidence=round(lead.peak.confidence, 4),
                xyxy=lead.peak.xyxy,
                s=_seconds(lead.peak.time, start),
                zone=lead.peak.zone,
            ),
        )


def replay(paths: Sequence[Path], config: WorkerConfig, detector: Detector) -> Iterator[ReplayLead]:
    """
    Yield the confirmed leads in the files, file by file, in the order in which they ended.

    A file that is the `source` of a camera in `config` is analysed as that camera (zones, masks, rules); any other as
    a camera of its own without zones. Pictures are detected one by one: the make-up of batches cannot change a
    verdict. Raises `streams.errors.StreamError` for a file that cannot be read, `models.detector.InferenceError`.
    """
    for path in paths:
        yield from _leads(path, _camera_config(path, config), config, detector)


def analysed(camera: Camera, detector: Detector) -> Iterator[tuple[Frame, Detections]]:
    """Yield each picture of a file at the camera's analysis rate with its boxes; raises as `replay` does."""
    settings = replace(looking(camera, detector.card).settings, pace=Pace.FREE, loop=False)
    source = AvSource(replace(camera, settings=settings), StreamClock())
    decoder = FrameDecoder(settings.analysis_fps, threads=_DECODER_THREADS, look_px=settings.look_px)
    for packet in source.packets():
        for frame in decoder.decode(packet):
            yield frame, in_source(frame, detector.detect([frame.image])[0])
    for frame in decoder.flush():
        yield frame, in_source(frame, detector.detect([frame.image])[0])
    if decoder.errors:
        log.warning("damaged pictures passed over", camera=camera.id, count=decoder.errors, decoded=decoder.decoded)


def _leads(path: Path, camera: CameraConfig, config: WorkerConfig, detector: Detector) -> Iterator[ReplayLead]:
    analyser = CameraAnalyser.for_camera(camera, config, detector.card)
    start: CaptureTime | None = None
    for frame, detections in analysed(camera.to_camera(config.stream), detector):
        start = start or frame.time
        yield from _closed(path, analyser.observe(frame, detections), start)
    if start is not None:
        yield from _closed(path, analyser.end(CloseReason.SHUTDOWN), start)
    else:
        log.warning("no picture could be decoded", file=str(path))


def _closed(path: Path, changes: Sequence[LeadChange], start: CaptureTime) -> Iterator[ReplayLead]:
    for change in changes:
        if change.lead.state is LeadState.CLOSED:
            yield ReplayLead.of(path, change.lead, start)


def _camera_config(path: Path, config: WorkerConfig) -> CameraConfig:
    """Return the camera of `config` whose source is the file, or a new one named after the file."""
    for camera in config.cameras:
        if Path(camera.source).resolve() == path.resolve():
            return camera
    return config.with_sources([str(path)]).cameras[-1]


def _seconds(time: CaptureTime, start: CaptureTime) -> float:
    """Return seconds from `start`, to the millisecond; across epochs by the file's UTC."""
    if time.epoch == start.epoch:
        return round(time.seconds_since(start), 3)
    return round((time.utc - start.utc).total_seconds(), 3)
