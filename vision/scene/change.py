"""
Change: how much the pixels of a box have changed since it was first seen, and whether the whole picture just did.

A sign, a lamp or a stain that a detector takes for smoke or fire looks the same in every picture, so confirming it
over time proves nothing. Smoke and fire change from one second to the next. What is compared is a fixed piece of the
picture, averaged down to a few hundred cells so that compression noise averages out, against the noise of its
surroundings.
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
Grey levels of noise assumed at most. Where the surroundings change more, the street is busy or the camera is in
somebody's hand, and they say nothing about the box: it then has to change by a fixed amount only.
"""

PERCENTILE = 90
"""
Of the cells, in the box as around it: pure noise gives a ratio of 1, and a tenth of the box suffices. Measured at 2 fps
on the development clips: 95 % of boxes over still pieces of fixed cameras' pictures stay below 1.3-2.0, haze on a
mountain below 1.1; a thin distant plume reaches 2.2-4.1 (by the upper quartile only 0.8-1.7), fires 12 and more.
"""

SHAKE_PX = 3.0
"""Pixels by which a shaken picture is off the first one at most: a mast that swings by 1.2 px either way, twice."""

RENEWAL_S = 60.0
"""Seconds after which the picture compared with is renewed: the light of dusk would else change any sign in time."""

GLOBAL_LEVELS = 12.0
"""Grey levels by which a cell must differ from the last picture to count as changed."""

GLOBAL_SHARE = 0.6
"""
Share of changed cells from which the whole picture changed: switch to infra-red, exposure, the camera was turned. A
hand-held camera reaches 0.4-0.65 from picture to picture at 2 fps, which is why it must also be sudden.
"""

SUDDEN = 2.0
"""How many times the usual share (median of the last few pictures) it must be: one that always shakes is steady."""

_THUMB_WH = (64, 36)
_REMEMBERED = 5


class BoxChange:
    """Watches one fixed piece of the picture: where a track was first seen, and what was there."""

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

        The median of the last few pictures, so that somebody who walks past a sign does not make it smoke.
        """
        return median(self._newest) if self._newest else 0.0

    def observe(
        self, image: BgrImage, time: CaptureTime, *, is_restless: bool = False, is_shaken: bool = False
    ) -> None:
        """
        Compare a later picture of the same epoch and size with the first one.

        Where the whole picture `is_restless` (it rains), the box must change more than its surroundings do, however
        much that is. Where it `is_shaken`, only that counts by which a cell is lighter or darker than all that a shake
        can have brought there: an edge that swings to and fro changes nothing.
        """
        cells = self._region.grey(image)
        difference = self._beyond_shake(cells, self._reference) if is_shaken else cells - self._reference
        ceiling = math.inf if is_restless else NOISE_CEILING
        self._newest.append(self._ratio(difference, ceiling))
        del self._newest[:-_REMEMBERED]
        if time.seconds_since(self._taken) >= RENEWAL_S:
            self._reference, self._taken = cells, time

    def _ratio(self, difference: NDArray[np.float32], ceiling: float) -> float:
        """Return how much the cells of the box differ, in multiples of what those around it do."""
        inside = self._region.inside
        around = difference[~inside]
        offset = float(np.median(around)) if around.size else 0.0
        noise = float(np.percentile(np.abs(around - offset), PERCENTILE)) if around.size else NOISE_FLOOR
        change = float(np.percentile(np.abs(difference[inside] - offset), PERCENTILE))
        return change / min(max(noise, NOISE_FLOOR), ceiling)

    def _beyond_shake(self, cells: NDArray[np.float32], before: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return by how much cells leave what those before show within the reach of a shake, float32, signed."""
        across, down = (
            2 * math.ceil(SHAKE_PX * CELLS / size) + 1
            for size in (self._region.right - self._region.left, self._region.bottom - self._region.top)
        )
        reach = np.ones((down, across), np.uint8)
        lightest, darkest = cv2.dilate(before, reach), cv2.erode(before, reach)
        return np.asarray(np.maximum(cells - lightest, 0) + np.minimum(cells - darkest, 0), np.float32)

    def begin_anew(self, image: BgrImage, time: CaptureTime) -> None:
        """Take `image` as the new first picture: the old one no longer compares."""
        self._reference = self._region.grey(image)
        self._taken = time
        self._newest.clear()


class PictureChange:
    """Tells when the whole picture changed at once."""

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
        """Take in the next picture; return whether it suddenly differs from the last one nearly everywhere."""
        thumb = grey_cells(image, _THUMB_WH)
        last, self._last = self._last, thumb
        if last is None:
            return False
        usual = median(self._shares) if self._shares else 0.0
        self._shares.append(float((np.abs(thumb - last) > GLOBAL_LEVELS).mean()))
        return self.share >= max(GLOBAL_SHARE, SUDDEN * usual)
