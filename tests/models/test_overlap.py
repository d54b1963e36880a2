"""Overlap of boxes."""

import numpy as np
import pytest

from models.detections import Detections
from models.overlap import joined, overlaps


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


def found(*rows: tuple[float, int, tuple[float, float, float, float]]) -> Detections:
    """Return boxes by confidence, class and corners."""
    return Detections(
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[0] for row in rows], np.float32),
        np.array([row[1] for row in rows], np.int32),
    )


def test_two_looks_at_nothing_hold_nothing() -> None:
    """No boxes in either."""
    assert len(joined(Detections.empty(), Detections.empty())) == 0


def test_of_two_boxes_of_one_thing_the_surest_stays() -> None:
    """Boxes of one class that overlap by half are one thing; another class and another place are others."""
    plain = found((0.6, 0, (0, 0, 10, 10)), (0.2, 0, (50, 0, 60, 10)))
    again = found((0.7, 0, (0, 0, 10, 9)), (0.3, 1, (0, 0, 10, 10)), (0.1, 0, (51, 0, 61, 10)))
    both = joined(plain, again)

    assert both.confidence.tolist() == pytest.approx([0.7, 0.3, 0.2])
    assert both.class_id.tolist() == [0, 1, 0]
    assert both.magnified.tolist() == [True, True, False]
    assert both.xyxy.tolist() == [[0, 0, 10, 9], [0, 0, 10, 10], [50, 0, 60, 10]]
