"""A second picture of a frame: only boxes that hold something new are taken from it."""

import numpy as np

from models.detections import Detections
from models.second import SecondPicture


def picture() -> SecondPicture:
    """Return a second picture of 640 by 360 with news in the left half of its upper half."""
    news = np.zeros((180, 320), np.bool_)
    news[:90, :160] = True
    return SecondPicture(np.zeros((360, 640, 3), np.uint8), news)


def found(*xyxy: tuple[float, float, float, float]) -> Detections:
    """Return boxes in pixels of the picture, each less sure than the one before."""
    confidence = np.linspace(0.9, 0.5, len(xyxy)).astype(np.float32)
    return Detections(np.array(xyxy, np.float32), confidence, np.zeros(len(xyxy), np.int32))


def test_a_box_of_which_a_tenth_is_new_tells_something() -> None:
    """Half of the first is new, an eighth of the second, a twentieth of the third and nothing of the fourth."""
    boxes = found((280, 40, 360, 120), (310, 40, 390, 120), (316, 40, 396, 120), (400, 200, 500, 300))

    assert picture().telling(boxes).xyxy[:, 0].tolist() == [280, 310]


def test_boxes_at_the_edges_count_by_what_lies_in_the_picture() -> None:
    """Detectors give boxes that reach beyond the picture, and boxes without an area."""
    boxes = found((-20, -20, 30, 30), (700, 400, 720, 420), (10, 10, 10, 10))

    assert picture().telling(boxes).xyxy[:, 0].tolist() == [-20, 10]


def test_no_boxes_tell_nothing() -> None:
    """An empty result stays one."""
    assert len(picture().telling(Detections.empty())) == 0
