"""An accuracy run: what was asked, measured in one go, as a result and, if wanted, the pictures of its mistakes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from benchmarks.accuracy.command import image_figures
from benchmarks.accuracy.looks import (
    CURVE_FLOOR,
    CURVE_NMS_IOU,
    look_at,
    model_used,
    open_detector,
    registered,
    runtime_used,
)
from benchmarks.accuracy.pictures import PictureSet, labelled_pictures
from benchmarks.accuracy.result import (
    AccuracyResult,
    ImageFigures,
    Mistake,
    SequenceFigures,
    Timings,
)
from benchmarks.accuracy.sequence import lowest_floor, sequence_figures
from benchmarks.clips.corpus import scene_clips
from benchmarks.compare import OTHER_DATA
from benchmarks.errors import BenchmarkError
from benchmarks.progress import Track, by_frames, progress_on
from benchmarks.scenes.catalogue import scenes
from models.detector import Detector
from models.registry import RegisteredModel
from models.training.pictures.kept import KeptBack

_PICTURE_LONG_SIDE = 420
_JPEG_QUALITY = 72
_BOX_BGR = {True: (40, 200, 255), False: (60, 60, 255)}
"""Colour of the box of a miss (amber) and of a false alarm (red)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What to measure.

    Attributes:
        model: registry name or ONNX file; ``None`` for the default model.

        runtime: as in `models.runtime.choice.choose_runtime`.

        size, threshold: replace the registered longer side and threshold.

        data: folder of labelled pictures; ``None`` for none.

        streets: folder of street scenes, all negatives; ``None`` for none.

        scenes: folder of the rendered scenes; ``None`` to leave them out.

        limit: at most so many pictures and scenes each; ``None`` for all.

        kept_back: run record or candidate's folder whose kept-back pictures are measured; ``None``: the model's own.

        unseen: no model learned from `data`: all of it is measured.
    """

    model: str | None = None
    runtime: str = "auto"
    size: int | None = None
    threshold: float | None = None
    data: Path | None = None
    streets: Path | None = None
    scenes: Path | None = None
    limit: int | None = None
    kept_back: Path | None = None
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A result, and small JPEGs of its mistakes by picture name (empty unless they were wanted)."""

    result: AccuracyResult
    pictures: Mapping[str, bytes]


def run(
    asked: Asked,
    *,
    with_pictures: bool = False,
    console: Console | None = None,
    baseline: AccuracyResult | None = None,
) -> Measured:
    """
    Measure; progress goes to `console`. Pictures that a `baseline` was not measured on are refused first.

    Raises `BenchmarkError`, `models.detector.ModelError` or `streams.errors.StreamError`.
    """
    if asked.data is None and asked.scenes is None:
        raise BenchmarkError("nothing to measure: name --data or --scenes")
    model = registered(asked.model, size=asked.size, threshold=asked.threshold)
    used: Detector | None = None
    images: ImageFigures | None = None
    pictures: Mapping[str, bytes] = {}
    began = time.perf_counter()
    with progress_on(console or Console(stderr=True)) as track:
        if asked.data is not None:
            kept_back = _kept_back(model, asked)
            with labelled_pictures(
                asked.data, streets=asked.streets, limit=asked.limit, kept_back=kept_back, unseen=asked.unseen
            ) as found:
                _expect_pictures(found, baseline)
                images, used = _images(model, asked.runtime, found, track)
                pictures = _mistakes(images, found) if with_pictures else {}
        seen_s = time.perf_counter()
        sequences, last = _sequences(model, asked, track)
    ended = time.perf_counter()
    used = used or last
    if used is None:
        raise BenchmarkError("nothing was measured")
    result = AccuracyResult(
        plumewatch=version("plumewatch"),
        model=model_used(model, used),
        runtime=runtime_used(used),
        images=images,
        sequences=sequences,
        timings=Timings(
            images_s=None if images is None else seen_s - began,
            sequences_s=ended - seen_s if sequences else None,
        ),
    )
    return Measured(result, pictures)


def _expect_pictures(found: PictureSet, baseline: AccuracyResult | None) -> None:
    if baseline is not None and (baseline.images is None or baseline.images.data.sha256 != found.sha256):
        raise BenchmarkError(OTHER_DATA)


def _kept_back(model: RegisteredModel, asked: Asked) -> KeptBack | None:
    """Return what the run that was named kept back, or else the model's own where its record is at hand and tells."""
    if asked.kept_back is None:
        return KeptBack.read(model.record) if model.record.is_file() else None
    record = asked.kept_back / "run.json" if asked.kept_back.is_dir() else asked.kept_back
    named = KeptBack.read(record)
    if named is None:
        raise BenchmarkError(f"{record}: too old to name what the run kept back: --unseen where it learned from none")
    return named


def _images(model: RegisteredModel, runtime: str, found: PictureSet, track: Track) -> tuple[ImageFigures, Detector]:
    detector = open_detector(model, runtime, floor=CURVE_FLOOR, nms_iou=CURVE_NMS_IOU)
    with track("pictures") as advance:
        looks = look_at(found.samples, detector, advance)
    figures = image_figures(looks, found, threshold=model.card.threshold, nms_iou=model.nms_iou)
    return figures, detector


def _sequences(model: RegisteredModel, asked: Asked, track: Track) -> tuple[list[SequenceFigures], Detector | None]:
    """Return the figures of the scenes, and what ran them."""
    if asked.scenes is None:
        return [], None
    detector = open_detector(model, asked.runtime, floor=lowest_floor())
    with track("rendering scenes") as advance:
        chosen = scenes()[: asked.limit]
        clips = scene_clips(asked.scenes, chosen, by_frames(chosen, advance))
    with track("scenes") as advance:
        figures = sequence_figures("scenes", clips, detector, step=lambda _, done, count: advance(done, count))
    return [figures], detector


def _mistakes(images: ImageFigures, found: PictureSet) -> dict[str, bytes]:
    """Return a small JPEG of each picture with a mistake, the box drawn in, by name."""
    paths = {item.name: item.path for item in found.samples}
    drawn = [(one, False) for one in images.mistakes.false_alarms] + [(one, True) for one in images.mistakes.misses]
    return {one.name: _drawn(paths[one.name], one, is_miss=is_miss) for one, is_miss in drawn}


def _drawn(path: Path, mistake: Mistake, *, is_miss: bool) -> bytes:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise BenchmarkError(f"{path.name}: not a readable picture")
    scale = _PICTURE_LONG_SIDE / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    left, top, right, bottom = (round(edge * scale) for edge in mistake.xyxy)
    cv2.rectangle(small, (left, top), (right, bottom), _BOX_BGR[is_miss], 2)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(jpeg).tobytes()
