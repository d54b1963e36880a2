"""Air sectors: the air above an outlet, in rings of its width around the lip, each in sectors from side to side."""

import numpy as np
from numpy.typing import NDArray

from vision.config.zones import Outlet

SECTORS = 8
"""From the right over straight up to the left."""

UPRIGHT = slice(2, 6)
"""Sectors straight above."""

_CELLS = 4
_DOWN = 1.0
_SECTOR_DEG = 180 / SECTORS


class AirSectors:
    """
    Divides what pictures of one size show above one outlet into cells, and those into places: one ring, one sector.

    Args:
        outlet: in pixels of those pictures.

        size_wh: of them.

        count: of rings.

    Attributes:
        part: of the pictures, rows and columns.

        cells_wh: cells across and down the part, a quarter of the outlet's width each.
    """

    def __init__(self, outlet: Outlet, size_wh: tuple[int, int], count: int) -> None:
        width, height = size_wh
        reach = count * outlet.width_px
        left, right = max(0, int(outlet.x - reach)), min(width, int(outlet.x + reach) + 1)
        top, bottom = max(0, int(outlet.y - reach)), min(height, int(outlet.y + _DOWN * outlet.width_px) + 1)
        cell = max(outlet.width_px / _CELLS, 1.0)
        self.part = (slice(top, bottom), slice(left, right))
        self.cells_wh = (max(2, round((right - left) / cell)), max(2, round((bottom - top) / cell)))
        x = left + (np.arange(self.cells_wh[0]) + 0.5) * (right - left) / self.cells_wh[0] - outlet.x
        y = outlet.y - (top + (np.arange(self.cells_wh[1]) + 0.5) * (bottom - top) / self.cells_wh[1])
        rings = np.floor(np.hypot(x[None, :], y[:, None]) / outlet.width_px).astype(int)
        sectors = np.floor(np.degrees(np.arctan2(y[:, None], x[None, :])) / _SECTOR_DEG).astype(int)
        above = (y[:, None] > 0) & (rings < count) & (sectors < SECTORS)
        self._shape = (count, SECTORS)
        self._nowhere = count * SECTORS
        self._place = np.where(above, rings * SECTORS + sectors, self._nowhere)
        self._cells = np.bincount(self._place.ravel(), minlength=self._nowhere + 1)[: self._nowhere]

    def means(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean of each place's cells, float64 ``(rings, SECTORS)``; NaN where the picture shows none."""
        sums = np.bincount(self._place.ravel(), values.ravel(), self._nowhere + 1)[: self._nowhere]
        shown = self._cells > 0
        return np.where(shown, sums / np.maximum(self._cells, 1), np.nan).reshape(self._shape)

    def where(self, rings: slice, sectors: slice = slice(None)) -> NDArray[np.bool_]:
        """Return the cells of some places, bool ``(h, w)``."""
        return self._spread(self._chosen(rings, sectors))

    def are_shown(self, rings: slice, sectors: slice) -> bool:
        """Whether the picture shows something of each of some places."""
        return bool((self._cells.reshape(self._shape)[rings, sectors] > 0).all())

    def _chosen(self, rings: slice, sectors: slice) -> NDArray[np.bool_]:
        chosen = np.zeros(self._shape, np.bool_)
        chosen[rings, sectors] = True
        return chosen

    def _spread(self, places: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the cells of the places that are true."""
        return np.asarray(np.append(places.ravel(), False)[self._place], np.bool_)
