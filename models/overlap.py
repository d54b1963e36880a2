"""Overlap of boxes, as benchmarks and comparisons of detectors count it."""

import numpy as np
from numpy.typing import NDArray


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return intersection over union of boxes ``(m, 4)`` and ``(n, 4)``: ``(m, n)``; 0 where both are empty."""
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    both = (np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])).clip(0).prod(axis=2)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=2) for boxes in (a, b)]
    union = areas[0] + areas[1] - both
    return np.asarray(np.divide(both, union, out=np.zeros_like(both), where=union > 0), np.float64)
