"""Overlap of boxes, as benchmarks, comparisons of detectors and two looks at one picture count it."""

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

SAME_OBJECT = 0.5
"""Intersection over union from which boxes of one class in two looks at a picture are of one thing."""


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return intersection over union of boxes ``(m, 4)`` and ``(n, 4)``: ``(m, n)``; 0 where both are empty."""
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    both = (np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])).clip(0).prod(axis=2)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=2) for boxes in (a, b)]
    union = areas[0] + areas[1] - both
    return np.asarray(np.divide(both, union, out=np.zeros_like(both), where=union > 0), np.float64)


def joined(first: Detections, second: Detections) -> Detections:
    """
    Return what a picture and its magnified one hold: of boxes of one thing (`SAME_OBJECT`) the surest.

    What is taken from `second` is marked as magnified.
    """
    xyxy = np.concatenate([first.xyxy, second.xyxy])
    confidence = np.concatenate([first.confidence, second.confidence])
    class_id = np.concatenate([first.class_id, second.class_id])
    magnified = np.concatenate([first.magnified, np.ones(len(second), np.bool_)])
    order = np.argsort(-confidence, kind="stable")
    whole = Detections(xyxy[order], confidence[order], class_id[order], magnified[order])
    same = (overlaps(whole.xyxy, whole.xyxy) >= SAME_OBJECT) & (whole.class_id[:, None] == whole.class_id)
    kept = np.zeros(len(whole), np.bool_)
    for row in range(len(whole)):
        kept[row] = not (same[row] & kept).any()
    return whole.where(kept)
