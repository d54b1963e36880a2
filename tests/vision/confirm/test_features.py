"""Features: strength, flame colour and drift of one track's newest pictures."""

import math

import numpy as np
import pytest

from models.detections import Xyxy
from streams.frame import BgrImage
from tests.vision.moments import flaming, moment, still_image
from vision.confirm.features import FEATURES, LEAST_STRENGTH, LOOKS, MOST_DRIFT, WINDOW_S, TrackFeatures, flame_in_core

BOX: Xyxy = (100.0, 60.0, 160.0, 120.0)
IMAGE = still_image()


def named(features: TrackFeatures) -> dict[str, float]:
    """Return the features by name, all finite."""
    values = features.values()
    assert values.dtype == np.float64
    assert values.shape == (len(FEATURES),)
    assert np.isfinite(values).all()
    return dict(zip(FEATURES, values.tolist(), strict=True))


def seen(confidences: list[float]) -> TrackFeatures:
    """Return the features of a standing box in pictures at 2 a second; where its confidence is 0 it was missed."""
    features = TrackFeatures()
    for number, confidence in enumerate(confidences):
        if confidence:
            features.observe(IMAGE, moment(number / 2), BOX, confidence)
        else:
            features.miss()
    return features


def strength(mean: float) -> object:
    """Return the strength of a mean confidence."""
    return pytest.approx(math.log(mean + LEAST_STRENGTH))


def pierced(core: tuple[int, int, int], around: tuple[int, int, int] = (8, 8, 8)) -> BgrImage:
    """Return the still picture whose box is of one colour, BGR, with a core of another in a quarter of it."""
    image = still_image()
    image[60:120, 100:160] = around
    image[75:105, 115:145] = core
    return image


def drift(px_a_s: float, *, every_s: float = 0.5, size: float = 60.0, pictures: int = 12, off_px: float = 0.0) -> float:
    """Return the drift of a box that moves to the right; its last one but three is `off_px` off."""
    features = TrackFeatures()
    for number in range(pictures):
        left = 20 + px_a_s * number * every_s + (off_px if number == pictures - 3 else 0)
        features.observe(IMAGE, moment(number * every_s), (left, 60.0, left + size, 60.0 + size), 0.5)
    return named(features)["drift"]


def test_before_any_picture_all_is_finite_and_as_weak_as_can_be() -> None:
    """Nothing was seen: no strength, no flame, no drift."""
    assert named(TrackFeatures()) == {"strength": strength(0), "flame": 0.0, "drift": 0.0}
    assert named(seen([0.0])) == {"strength": strength(0), "flame": 0.0, "drift": 0.0}


def test_one_look_is_finite_and_counts_for_one_of_many() -> None:
    """One sure box is a twelfth of what as sure boxes in all pictures would be."""
    assert named(seen([0.9])) == {"strength": strength(0.9 / LOOKS), "flame": 0.0, "drift": 0.0}


@pytest.mark.parametrize(
    "xyxy",
    [(0.0, 0.0, 0.0, 0.0), (319.5, 179.5, 320.0, 180.0), (-20.0, -9.0, 340.0, 200.0), (400.0, 300.0, 500.0, 400.0)],
)
def test_a_box_without_a_size_or_off_the_picture_is_finite(xyxy: Xyxy) -> None:
    """A detector's boxes may touch the edge, or lie a little over it."""
    features = TrackFeatures()
    for number in range(4):
        features.observe(IMAGE, moment(number / 2), xyxy, 0.5)
        assert named(features)["drift"] == 0


def test_pictures_that_miss_the_box_count_as_nothing() -> None:
    """Seen in every other picture it is half as strong."""
    assert named(seen([0.6] * LOOKS))["strength"] == strength(0.6)
    assert named(seen([0.6, 0.0] * (LOOKS // 2)))["strength"] == strength(0.3)


def test_strength_is_of_the_newest_pictures_alone() -> None:
    """After so many the older ones are forgotten, and it is never more than that of the surest boxes."""
    assert named(seen([0.9] * LOOKS + [0.2] * LOOKS))["strength"] == strength(0.2)
    assert named(seen([0.9] * LOOKS + [0.0] * LOOKS))["strength"] == strength(0)
    assert named(seen([1.0] * (9 * LOOKS)))["strength"] == strength(1)


def test_a_lamp_is_no_flame_and_a_flame_before_black_is() -> None:
    """Only the brightest fifth of the box is asked."""
    assert flame_in_core(pierced((250, 250, 250)), BOX) == 0
    assert flame_in_core(pierced((250, 250, 250), around=(20, 60, 140)), BOX) == 0
    assert flame_in_core(pierced((60, 160, 240)), BOX) == 1
    assert flame_in_core(pierced((8, 8, 8)), BOX) == 0


def test_a_flame_in_a_box_of_many_pixels_is_seen_as_well() -> None:
    """It is looked at more coarsely, and is no less of a flame."""
    image = pierced((60, 160, 240)).repeat(6, axis=0).repeat(6, axis=1)
    left, top, right, bottom = (6 * edge for edge in BOX)

    assert flame_in_core(image, (left, top, right, bottom)) > 0.9


def test_flame_is_the_mean_of_the_sightings() -> None:
    """Missed pictures show no colour, and what stands there beforehand has none."""
    features = seen([0.5] * 2)
    left, top, right, bottom = (int(edge) for edge in BOX)
    for number in (2, 3):
        features.observe(flaming(number / 2, (left, top, right, bottom)), moment(number / 2), BOX, 0.5)
    features.miss()

    assert 0.2 < named(features)["flame"] <= 0.5


def test_a_box_that_moves_on_drifts_and_a_standing_one_does_not() -> None:
    """In its own sizes per window: 5 px/s are a size of 60 px in 12 s."""
    assert drift(0.0) == 0
    assert drift(5.0) == pytest.approx(5.0 * WINDOW_S / 60)
    assert drift(5.0, size=120.0) == pytest.approx(5.0 * WINDOW_S / 120)
    assert drift(-5.0, every_s=2.0) == pytest.approx(5.0 * WINDOW_S / 60)
    assert drift(900.0) == MOST_DRIFT


def test_two_boxes_do_not_drift() -> None:
    """One that is off would be a move."""
    assert drift(5.0, pictures=2) == 0
    assert drift(5.0, pictures=3) > 0


def test_one_box_that_is_off_is_hardly_a_move() -> None:
    """A smoke's box that takes in a part more, once, stays at its source."""
    assert drift(0.0, off_px=30.0) < 0.5 < drift(5.0)


def test_what_moved_before_the_window_is_forgotten() -> None:
    """A box that has come to stand drifts no more."""
    features = TrackFeatures()
    for number in range(60):
        left = 20.0 + min(number, 20) * 5
        features.observe(IMAGE, moment(number / 2), (left, 60.0, left + 60, 120.0), 0.5)

    assert named(features)["drift"] == pytest.approx(0, abs=1e-9)
