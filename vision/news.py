"""
News: what one picture shows that the place usually does not.

A cell differs from the usual look by more than noise, or it does not; a share of a box does. On a cloudy day that
happens behind a stack every few minutes, so what differs is held against what the place is wont to do as well
(`vision.habit`): the less sure the detector is of a box, the more its place must differ by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.second import inside, share_of
from vision.leads import Xyxy

NOISE_LEVELS = 2.0
"""Change, in 8-bit levels, that is noise; twice as much is news."""

TIMES = 4.0
"""
How many times its wont the place of a box must differ by that the detector does not believe at all; one it is sure of
need not differ by more. Clouds that come and go behind things have boxes of 0.1 to 0.4 and ask for two to four times;
smoke before them soon has 0.6 and more, which asks for one and a half (decision 0079).
"""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """
    How one picture differs from how the place usually looks.

    Attributes:
        change: float32 ``(h, w)``: by how many 8-bit levels each cell differs, of what neither stays nor drifts.

        wont: float32 ``(h, w)``: by how many it is wont to (`vision.habit.Habit.levels`).
    """

    change: NDArray[np.float32]
    wont: NDArray[np.float32]

    @property
    def where(self) -> NDArray[np.bool_]:
        """Where it differs by more than noise, bool ``(h, w)``."""
        return self.change > 2 * NOISE_LEVELS

    def share_in(self, box: Xyxy, size_wh: tuple[int, int]) -> float:
        """Return the share of a box, in pixels of a picture of that size, that differs by more than noise."""
        return share_of(inside(self.change, box, size_wh) > 2 * NOISE_LEVELS)

    def unwonted_in(self, box: Xyxy, size_wh: tuple[int, int], confidence: float) -> float:
        """Return the share that differs by more than such a place is wont to as well; `confidence` of the box."""
        wont = inside(self.wont, box, size_wh) * np.float32(TIMES * (1 - confidence))
        return share_of(inside(self.change, box, size_wh) > np.maximum(wont, 2 * NOISE_LEVELS))
