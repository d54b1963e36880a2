"""Check: does the shipped model find what the scenes emit, and leave the rest alone?"""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.scenes.film import truth_path
from benchmarks.scenes.scene import REPORTED, Scene
from models.detections import Detections
from models.detector import Detector

_SETTLED_S = 2.0
"""A source counts from this long after its start: before, there is hardly anything in the air."""

_CONFIRM_OF = (4, 6)
"""k and n of the alarm that is counted here: boxes that overlap in 4 of the last 6 looks."""

_TOLERATED_LOOKS = 2
"""Looks by which `found` may fall before a scene counts as worse: run-times differ in a box at the threshold."""

FORMAT = "plumewatch.scenes/1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a detector saw in one clip.

    Attributes:
        scene: its name.

        looks: frames looked at.

        due: those in which a source had been emitting for 2 s or longer.

        found: those of `due` with a box that overlaps the truth.

        confidence: median of the best such box, over `found`.

        stray: looks with a box where nothing is emitted.

        alarms_s: times at which a stray box was there in 4 of 6 looks in a row.
    """

    scene: str
    looks: int
    due: int
    found: int
    confidence: float
    stray: int
    alarms_s: tuple[float, ...]


def watch(scene: Scene, clip: Path, detector: Detector, looks_per_s: float = 2.0) -> Outcome:
    """Return what `detector` sees in `clip` at `looks_per_s`."""
    truths = [json.loads(line) for line in truth_path(clip).read_text(encoding="utf-8").splitlines()[1:]]
    due = found = stray = looks = 0
    best: list[float] = []
    recent: deque[NDArray[np.float32]] = deque(maxlen=_CONFIRM_OF[1])
    alarms: list[float] = []
    for time_s, index, image in _looks(clip, looks_per_s):
        detections = detector.detect([image])[0]
        looks += 1
        real = [
            sighting["xyxy"]
            for sighting in truths[index]["sightings"]
            if sighting["visible"] and scene.events[sighting["event"]].kind in REPORTED
        ]
        overlaps = _touches(detections, real)
        is_due = any(
            event.kind in REPORTED and event.start_s + _SETTLED_S <= time_s <= event.end_s for event in scene.events
        )
        if is_due:
            due += 1
            if overlaps.any():
                found += 1
                best.append(float(detections.confidence[overlaps].max()))
        strays = detections.xyxy[~overlaps]
        stray += bool(len(strays))
        recent.append(strays)
        alarms += [time_s] * _is_confirmed(recent)
    return Outcome(scene.name, looks, due, found, float(np.median(best)) if best else 0.0, stray, tuple(alarms))


def table(outcomes: Iterable[Outcome]) -> str:
    """Return outcomes as a text table."""
    lines = [f"{'scene':26} {'looks':>5} {'due':>4} {'found':>6} {'conf':>5} {'stray':>5} {'alarms':>6}"]
    for one in outcomes:
        rate = f"{one.found / one.due:6.0%}" if one.due else "     -"
        lines.append(
            f"{one.scene:26} {one.looks:5} {one.due:4} {rate} {one.confidence:5.2f} {one.stray:5} {len(one.alarms_s):6}"
        )
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome], detector: Detector, threshold: float) -> str:
    """Return outcomes as the text of a file."""
    card, used = detector.card, detector.runtime
    about = {
        "format": FORMAT,
        "model": {"name": card.name, "version": card.version, "weights_sha256": card.weights_sha256},
        "runtime": asdict(used),
        "threshold": threshold,
        "scenes": [asdict(one) for one in outcomes],
    }
    return json.dumps(about, indent=1) + "\n"


def read_outcomes(path: Path) -> list[Outcome]:
    """Return the outcomes in a file; raise `BenchmarkError`."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise BenchmarkError(f"{path}: expected {FORMAT}, found {content['format']!r}")
        return [Outcome(**{**one, "alarms_s": tuple(one["alarms_s"])}) for one in content["scenes"]]
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{path}: not a result of bench scenes") from error


def worse(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[str]:
    """Return a line for each scene, of those in both, in which more is missed than before or that now alarms."""
    earlier = {one.scene: one for one in before}
    lines = []
    for one in after:
        old = earlier.get(one.scene)
        if old is None:
            continue
        if one.found < old.found - _TOLERATED_LOOKS:
            lines.append(f"{one.scene}: found in {one.found} looks of {one.due}, before in {old.found} of {old.due}")
        if one.alarms_s and not old.alarms_s:
            lines.append(f"{one.scene}: alarms at {one.alarms_s[0]:.1f} s, before never")
    return lines


def _looks(clip: Path, looks_per_s: float) -> Iterable[tuple[float, int, NDArray[np.uint8]]]:
    with av.open(str(clip)) as container:
        due_s = 0.0
        for index, frame in enumerate(container.decode(video=0)):
            time_s = float(frame.time)
            if time_s + 1e-6 >= due_s:
                due_s += 1 / looks_per_s
                yield time_s, index, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _touches(detections: Detections, boxes: list[list[float]]) -> NDArray[np.bool_]:
    """Return for each detection whether at least a third of it lies in one of `boxes`."""
    touches = np.zeros(len(detections), np.bool_)
    for box in boxes:
        wide = np.minimum(detections.xyxy[:, 2], box[2]) - np.maximum(detections.xyxy[:, 0], box[0])
        high = np.minimum(detections.xyxy[:, 3], box[3]) - np.maximum(detections.xyxy[:, 1], box[1])
        own = np.prod(detections.xyxy[:, 2:] - detections.xyxy[:, :2], axis=1)
        touches |= np.clip(wide, 0, None) * np.clip(high, 0, None) >= own / 3
    return touches


def _is_confirmed(recent: deque[NDArray[np.float32]]) -> bool:
    needed = _CONFIRM_OF[0]
    for box in recent[-1]:
        hits = 0
        for boxes in recent:
            wide = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
            high = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
            hits += bool(((wide > 0) & (high > 0)).any())
        if hits >= needed:
            return True
    return False
