"""Scores: matching, average precision against values computed by hand, intervals against tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.accuracy.score import (
    IOU_STEPS,
    Matches,
    average_precision,
    bootstrap,
    match,
    mean_precision,
    poisson,
    precision_recall,
)
from models.overlap import overlaps

HALF = np.array([0.5])


def found(*rows: tuple[float, bool], labels: tuple[int, ...], pictures: tuple[int, ...] | None = None) -> Matches:
    """Return matches at one IoU step: confidence and whether it hit, by falling confidence."""
    count = len(rows)
    return Matches(
        np.array([row[0] for row in rows], np.float64),
        np.array([[row[1]] for row in rows], np.bool_).reshape(count, 1),
        np.zeros((count, 1), np.bool_),
        np.array(pictures if pictures is not None else (0,) * count, np.int64),
        np.array(labels, np.int64),
    )


def boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Return boxes as an array ``(n, 4)``."""
    return np.array(rows, np.float32).reshape(-1, 4)


def test_a_label_is_claimed_once_and_by_the_surest() -> None:
    """Two detections of one label: the first in confidence is right, the second wrong."""
    iou = overlaps(boxes((0, 0, 10, 10)), boxes((0, 0, 10, 9), (0, 0, 10, 10)))

    hit, aside = match(iou, np.array([True]))

    assert hit[:, 0].tolist() == [True, False]
    assert not aside.any()
    assert hit[0].tolist() == [step <= 0.9 + 1e-9 for step in IOU_STEPS]
    assert hit[1, -1], "at IoU 0.95 the first does not reach the label, and the second takes it"


def test_a_detection_takes_the_label_it_overlaps_most() -> None:
    """Of two free labels the better one is claimed, and the other stays for the next detection."""
    labels = boxes((0, 0, 10, 10), (2, 0, 12, 10))
    iou = overlaps(labels, boxes((2, 0, 12, 10), (0, 0, 10, 10)))

    hit, _ = match(iou, np.array([True, True]), HALF)

    assert hit[:, 0].tolist() == [True, True]


def test_labels_set_aside_are_taken_last_and_count_neither_way() -> None:
    """A detection prefers a counted label; one that can only have a label set aside is set aside with it."""
    labels = boxes((0, 0, 10, 10), (0, 0, 10, 8))
    iou = overlaps(labels, boxes((0, 0, 10, 10), (0, 0, 10, 10)))

    hit, aside = match(iou, np.array([False, True]), HALF)

    assert hit[:, 0].tolist() == [True, False]
    assert aside[:, 0].tolist() == [False, True]


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        (found(labels=(0,)), math.nan),
        (found((0.9, False), labels=(0,)), math.nan),
        (found(labels=(3,)), 0.0),
        (found((0.9, True), labels=(1,)), 1.0),
        (found((0.9, False), (0.8, True), labels=(1,)), 0.5),
        (found((0.9, True), labels=(2,)), 51 / 101),
        (found((0.9, True), (0.8, False), (0.7, True), labels=(2,)), (51 + 50 * 2 / 3) / 101),
        (found((0.9, True), (0.8, False), (0.7, True), labels=(4,)), (26 + 25 * 2 / 3) / 101),
    ],
)
def test_average_precision_by_hand(matches: Matches, expected: float) -> None:
    """The mean of the monotone precision at recall 0, 0.01 ... 1: 51 of the 101 points lie at or below one half."""
    assert average_precision(matches) == pytest.approx(expected, nan_ok=True)


def test_the_mean_leaves_out_classes_without_labels() -> None:
    """A class that nobody labelled has no precision and does not pull the mean down."""
    assert mean_precision([found((0.9, True), labels=(1,)), found((0.5, False), labels=(0,))], [0]) == 1.0


def test_what_is_found_wrong_and_missed_above_a_threshold() -> None:
    """Detections below the threshold do not count, their labels are missed."""
    matches = found((0.9, True), (0.6, False), (0.4, True), labels=(3,))

    assert matches.above(0.5) == (1, 1, 2)
    assert matches.above(0.4) == (2, 1, 1)


ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=30)


@given(ROWS)
def test_average_precision_is_a_plain_sum(rows: list[tuple[bool, int]]) -> None:
    """The vectorised figure equals the definition spelled out, point by point."""
    labels = sum(hit for hit, _ in rows) + 2
    matches = found(*((1 - number / 100, hit) for number, (hit, _) in enumerate(rows)), labels=(labels,))
    points, hits = [], 0
    for number, (hit, _) in enumerate(rows, start=1):
        hits += hit
        points.append((hits / labels, hits / number))
    reached = [
        max((precision for recall, precision in points if recall >= wanted / 100 - 1e-12), default=0.0)
        for wanted in range(101)
    ]

    assert average_precision(matches) == pytest.approx(sum(reached) / 101)


@given(ROWS)
def test_drawing_every_picture_twice_changes_nothing(rows: list[tuple[bool, int]]) -> None:
    """Average precision is a property of the distribution of pictures: weights of 1 and of 2 are no weights."""
    labels = [1 + sum(hit for hit, picture in rows if picture == number) for number in range(4)]
    matches = found(
        *((1 - number / 100, hit) for number, (hit, _) in enumerate(rows)),
        labels=tuple(labels),
        pictures=tuple(picture for _, picture in rows),
    )

    for weight in (1.0, 2.0):
        assert average_precision(matches, weights=np.full(4, weight)) == pytest.approx(average_precision(matches))


@given(ROWS.filter(bool))
def test_a_wrong_box_below_all_others_costs_nothing(rows: list[tuple[bool, int]]) -> None:
    """Precision is made monotone: what comes after the last right box cannot lower it."""
    scored = [(1 - number / 100, hit) for number, (hit, _) in enumerate(rows)]
    labels = (sum(hit for hit, _ in rows) + 1,)

    assert average_precision(found(*scored, (0.01, False), labels=labels)) == pytest.approx(
        average_precision(found(*scored, labels=labels))
    )


CORNERS = st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(1, 50), st.floats(1, 50))


@given(st.lists(CORNERS, min_size=1, max_size=5), st.lists(CORNERS, min_size=1, max_size=5), st.floats(0.5, 8))
def test_overlap_is_symmetric_bounded_and_free_of_scale(
    some: list[tuple[float, ...]], others: list[tuple[float, ...]], scale: float
) -> None:
    """Shares of a picture and pixels give the same overlap."""
    first = boxes(*((x, y, x + w, y + h) for x, y, w, h in some))
    second = boxes(*((x, y, x + w, y + h) for x, y, w, h in others))
    iou = overlaps(first, second)

    assert ((iou >= 0) & (iou <= 1 + 1e-9)).all()
    np.testing.assert_allclose(iou, overlaps(second, first).T)
    np.testing.assert_allclose(iou, overlaps(first * np.float32(scale), second * np.float32(scale)), atol=1e-4)


@given(st.lists(CORNERS, min_size=1, max_size=6), st.lists(CORNERS, min_size=1, max_size=6))
def test_matching_claims_no_label_twice(some: list[tuple[float, ...]], others: list[tuple[float, ...]]) -> None:
    """At every IoU step there are at most as many hits as labels, and a higher step has no more."""
    labels = boxes(*((x, y, x + w, y + h) for x, y, w, h in some))
    seen = boxes(*((x, y, x + w, y + h) for x, y, w, h in others))
    hit, aside = match(overlaps(labels, seen), np.ones(len(labels), np.bool_))

    assert (hit.sum(axis=0) <= len(labels)).all()
    assert not aside.any()


def test_precision_and_recall_along_the_way() -> None:
    """After each detection: the labels found so far, and the share of right ones."""
    recall, precision, confidence = precision_recall(found((0.9, True), (0.8, False), labels=(2,)))

    assert (recall.tolist(), precision.tolist(), confidence.tolist()) == ([0.5, 0.5], [1.0, 0.5], [0.9, 0.8])


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.68888), (1, 0.02532, 5.57164), (2, 0.24221, 7.22469), (10, 4.79539, 18.39036)]
)
def test_exact_poisson_intervals(count: int, low: float, high: float) -> None:
    """Garwood's table at 95 %: none seen is compatible with 3.7 expected."""
    assert poisson(count) == pytest.approx((low, high), abs=1e-4)


def test_resampling_is_the_same_every_time_and_widens_with_fewer_pictures() -> None:
    """A seed fixes the interval; a tenth of the pictures gives one about three times as wide."""

    def share(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        return float((values * weights).sum() / weights.sum())

    many, few = np.tile([0.0, 1.0], 200), np.tile([0.0, 1.0], 20)
    wide = bootstrap(lambda weights: share(few, weights), len(few), resamples=300, seed=1)
    narrow = bootstrap(lambda weights: share(many, weights), len(many), resamples=300, seed=1)

    assert narrow == bootstrap(lambda weights: share(many, weights), len(many), resamples=300, seed=1)
    assert 0.44 < narrow[0] < 0.5 < narrow[1] < 0.56
    assert 2.2 < (wide[1] - wide[0]) / (narrow[1] - narrow[0]) < 4.5


def test_a_figure_that_is_never_defined_has_no_interval() -> None:
    """Without any label in any resample the interval says nothing."""
    assert bootstrap(lambda _: math.nan, 3, resamples=5, seed=1) == (0.0, 1.0)
