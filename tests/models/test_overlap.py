"""Overlap of boxes."""

import numpy as np
import pytest

from models.overlap import overlaps


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (2, 2, 7, 7), 0.25),
    ],
)
def test_overlap_is_intersection_over_union(
    first: tuple[float, ...], second: tuple[float, ...], expected: float
) -> None:
    """Boxes that only touch, and empty boxes, do not overlap."""
    assert overlaps(np.array([first], np.float32), np.array([second], np.float32))[0, 0] == pytest.approx(expected)
