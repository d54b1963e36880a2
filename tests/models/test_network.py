"""The network detector, over a network that answers what the test says."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import InferenceError, ModelCard, Runtime
from models.network import MAX_BATCH, Head, NetworkDetector

CARD = ModelCard("fake", "1", ("smoke", "fire"), (640, 384), 0.25, "", "none")
Answer = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class FakeNetwork:
    """Answers with a function of the batch and remembers the shapes it was given."""

    runtime = Runtime("fake", "1", "CPU", "f32")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answer."""
        self.shapes.append(batch.shape)
        return self._answer(batch)


def brightness_as_confidence(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Answer, for each image, one smoke box over the middle half of the input, as sure as its centre is bright."""
    count, _, height, width = batch.shape
    bright = batch[:, 0, height // 2, width // 2]
    rows = [[[width / 2], [height / 2], [width / 2], [height / 2], [bright[index]], [0.0]] for index in range(count)]
    return np.array(rows, np.float32)


def grey(width: int, height: int, level: int) -> NDArray[np.uint8]:
    """Return an even picture."""
    return np.full((height, width, 3), level, np.uint8)


def test_nothing() -> None:
    """No images: the network is not run."""
    network = FakeNetwork(brightness_as_confidence)
    assert NetworkDetector(CARD, Head.V8, 0.45, network).detect([]) == []
    assert network.shapes == []


def test_groups_by_size() -> None:
    """Images of one input size run together, at most `MAX_BATCH` at once; results keep the order of the images."""
    network = FakeNetwork(brightness_as_confidence)
    sizes = [(1280, 720), (480, 640)]
    images = [grey(*sizes[index % 2], 100 + index) for index in range(2 * MAX_BATCH + 2)]
    found = NetworkDetector(CARD, Head.V8, 0.45, network).detect(images)
    assert network.shapes == [
        (MAX_BATCH, 3, 384, 640),
        (1, 3, 384, 640),
        (MAX_BATCH, 3, 640, 480),
        (1, 3, 640, 480),
    ]
    expected = [(100 + index) / 255 for index in range(len(images))]
    assert [each.confidence[0] for each in found] == pytest.approx(expected)


def test_source_pixels() -> None:
    """Boxes come back in the pixels of each image, not of the input."""
    detector = NetworkDetector(CARD, Head.V8, 0.45, FakeNetwork(brightness_as_confidence))
    [found] = detector.detect([grey(1280, 640, 200)])
    assert found.xyxy.tolist() == [[320, 160, 960, 480]]


def test_threshold() -> None:
    """What the network is less sure of than the card's threshold is not returned."""
    detector = NetworkDetector(CARD, Head.V8, 0.45, FakeNetwork(brightness_as_confidence))
    assert [len(each) for each in detector.detect([grey(64, 64, 63), grey(64, 64, 64)])] == [0, 1]


def test_box_in_the_border() -> None:
    """A box that lies wholly in the grey around the picture is no object."""

    def answer(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        assert batch.shape == (1, 3, 384, 640)
        return np.array([[[100], [5], [50], [10], [0.9], [0]]], np.float32)

    [found] = NetworkDetector(CARD, Head.V8, 0.45, FakeNetwork(answer)).detect([grey(640, 360, 0)])
    assert len(found) == 0


def test_end_to_end_head() -> None:
    """An end-to-end head's rows are taken as they are: overlapping boxes of one class stay."""

    def answer(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = [[10, 10, 50, 50, 0.5, 1], [10, 10, 50, 48, 0.9, 1], [0, 0, 9, 9, 0.1, 0]]
        return np.array([rows] * len(batch), np.float32)

    [found] = NetworkDetector(CARD, Head.END_TO_END, 0.45, FakeNetwork(answer)).detect([grey(640, 640, 0)])
    assert found.xyxy.tolist() == [[10, 10, 50, 48], [10, 10, 50, 50]]
    assert found.class_id.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("head", "shape"), [(Head.V8, (1, 7, 50)), (Head.V8, (2, 6, 50)), (Head.END_TO_END, (1, 6, 50))]
)
def test_wrong_output(head: Head, shape: tuple[int, ...]) -> None:
    """An output of another shape than the head gives is an error that names the model and both shapes."""
    detector = NetworkDetector(CARD, head, 0.45, FakeNetwork(lambda _: np.zeros(shape, np.float32)))
    with pytest.raises(InferenceError, match=rf"model fake has a {head} head.*\(1, 3, 384, 640\) is \({shape[0]}, "):
        detector.detect([grey(640, 360, 0)])
