"""
Churning: how much each cell of a part of the picture boils from picture to picture.

A plume churns, and what stays does not: second differences between pictures tell them apart, and pass over light that
fades. Clouds that drive past bend too, wherever one of their edges goes by. Where it is known how the sky drives
(`vision.motion`) the earlier pictures are driven on with it first, and an edge that only drives on leaves nothing.
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from streams.frame import BgrImage
from vision.motion import Motion, driven_on

Floats = NDArray[np.float32]

PICTURES = 8
"""Second differences that are averaged; `LEAST_PICTURES` before anything is said."""

LEAST_PICTURES = 3

_WAYS_PX = 16
"""Pixels between places in which velocities are worked out: they change little from one side of a sky to the other."""


class Churning:
    """
    Watches one part of pictures of one size, in their order.

    Args:
        part: of the pictures, rows and columns, with a beginning and an end each.

        size_wh: of the pictures.

        cells_wh: cells that it is divided into.
    """

    def __init__(self, part: tuple[slice, slice], size_wh: tuple[int, int], cells_wh: tuple[int, int]) -> None:
        self._part, self._size_wh, self._cells_wh = part, size_wh, cells_wh
        self._before: deque[tuple[CaptureTime, NDArray[np.uint8]]] = deque(maxlen=2)
        self._greys: deque[Floats] = deque(maxlen=PICTURES)
        self._stays: deque[Floats] = deque(maxlen=PICTURES)
        self._drives: deque[Floats] = deque(maxlen=PICTURES)
        self._is_driven = False

    @property
    def is_known(self) -> bool:
        """Whether enough pictures were seen to say anything."""
        return len(self._stays) >= LEAST_PICTURES

    @property
    def of_all(self) -> Floats:
        """Mean unrest of each cell, in 8-bit levels, float32 ``(h, w)``."""
        return np.asarray(np.mean(self._stays, axis=0), np.float32)

    @property
    def of_what_does_not_drive(self) -> Floats | None:
        """Likewise of what does not drive with the sky; ``None`` where it is not known how that drives."""
        return np.asarray(np.mean(self._drives, axis=0), np.float32) if self._is_driven else None

    @property
    def grey(self) -> Floats:
        """Mean of each cell over the pictures, in 8-bit levels, float32 ``(h, w)``."""
        return np.asarray(np.mean(self._greys, axis=0), np.float32)

    def begin_anew(self) -> None:
        """Forget the pictures: the next one does not compare with them."""
        for pictures in (self._before, self._greys, self._stays, self._drives):
            pictures.clear()
        self._is_driven = False

    def observe(self, image: BgrImage, time: CaptureTime, motion: Motion | None) -> BgrImage:
        """Take in the next picture, with how the sky drives where that is known; return its cells."""
        part = np.ascontiguousarray(image[self._part])
        cells = np.asarray(cv2.resize(part, self._cells_wh, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(cells, cv2.COLOR_BGR2GRAY), np.float32)
        if len(self._greys) >= 2:
            stays = _bend(self._greys[-2], self._greys[-1], grey)
            self._stays.append(stays)
            self._drives.append(stays if motion is None else _bend(*self._driven_on(time, motion), grey))
        self._greys.append(grey)
        self._before.append((time, np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)))
        self._is_driven = motion is not None
        return cells

    def _driven_on(self, time: CaptureTime, motion: Motion) -> tuple[Floats, Floats]:
        """Return the cells of the two pictures before, driven on to `time` as the sky drives."""
        ways = motion.ways(self._size_wh, self._part, _WAYS_PX)
        first, second = (driven_on(grey, ways, time.seconds_since(then)) for then, grey in self._before)
        return self._in_cells(first), self._in_cells(second)

    def _in_cells(self, grey: Floats) -> Floats:
        return np.asarray(cv2.resize(grey, self._cells_wh, interpolation=cv2.INTER_AREA), np.float32)


def _bend(before: Floats, now: Floats, after: Floats) -> Floats:
    """Return how far each cell is from going on as it went, beyond what all of them do."""
    bend = after - 2 * now + before
    return np.asarray(np.abs(bend - np.median(bend)), np.float32)
