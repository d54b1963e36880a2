"""Rings: which cells above an outlet belong together, and their means."""

import numpy as np
import pytest

from vision.motion import Motion
from vision.rings import SECTORS, UPRIGHT, Rings
from vision.zones import Outlet

SIZE_WH = (320, 240)
OUTLET = Outlet(160.0, 200.0, 16.0)


def _rings(outlet: Outlet = OUTLET) -> Rings:
    return Rings(outlet, SIZE_WH, 9)


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


def test_the_lesser_is_taken_place_by_place() -> None:
    """Not cell by cell: one that is small by chance says nothing."""
    rings = _rings()
    ones = np.ones(rings.cells_wh[::-1], np.float32)
    place = rings.where(slice(2, 3), slice(3, 4))
    others = np.where(place, np.float32(0.5), np.float32(2.0))
    row, column = np.argwhere(place)[0]
    others[row, column] = 1.4
    lesser = rings.lesser(ones, others)
    assert lesser[place].mean() == pytest.approx(others[place].mean())
    assert (lesser[~place] == 1).all()


@pytest.mark.parametrize("every_px", [1, 16])
def test_velocities_between_places_are_those_of_the_field(every_px: int) -> None:
    """Worked out every few pixels they are next to the same."""
    motion = Motion(np.array([[-3.0, 0.2], [1.0, 0.0], [0.5, 0.1], [0.2, 0.0]]), (320, 180))
    part = (slice(40, 160), slice(100, 380))
    ways = motion.ways((640, 360), part, every_px)
    across, down = 200 / 640 - 0.5, 100 / 360
    expected = 2 * (-3.0 + 1.0 * across + 0.5 * down + 0.2 * down * down)
    assert ways.shape == (120, 280, 2)
    assert ways[60, 100, 0] == pytest.approx(expected, abs=0.005)
