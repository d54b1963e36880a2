"""Churning: what boils, told from what stays or fades as a whole."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.plume.turbulence import LEAST_PICTURES, Turbulence

SIZE_WH = (160, 120)
PART = (slice(20, 80), slice(30, 130))
CELLS_WH = (25, 15)
PX_A_S = (5.0, -2.0)


def _sky(time_s: float, *, drives: bool, light: float, boils: bool) -> BgrImage:
    """Return ragged clouds, which may drive to the right and up, and in one corner, if it boils, what is new."""
    rows, columns = np.mgrid[0 : SIZE_WH[1], 0 : SIZE_WH[0]].astype(np.float64)
    x, y = (columns - PX_A_S[0] * time_s, rows - PX_A_S[1] * time_s) if drives else (columns, rows)
    grey = 120 + 40 * np.sin(x / 4) * np.cos(y / 5) + light * time_s
    if boils:
        grey[60:80, 30:50] += np.random.default_rng(round(time_s * 2)).uniform(-30, 30)
    return np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def _watched(pictures: int = 8, *, drives: bool = False, light: float = 0.0, boils: bool = False) -> Turbulence:
    churning = Turbulence(PART, CELLS_WH)
    for number in range(pictures):
        cells = churning.observe(_sky(number / 2, drives=drives, light=light, boils=boils))
        assert cells.shape == (CELLS_WH[1], CELLS_WH[0], 3)
    return churning


def _median(unrest: NDArray[np.float32]) -> float:
    return float(np.median(unrest[1:-1, 1:-1]))


def test_what_stays_does_not_churn_and_what_drives_past_does() -> None:
    """Ragged clouds that drive bend every cell."""
    assert _median(_watched().of_all) == 0
    assert _median(_watched(drives=True).of_all) > 5.0


def test_what_boils_is_told_from_what_stays_beside_it() -> None:
    """New levels in every picture are unrest where they are and nowhere else."""
    unrest = _watched(boils=True).of_all
    assert unrest.shape == CELLS_WH[::-1]
    assert unrest[11:14, 1:4].mean() > 10.0
    assert np.median(unrest[1:9, 8:24]) < 1.0


@pytest.mark.parametrize("drives", [False, True])
def test_light_that_fades_is_no_unrest(*, drives: bool) -> None:
    """It takes as much of every cell, in equal steps."""
    fading, even = _watched(drives=drives, light=4.0), _watched(drives=drives)
    assert _median(fading.of_all) == pytest.approx(_median(even.of_all), abs=1.0)


def test_the_grey_of_a_cell_is_its_mean_over_the_pictures() -> None:
    """Light that grows by 2 levels a picture is 7 above the first one in the mean of eight."""
    grey, first = _watched(light=4.0).grey, _watched(1).grey
    assert np.median(grey - first) == pytest.approx(7.0, abs=1.0)


def test_too_few_pictures_say_nothing() -> None:
    """Two make no difference of differences; forgotten ones do not count."""
    assert not _watched(LEAST_PICTURES + 1).is_known
    churning = _watched(LEAST_PICTURES + 2)
    assert churning.is_known
    churning.begin_anew()
    assert not churning.is_known
