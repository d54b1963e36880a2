"""The network detector, over a network that answers what the test says."""

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import InferenceError, ModelCard, Runtime
from models.network import MAX_BATCH, Head, NetworkDetector

CARD = ModelCard("fake", "1", ("smoke", "fire"), (640, 384), 0.25, "", "none")
Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class FakeSlot:
    """Answers with a function of its images; says when it was started."""

    def __init__(self, network: "FakeNetwork", images: NDArray[np.uint8]) -> None:
        self._network = network
        self.images = images

    def start(self) -> None:
        """Note the shape."""
        self._network.shapes.append(self.images.shape)

    def wait(self) -> NDArray[np.float32]:
        """Return the answer."""
        return self._network.answer(self.images)


class FakeNetwork:
    """Lends slots in runs of at most `run` images and remembers the shapes they were started with."""

    runtime = Runtime("fake", "1", "CPU", "f32")

    def __init__(self, answer: Answer, run: int = 8, *, pads: bool = False) -> None:
        self.answer = answer
        self._run = run
        self._pads = pads
        self.shapes: list[tuple[int, ...]] = []

    def split(self, count: int) -> list[int]:
        """Return full runs and what is left, or one more full run."""
        whole, rest = divmod(count, self._run)
        return [self._run] * whole + [self._run if self._pads else rest] * bool(rest)

    def slot(self, batch: int, input_wh: tuple[int, int]) -> nullcontext[FakeSlot]:
        """Lend a slot."""
        return nullcontext(FakeSlot(self, np.zeros((batch, input_wh[1], input_wh[0], 3), np.uint8)))


def brightness_as_confidence(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Answer, for each image, one smoke box over the middle half of the input, as sure as its centre is bright."""
    _, height, width, _ = images.shape
    bright = images[:, height // 2, width // 2, 0] / 255
    rows = [[[width / 2], [height / 2], [width / 2], [height / 2], [each], [0.0]] for each in bright]
    return np.array(rows, np.float32)


def grey(width: int, height: int, level: int) -> NDArray[np.uint8]:
    """Return an even picture."""
    return np.full((height, width, 3), level, np.uint8)


def test_nothing() -> None:
    """No images: the network is not run."""
    network = FakeNetwork(brightness_as_confidence)
    assert NetworkDetector(CARD, Head.V8, 0.45, network).detect([]) == []
    assert network.shapes == []


@pytest.mark.parametrize("pads", [False, True])
def test_groups_by_size(pads: bool) -> None:
    """Images of one input size run together, as the network splits them; results keep the order of the images."""
    network = FakeNetwork(brightness_as_confidence, pads=pads)
    sizes = [(1280, 720), (480, 640)]
    images = [grey(*sizes[index % 2], 100 + index) for index in range(18)]
    found = NetworkDetector(CARD, Head.V8, 0.45, network).detect(images)
    rest = 8 if pads else 1
    assert network.shapes == [(8, 384, 640, 3), (rest, 384, 640, 3), (8, 640, 480, 3), (rest, 640, 480, 3)]
    expected = [(100 + index) / 255 for index in range(len(images))]
    assert [each.confidence[0] for each in found] == pytest.approx(expected)


def test_bounded_flight() -> None:
    """However many images one call has, no more than `MAX_BATCH` are in memory at once."""
    network = FakeNetwork(brightness_as_confidence, run=1000)
    found = NetworkDetector(CARD, Head.V8, 0.45, network).detect([grey(64, 64, 200)] * (MAX_BATCH + 3))
    assert [shape[0] for shape in network.shapes] == [MAX_BATCH, 3]
    assert [len(each) for each in found] == [1] * (MAX_BATCH + 3)


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

    def answer(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert batch.shape == (1, 384, 640, 3)
        return np.array([[[100], [5], [50], [10], [0.9], [0]]], np.float32)

    [found] = NetworkDetector(CARD, Head.V8, 0.45, FakeNetwork(answer)).detect([grey(640, 360, 0)])
    assert len(found) == 0


def test_end_to_end_head() -> None:
    """An end-to-end head's rows are taken as they are: overlapping boxes of one class stay."""

    def answer(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
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
    with pytest.raises(InferenceError, match=rf"model fake has a {head} head.*\(1, 384, 640, 3\) is \({shape[0]}, "):
        detector.detect([grey(640, 360, 0)])
