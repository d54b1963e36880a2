"""
Plume reading: the opacity just above an outlet, from the pictures of some seconds and the clean ones before them.

Pictures are laid over the clean background (a shaken camera is put back by phase correlation), brought to its exposure,
linearised and averaged over time, which takes away noise and the plume's own turbulence. From both, what varies slowly
over the window is taken away, since a plume's own light does; what is left is the background's texture, and the share
of its contrast that comes through is the transmission (`vision.opacity`). Where that cannot be measured well, the
reading says why and gives no number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.leads import Xyxy
from vision.opacity import Linear, Transmission, linear, one_background_opacity, transmission
from vision.validity import Refusal
from vision.zones import Outlet

BLOCKS = 5
"""Parts of a reading that are measured by themselves too: their spread is what turbulence and noise leave unsure."""

MIN_PICTURES = 2 * BLOCKS
"""Fewer pictures than this are no reading: nothing could be said of its uncertainty."""

SD_LIMIT = 0.075
"""Largest standard deviation of a number that is given: twice it is 15 %, the most a certified observer may err
(domain.md 1.3)."""

CONTRAST_LIMIT = 0.012
"""
Least standard deviation of the background's texture, linear. Skies have 0.002 to 0.02 and move; walls with windows,
trees and stripes 0.02 to 0.13 (`python -m benchmarks.opacity`).
"""

STILL_R2 = 0.8
"""Share of the background's texture that must be there in its second half as in its first, and beside the plume as
before it: clouds move."""

DRIFT_LIMIT = 0.1
"""Most opacity that may be found where there is none: in the clean half, and beside the plume."""

DARK = 0.02
"""Mean linear light below which nothing is measured (domain.md 7.3)."""

SATURATED = 250
"""8-bit level from which a pixel has lost its light."""

SATURATED_SHARE = 0.05
"""Share of such pixels in the window that is borne."""

LEAST_SEEN = 0.05
"""Opacity below which nothing is claimed of a plume's light alone: the nearest 5 % is what an observer reads."""

SMOOTH = 0.25
"""Width of what counts as slow, in outlet widths: a plume's own light changes over its own width."""

_ALTERNATIVES = ((0.4, 0.35, 1.2), (SMOOTH, 0.35, 0.8), (SMOOTH, 0.25, 1.2))
_MARGIN = 2.5
_BAND_MIN_PX = 48
_GREY_LOW, _GREY_HIGH = 0.05, 0.8
_ALIKE = 0.5
"""Correlation with the clean background's band from which a picture shows the same place; traffic leaves 0.9."""


@dataclass(frozen=True, slots=True)
class OpacityReading:
    """
    A screening value, or why there is none.

    Attributes:
        opacity: in [0, 1]; ``None`` where `refusal` says why.

        sd: its standard deviation, from its parts' spread, the windows' spread and the background's own stillness;
            ``None`` with no number at all.

        r2: share of what is seen that the background explains.

        contrast: of the background, linear.

        least: the least opacity that a plume darker than its background can have, from its light alone: in favour of
            whoever is accused, less what the background's light wanders; ``None`` for a plume that is not darker.

        own_light: linear blue, green, red of the plume where it would be opaque; ``None`` below 10 % opacity.

        pictures: that were averaged.

        refusal: ``None`` where the number holds.
    """

    opacity: float | None
    sd: float | None
    r2: float
    contrast: float
    least: float | None
    own_light: tuple[float, float, float] | None
    pictures: int
    refusal: Refusal | None


class _Window(NamedTuple):
    """A part of the outlet's surroundings: smoothing, half width, height and distance aside, in outlet widths."""

    smooth: float
    half_width: float
    height: float
    aside: float = 0.0


_WINDOW = _Window(SMOOTH, 0.35, 1.2)
_CONTROLS = (_Window(SMOOTH, 0.35, 1.2, -2.0), _Window(SMOOTH, 0.35, 1.2, 2.0))
"""Beside the plume, where the same regression must find nothing taken away; the wind blows to one side only."""


class PlumeReader:
    """
    Reads the opacity above one outlet against a clean background.

    Args:
        clean: pictures without emission, at least `MIN_PICTURES`, all of one size.

        outlet: where it leaves.

        plume: box around all that may be emitted; light and position are compared outside it.

    Raises `ValueError` for too few clean pictures, or where the box leaves no band to compare in.
    """

    def __init__(self, clean: Sequence[BgrImage], outlet: Outlet, plume: Xyxy) -> None:
        if len(clean) < MIN_PICTURES:
            raise ValueError(f"a clean background needs {MIN_PICTURES} pictures; found {len(clean)}")
        height, width = clean[0].shape[:2]
        self._outlet = outlet
        margin = _MARGIN * outlet.width_px
        self._left, self._right = max(0, int(outlet.x - margin)), min(width, int(outlet.x + margin) + 1)
        self._top, self._bottom = max(0, int(outlet.y - margin)), min(height, int(outlet.y + margin) + 1)
        self._band = _band(clean[len(clean) // 2], plume)
        self._reference = _grey(clean[len(clean) // 2][self._band])
        self._hann = cv2.createHanningWindow(self._reference.shape[::-1], cv2.CV_32F)
        self._light: Linear | None = None
        laid = [self._laid(picture) for picture in clean]
        half = len(laid) // 2
        self._first, self._second = _mean(laid[:half]), _mean(laid[half:])
        self._background = _mean(laid)
        self._light = np.asarray(np.mean([linear(picture[self._band]) for picture in clean], axis=0), np.float32)
        self._lost = sum(picture is None for picture in laid)
        self._clean = len(laid)
        self._saturated = self._saturated_share(clean)

    def read(self, pictures: Sequence[BgrImage]) -> OpacityReading:
        """Return the mean opacity over ``pictures``, of the clean ones' size and in their order."""
        laid = [self._laid(picture) for picture in pictures]
        kept = [picture for picture in laid if picture is not None]
        if len(pictures) < MIN_PICTURES:
            return _refused(Refusal.FEW_PICTURES, len(pictures))
        if max(len(pictures) - len(kept), 0) * 2 > len(pictures) or self._lost * 2 > self._clean:
            return _refused(Refusal.CAMERA_MOVED, len(pictures))
        if float(self._background.mean()) < DARK:
            return _refused(Refusal.DARK, len(pictures))
        if max(self._saturated, self._saturated_share(pictures)) > SATURATED_SHARE:
            return _refused(Refusal.SATURATED, len(pictures))
        return self._measured(kept)

    def _measured(self, pictures: Sequence[Linear]) -> OpacityReading:
        mean = _mean(pictures)
        found = self._through(mean, _WINDOW)
        parts = [
            self._through(_mean(pictures[part[0] : part[-1] + 1]), _WINDOW).share
            for part in np.array_split(np.arange(len(pictures)), BLOCKS)
        ]
        others = [self._through(mean, _Window(*window)).share for window in _ALTERNATIVES]
        still = self._between(self._second, self._first, _WINDOW)
        control = min((self._through(mean, window) for window in _CONTROLS), key=lambda beside: abs(1 - beside.share))
        drift = max(abs(1 - still.share), abs(1 - control.share))
        sd = float(np.sqrt(np.var(parts, ddof=1) / BLOCKS + np.var([found.share, *others], ddof=1) + drift**2))
        refusal = None
        if found.contrast < CONTRAST_LIMIT:
            refusal = Refusal.NO_CONTRAST
        elif still.r2 < STILL_R2 or control.r2 < STILL_R2 or drift > DRIFT_LIMIT:
            refusal = Refusal.BACKGROUND_MOVES
        elif sd > SD_LIMIT:
            refusal = Refusal.UNCERTAIN
        opacity = min(max(found.opacity, 0.0), 1.0)
        return OpacityReading(
            opacity=None if refusal else opacity,
            sd=sd,
            r2=found.r2,
            contrast=found.contrast,
            least=self._least(mean),
            own_light=None if refusal or opacity < 0.1 else self._own_light(mean, found.share),
            pictures=len(pictures),
            refusal=refusal,
        )

    def _least(self, mean: Linear) -> float | None:
        """Return what the light alone proves, against the darkest that the background may have become meanwhile."""
        clean, seen = (self._brightness(image, _WINDOW) for image in (self._background, mean))
        wander = max(abs(self._brightness(half, _WINDOW) / clean - 1) for half in (self._first, self._second))
        beside = max(self._brightness(mean, at) / self._brightness(self._background, at) for at in _CONTROLS)
        least = one_background_opacity(seen, clean * min(1.0, beside)) - wander
        return least if least > LEAST_SEEN else None

    def _brightness(self, image: Linear, window: _Window) -> float:
        return max(float(image[self._part(window)].mean()), 1e-6)

    def _own_light(self, seen: Linear, share: float) -> tuple[float, float, float]:
        rows, columns = self._part(_WINDOW)
        path = (seen - np.float32(share) * self._background)[rows, columns].mean((0, 1)) / max(1 - share, 1e-3)
        blue, green, red = (float(max(value, 0.0)) for value in path)
        return blue, green, red

    def _through(self, seen: Linear, window: _Window) -> Transmission:
        return self._between(seen, self._background, window)

    def _between(self, seen: Linear, background: Linear, window: _Window) -> Transmission:
        sigma = window.smooth * self._outlet.width_px
        rows, columns = self._part(window)
        texture = [
            (image - cv2.GaussianBlur(image, (0, 0), sigma))[rows, columns].reshape(-1, 3)
            for image in (seen, background)
        ]
        return transmission(texture[0], texture[1])

    def _part(self, window: _Window) -> tuple[slice, slice]:
        """Return rows and columns of a window just above the lip, at least 3 pixels each way."""
        x, y, width = (
            self._outlet.x + window.aside * self._outlet.width_px - self._left,
            self._outlet.y - self._top,
            self._outlet.width_px,
        )
        left, right = int(x - width * window.half_width), int(x + width * window.half_width) + 1
        top, bottom = int(y - width * window.height), int(y - width * 0.1)
        return slice(max(top, 0), max(bottom, top + 3, 3)), slice(max(left, 0), max(right, left + 3, 3))

    def _laid(self, picture: BgrImage) -> Linear | None:
        """Return the outlet's surroundings where the background has them and as bright; ``None`` if it is not there."""
        grey = _grey(picture[self._band])
        # Copies: OpenCV 5.0 multiplies its inputs by the window in place.
        (dx, dy), _ = cv2.phaseCorrelate(self._reference.copy(), grey.copy(), self._hann)
        if _likeness(self._reference, grey, dx, dy) < _ALIKE:
            return None
        rows, columns = slice(self._top, self._bottom), slice(self._left, self._right)
        around = linear(picture)[rows, columns] if abs(dx) + abs(dy) < 1e-3 else self._shifted(picture, dx, dy)
        return np.asarray(around / np.float32(self._exposure(picture)), np.float32)

    def _shifted(self, picture: BgrImage, dx: float, dy: float) -> Linear:
        matrix = np.array([[1, 0, dx + self._left], [0, 1, dy + self._top]], np.float64)
        size_wh = (self._right - self._left, self._bottom - self._top)
        return np.asarray(
            cv2.warpAffine(
                linear(picture), matrix, size_wh, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )  # fmt: skip

    def _exposure(self, picture: BgrImage) -> float:
        """Return how much brighter the picture is than the background, outside the plume."""
        if self._light is None:
            return 1.0
        then, now = self._light.mean(2), linear(picture[self._band]).mean(2)
        usable = (then > _GREY_LOW) & (then < _GREY_HIGH)
        return float(np.median(now[usable] / then[usable])) if usable.any() else 1.0

    def _saturated_share(self, pictures: Sequence[BgrImage]) -> float:
        rows, columns = self._part(_WINDOW)
        rows = slice(rows.start + self._top, rows.stop + self._top)
        columns = slice(columns.start + self._left, columns.stop + self._left)
        return max((float((picture[rows, columns].max(2) >= SATURATED).mean()) for picture in pictures), default=0.0)


def _refused(refusal: Refusal, pictures: int) -> OpacityReading:
    return OpacityReading(None, None, 0.0, 0.0, None, None, pictures, refusal)


def _mean(pictures: Sequence[Linear | None]) -> Linear:
    kept = [picture for picture in pictures if picture is not None]
    if not kept:
        raise ValueError("no clean picture shows the same place as the others")
    return np.asarray(np.mean(kept, axis=0), np.float32)


def _grey(image: BgrImage) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), np.float32)


def _likeness(reference: NDArray[np.float32], grey: NDArray[np.float32], dx: float, dy: float) -> float:
    """Return the correlation of two bands, in [-1, 1], once the second is moved back by ``dx``, ``dy``."""
    height, width = grey.shape
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    back = cv2.warpAffine(
        grey, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return float(cv2.matchTemplate(back, reference, cv2.TM_CCOEFF_NORMED)[0, 0])


def _band(picture: BgrImage, plume: Xyxy) -> tuple[slice, slice]:
    """Return the part of the picture outside ``plume`` that has most edges: above, below, left or right of it."""
    height, width = picture.shape[:2]
    left, top, right, bottom = (round(value) for value in plume)
    bands = [
        (slice(0, max(top, 0)), slice(0, width)),
        (slice(min(bottom, height), height), slice(0, width)),
        (slice(0, height), slice(0, max(left, 0))),
        (slice(0, height), slice(min(right, width), width)),
    ]
    edges = np.abs(cv2.Laplacian(_grey(picture), cv2.CV_32F))
    usable = [
        band
        for band in bands
        if band[0].stop - band[0].start >= _BAND_MIN_PX and band[1].stop - band[1].start >= _BAND_MIN_PX
    ]
    if not usable:
        raise ValueError("the plume's box leaves nothing of the picture to compare light and position in")
    return max(usable, key=lambda band: float(edges[band].sum()))
