"""Letterbox, decoding and NMS."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.detections import Detections
from models.tensors import (
    MAX_DETECTIONS,
    PAD_GREY,
    Letterbox,
    decode_end_to_end,
    decode_v8_head,
    non_max_suppression,
)

SIZES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))


def found(*rows: tuple[float, float, float, float, float, int]) -> Detections:
    """Return detections from rows of left, top, right, bottom, confidence and class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int32))


@pytest.mark.parametrize(
    ("source", "size", "content", "offset"),
    [
        ((1920, 1080), (640, 384), (640, 360), (0, 12)),
        ((1080, 1920), (384, 640), (360, 640), (12, 0)),
        ((640, 480), (640, 480), (640, 480), (0, 0)),
        ((178, 100), (640, 384), (640, 360), (0, 12)),
        ((640, 352), (640, 352), (640, 352), (0, 0)),
        ((960, 720), (640, 480), (640, 480), (0, 0)),
        ((4000, 1), (640, 32), (640, 1), (0, 15)),
    ],
)
def test_fit(source: tuple[int, int], size: tuple[int, int], content: tuple[int, int], offset: tuple[int, int]) -> None:
    """The input follows the aspect ratio: 640 along, the short side rounded up to 32, the content centred."""
    assert Letterbox(source, size, content, offset) == Letterbox.fit(source, 640, 32)


@given(SIZES, st.sampled_from([320, 640, 1280]))
def test_fit_holds_the_content(source: tuple[int, int], long_side: int) -> None:
    """The content lies inside an input whose sides are multiples of the stride, with less than a stride around it."""
    box = Letterbox.fit(source, long_side, 32)
    assert long_side == max(box.content_wh)
    for side, inner, offset in zip(box.input_wh, box.content_wh, box.offset_xy, strict=True):
        assert side % 32 == 0
        assert 0 <= offset <= side - inner < 32
        assert abs((side - inner) - 2 * offset) <= 1


@given(SIZES, st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_inverse(source: tuple[int, int], shares: list[float]) -> None:
    """A box inside the image comes back from the input to within half a pixel, whatever the aspect ratio."""
    box = Letterbox.fit(source, 640, 32)
    xyxy = np.array([[share * side for share, side in zip(shares, source * 2, strict=True)]], np.float32)
    assert np.abs(box.to_source(box.to_input(xyxy)) - xyxy).max() < 0.5


@given(SIZES)
def test_corners(source: tuple[int, int]) -> None:
    """The image's corners are the content's corners, exactly: both axes have their own scale."""
    box = Letterbox.fit(source, 640, 32)
    (left, top), (width, height) = box.offset_xy, box.content_wh
    corners = np.array([[0, 0, *source]], np.float32)
    assert box.to_input(corners)[0].tolist() == pytest.approx([left, top, left + width, top + height], abs=1e-3)


def test_outside_is_clipped() -> None:
    """A box that reaches into the grey border ends at the image's edge."""
    box = Letterbox.fit((1920, 1080), 640, 32)
    assert box.to_source(np.array([[-5, 0, 700, 384]], np.float32)).tolist() == [[0, 0, 1920, 1080]]


def test_no_pixels() -> None:
    """An image without pixels has no letterbox."""
    with pytest.raises(ValueError, match="at least one pixel"):
        Letterbox.fit((0, 10), 640, 32)


def test_write() -> None:
    """An image of the content's size is copied to its place, and grey is around it whatever was there before."""
    image = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    canvas = np.full((384, 640, 3), 7, np.uint8)
    Letterbox.fit((640, 360), 640, 32).write(image, canvas)
    assert np.array_equal(canvas[12:372], image)
    assert set(canvas[:12].ravel().tolist()) == set(canvas[372:].ravel().tolist()) == {PAD_GREY}


def test_write_where_the_box_says() -> None:
    """A bright rectangle lands where `to_input` puts its box, in a portrait that is scaled down."""
    image = np.zeros((1920, 1080, 3), np.uint8)
    image[300:900, 150:600] = 255
    box = Letterbox.fit((1080, 1920), 640, 32)
    canvas = np.empty((640, 384, 3), np.uint8)
    box.write(image, canvas)
    rows, columns = np.nonzero(canvas[..., 0] > 128)
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert edges == pytest.approx(box.to_input(np.array([[150, 300, 600, 900]], np.float32))[0].tolist(), abs=0.5)
    assert set(canvas[:, :12].ravel().tolist()) == set(canvas[:, 372:].ravel().tolist()) == {PAD_GREY}


def test_decode_nothing() -> None:
    """Where no score reaches the threshold there are no candidates."""
    for output in (np.zeros((6, 0), np.float32), np.full((6, 50), 0.2, np.float32)):
        assert len(decode_v8_head(output, 0.25)) == 0
    for output in (np.zeros((0, 6), np.float32), np.full((50, 6), 0.2, np.float32)):
        assert len(decode_end_to_end(output, 0.25)) == 0


def test_decode_v8() -> None:
    """Candidates have corners from centre and size and their best class, the surest first; the threshold belongs."""
    output = np.array(
        [[100, 50, 30], [200, 60, 30], [40, 20, 10], [60, 10, 10], [0.25, 0.1, 0.2], [0.1, 0.9, 0.2]], np.float32
    )
    expected = found((40, 55, 60, 65, 0.9, 1), (80, 170, 120, 230, 0.25, 0))
    assert_same(expected, decode_v8_head(output, 0.25))


def test_decode_end_to_end() -> None:
    """Rows come back by falling confidence, without those below the threshold."""
    output = np.array([[0, 0, 5, 5, 0.3, 1], [1, 1, 9, 9, 0.1, 0], [2, 2, 8, 8, 0.8, 0]], np.float32)
    assert_same(found((2, 2, 8, 8, 0.8, 0), (0, 0, 5, 5, 0.3, 1)), decode_end_to_end(output, 0.25))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (found(), found()),
        (found((0, 0, 10, 10, 0.9, 0)), found((0, 0, 10, 10, 0.9, 0))),
        # IoU 0.8 in one class: the weaker goes.
        (found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 8, 0.5, 0)), found((0, 0, 10, 10, 0.9, 0))),
        # The same in two classes: both stay.
        (
            found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 8, 0.5, 1)),
            found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 8, 0.5, 1)),
        ),
        # IoU exactly at the limit stays.
        (
            found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 7, 0.5, 0)),
            found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 7, 0.5, 0)),
        ),
        # A box that only a removed one overlapped stays.
        (
            found((0, 0, 10, 10, 0.9, 0), (0, 2, 10, 12, 0.8, 0), (0, 3.9, 10, 13.9, 0.7, 0)),
            found((0, 0, 10, 10, 0.9, 0), (0, 2, 10, 12, 0.8, 0), (0, 3.9, 10, 13.9, 0.7, 0)),
        ),
        (
            found((0, 0, 10, 10, 0.9, 0), (0, 1, 10, 11, 0.8, 0), (0, 2, 10, 12, 0.7, 0)),
            found((0, 0, 10, 10, 0.9, 0), (0, 2, 10, 12, 0.7, 0)),
        ),
    ],
)
def test_non_max_suppression(before: Detections, after: Detections) -> None:
    """Each box removes the weaker ones of its class that it overlaps by more than the limit, and no others."""
    assert_same(after, non_max_suppression(before, 0.7))


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100, width=32), st.floats(0, 100, width=32), st.floats(0, 60, width=32), st.integers(0, 2)
        ),
        max_size=40,
    )
)
def test_non_max_suppression_is_greedy(boxes: list[tuple[float, float, float, int]]) -> None:
    """Survivors do not overlap, and everything removed overlaps a surer survivor of its class."""
    count = len(boxes)
    before = found(
        *((x, y, x + side, y + side, 1 - row / (count + 1), kind) for row, (x, y, side, kind) in enumerate(boxes))
    )
    after = non_max_suppression(before, 0.5)
    kept = set(after.confidence.tolist())
    assert sorted(kept, reverse=True) == after.confidence.tolist()
    for row in range(count):
        surer = after.where((after.confidence > before.confidence[row]) & (after.class_id == before.class_id[row]))
        overlapped = any(iou(before.xyxy[row], other) > 0.5 for other in surer.xyxy)
        assert (before.confidence[row].item() in kept) is not overlapped


def test_large_crowd() -> None:
    """Suppression reaches across any number of boxes: copies that come hundreds of rows later are removed."""
    places = [(30.0 * (i % 40), 30.0 * (i // 40)) for i in range(200)]
    rows = [
        (x, y, x + 20, y + 20 - copy, 1 - (copy * 200 + i) / 1000, 0)
        for copy in range(4)
        for i, (x, y) in enumerate(places)
    ]
    assert_same(found(*rows[:200]), non_max_suppression(found(*rows), 0.7))


def test_crowd() -> None:
    """No more than `MAX_DETECTIONS` objects come out, the surest ones."""
    rows = [(20.0 * i, 0.0, 20.0 * i + 9, 9.0, 1 - i / 1000, 0) for i in range(MAX_DETECTIONS + 50)]
    after = non_max_suppression(found(*rows), 0.7)
    assert_same(found(*rows[:MAX_DETECTIONS]), after)
    table = np.array(rows, np.float32)
    assert_same(after, decode_end_to_end(table, 0.1))


def assert_same(expected: Detections, actual: Detections) -> None:
    """Assert equality of all columns to float32 accuracy."""
    assert expected.xyxy.tolist() == actual.xyxy.tolist()
    assert expected.confidence.tolist() == actual.confidence.tolist()
    assert expected.class_id.tolist() == actual.class_id.tolist()
    assert (np.float32, np.float32, np.int32) == (actual.xyxy.dtype, actual.confidence.dtype, actual.class_id.dtype)


def iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the overlap of two boxes over their union; 0 where both are empty."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    sides = (np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).clip(0)
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - sides.prod()
    return float(sides.prod() / union) if union else 0.0
