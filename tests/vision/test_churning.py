"""Churning: what boils, told from what stays, fades as a whole, or drives with the sky."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from tests.vision.moments import moment
from vision.churning import LEAST_PICTURES, Churning
from vision.motion import Motion

SIZE_WH = (160, 120)
PART = (slice(20, 80), slice(30, 130))
CELLS_WH = (25, 15)
PX_A_S = (5.0, -2.0)
DRIVING = Motion(np.array([[PX_A_S[0] / 2, PX_A_S[1] / 2], *3 * [[0.0, 0.0]]]), (80, 60))
"""In cells of half a picture across and down."""


def _sky(time_s: float, *, light: float = 0.0, boils: bool = False) -> BgrImage:
    """Return ragged clouds that drive to the right and up, and in one corner, if it boils, what is new each time."""
    rows, columns = np.mgrid[0 : SIZE_WH[1], 0 : SIZE_WH[0]].astype(np.float64)
    x, y = columns - PX_A_S[0] * time_s, rows - PX_A_S[1] * time_s
    grey = 120 + 40 * np.sin(x / 4) * np.cos(y / 5) + light * time_s
    if boils:
        grey[60:80, 30:50] += np.random.default_rng(round(time_s * 2)).uniform(-30, 30)
    return np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def _watched(motion: Motion | None, pictures: int = 8, *, light: float = 0.0, boils: bool = False) -> Churning:
    churning = Churning(PART, SIZE_WH, CELLS_WH)
    for number in range(pictures):
        cells = churning.observe(_sky(number / 2, light=light, boils=boils), moment(number / 2), motion)
        assert cells.shape == (CELLS_WH[1], CELLS_WH[0], 3)
    return churning


def _median(unrest: NDArray[np.float32] | None) -> float:
    assert unrest is not None
    return float(np.median(unrest[1:-1, 1:-1]))


def test_what_drives_with_the_sky_leaves_nothing_once_it_is_known_how_that_drives() -> None:
    """Ragged clouds bend every cell; driven on they are where they were expected."""
    churning = _watched(DRIVING)
    assert _median(churning.of_all) > 5.0
    assert _median(churning.of_what_does_not_drive) < 1.0


def test_without_a_motion_nothing_is_said_of_what_drives() -> None:
    """Nobody has measured it."""
    assert _watched(None).of_what_does_not_drive is None


def test_what_boils_is_left_before_driving_clouds() -> None:
    """It goes nowhere, so driving on does not explain it."""
    calmed = _watched(DRIVING, boils=True).of_what_does_not_drive
    assert calmed is not None
    assert calmed[11:14, 1:4].mean() > 10.0
    assert np.median(calmed[1:9, 8:24]) < 1.0


def test_light_that_fades_is_no_unrest() -> None:
    """It takes as much of every cell, in equal steps."""
    still = Motion(np.zeros((4, 2)), SIZE_WH)
    assert _median(_watched(DRIVING, light=4.0).of_what_does_not_drive) < 1.0
    assert _median(_watched(still, light=4.0).of_all) == pytest.approx(_median(_watched(still).of_all), abs=1.0)


def test_too_few_pictures_say_nothing() -> None:
    """Two make no difference of differences; forgotten ones do not count."""
    assert not _watched(DRIVING, LEAST_PICTURES + 1).is_known
    churning = _watched(DRIVING, LEAST_PICTURES + 2)
    assert churning.is_known
    churning.begin_anew()
    assert not churning.is_known
