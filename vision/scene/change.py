"""
Change: how much the pixels of a box have changed since it was first seen, and whether the whole picture just did.

A sign, a lamp or a stain that a detector takes for smoke or fire looks the same in every picture, so that time does not
confirm it. Smoke and fire change every second. A fixed piece of the picture is compared, averaged to a few hundred
cells against compression noise, relative to the noise of its surroundings.
"""

import math
from collections import deque
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import BgrImage
from streams.timing.clock import CaptureTime
from vision.scene.region import CELLS, Region, grey_cells

NOISE_FLOOR = 1.0
"""Grey levels of noise assumed at least: 8-bit rounding and compression of a still picture reach it."""

NOISE_CEILING = 3.0
"""
Grey levels of noise assumed at most. Where the surroundings change more (a busy street, a hand-held camera) they say
nothing about the box, which must then change by a fixed amount.
"""

PERCENTILE = 90
"""
Of the cells, in the box as around it: pure noise gives a ratio of 1, and a tenth of the box suffices. Measured at 2 fps
on the development clips: 95 % of boxes over still pieces of fixed cameras' pictures stay below 1.3-2.0, haze on a
mountain below 1.1; a thin distant plume reaches 2.2-4.1 (by the upper quartile only 0.8-1.7), fires 12 and more.
"""

SHAKE_PX = 3.0
"""Most pixels between a shaken picture and the first one: twice a mast's swing of 1.2 px either way."""

RENEWAL_S = 60.0
"""Seconds after which the first picture is renewed: otherwise dusk would change any sign."""

GLOBAL_LEVELS = 12.0
"""Grey levels by which a cell must differ from the last picture to count as changed."""

GLOBAL_SHARE = 0.6
"""
Share of changed cells from which the whole picture changed: switch to infra-red, exposure, the camera was turned. A
hand-held camera reaches 0.4-0.65 from picture to picture at 2 fps, which is why it must also be sudden.
"""

SUDDEN = 2.0
"""Least factor over the usual share (median of the last few pictures): a picture that always shakes is steady."""

_THUMB_WH = (64, 36)
_REMEMBERED = 5


class BoxChange:
    """Watches one fixed piece of the picture: the place where a track was first seen."""

    def __init__(self, image: BgrImage, xyxy: Xyxy, time: CaptureTime) -> None:
        self._region = Region.around(xyxy, (image.shape[1], image.shape[0]))
        self._reference = self._region.grey(image)
        self._taken = time
        self._newest: list[float] = []

    @property
    def ratio(self) -> float:
        """
        How much the box has changed in up to `RENEWAL_S`, in multiples of the noise around it; 0 before the second
        picture.

        The median of the last few pictures, so that a passer-by does not count as change.
        """
        return median(self._newest) if self._newest else 0.0

    def observe(
        self, image: BgrImage, time: CaptureTime, *, is_restless: bool = False, is_shaken: bool = False
    ) -> None:
        """
        Compare a later picture of the same epoch and size with the first one.

        Where the whole picture `is_restless` (rain), the box must change more than its surroundings, without a ceiling.
        Where it `is_shaken`, only what is lighter or darker than anything within the reach of a shake counts.
        """
        cells = self._region.grey(image)
        difference = self._beyond_shake(cells, self._reference) if is_shaken else cells - self._reference
        ceiling = math.inf if is_restless else NOISE_CEILING
        self._newest.append(self._ratio(difference, ceiling))
        del self._newest[:-_REMEMBERED]
        if time.seconds_since(self._taken) >= RENEWAL_S:
            self._reference, self._taken = cells, time

    def _ratio(self, difference: NDArray[np.float32], ceiling: float) -> float:
        """Return how much the cells of the box differ, in multiples of the cells around it."""
        inside = self._region.inside
        around = difference[~inside]
        offset = float(np.median(around)) if around.size else 0.0
        noise = float(np.percentile(np.abs(around - offset), PERCENTILE)) if around.size else NOISE_FLOOR
        change = float(np.percentile(np.abs(difference[inside] - offset), PERCENTILE))
        return change / min(max(noise, NOISE_FLOOR), ceiling)

    def _beyond_shake(self, cells: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return by how much cells exceed the earlier cells within the reach of a shake, float32, signed."""
        across, down = (
            2 * math.ceil(SHAKE_PX * CELLS / size) + 1
            for size in (self._region.right - self._region.left, self._region.bottom - self._region.top)
        )
        reach = np.ones((down, across), np.uint8)
        lightest, darkest = cv2.dilate(before, reach), cv2.erode(before, reach)
        return np.asarray(np.maximum(cells - lightest, 0) + np.minimum(cells - darkest, 0), np.float32)

    def begin_anew(self, image: BgrImage, time: CaptureTime) -> None:
        """Take `image` as the new first picture."""
        self._reference = self._region.grey(image)
        self._taken = time
        self._newest.clear()


class PictureChange:
    """Detects a sudden change of the whole picture."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._shares: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def cells(self) -> NDArray[np.float32]:
        """The newest picture in grey, small: float32 ``(36, 64)``; empty before the first."""
        return np.zeros((0, 0), np.float32) if self._last is None else self._last

    @property
    def share(self) -> float:
        """Share of the picture that differed between the last two pictures."""
        return self._shares[-1] if self._shares else 0.0

    def observe(self, image: BgrImage) -> bool:
        """Add the next picture; return whether it suddenly differs from the last one nearly everywhere."""
        thumb = grey_cells(image, _THUMB_WH)
        last, self._last = self._last, thumb
        if last is None:
            return False
        usual = median(self._shares) if self._shares else 0.0
        self._shares.append(float((np.abs(thumb - last) > GLOBAL_LEVELS).mean()))
        return self.share >= max(GLOBAL_SHARE, SUDDEN * usual)
