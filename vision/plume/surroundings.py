"""
Surroundings: an outlet's part of each picture, aligned with a first picture in place and brightness.

Shifts are undone by phase correlation and exposure is divided out, both measured outside anything that may be emitted.
The result is linear light that can be compared from picture to picture (decisions 0022 and 0041).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import BgrImage
from vision.config.zones import Outlet
from vision.scene.light import Linear, linear
from vision.scene.weather import Air

SATURATED = 250
"""8-bit level from which a pixel is saturated."""

ALIKE = 0.5
"""
Correlation of a band's fine detail with the first picture's from which a picture shows the same place. Clouds that
drift behind a skyline for half a minute leave 0.78, a plume in front of it 0.9; another place has 0.3 at most (all
rendered).
"""

REACHES = (4.0, 3.0, 2.0)
"""
Outlet widths to each side of the outlet that emissions may reach; what is beyond gives light and place. The first that
leaves enough of the picture is taken.
"""

_MARGIN = 2.5
_BAND_MIN_PX = 24
_BAND_DEEP_PX, _BAND_LONG_PX = 128, 320
"""Most pixels across and along a band: more make the correlation slower and no more certain."""

_CELL_PX = 8
"""Side of the cells, in pixels, in which exposure is compared: noise is averaged first."""

_FINE_PX, _COARSE_PX = 1.0, 4.0
"""Sizes between which detail lies."""

_GREY_LOW, _GREY_HIGH = 0.05, 0.8
_STILL_PX = 0.02
"""A shift below this is the correlation's own noise; shifting by it would only blur."""


class Window(NamedTuple):
    """A part of the surroundings: smoothing, half width, height and distance aside, in outlet widths."""

    smooth: float
    half_width: float
    height: float
    aside: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """
    The mean of some seconds of pictures.

    Attributes:
        mean: linear ``(h, w, 3)``, the mean of those that show the place; ``None`` where none does.

        pictures: number of them.

        lost: of them, those that show another place.

        saturated: share of saturated pixels in the window above the lip, in the picture that has most.

        colourless: True where none of them has any colour, as by infrared.

        air: of the first of them; ``None`` where there is none.
    """

    mean: Linear | None
    pictures: int
    lost: int
    saturated: float
    colourless: bool = False
    air: Air | None = None


class Surroundings:
    """
    Aligns pictures of one size with the first one.

    Args:
        first: gives place and light.

        outlet: in its pixels.

        plume: box around all that may be emitted; by default `REACHES` around the outlet.

    Raises `ValueError` where the box leaves no band to compare in.
    """

    def __init__(self, first: BgrImage, outlet: Outlet, plume: Xyxy | None = None) -> None:
        height, width = first.shape[:2]
        self.outlet = outlet
        margin = _MARGIN * outlet.width_px
        self._left, self._right = max(0, int(outlet.x - margin)), min(width, int(outlet.x + margin) + 1)
        self._top, self._bottom = max(0, int(outlet.y - margin)), min(height, int(outlet.y + margin) + 1)
        self._bands = _bands_of(first, [plume] if plume else [_around(outlet, reach) for reach in REACHES])
        self._band = _sharpest(first, self._bands)
        self._reference = _grey(first[self._band])
        self._detail = _detail(self._reference)
        self._hann = cv2.createHanningWindow(self._reference.shape[::-1], cv2.CV_32F)
        light = self._light_around(first)
        self._usable = np.flatnonzero((light > _GREY_LOW) & (light < _GREY_HIGH))
        self._light = light[self._usable]

    def part(self, pictures: Sequence[BgrImage], above: Window) -> Part:
        """Return the part of some pictures; `above` is the window in which saturation counts."""
        gathering = Gathering(self, above)
        for picture in pictures:
            gathering.add(picture)
        return gathering.part()

    def laid(self, picture: BgrImage) -> Linear | None:
        """Return the outlet's surroundings aligned with the first picture; ``None`` where it shows another place."""
        band = picture[self._band]
        grey = _grey(band)
        # Copies: OpenCV 5.0 multiplies its inputs by the window in place.
        (dx, dy), _ = cv2.phaseCorrelate(self._reference.copy(), grey.copy(), self._hann)
        is_still = max(abs(dx), abs(dy)) < _STILL_PX
        if _likeness(self._detail, grey, 0.0 if is_still else dx, 0.0 if is_still else dy) < ALIKE:
            return None
        rows, columns = slice(self._top, self._bottom), slice(self._left, self._right)
        around = linear(picture[rows, columns]) if is_still else self._shifted(picture, dx, dy)
        return np.asarray(around / np.float32(self._exposure(picture)), np.float32)

    def rows_columns(self, window: Window) -> tuple[slice, slice]:
        """Return rows and columns of a window just above the lip, in `laid`'s pixels, at least 3 each way."""
        outlet = self.outlet
        x = outlet.x + window.aside * outlet.width_px - self._left
        y, width = outlet.y - self._top, outlet.width_px
        left, right = int(x - width * window.half_width), int(x + width * window.half_width) + 1
        top, bottom = int(y - width * window.height), int(y - width * 0.1)
        return slice(max(top, 0), max(bottom, top + 3, 3)), slice(max(left, 0), max(right, left + 3, 3))

    def holds(self, window: Window) -> bool:
        """Return whether the picture has the whole width of a window; above, each is cut where the picture ends."""
        outlet = self.outlet
        x, reach = outlet.x + window.aside * outlet.width_px, window.half_width * outlet.width_px
        return self._left <= x - reach and x + reach < self._right

    @property
    def lip(self) -> tuple[float, float]:
        """Middle of the outlet's lip, x and y in `laid`'s pixels."""
        return self.outlet.x - self._left, self.outlet.y - self._top

    def box(self, aside: float, low: float, high: float) -> tuple[slice, slice]:
        """Return rows and columns in `laid`'s pixels from `low` to `high` outlet widths above the lip, 3 at least."""
        (x, y), width = self.lip, self.outlet.width_px
        top, left = max(0, int(y - high * width)), max(0, int(x - aside * width))
        bottom, right = int(y - low * width), min(self._right - self._left, int(x + aside * width) + 1)
        return slice(top, max(bottom, top + 3)), slice(left, max(right, left + 3))

    def window_of(self, picture: BgrImage, window: Window) -> BgrImage:
        """Return a window of a picture, not aligned."""
        rows, columns = self.rows_columns(window)
        return picture[
            rows.start + self._top : rows.stop + self._top, columns.start + self._left : columns.stop + self._left
        ]

    def _shifted(self, picture: BgrImage, dx: float, dy: float) -> Linear:
        """Return the surroundings at their present place, cut with a margin."""
        height, width = picture.shape[:2]
        reach = int(max(abs(dx), abs(dy))) + 2
        top, left = max(0, self._top - reach), max(0, self._left - reach)
        part = linear(picture[top : min(height, self._bottom + reach), left : min(width, self._right + reach)])
        matrix = np.array([[1, 0, dx + self._left - left], [0, 1, dy + self._top - top]], np.float64)
        size_wh = (self._right - self._left, self._bottom - self._top)
        return np.asarray(
            cv2.warpAffine(
                part, matrix, size_wh, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
            ),
            np.float32,
        )

    def _exposure(self, picture: BgrImage) -> float:
        """
        Return how much brighter the picture is than the first one, by the most common ratio of its cells.

        From the shortest half of the ratios, so that a plume that drifts over one band does not count as exposure.
        """
        if not len(self._light):
            return 1.0
        ratios = np.sort(self._light_around(picture)[self._usable] / self._light)
        half = len(ratios) // 2
        first = int(np.argmin(ratios[half:] - ratios[: len(ratios) - half]))
        return max(float(ratios[first : first + half + 1].mean()), 1e-3)

    def _light_around(self, picture: BgrImage) -> NDArray[np.float32]:
        return np.concatenate([_light(picture[band]).ravel() for band in self._bands])


class Gathering:
    """Adds pictures up to a `Part`."""

    def __init__(self, surroundings: Surroundings, above: Window) -> None:
        self._surroundings = surroundings
        self._above = above
        self._sum: Linear | None = None
        self._pictures = self._lost = 0
        self._saturated = 0.0
        self._colourless = True
        self._air: Air | None = None

    def add(self, picture: BgrImage) -> None:
        """Add the next picture."""
        if self._air is None:
            self._air = Air.of(picture)
        self._pictures += 1
        laid = self._surroundings.laid(picture)
        if laid is None:
            self._lost += 1
            return
        self._sum = laid if self._sum is None else self._sum + laid
        above = self._surroundings.window_of(picture, self._above)
        self._saturated = max(self._saturated, float((above.max(2) >= SATURATED).mean()))
        self._colourless = self._colourless and is_colourless(picture)

    def part(self) -> Part:
        """Return what was added so far."""
        kept = self._pictures - self._lost
        mean = None if self._sum is None else np.asarray(self._sum / np.float32(kept), np.float32)
        return Part(mean, self._pictures, self._lost, self._saturated, self._colourless and kept > 0, self._air)


def is_colourless(picture: BgrImage) -> bool:
    """Return whether a picture is grey all over, as by infrared."""
    coarse = picture[::16, ::16].astype(np.int16)
    return bool((coarse.max(2) - coarse.min(2)).max() <= COLOURLESS_LEVELS)


COLOURLESS_LEVELS = 3
"""8-bit levels by which the channels of a colourless picture differ at most: chroma's own rounding."""


def _around(outlet: Outlet, widths: float) -> Xyxy:
    reach = widths * outlet.width_px
    return (outlet.x - reach, outlet.y - reach, outlet.x + reach, outlet.y + reach)


def _grey(image: BgrImage) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), np.float32)


def _light(band: BgrImage) -> NDArray[np.float32]:
    height, width = band.shape[:2]
    cells = cv2.resize(band, (width // _CELL_PX, height // _CELL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(linear(np.asarray(cells, np.uint8)).mean(2), np.float32)


def _detail(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return detail of a few pixels: edges of buildings, not clouds."""
    fine = cv2.GaussianBlur(grey, (0, 0), _FINE_PX) - cv2.GaussianBlur(grey, (0, 0), _COARSE_PX)
    return np.asarray(fine, np.float32)


def _likeness(detail: NDArray[np.float32], grey: NDArray[np.float32], dx: float, dy: float) -> float:
    """Return the correlation of a band's detail with another's, in [-1, 1], once that is moved by ``dx``, ``dy``."""
    height, width = grey.shape
    if dx or dy:
        matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(grey, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        grey = np.asarray(moved, np.float32)
    return float(cv2.matchTemplate(_detail(grey), detail, cv2.TM_CCOEFF_NORMED)[0, 0])


def _bands_of(picture: BgrImage, plumes: Sequence[Xyxy]) -> list[tuple[slice, slice]]:
    """
    Return the parts of the picture above, below, left and right of the first box of `plumes` that leaves any.

    Raises `ValueError` where none is large enough.
    """
    height, width = picture.shape[:2]
    for plume in plumes:
        usable = [band for band in _bands(plume, width, height) if all(_length(side) >= _BAND_MIN_PX for side in band)]
        if usable:
            return usable
    raise ValueError("the plume's box leaves nothing of the picture to compare light and position in")


def _sharpest(picture: BgrImage, bands: Sequence[tuple[slice, slice]]) -> tuple[slice, slice]:
    """Return the band with most edges."""
    edges = np.abs(cv2.Laplacian(_grey(picture), cv2.CV_32F))
    return max(bands, key=lambda band: float(edges[band].sum()))


def _bands(plume: Xyxy, width: int, height: int) -> list[tuple[slice, slice]]:
    left, top, right, bottom = (round(value) for value in plume)
    deep, x, y = _BAND_DEEP_PX, (left + right) // 2, (top + bottom) // 2
    along_x = slice(max(0, x - _BAND_LONG_PX // 2), min(width, x + _BAND_LONG_PX // 2))
    along_y = slice(max(0, y - _BAND_LONG_PX // 2), min(height, y + _BAND_LONG_PX // 2))
    return [
        (slice(max(0, top - deep), max(top, 0)), along_x),
        (slice(min(bottom, height), min(height, bottom + deep)), along_x),
        (along_y, slice(max(0, left - deep), max(left, 0))),
        (along_y, slice(min(right, width), min(width, right + deep))),
    ]


def _length(side: slice) -> int:
    return int(side.stop - side.start)
