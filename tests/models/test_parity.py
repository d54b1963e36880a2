"""The comparison of two detectors on the same pictures."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import ModelCard, Runtime
from models.parity import Spread, compare

Row = tuple[float, float, float, float, float, int]
PICTURES = [np.zeros((720, 1280, 3), np.uint8)] * 2


class Told:
    """Finds what it was told, in every picture."""

    def __init__(self, precision: str, *rows: Row) -> None:
        table = np.array(rows, np.float32).reshape(-1, 6)
        table = table[np.argsort(-table[:, 4], kind="stable")]
        self._found = Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int32))
        self.card = ModelCard("told", "1", ("smoke", "fire"), (640, 384), 0.1, "", "none")
        self.runtime = Runtime("fake", "1", "CPU", precision)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return it."""
        return [self._found for _ in images]


BOX: Row = (100, 100, 300, 300, 0.8, 0)
FIRE: Row = (500, 500, 700, 700, 0.6, 1)


def test_the_same() -> None:
    """A detector is no distance from one that finds the same."""
    found = compare(Told("f32", BOX, FIRE), Told("bf16", BOX, FIRE), PICTURES, 0.25)
    assert (found.images, found.reference_boxes, found.other_boxes, found.matched) == (2, 4, 4, 4)
    assert (found.lost, found.gained) == (0, 0)
    assert found.edge_px == found.confidence == Spread(0, 0, 0)
    assert (found.reference, found.other) == ("fake f32", "fake bf16")


def test_distance() -> None:
    """Edges are compared in the network's pixels, half of this picture's, and confidences as they are."""
    moved: Row = (100, 100, 300, 310, 0.75, 0)
    found = compare(Told("f32", BOX, FIRE), Told("bf16", moved, FIRE), PICTURES, 0.25)
    assert found.edge_px == Spread(2.5, 5.0, 5.0)
    assert found.confidence.worst == pytest.approx(0.05, abs=1e-4)
    assert "worst 5.00" in found.text()


@pytest.mark.parametrize(
    ("other", "lost", "gained"),
    [
        ([FIRE], 0.8, 0),  # gone
        ([FIRE, (100, 100, 300, 300, 0.8, 1)], 0.8, 0.8),  # another class
        ([FIRE, (250, 250, 450, 450, 0.7, 0)], 0.8, 0.7),  # elsewhere
        ([FIRE, BOX, (102, 100, 300, 300, 0.5, 0)], 0, 0.5),  # twice: one partner each
    ],
)
def test_lone_boxes(other: list[Row], lost: float, gained: float) -> None:
    """A box without a partner of its class at the same place is lost or gained, by its confidence."""
    found = compare(Told("f32", BOX, FIRE), Told("int8", *other), PICTURES, 0.25)
    assert (found.lost, found.gained) == (pytest.approx(lost), pytest.approx(gained))


def test_edge_of_the_threshold() -> None:
    """A box that only one of the two is sure enough of is a pair with its weaker partner, not a loss."""
    found = compare(Told("f32", (0, 0, 50, 50, 0.26, 0)), Told("int8", (0, 0, 50, 50, 0.24, 0)), PICTURES, 0.25)
    assert (found.reference_boxes, found.other_boxes, found.matched, found.lost) == (2, 0, 2, 0)
    below = compare(Told("f32", (0, 0, 50, 50, 0.2, 0)), Told("int8"), PICTURES, 0.25)
    assert (below.matched, below.lost) == (0, 0)


def test_nothing() -> None:
    """Nothing found and nothing looked at are no differences."""
    for pictures in ([], PICTURES):
        found = compare(Told("f32"), Told("int8"), pictures, 0.25)
        assert (found.images, found.matched, found.lost, found.gained) == (len(pictures), 0, 0, 0)
