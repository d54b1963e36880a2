"""Deciders: ways to turn boxes into leads, side by side over one clip that is decoded and detected once."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

from models.detections import Detections, Xyxy
from models.detector import Detector, ModelCard
from streams.frame import Frame
from streams.timing.clock import CaptureTime
from vision.analysis.analyser import CameraAnalyser
from vision.config.camera import ZoneConfig
from vision.config.worker import WorkerConfig, parse_config
from vision.confirm.classifier import TrackClassifier
from vision.confirm.confirmation import Confirmation, Criteria, Observation
from vision.confirm.tracks import Tracker, TrackerSettings
from vision.leads.lead import Lead, WorkerLeadState
from vision.replay.replay import analysed, seconds_from
from vision.scene.health import PictureFault

Key = TypeVar("Key", bound=Hashable)

IN_A_ROW = 5
PLAIN = Criteria(threshold=0.25, k=IN_A_ROW, n=IN_A_ROW, hysteresis=1.0, min_change=0.0, min_duration_s=0.0)
"""The plain rule of thumb: so many pictures in a row with a box of one track that is so sure."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to confirm: rule keys that differ from the shipped ones."""

    name: str
    keys: Mapping[str, float | str]


_K_OF_N = {"confirm": "k_of_n"}

FIVE_IN_A_ROW = Variant("5 consecutive", {"k": IN_A_ROW, "n": IN_A_ROW})
K_OF_N = Variant("k of n", {**_K_OF_N, "min_change": 0})
THAT_CHANGE = Variant("k of n that change", _K_OF_N)
SHIPPED = Variant("shipped", {})
DECIDERS = (FIVE_IN_A_ROW, K_OF_N, THAT_CHANGE, SHIPPED)
"""
What results compare: the plain rule with nothing around it (`PlainRule`), *k* of *n*, that with its test for change,
and what the worker does: belief where it was fitted for the model, else the third. Belief has no threshold of
confidence: its rows differ by the floor alone.
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A variant at one threshold; boxes below `floor` are not shown to it."""

    variant: Variant
    threshold: float
    floor: float

    def rule(self) -> dict[str, float | str]:
        """Return the rule's table in a configuration."""
        return {**self.variant.keys, "threshold": self.threshold}


@dataclass(frozen=True, slots=True)
class ConfirmedLead:
    """A lead at the moment of its confirmation; seconds from the clip's first picture, `xyxy` in its pixels."""

    class_name: str
    first_s: float
    confirmed_s: float
    confidence: float
    xyxy: Xyxy

    @classmethod
    def of(cls, lead: Lead, now: CaptureTime, start: CaptureTime) -> Self:
        """Return a lead that the worker confirmed `now`, in a clip that begins at `start`."""
        peak = lead.peak
        first_s, now_s = seconds_from(start, lead.first), seconds_from(start, now)
        return cls(peak.class_name, first_s, now_s, peak.confidence, peak.xyxy)


@dataclass(frozen=True, slots=True)
class FaultTold:
    """A fault of the camera that was reported; seconds from the clip's first picture."""

    kind: PictureFault
    told_s: float


@dataclass(frozen=True, slots=True)
class Watched:
    """
    A clip that was analysed.

    Attributes:
        seconds: its length at the analysis rate.

        pictures: looked at.

        faults: reported of the camera.

        boxes: what the detector gave, by seconds from the first picture.
    """

    seconds: float
    pictures: int
    faults: tuple[FaultTold, ...] = ()
    boxes: tuple[tuple[float, Detections], ...] = ()


class PlainRule:
    """`PLAIN` over one clip, with nothing around it: of one class one lead a clip, as the worker merges."""

    def __init__(self, card: ModelCard, threshold: float = PLAIN.threshold) -> None:
        self._names = card.class_names
        self._criteria = replace(PLAIN, threshold=threshold)
        self._epoch: int | None = None
        self._told: set[str] = set()

    def observe(self, frame: Frame, found: Detections, start: CaptureTime) -> list[ConfirmedLead]:
        """Return the leads of the next picture; seconds count from `start`."""
        now, sure = frame.time, self._criteria.threshold
        if now.epoch != self._epoch:
            self._tracker, self._epoch = Tracker(self._names, TrackerSettings(start_confidence=sure)), now.epoch
            self._tracks: dict[int, Confirmation] = {}
        leads = []
        for track in self._tracker.observe(now, found.where(found.confidence >= sure)).live:
            confirmation = self._tracks.setdefault(track.number, Confirmation(self._criteria))
            confidence = track.last.confidence if track.last.time == now else 0.0
            state = confirmation.observe(Observation(now, confidence, 0.0))
            if state is WorkerLeadState.CONFIRMED and track.class_name not in self._told:
                self._told.add(track.class_name)
                best = max(list(track.sightings)[-IN_A_ROW:], key=lambda one: one.confidence)
                first_s, now_s = seconds_from(start, track.first.time), seconds_from(start, now)
                leads.append(ConfirmedLead(track.class_name, first_s, now_s, best.confidence, best.xyxy))
        return leads


def shipped_threshold() -> float:
    """Return the threshold of the rules where a configuration names none."""
    return WorkerConfig().rules["smoke"].threshold


def candidate_threshold() -> float:
    """Return the confidence from which on the worker shows boxes to the rules, whatever the model's threshold is."""
    return WorkerConfig().detector.candidate_threshold


def trial(variant: Variant, threshold: float) -> Trial:
    """Return a trial whose floor keeps the shipped ratio to its threshold: at the shipped one it is the worker."""
    return Trial(variant, threshold, candidate_threshold() * threshold / shipped_threshold())


def confirmed_leads(
    clip: Path,
    detector: Detector,
    fps: float,
    trials: Mapping[Key, Trial],
    zones: Sequence[ZoneConfig] = (),
    belief: TrackClassifier | None = None,
) -> tuple[dict[Key, list[ConfirmedLead]], Watched]:
    """
    Return the leads that each trial confirms in a clip with these zones, in order, and what was watched.

    `belief` stands for the one that ships for the detector. A lead that goes on after a break is not told again.

    Raises `streams.errors.StreamError` or `models.detector.InferenceError`.
    """
    camera = WorkerConfig.for_sources([str(clip)]).cameras[0].model_copy(update={"zones": tuple(zones)})
    stream = parse_config({"stream": {"analysis_fps": fps}}).stream
    analysers, plain = {}, {}
    for key, one in trials.items():
        if one.variant == FIVE_IN_A_ROW:
            plain[key] = PlainRule(detector.card, one.threshold)
            continue
        config = parse_config(
            {
                "detector": {"candidate_threshold": max(0.01, min(one.floor, one.threshold))},
                "rules": {"smoke": one.rule(), "fire": one.rule()},
            }
        )
        analysers[key] = CameraAnalyser.for_camera(camera, config, detector.card, belief)
    leads: dict[Key, list[ConfirmedLead]] = {key: [] for key in trials}
    faults: list[FaultTold] = []
    boxes: list[tuple[float, Detections]] = []
    start = told = None
    for frame, found in analysed(camera.to_camera(stream), detector):
        start = start or frame.time
        at_s = seconds_from(start, frame.time)
        boxes.append((at_s, found))
        for key, rule in plain.items():
            leads[key] += rule.observe(frame, found, start)
        for key, analyser in analysers.items():
            leads[key] += [
                ConfirmedLead.of(change.lead, frame.time, start)
                for change in analyser.observe(frame, found.where(found.confidence >= trials[key].floor))
                if change.lead.state is WorkerLeadState.CONFIRMED and change.previous is WorkerLeadState.CANDIDATE
            ]
        # What a camera shows is judged alike whatever the rules are.
        fault = next((analyser.picture_fault for analyser in analysers.values()), None)
        if fault is not None and fault is not told:
            faults.append(FaultTold(fault, at_s))
        told = fault
    seconds = boxes[-1][0] + 1 / fps if boxes else 0.0
    return leads, Watched(seconds, len(boxes), tuple(faults), tuple(boxes))
