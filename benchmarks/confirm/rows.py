"""
Rows: what confirmation is shown of every track of a film, picture by picture, and what is true of it.

Decoding and detecting are what costs, and are remembered (`benchmarks.confirm.looks`); rows are made anew each time.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.deciders import ConfirmedLead
from benchmarks.accuracy.sequence import ANALYSIS_FPS, told_event
from benchmarks.clips.corpus import Clip
from benchmarks.confirm.looks import looks_of
from models.detections import Xyxy
from models.detector import Detector
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig
from vision.confirm.classifier import START_CONFIDENCE
from vision.confirm.features import FEATURES
from vision.confirm.tracks import TrackerSettings
from vision.leads.lead import CloseReason, Lead, LeadChange, WorkerLeadState
from vision.rules.rule import TrackView, View
from vision.rules.rule_set import RuleSet

PATROL_EVERY = round(ANALYSIS_FPS * WorkerConfig().stream.patrol_interval_s)


class Pace(StrEnum):
    """How a camera is looked at: in focus at the analysis rate, or on patrol at its interval."""

    FOCUS = "focus"
    PATROL = "patrol"

    @property
    def every(self) -> int:
        """Of how many pictures at the analysis rate one is looked at."""
        return PATROL_EVERY if self is Pace.PATROL else 1


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """
    One film as one model sees it; row *i* of every column is one track in one picture, in order of the pictures.

    Attributes:
        track: int64 ``(n,)``: the track's number.

        is_fire: bool ``(n,)``: its class; else smoke.

        time_s: float64 ``(n,)``: of the picture, from the film's first.

        confidence: float64 ``(n,)``: of its box, 0 where it was missed.

        change: float64 ``(n,)``: `vision.scene.change.BoxChange.ratio`.

        xyxy: float64 ``(n, 4)``: its newest box then.

        features: float64 ``(n, len(FEATURES))``.

        seconds: from the film's first picture to the end of its last.
    """

    track: NDArray[np.int64]
    is_fire: NDArray[np.bool_]
    time_s: NDArray[np.float64]
    confidence: NDArray[np.float64]
    change: NDArray[np.float64]
    xyxy: NDArray[np.float64]
    features: NDArray[np.float64]
    seconds: float

    def __len__(self) -> int:
        return len(self.track)

    def is_real(self, clip: Clip) -> NDArray[np.bool_]:
        """Return for each row whether the track tells of an event at that time, bool ``(n,)``."""
        real = []
        for row in range(len(self)):
            left, top, right, bottom = (float(edge) for edge in self.xyxy[row])
            at_s = float(self.time_s[row])
            name = "fire" if self.is_fire[row] else "smoke"
            lead = ConfirmedLead(name, at_s, at_s, 1.0, (left, top, right, bottom))
            real.append(told_event(lead, clip.events) is not None)
        return np.array(real, np.bool_)


class _Recorder:
    """A rule that reports nothing and keeps what it is shown, and where each track was then: tracks move on."""

    id = "recorder"
    states: dict[int, WorkerLeadState] = {}  # noqa: RUF012 (never changed)
    open_leads: Sequence[Lead] = ()
    held: AbstractSet[int] = frozenset()
    undecided: AbstractSet[int] = frozenset()
    renounced: AbstractSet[int] = frozenset()
    params: dict[str, float | int | str | bool] = {}  # noqa: RUF012 (never changed)

    def __init__(self) -> None:
        self.views: list[View] = []
        self.boxes: list[Xyxy] = []

    def observe(self, view: View) -> list[LeadChange]:
        self.views.append(view)
        self.boxes += [one.track.last.xyxy for one in view.tracks]
        return []

    def end(self, reason: CloseReason) -> list[LeadChange]:  # noqa: ARG002 (the seam's)
        return []


def rows_of(clip: Clip, detector: Detector, memory: Path, pace: Pace = Pace.FOCUS) -> Rows:
    """Return a film's rows at one pace; looks are kept in `memory`; raises as `vision.replay.replay.replay` does."""
    camera = WorkerConfig.for_sources([str(clip.path)]).cameras[0].model_copy(update={"zones": clip.zones})
    floor = WorkerConfig().detector.candidate_threshold
    recorder = _Recorder()
    analyser = CameraAnalyser(
        camera,
        RuleSet(camera.id, [recorder]),
        detector.card.class_names,
        TrackerSettings(start_confidence=START_CONFIDENCE),
    )
    start = last = None
    for number, (frame, found) in enumerate(looks_of(clip, detector, memory)):
        start, last = start or frame.time, frame.time
        if number % pace.every == 0:
            analyser.observe(frame, found.where(found.confidence >= floor))
    if start is None or last is None:
        return _columns(recorder, [], 0.0)
    times = [view.time.seconds_since(start) for view in recorder.views for _ in view.tracks]
    return _columns(recorder, times, last.seconds_since(start) + 1 / ANALYSIS_FPS)


def _columns(recorder: _Recorder, times: Sequence[float], seconds: float) -> Rows:
    seen = list(_seen(recorder))
    return Rows(
        track=np.array([one.track.number for one in seen], np.int64),
        is_fire=np.array([one.track.class_name == "fire" for one in seen], np.bool_),
        time_s=np.array(times, np.float64),
        confidence=np.array([0.0 if one.sighting is None else one.sighting.confidence for one in seen], np.float64),
        change=np.array([one.change for one in seen], np.float64),
        xyxy=np.array(recorder.boxes, np.float64).reshape(-1, 4),
        features=np.array([one.features for one in seen], np.float64).reshape(-1, len(FEATURES)),
        seconds=seconds,
    )


def _seen(recorder: _Recorder) -> Iterator[TrackView]:
    return (one for view in recorder.views for one in view.tracks)
