"""Pictures with labels and detections made in code, and their figures."""

import numpy as np

from benchmarks.accuracy.command import image_figures
from benchmarks.accuracy.looks import Look
from benchmarks.accuracy.pictures import PictureSet
from benchmarks.accuracy.result import ImageFigures, Portion
from models.detections import Detections

SMOKE, FIRE = 0, 1
Box = tuple[float, float, float, float]


def look(
    name: str,
    labels: tuple[tuple[int, Box], ...] = (),
    found: tuple[tuple[int, float, Box], ...] = (),
    *,
    group: str = "",
    is_held: bool = False,
    size_wh: tuple[int, int] = (640, 480),
) -> Look:
    """Return a picture with labels (class, box) and detections (class, confidence, box), in pixels."""
    return Look(
        name=name,
        group=group or name.split("_", maxsplit=1)[0],
        is_held=is_held,
        size_wh=size_wh,
        xyxy=np.array([box for _, box in labels], np.float32).reshape(-1, 4),
        class_id=np.array([kind for kind, _ in labels], np.int64),
        found=Detections(
            np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
            np.array([confidence for _, confidence, _ in found], np.float32),
            np.array([kind for kind, _, _ in found], np.int32),
        ),
    )


def figures(*looks: Look, threshold: float = 0.5, nms_iou: float = 0.45, streets: int = 0) -> ImageFigures:
    """Return the figures of some pictures, with few resamples."""
    pictures = PictureSet((), streets, "0" * 64, None, Portion.VALIDATION)
    return image_figures(looks, pictures, threshold=threshold, nms_iou=nms_iou, resamples=20)


A, B, C = (100.0, 100.0, 300.0, 300.0), (400.0, 100.0, 600.0, 300.0), (10.0, 10.0, 30.0, 30.0)
