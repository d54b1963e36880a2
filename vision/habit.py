"""
Habit: how much each place of a picture is wont to differ from how it usually looks.

A cloud that passes behind a stack differs from that look as a plume does, and on a cloudy day one passes every few
minutes. What a place does all day is no news (`vision.news`). Habits are learned slowly: the film of an event is far
too short to become one, and a watch that has just begun has none.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime
from vision.motion import Picture

MEMORY_S = 600.0
"""Time constant in which it is learned: what lasts as long as an event of smoke hardly counts."""

LONGEST_S = 10.0
"""A picture stands for so long at most, however long ago the one before was compared."""

MOST_LEVELS = 12.0
"""Difference, in 8-bit levels, that counts at most: thick smoke stays news, however often it comes."""

AROUND_CELLS = 9
"""Side of the neighbourhood whose mean counts: clouds take nearly the same way, not the same to a cell."""


class Habit:
    """What one camera's places are wont to do. Pictures come in order. Not thread-safe: one caller."""

    def __init__(self) -> None:
        self._levels: Picture | None = None
        self._last: CaptureTime | None = None

    def observe(self, change: Picture, time: CaptureTime) -> None:
        """Take in by how much each cell of a picture differs, float32 ``(h, w)`` in 8-bit levels."""
        if self._levels is None or self._last is None or self._levels.shape != change.shape:
            self._levels, self._last = np.zeros_like(change), time
            return
        elapsed_s = min(max(time.seconds_since(self._last), 0.0), LONGEST_S)
        cv2.accumulateWeighted(np.minimum(change, MOST_LEVELS), self._levels, -math.expm1(-elapsed_s / MEMORY_S))
        self._last = time

    def levels(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return by how many levels each cell of a picture of ``(h, w)`` cells is wont to differ; 0 if unknown."""
        if self._levels is None or self._levels.shape != shape:
            return np.zeros(shape, np.float32)
        return np.asarray(cv2.blur(self._levels, (AROUND_CELLS, AROUND_CELLS)), np.float32)

    @property
    def learned(self) -> Picture | None:
        """By how many levels each cell is wont to differ, float32 ``(h, w)``; ``None`` where nothing is known."""
        return self._levels

    def take_up(self, levels: Picture, time: CaptureTime) -> None:
        """Go on from what was `learned` before."""
        self._levels, self._last = levels.copy(), time

    def forget(self) -> None:
        """Begin anew: the camera turned, or its picture changed as a whole."""
        self._levels = self._last = None
