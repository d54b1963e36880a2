"""Rings: which cells above an outlet belong together, and their means."""

import numpy as np
import pytest

from vision.config.zones import Outlet
from vision.plume.air_sectors import SECTORS, UPRIGHT, AirSectors

SIZE_WH = (320, 240)
OUTLET = Outlet(160.0, 200.0, 16.0)


def _rings(outlet: Outlet = OUTLET) -> AirSectors:
    return AirSectors(outlet, SIZE_WH, 9)


def test_a_ring_is_as_far_from_the_lip_as_its_number_says_in_outlet_widths() -> None:
    """And nothing below the lip belongs to one."""
    rings = _rings()
    rows, columns = np.nonzero(rings.where(slice(3, 4)))
    top, left = rings.part[0].start, rings.part[1].start
    cell = OUTLET.width_px / 4
    far = np.hypot(left + (columns + 0.5) * cell - OUTLET.x, OUTLET.y - (top + (rows + 0.5) * cell))
    assert (far.min() / OUTLET.width_px, far.max() / OUTLET.width_px) == (
        pytest.approx(3, abs=0.2),
        pytest.approx(4, abs=0.2),
    )
    assert not rings.where(slice(None))[round((OUTLET.y - top) / cell) + 1 :].any()


def test_the_mean_of_a_place_is_that_of_its_cells() -> None:
    """Places that the picture does not show have none."""
    rings = _rings(Outlet(160.0, 100.0, 16.0))
    values = np.random.default_rng(2).uniform(0, 9, rings.cells_wh[::-1]).astype(np.float32)
    means = rings.means(values)
    place = rings.where(slice(2, 3), slice(3, 4))
    assert means.shape == (9, SECTORS)
    assert means[2, 3] == pytest.approx(values[place].mean())
    assert np.isnan(means[8, 3])
    assert rings.are_shown(slice(2, 4), UPRIGHT)
    assert not rings.are_shown(slice(6, 9), UPRIGHT)
