"""
Rows: what confirmation is shown of every track of a film, picture by picture, and what is true of it.

Decoding and detecting is what costs; rows are remembered beside each other under a key of everything they depend on:
the film, the weights and how they run, and the code between the boxes and the cues.
"""

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_sequence import ANALYSIS_FPS, told_event
from benchmarks.confirm.looks import looks_of
from benchmarks.corpus import Clip
from benchmarks.deciders import ConfirmedLead
from models.detector import Detector
from streams.clock import CaptureTime
from vision.analyser import CameraAnalyser
from vision.belief import START_CONFIDENCE
from vision.bench import Bench
from vision.config import WorkerConfig
from vision.cues import CUES
from vision.leads import CloseReason, Lead, LeadChange, LeadState, Xyxy
from vision.magnifier import Magnifier
from vision.replay import seen_again
from vision.rules.rule import View
from vision.tracks import TrackerSettings

PATROL_EVERY = round(ANALYSIS_FPS * WorkerConfig().stream.patrol_interval_s)


class Pace(StrEnum):
    """
    How a camera is looked at: in focus at the analysis rate, on patrol at its interval, and in focus from the film's
    middle on only: what is there from the beginning of a watch neither begins nor grows in it.
    """

    FOCUS = "focus"
    PATROL = "patrol"
    LATE = "late"

    @property
    def every(self) -> int:
        """Of how many pictures at the analysis rate one is looked at."""
        return PATROL_EVERY if self is Pace.PATROL else 1

    def looks_at(self, number: int, count: int) -> bool:
        """Whether picture `number` of `count`, from 0, is looked at."""
        return number % self.every == 0 and (self is not Pace.LATE or 2 * number >= count)


ROWS_CODE = 3
"""Counted up by hand where what is kept of the views changes."""

_CODE = (
    "models/overlap",
    "models/second",
    "vision/analyser",
    "vision/background",
    "vision/change",
    "vision/churning",
    "vision/cues",
    "vision/drift",
    "vision/fading",
    "vision/flames",
    "vision/fog",
    "vision/followed",
    "vision/health",
    "vision/magnifier",
    "vision/motion",
    "vision/outlets",
    "vision/region",
    "vision/rings",
    "vision/scenery",
    "vision/staying",
    "vision/steam",
    "vision/stillness",
    "vision/tracks",
    "vision/undrawn",
    "vision/weather",
)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """
    One film as one model sees it; row *i* of every column is one track in one picture, in order of the pictures.

    Attributes:
        track: int64 ``(n,)``: the track's number.

        is_fire: bool ``(n,)``: its class; else smoke.

        time_s: float64 ``(n,)``: of the picture, from the film's first.

        confidence: float64 ``(n,)``: of its box, 0 where it was missed.

        change: float64 ``(n,)``: `vision.change.BoxChange.ratio`.

        is_steady: bool ``(n,)``: of the picture.

        is_deferred: bool ``(n,)``: as `vision.rules.rule.TrackView.is_deferred`.

        has_news: bool ``(n,)``: as `vision.rules.rule.TrackView.has_news`.

        xyxy: float64 ``(n, 4)``: its newest box then.

        cues: float64 ``(n, len(CUES))``.

        span_s: float64 ``(2,)``: when the watch began and ended, from the film's first picture.
    """

    track: NDArray[np.int64]
    is_fire: NDArray[np.bool_]
    time_s: NDArray[np.float64]
    confidence: NDArray[np.float64]
    change: NDArray[np.float64]
    is_steady: NDArray[np.bool_]
    is_deferred: NDArray[np.bool_]
    has_news: NDArray[np.bool_]
    xyxy: NDArray[np.float64]
    cues: NDArray[np.float64]
    span_s: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the rows of a file that `write` made."""
        with np.load(path, allow_pickle=False) as columns:
            return cls(**{field.name: columns[field.name] for field in fields(cls)})

    def write(self, path: Path) -> None:
        """Keep the rows in a file, which appears only when it is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, **{field.name: getattr(self, field.name) for field in fields(self)})
        part.replace(path)

    @property
    def is_judged(self) -> NDArray[np.bool_]:
        """
        Rows that say what a track is, bool ``(n,)``: rules see its box, in a picture that is steady.

        Those with which nothing would be confirmed are among them, deferred or unchanged: belief is asked of every box,
        and without them the weights would see next to nothing of what resembles smoke (decision 0071).
        """
        return (self.confidence > 0) & self.is_steady

    def is_real(self, clip: Clip) -> NDArray[np.bool_]:
        """Return for each row whether the track tells of an event at that time, bool ``(n,)``."""
        real = []
        for row in range(len(self.track)):
            left, top, right, bottom = (float(edge) for edge in self.xyxy[row])
            at_s = float(self.time_s[row])
            name = "fire" if self.is_fire[row] else "smoke"
            lead = ConfirmedLead(name, at_s, at_s, 1.0, (left, top, right, bottom))
            real.append(told_event(lead, clip.events) is not None)
        return np.array(real, np.bool_)


class _Recorder:
    """A rule that reports nothing and keeps what it is shown, and where each track was then: tracks move on."""

    id = "recorder"
    states: dict[int, LeadState] = {}  # noqa: RUF012 (never changed)
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


def rows_of(clip: Clip, detector: Detector, memory: Path, *, magnifies: bool = True) -> Mapping[Pace, Rows]:
    """
    Return a film's rows by pace, from `memory` where remembered; raises as `vision.replay.replay` does.

    Where it `magnifies`, pictures in focus are looked at twice, as by a worker (`vision.magnifier`).
    """
    key = _key(clip, detector, magnifies=magnifies)
    paths = {pace: memory / "rows" / f"{key}-{pace.value}.npz" for pace in Pace}
    if all(path.is_file() for path in paths.values()):
        return {pace: Rows.read(path) for pace, path in paths.items()}
    rows = _watch(clip, detector, memory, magnifies=magnifies)
    for pace, path in paths.items():
        rows[pace].write(path)
    return rows


def _watch(clip: Clip, detector: Detector, memory: Path, *, magnifies: bool) -> Mapping[Pace, Rows]:
    camera = WorkerConfig.for_sources([str(clip.path)]).cameras[0].model_copy(update={"zones": clip.zones})
    floor = WorkerConfig().detector.candidate_threshold
    settings = TrackerSettings(start_confidence=START_CONFIDENCE)
    recorders = {pace: _Recorder() for pace in Pace}
    analysers = {
        pace: CameraAnalyser(
            camera,
            Bench(camera.id, [recorder]),
            detector.card.class_names,
            settings,
            magnifier=Magnifier() if magnifies else None,
        )
        for pace, recorder in recorders.items()
    }
    looks = list(looks_of(clip, detector, memory))
    for number, (frame, found) in enumerate(looks):
        for pace, analyser in analysers.items():
            if pace.looks_at(number, len(looks)):
                boxes = seen_again(frame, found, detector, analyser.magnified)
                analyser.observe(frame, boxes.where(boxes.confidence >= floor))
    start = looks[0][0].time if looks else None
    return {pace: _columns(recorder, start, pace.every) for pace, recorder in recorders.items()}


def _columns(recorder: _Recorder, start: CaptureTime | None, every: int) -> Rows:
    views = recorder.views
    seen = [(view, track) for view in views for track in view.tracks]
    times = [0.0 if start is None else view.time.seconds_since(start) for view, _ in seen]
    span = (0.0, 0.0)
    if start is not None and views:
        span = (views[0].time.seconds_since(start), views[-1].time.seconds_since(start) + every / ANALYSIS_FPS)
    return Rows(
        track=np.array([one.track.number for _, one in seen], np.int64),
        is_fire=np.array([one.track.class_name == "fire" for _, one in seen], np.bool_),
        time_s=np.array(times, np.float64),
        confidence=np.array([0.0 if one.sighting is None else one.sighting.confidence for _, one in seen], np.float64),
        change=np.array([one.change for _, one in seen], np.float64),
        is_steady=np.array([view.is_steady for view, _ in seen], np.bool_),
        is_deferred=np.array([one.is_deferred for _, one in seen], np.bool_),
        has_news=np.array([one.has_news for _, one in seen], np.bool_),
        xyxy=np.array(recorder.boxes, np.float64).reshape(-1, 4),
        cues=np.array([one.cues for _, one in seen], np.float64).reshape(-1, len(CUES)),
        span_s=np.array(span),
    )


def _key(clip: Clip, detector: Detector, *, magnifies: bool) -> str:
    card, runtime = detector.card, detector.runtime
    floor = WorkerConfig().detector.candidate_threshold
    ran = (card.weights_sha256, runtime.engine, runtime.precision)
    zones = [zone.model_dump_json() for zone in clip.zones]
    parts = (clip.sha256, *zones, *ran, magnifies, floor, START_CONFIDENCE, ANALYSIS_FPS, ROWS_CODE, code_version())
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


@cache
def code_version() -> str:
    """Return the hash of the code between boxes and cues, read once: what it does, not what is said of it."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update(doing(root.joinpath(f"{name}.py").read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def doing(source: str) -> str:
    """Return a module's source without comments, docstrings and other strings that nothing reads."""

    class Silent(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
            said = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            return None if said else node

    return ast.unparse(Silent().visit(ast.parse(source)))
