"""
Novelty: what the picture's own history does not explain, independent of the detector.

Each cell of a small grey picture has a usual level and a usual deviation, both learnt over minutes. Something is new
where several cells differ by more than they ever do, in two pictures in a row: passers-by are gone or elsewhere by
then, what rises from a stack stays. It is a reason to look closely (decision 0011), never a reason not to: a slow haze
is learnt as usual.
"""

import math

import numpy as np
from numpy.typing import NDArray

from streams.timing.clock import CaptureTime

MEMORY_S = 120.0
"""Time constant of the usual. Shorter: slow plumes are learnt while they grow. Longer: light and shadows are new."""

STEP_S = 1.5
"""Pictures closer together are skipped, so that focus and patrol require the same duration."""

WARM_UP_S = 30.0
"""Seconds of pictures before anything is new."""

LEAST_LEVELS = 14.0
"""Least difference of a cell in grey levels: compression and noise stay below."""

DEVIATIONS = 5.0
"""Least difference in usual deviations: traffic or a tree in the wind varies by itself."""

LEAST_SHARE = 0.006
"""Share of the picture's cells that must be new: 14 of 64 x 36, a plume of about 100 x 80 pixels in 1080p."""


class Novelty:
    """Learns what one camera usually shows, from the pictures it is given, in their order."""

    def __init__(self) -> None:
        self._began: CaptureTime | None = None
        self._last: CaptureTime | None = None
        self._usual: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._deviation: NDArray[np.float32] = self._usual
        self._before: NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self._share = 0.0

    @property
    def share(self) -> float:
        """Share of the cells of the newest picture that are new."""
        return self._share

    @property
    def is_new(self) -> bool:
        """Whether the newest picture shows something new."""
        return self._share >= LEAST_SHARE

    def observe(self, cells: NDArray[np.float32], time: CaptureTime, *, is_steady: bool) -> None:
        """
        Add the next picture of an epoch, float32 grey ``(rows, columns)``.

        After a change of the whole picture (`is_steady` False) everything is learnt again.
        """
        if self._began is None or self._last is None or not is_steady or time.epoch != self._last.epoch:
            self._begin(cells, time)
            return
        elapsed_s = time.seconds_since(self._last)
        if elapsed_s < STEP_S:
            return
        difference = cells - self._usual
        limit = np.maximum(LEAST_LEVELS, DEVIATIONS * self._deviation)
        # Signed, so that a bright car after a dark one does not count as lasting.
        differs = (np.sign(difference) * (np.abs(difference) > limit)).astype(np.int8)
        is_new = (differs != 0) & (differs == self._before)
        warm = time.seconds_since(self._began) >= WARM_UP_S
        self._share = float(is_new.mean()) if warm else 0.0
        weight = np.float32(1 - math.exp(-elapsed_s / min(MEMORY_S, max(time.seconds_since(self._began), elapsed_s))))
        self._usual = self._usual + weight * difference
        self._deviation = self._deviation + weight * (np.abs(difference) - self._deviation)
        self._before, self._last = differs, time

    def _begin(self, cells: NDArray[np.float32], time: CaptureTime) -> None:
        self._began = self._last = time
        self._usual = cells.copy()
        self._deviation = np.zeros_like(cells)
        self._before = np.zeros(cells.shape, np.int8)
        self._share = 0.0
