"""Deciders: ways to turn boxes into leads, side by side over one clip that is decoded and detected once."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.detections import Xyxy
from models.detector import Detector
from vision.analysis.analyser import CameraAnalyser
from vision.config.camera import ZoneConfig
from vision.config.worker import WorkerConfig, parse_config
from vision.leads.lead import LeadState
from vision.replay.replay import analysed
from vision.scene.health import PictureFault

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to confirm: rule keys that differ from the shipped ones."""

    name: str
    keys: Mapping[str, float | str]


_K_OF_N = {"confirm": "k_of_n"}

FIVE_IN_A_ROW = Variant("5 consecutive", {**_K_OF_N, "k": 5, "n": 5, "hysteresis": 1.0, "min_change": 0})
K_OF_N = Variant("k of n", {**_K_OF_N, "min_change": 0})
THAT_CHANGE = Variant("k of n that change", _K_OF_N)
SHIPPED = Variant("shipped", {})
DECIDERS = (FIVE_IN_A_ROW, K_OF_N, THAT_CHANGE, SHIPPED)
"""
What results compare: the usual rule of thumb, *k* of *n*, that with its test for change, and what the worker does:
belief where it was fitted for the model, else the third. Belief has no threshold of confidence: its rows differ by the
floor alone.
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


@dataclass(frozen=True, slots=True)
class FaultTold:
    """A fault of the camera that was reported; seconds from the clip's first picture."""

    kind: PictureFault
    told_s: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A clip that was analysed: its length at the analysis rate, pictures looked at, faults reported of the camera."""

    seconds: float
    pictures: int
    faults: tuple[FaultTold, ...] = ()


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
) -> tuple[dict[Key, list[ConfirmedLead]], Watched]:
    """
    Return the leads that each trial confirms in a clip with these zones, in order, and what was watched.

    Raises `streams.errors.StreamError` or `models.detector.InferenceError`.
    """
    camera = WorkerConfig.for_sources([str(clip)]).cameras[0].model_copy(update={"zones": tuple(zones)})
    stream = parse_config({"stream": {"analysis_fps": fps}}).stream
    analysers = {}
    for key, one in trials.items():
        config = parse_config(
            {
                "detector": {"candidate_threshold": max(0.01, min(one.floor, one.threshold))},
                "rules": {"smoke": one.rule(), "fire": one.rule()},
            }
        )
        analysers[key] = CameraAnalyser.for_camera(camera, config, detector.card)
    leads: dict[Key, list[ConfirmedLead]] = {key: [] for key in trials}
    faults: list[FaultTold] = []
    start = last = told = None
    pictures = 0
    for frame, plain in analysed(camera.to_camera(stream), detector):
        start, last = start or frame.time, frame.time
        pictures += 1
        for key, analyser in analysers.items():
            shown = plain.where(plain.confidence >= trials[key].floor)
            for change in analyser.observe(frame, shown):
                if change.lead.state is LeadState.CONFIRMED:
                    leads[key].append(
                        ConfirmedLead(
                            class_name=change.lead.peak.class_name,
                            first_s=change.lead.first.seconds_since(start),
                            confirmed_s=frame.time.seconds_since(start),
                            confidence=change.lead.peak.confidence,
                            xyxy=change.lead.peak.xyxy,
                        )
                    )
        # What a camera shows is judged alike whatever the rules are.
        fault = next((analyser.picture_fault for analyser in analysers.values()), None)
        if fault is not None and fault is not told:
            faults.append(FaultTold(fault, frame.time.seconds_since(start)))
        told = fault
    seconds = 0.0 if start is None or last is None else last.seconds_since(start) + 1 / fps
    return leads, Watched(seconds, pictures, tuple(faults))
