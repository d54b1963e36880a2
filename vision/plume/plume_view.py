"""Plume view: the part of an outlet's surroundings in which its plume is fitted, and where along it opacity is read."""

from dataclasses import dataclass

import cv2
import numpy as np

from vision.plume.plume_field import Plane
from vision.plume.surroundings import Surroundings
from vision.scene.light import Linear

_ASIDE, _LOW, _HIGH = 1.8, 0.1, 2.6
"""Outlet widths to each side of the outlet, and above its lip, between which the plume is fitted."""

RADII = (1.0, 1.5, 2.0, 2.5)
"""Outlet widths from the lip at which opacity is read: near the outlet, where the plume has filled out."""

_NEAR = 0.6
"""Outlet widths around the places where opacity is read within which the background's texture counts."""

_KNOT, _LEAST_KNOT_PX = 0.3, 3.0
"""Distance of the knots of the field, in outlet widths (finer than a plume's rim), and at least in pixels."""

_MOST_PX = 24.0
"""Pixels across an outlet beyond which pictures are scaled down: more cost time and show no more."""

_BLUR_PX = 0.7
"""Size of detail that encoders remove first behind smoke."""

_SLOW = 0.25
"""Width of what counts as slow in a texture, in outlet widths."""

_BEARINGS = np.radians(np.arange(-85.0, 86.0, 5.0))
_LUMINANCE = np.array([0.0722, 0.7152, 0.2126], np.float32)
"""Weights of linear blue, green, red (ITU-R BT.709). Colours are sent at a quarter of the resolution and less."""


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Places along a plume: `rows` and `columns` in the view's pixels, and which pixels are near any of them."""

    rows: np.ndarray
    columns: np.ndarray
    near: np.ndarray

    def mean(self, field: Plane) -> float:
        """Return the mean of a field over the places."""
        return float(field[self.rows, self.columns].mean())


class PlumeView:
    """
    Cuts the parts of a reading to the place of the plume.

    Args:
        surroundings: of the outlet, which laid the parts.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        outlet = surroundings.outlet
        self._rows, self._columns = surroundings.box(_ASIDE, _LOW, _HIGH)
        self._scale = min(1.0, _MOST_PX / outlet.width_px)
        x, y = surroundings.lip
        self._x, self._y = (x - self._columns.start) * self._scale, (y - self._rows.start) * self._scale
        self._width = outlet.width_px * self._scale

    @property
    def knot_px(self) -> float:
        """Distance of the knots of a field of transmission in this view."""
        return max(_KNOT * self._width, _LEAST_KNOT_PX)

    def light(self, mean: Linear) -> Linear:
        """Return the view of laid pictures, linear ``(h, w, 3)``."""
        part = np.ascontiguousarray(mean[self._rows, self._columns])
        if self._scale == 1:
            return part
        small = cv2.resize(part, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)

    def luminance(self, mean: Linear) -> Plane:
        """Return the view's luminance, without what is finer than an encoder keeps."""
        grey = self.light(mean) @ _LUMINANCE
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), _BLUR_PX), np.float64)

    def texture(self, mean: Linear, spots: Spots) -> Linear:
        """Return ``(n, 3)``: what changes fast in the light near the places."""
        light = self.light(mean)
        return np.asarray((light - cv2.GaussianBlur(light, (0, 0), _SLOW * self._width))[spots.near], np.float32)

    def spots(self, transmission: Plane) -> Spots:
        """
        Return the places at `RADII` from the lip, each on the plume's axis.

        The axis is the centroid of squared opacity, so that noise beside the plume hardly counts.
        """
        height, width = transmission.shape
        opacity = np.clip(1 - transmission, 0.0, 1.0) ** 2
        places = []
        for radius in RADII:
            rows, columns = self._at(radius, _BEARINGS)
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            if not inside.any():
                continue
            found = opacity[rows[inside], columns[inside]] + 1e-6
            row, column = self._at(radius, np.average(_BEARINGS[inside], weights=found, keepdims=True))
            places.append((min(max(int(row[0]), 0), height - 1), min(max(int(column[0]), 0), width - 1)))
        rows, columns = np.array(places or [(0, width // 2)]).T
        y, x = np.mgrid[0:height, 0:width]
        away = np.hypot(y[..., None] - rows, x[..., None] - columns).min(2)
        return Spots(rows, columns, away <= max(_NEAR * self._width, 2.0))

    def _at(self, radius: float, bearing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns at a distance from the lip in outlet widths, by bearing from straight up."""
        rows = np.round(self._y - radius * self._width * np.cos(bearing)).astype(int)
        return rows, np.round(self._x + radius * self._width * np.sin(bearing)).astype(int)
