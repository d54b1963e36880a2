"""
The reference for parity: what ultralytics itself finds with the checkpoint in real images.

Regenerate ``tests/golden/emissions-v8s-parity.json`` with the extra ``train`` installed:

    python -m tests.models.parity CHECKPOINT.pt

Names and boxes only are kept; the images stay in the shared material.
"""

import io
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

GOLDEN = Path(__file__).parents[1] / "golden" / "emissions-v8s-parity.json"
NMS_IOU = 0.45
THRESHOLD = 0.1
"""Below the model's own threshold, so that a box on its edge has something to be compared with."""


def read_images(folder: Path, names: set[str]) -> Mapping[str, NDArray[np.uint8]]:
    """Return the validation images of `names` (all, where it is empty) from the tars in `folder`, BGR, by name."""
    images: dict[str, NDArray[np.uint8]] = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                name = Path(member.name).stem
                if "val/images/" not in member.name or (names and name not in names):
                    continue
                file = tar.extractfile(member)
                assert file is not None
                encoded = np.frombuffer(io.BytesIO(file.read()).getvalue(), np.uint8)
                image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
                assert image is not None
                images[name] = image.astype(np.uint8, copy=False)
    return images


def read_golden() -> Mapping[str, Detections]:
    """Return the reference detections by image name."""
    content = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return {
        name: Detections(
            np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
            np.array([row[4] for row in rows], np.float32),
            np.array([row[5] for row in rows], np.int32),
        )
        for name, rows in content["images"].items()
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """
    How far two sets of detections of one image are apart.

    Attributes:
        edge_px: largest distance between edges of boxes that belong together.

        confidence: largest difference between their confidences.

        alone: largest confidence of a box without a partner of its class with IoU of at least 0.5; 0 where none is.
    """

    edge_px: float
    confidence: float
    alone: float


def difference(one: Detections, other: Detections, threshold: float) -> Difference:
    """Return how far `other` is from `one`, looking at boxes that reach `threshold` in either."""
    edge, confidence, alone = 0.0, 0.0, 0.0
    for left, right in ((one, other), (other, one)):
        for xyxy, score, class_id in zip(left.xyxy, left.confidence, left.class_id, strict=True):
            if score < threshold:
                continue
            overlap = np.where(right.class_id == class_id, _iou(xyxy, right.xyxy), 0)
            if not (overlap >= 0.5).any():
                alone = max(alone, float(score))
                continue
            partner = int(overlap.argmax())
            edge = max(edge, float(np.abs(right.xyxy[partner] - xyxy).max()))
            confidence = max(confidence, abs(float(right.confidence[partner] - score)))
    return Difference(edge, confidence, alone)


def _iou(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    overlap = sides.clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union: NDArray[np.float32] = (box[2:] - box[:2]).prod() + areas - overlap
    return np.asarray(overlap / union, np.float32)


def regenerate(checkpoint: Path, folder: Path) -> None:
    """Write the golden file for the images it already names."""
    from models.yolo import baseline  # noqa: PLC0415 - needs the extra train, which reading the golden file does not

    names = json.loads(GOLDEN.read_text(encoding="utf-8"))["images"]
    images = read_images(folder, set(names))
    found = baseline(checkpoint, [images[name] for name in names], threshold=THRESHOLD, nms_iou=NMS_IOU)
    rows = {
        name: [
            [*(round(float(value), 2) for value in xyxy), round(float(score), 4), int(class_id)]
            for xyxy, score, class_id in zip(each.xyxy, each.confidence, each.class_id, strict=True)
        ]
        for name, each in zip(names, found, strict=True)
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in rows.items())
    text = f'{{"threshold": {THRESHOLD}, "nms_iou": {NMS_IOU}, "images": {{\n{lines}\n}}}}\n'
    GOLDEN.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    regenerate(Path(sys.argv[1]), Path(__file__).parents[3] / "shared" / "data" / "emissions")
