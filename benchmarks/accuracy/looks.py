"""Looks: each picture with its labels and with what a detector said of it."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.pictures import group_name
from benchmarks.accuracy.result import ModelUsed, RuntimeUsed
from benchmarks.errors import BenchmarkError
from models.described import of_onnx, of_zip
from models.detections import Detections
from models.detector import Detector
from models.network import STRIDE
from models.registry import INT8_FORMAT, RegisteredModel, Registry, read_model
from models.runtime import choice
from models.tensors import Letterbox
from models.training.pictures.dataset import CLASS_NAMES, Sample

CURVE_NMS_IOU = 0.7
"""NMS of everything that is a curve or an average precision: ultralytics' validation, and so most public figures."""

CURVE_FLOOR = 0.001
"""Lowest confidence that enters a curve, as there."""

_BATCH = 32

Step = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """
    One picture.

    Attributes:
        name, group: as in the result.

        is_held: not of the validation split.

        size_wh: in pixels.

        xyxy: float32 ``(n, 4)``: the labels, in pixels.

        class_id: int64 ``(n,)``: theirs, indices of `CLASS_NAMES`.

        found: down to `CURVE_FLOOR`, with class ids of `CLASS_NAMES`.
    """

    name: str
    group: str
    is_held: bool
    size_wh: tuple[int, int]
    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int64]
    found: Detections

    @property
    def is_negative(self) -> bool:
        """Nothing to find in it."""
        return not len(self.class_id)

    @property
    def surest(self) -> float:
        """Confidence of the surest detection; 0 where there is none."""
        return float(self.found.confidence.max(initial=0.0))


def registered(
    model: str | None, *, size: int | None = None, threshold: float | None = None, registry: Registry | None = None
) -> RegisteredModel:
    """
    Return the model to measure: a name in the registry, a candidate's folder as `plumewatch models train` makes it, or
    an ONNX file (or a zip of `models.quantise`) that tells classes and head and is otherwise like the default model.

    `size` (the longer side in pixels) and `threshold` replace the registered ones. Raises `BenchmarkError` or
    `models.detector.ModelError`.
    """
    registry = registry or Registry.load()
    if model is not None and model.endswith((".onnx", ".zip")):
        file, like = Path(model), registry.model()
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BenchmarkError(f"{file}: {error.strerror}") from error
        is_onnx = file.suffix == ".onnx"
        said = of_onnx(file.stem, content) if is_onnx else of_zip(file.stem, content)
        card = replace(
            like.card,
            name=file.stem,
            version="file",
            class_names=said.class_names,
            weights_sha256=sha256(content).hexdigest(),
            weights_format="onnx" if is_onnx else INT8_FORMAT,
        )
        nms_iou = like.nms_iou if said.nms_iou is None else said.nms_iou
        chosen = replace(like, card=card, weights=file, int8=None, head=said.head, nms_iou=nms_iou)
    else:
        chosen = named(model, registry)
    card = chosen.card
    if size is not None:
        if size < STRIDE or size % STRIDE:
            raise BenchmarkError(f"the size must be a multiple of {STRIDE} px, got {size}")
        card = replace(card, input_wh=Letterbox.fit((16, 9), size, STRIDE).input_wh)
    if threshold is not None:
        card = replace(card, threshold=threshold)
    if missing := set(CLASS_NAMES) - set(card.class_names):
        known = ", ".join(card.class_names)
        raise BenchmarkError(f"model {card.name} knows {known}: it has no {' and no '.join(sorted(missing))} to score")
    return replace(chosen, card=card)


def named(model: str | None, registry: Registry) -> RegisteredModel:
    """Return the model of a name or of a candidate's folder; raise `BenchmarkError` or `models.detector.ModelError`."""
    return _candidate(Path(model)) if model is not None and Path(model).is_dir() else registry.model(model)


def _candidate(folder: Path) -> RegisteredModel:
    path = folder / "candidate.toml"
    try:
        ((name, table),) = tomllib.loads(path.read_text(encoding="utf-8"))["models"].items()
    except OSError as error:
        raise BenchmarkError(f"{path}: {error.strerror}") from error
    except (KeyError, ValueError) as error:
        raise BenchmarkError(f"{path}: not the table of one model") from error
    return read_model(name, table, folder)


def open_detector(model: RegisteredModel, runtime: str, *, floor: float, nms_iou: float | None = None) -> Detector:
    """Return the model's detector down to `floor`, with another NMS where one is given; raise `ModelError`."""
    model = model if nms_iou is None else replace(model, nms_iou=nms_iou)
    return choice.open_detector(model, runtime, threshold=floor)


def model_used(model: RegisteredModel, detector: Detector) -> ModelUsed:
    """Return the model as results name it: the file is that of its forms which `detector` runs."""
    card, ran = model.card, detector.card
    return ModelUsed(
        name=card.name,
        version=card.version,
        weights_sha256=ran.weights_sha256,
        weights_format=ran.weights_format,
        class_names=card.class_names,
        long_side_px=max(card.input_wh),
        threshold=card.threshold,
        nms_iou=model.nms_iou,
    )


def runtime_used(detector: Detector) -> RuntimeUsed:
    """Return the run-time as results name it."""
    used = detector.runtime
    return RuntimeUsed(engine=used.engine, version=used.version, device=used.device, precision=used.precision)


def look_at(samples: Sequence[Sample], detector: Detector, step: Step | None = None) -> list[Look]:
    """Return a look at each picture, in order; raise `BenchmarkError` for one that cannot be read, `InferenceError`."""
    kinds = np.array([_kind(name) for name in detector.card.class_names])
    looks: list[Look] = []
    for batch in _batches(samples):
        images = [_read(item) for item in batch]
        for item, image, found in zip(batch, images, detector.detect(images), strict=True):
            size_wh = (image.shape[1], image.shape[0])
            ours = found.where(kinds[found.class_id] >= 0)
            ours = replace(ours, class_id=kinds[ours.class_id].astype(np.int32))
            xyxy = (item.xyxy * np.array(size_wh * 2, np.float32)).astype(np.float32)
            held = item.split != "val"
            looks.append(Look(item.name, group_name(item), held, size_wh, xyxy, item.class_id, ours))
        if step is not None:
            step(len(looks), len(samples))
    return looks


def _kind(name: str) -> int:
    return CLASS_NAMES.index(name) if name in CLASS_NAMES else -1


def _batches(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(samples), _BATCH):
        yield samples[start : start + _BATCH]


def _read(item: Sample) -> NDArray[np.uint8]:
    image = cv2.imread(str(item.path), cv2.IMREAD_COLOR)
    if image is None:
        raise BenchmarkError(f"{item.path.name}: not a readable picture")
    return np.asarray(image, np.uint8)
