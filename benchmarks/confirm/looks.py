"""
Looks: what is decoded and detected of a film, remembered on disk, so that a change of the features costs neither again.

Looks depend on the film and the rate, boxes also on the weights and how they run; each is kept under a key of those.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.sequence import ANALYSIS_FPS
from benchmarks.clips.corpus import Clip
from models.detections import Detections
from models.detector import Detector
from models.replacement import replacing
from streams.camera import camera_id
from streams.frame import Frame
from streams.timing.clock import CaptureTime, UtcSource
from vision.config.worker import WorkerConfig, parse_config
from vision.replay.replay import analysed
from vision.scene.look import LEAST_PX, in_source

FLOOR = 0.05
"""Boxes from this confidence on are remembered; what a rule is shown of them is its own affair."""

LOOK_CODE = 1
"""Counted up by hand where decoding or scaling changes what a look is."""

CAMERA = camera_id("film")


def looks_of(clip: Clip, detector: Detector, memory: Path) -> Iterator[tuple[Frame, Detections]]:
    """
    Yield a film's pictures at the analysis rate with the boxes from `FLOOR` on, as `vision.replay.replay.analysed`
    does.

    The detector must give boxes from `FLOOR` on; it is not asked for what is remembered. Raises as `analysed`.
    """
    look_px = max(LEAST_PX, *detector.card.input_wh)
    pictures = memory / "looks" / f"{_hash(clip.sha256, ANALYSIS_FPS, look_px, LOOK_CODE)}.npz"
    runtime = detector.runtime
    ran = (detector.card.weights_sha256, runtime.engine, runtime.precision, FLOOR)
    boxes = memory / "boxes" / f"{_hash(pictures.stem, *ran)}.npz"
    if pictures.is_file() and boxes.is_file():
        yield from zip(_read_frames(pictures), _read_boxes(boxes), strict=True)
        return
    if pictures.is_file():
        frames = list(_read_frames(pictures))
        detections = [in_source(frame, detector.detect([frame.image])[0]) for frame in frames]
    else:
        seen = list(_seen(clip, detector))
        frames, detections = [frame for frame, _ in seen], [found for _, found in seen]
        _write(pictures, _frames_as_columns(frames))
    _write(boxes, _boxes_as_columns(detections))
    yield from zip(frames, detections, strict=True)


def _seen(clip: Clip, detector: Detector) -> Iterator[tuple[Frame, Detections]]:
    camera = WorkerConfig.for_sources([str(clip.path)]).cameras[0]
    stream = parse_config({"stream": {"analysis_fps": ANALYSIS_FPS}}).stream
    yield from analysed(camera.to_camera(stream), detector)


def _frames_as_columns(frames: Sequence[Frame]) -> dict[str, NDArray[np.generic]]:
    about = [
        [frame.time.pts_s.numerator, frame.time.pts_s.denominator, frame.time.epoch, *frame.source_wh]
        for frame in frames
    ]
    utc = [frame.time.utc.isoformat() for frame in frames]
    return {
        "about": np.array(about, np.int64).reshape(-1, 5),
        "utc": np.array(utc, np.str_),
        "images": np.array([frame.image for frame in frames], np.uint8),
    }


def _read_frames(path: Path) -> Iterator[Frame]:
    with np.load(path, allow_pickle=False) as columns:
        images, utc, about = columns["images"], columns["utc"], columns["about"].tolist()
    images.setflags(write=False)
    for image, label, (above, below, epoch, width, height) in zip(images, utc, about, strict=True):
        moment = datetime.fromisoformat(str(label))
        time = CaptureTime(Fraction(above, below), moment, UtcSource.FILE, 0.0, epoch)
        yield Frame(CAMERA, time, image, source_wh=(width, height))


def _boxes_as_columns(detections: Sequence[Detections]) -> dict[str, NDArray[np.generic]]:
    whole = [*detections, Detections.empty()]
    return {
        "count": np.array([len(one) for one in detections], np.int64),
        "xyxy": np.concatenate([one.xyxy for one in whole]),
        "confidence": np.concatenate([one.confidence for one in whole]),
        "class_id": np.concatenate([one.class_id for one in whole]),
    }


def _read_boxes(path: Path) -> Iterator[Detections]:
    with np.load(path, allow_pickle=False) as columns:
        counts = columns["count"]
        if not len(counts):
            return
        parts = [np.split(columns[name], np.cumsum(counts)[:-1]) for name in ("xyxy", "confidence", "class_id")]
    for xyxy, confidence, class_id in zip(*parts, strict=True):
        yield Detections(xyxy, confidence, class_id)


def _write(path: Path, columns: dict[str, NDArray[np.generic]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **columns)  # type: ignore[arg-type]


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:32]
