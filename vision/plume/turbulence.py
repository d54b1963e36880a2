"""
Turbulence: how much each cell of a part of the picture changes from picture to picture.

A plume churns and its background does not. Second differences between pictures show it and ignore fading light.
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage

Floats = NDArray[np.float32]

PICTURES = 8
"""Second differences that are averaged; at least `LEAST_PICTURES`."""

LEAST_PICTURES = 3


class Turbulence:
    """
    Watches one part of pictures of one size, in their order.

    Args:
        part: of the pictures, rows and columns, with a beginning and an end each.

        cells_wh: cells that it is divided into.
    """

    def __init__(self, part: tuple[slice, slice], cells_wh: tuple[int, int]) -> None:
        self._part, self._cells_wh = part, cells_wh
        self._greys: deque[Floats] = deque(maxlen=PICTURES)
        self._stays: deque[Floats] = deque(maxlen=PICTURES)

    @property
    def is_known(self) -> bool:
        """Whether there were enough pictures."""
        return len(self._stays) >= LEAST_PICTURES

    @property
    def of_all(self) -> Floats:
        """Mean unrest of each cell, in 8-bit levels, float32 ``(h, w)``."""
        return np.asarray(np.mean(self._stays, axis=0), np.float32)

    @property
    def grey(self) -> Floats:
        """Mean of each cell over the pictures, in 8-bit levels, float32 ``(h, w)``."""
        return np.asarray(np.mean(self._greys, axis=0), np.float32)

    def begin_anew(self) -> None:
        """Forget the pictures: the next one cannot be compared with them."""
        self._greys.clear()
        self._stays.clear()

    def observe(self, image: BgrImage) -> BgrImage:
        """Add the next picture; return its cells."""
        part = np.ascontiguousarray(image[self._part])
        cells = np.asarray(cv2.resize(part, self._cells_wh, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(cells, cv2.COLOR_BGR2GRAY), np.float32)
        if len(self._greys) >= 2:
            self._stays.append(_bend(self._greys[-2], self._greys[-1], grey))
        self._greys.append(grey)
        return cells


def _bend(before: Floats, now: Floats, after: Floats) -> Floats:
    """Return the second difference of each cell, beyond that of all cells."""
    bend = after - 2 * now + before
    return np.asarray(np.abs(bend - np.median(bend)), np.float32)
