"""
Trial: draft zones on a clip, in a process of its own, at the lowest priority.

The clip goes the way of `vision.replay.replay`: the same analyser, rules and detector as live. What would be filed is
told and nothing is.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

import cv2
import structlog

from api.contract.dry_run import DryRunFault, DryRunLead
from models.detector import Detector
from models.registry import Registry
from models.runtime.choice import open_detector
from streams.camera import Pace
from streams.decoding.decode import decode_stills
from streams.errors import StreamError
from streams.frame import Packet
from streams.source import AvSource
from streams.timing.clock import CaptureTime, StreamClock
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.evidence.lead_document import Witness, confirmed_time, lead_document, site_of
from vision.evidence.stills import small_jpeg
from vision.leads.lead import Lead
from vision.replay.replay import followed, seconds_from

log = structlog.get_logger(__name__)

PICTURE_PX = 960
"""Longer side of a lead's picture at most."""

_NICENESS = 19
_EVERY_S = 1.0
"""Seconds of the clip between two accounts of how far it is."""


@dataclass(frozen=True, slots=True)
class Trial:
    """
    What is tried.

    Attributes:
        camera: with the draft zones; its `source` is the clip.

        config: the worker's; its rules are at work.

        node: the worker's name, as leads would give it.

        max_s: seconds of the clip that are looked at.
    """

    camera: CameraConfig
    config: WorkerConfig
    node: str
    max_s: float


@dataclass(frozen=True, slots=True)
class Far:
    """
    How far it is: seconds of the clip, the size of its pictures, and at the end whether the clip goes on.

    Of an hour without pictures also how many were analysed in it (`looks`), and how many seconds it has.
    """

    analysed_s: float
    resolution_wh: tuple[int, int]
    is_cut: bool = False
    is_done: bool = False
    looks: int = 0
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A lead that would be made."""

    lead: DryRunLead


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a lead's peak as JPEG; leads are numbered from 0 as they were found."""

    number: int
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no result."""

    fault: DryRunFault
    detail: str


Message = Far | Found | Picture | Fault


def run(trial: Trial, connection: Connection) -> None:
    """Try it and send each `Message`; the body of the process."""
    os.nice(_NICENESS)
    cv2.setNumThreads(1)
    wanted = trial.config.detector
    try:
        detector = open_detector(
            Registry.load().model(wanted.model), wanted.runtime, threshold=wanted.candidate_threshold, threads=1
        )
        for message in tried(trial, detector):
            connection.send(message)
    except StreamError as error:
        connection.send(Fault(DryRunFault.NO_VIDEO, str(error).rpartition(": ")[2]))
    except ValueError as error:
        connection.send(Fault(DryRunFault.REFUSED, str(error)))
    except BrokenPipeError:
        pass  # whoever asked is gone
    except Exception:
        log.exception("dry run failed", camera=trial.camera.id)
        connection.send(Fault(DryRunFault.BROKEN, ""))


def tried(trial: Trial, detector: Detector) -> Iterator[Message]:
    """
    Yield how far it is, each lead as it ends, then the pictures of their peaks, then that it is done.

    Raises as `vision.replay.replay.replay` does, and `ValueError` where a rule does not fit the model.
    """
    start: CaptureTime | None = None
    far = told = Far(0.0, (0, 0))
    peaks: dict[CaptureTime, list[int]] = {}
    found = 0
    for step in followed(trial.camera, trial.config, detector, trial.max_s):
        if step.frame is not None:
            start = start or step.frame.time
            far = Far(seconds_from(start, step.frame.time), step.frame.source_wh)
            if told.resolution_wh == (0, 0) or far.analysed_s >= told.analysed_s + _EVERY_S:
                told = far
                yield far
        if start is None:
            yield Fault(DryRunFault.NO_VIDEO, "no picture could be decoded")
            return
        for lead in step.closed:
            yield Found(_dry_lead(trial, detector, lead, start))
            peaks.setdefault(lead.peak.time, []).append(found)
            found += 1
        far = replace(far, is_cut=step.is_cut)
    if peaks:
        yield from _pictures(trial, peaks)
    yield replace(far, is_done=True)


def _pictures(trial: Trial, peaks: Mapping[CaptureTime, Sequence[int]]) -> Iterator[Picture]:
    """Yield the picture of each of `peaks` by number; the clip is read once, one group of pictures in memory."""
    camera = trial.camera.to_camera(trial.config.stream)
    camera = replace(camera, settings=replace(camera.settings, pace=Pace.FREE, loop=False))
    group: list[Packet] = []
    last = max((time.epoch, time.pts_s) for time in peaks)
    for packet in AvSource(camera, StreamClock()).packets():
        if packet.is_keyframe:
            yield from _shown(group, peaks)
            group = []
            if (packet.time.epoch, packet.time.pts_s) > last:
                return
        group.append(packet)
    yield from _shown(group, peaks)


def _shown(group: Sequence[Packet], peaks: Mapping[CaptureTime, Sequence[int]]) -> Iterator[Picture]:
    wanted = {packet.pts: peaks[packet.time] for packet in group if packet.time in peaks}
    for pts, image in decode_stills(group, list(wanted)).items():
        jpeg = small_jpeg(image, PICTURE_PX)
        yield from (Picture(number, jpeg) for number in wanted[pts])


def _dry_lead(trial: Trial, detector: Detector, lead: Lead, start: CaptureTime) -> DryRunLead:
    return dry_lead(trial, Witness(detector.card, detector.runtime, trial.node), lead, start)


def dry_lead(trial: Trial, witness: Witness, lead: Lead, start: CaptureTime) -> DryRunLead:
    """Return a lead as a dry run tells it, in seconds from `start`."""
    camera = trial.camera.to_camera(trial.config.stream)
    return DryRunLead(
        first_s=seconds_from(start, lead.first),
        confirmed_s=seconds_from(start, confirmed_time(lead)),
        last_s=seconds_from(start, lead.last),
        peak_s=seconds_from(start, lead.peak.time),
        lead=lead_document(
            f"L00000000-{lead.track:06d}",
            lead,
            site_of(camera, trial.camera, trial.config),
            witness,
            timezone=trial.config.site.zone.key,
        ),
    )
