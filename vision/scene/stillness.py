"""
Stillness: whether a camera sends the same picture over and over, encoded again each time (decision 0042).

A live sensor never gives the same picture twice: its grain differs each time. Of a frozen picture an encoder makes
several versions, by their place in the group and by rate control, but it repeats them. So each picture is compared with
those of the last half minute, and the most similar one gives how much is new. For a frozen camera that is little,
sometimes almost nothing and sometimes what the encoder left, and nothing moves anywhere.
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.timing.clock import CaptureTime

WINDOW_S = 30.0
"""Seconds of the same picture that make it frozen: an empty yard at night changes by its noise alone."""

SAME_LEVELS = 0.05
"""Most change of a part, in grey levels, between identical pictures that were not even encoded again."""

APART_S = 1.4
"""
Seconds below which pictures are not compared: within a group an encoder may drop grain that it keeps from group to
group.
"""

EARLIER = 16
"""Most earlier pictures that are compared: half a minute of a patrol, four groups in focus."""

LONGEST_STEP_S = 5.0
"""Most seconds that one picture counts for."""

LEAST_PICTURES = 6
"""Least pictures in the window."""

LEARN_S = 10.0
"""Seconds for which the usual newness is learnt before it is used."""

USUAL_PICTURES = 600
"""Newest pictures from which it is learnt, five minutes in focus, twenty of a patrol: grain follows the daylight."""

USUALLY = 20
"""Percentile of them that is the usual: wind, shake and switched lamps raise most of them, grain is in all."""

QUIET = 35
"""Percentile of the picture's parts by which newness is measured: what moves is in other parts."""

LEAST_USUAL = 0.15
"""
Least usual newness of the quiet parts in grey levels: encoders that remove all grain send live yards as if frozen.
"""

NEW_SHARE = 0.5
"""Most newness of a frozen camera in the median of the window, as a share of the usual."""

NEARLY = 0.8
"""Most newness in four of five pictures of the window, as a share of the usual: more is live."""

UNSTEADY = 0.5
"""
Largest ratio of the least (10 % quantile) to the most (90 %) in either half of the window: an encoder sometimes repeats
its pictures, while the grain of a sensor is always equally new. A lamp that is lit leaves less of it, evenly.
"""

MOVED = 1.7
"""Most change of any part of a frozen picture, in multiples of the usual newness."""

MOST_LEVELS = 1.5
"""Most change of it in grey levels."""

_PARTS_WH = (16, 9)
_QUIET_PART = round(QUIET / 100 * (16 * 9 - 1))
_ROW = 4
_BORDER = slice(1, -1)
"""Rows of parts in which movement counts: the first and the last hold burnt-in clocks."""


@dataclass(frozen=True, slots=True)
class Newness:
    """
    What one picture shows that none of the last half minute showed, in grey levels.

    Attributes:
        quiet: in the quieter parts of the picture.

        most: in the part that changed most, first and last row of parts aside.
    """

    time: CaptureTime
    quiet: float
    most: float


class Stillness:
    """Watches one camera's pictures, in order; another epoch or size starts again."""

    def __init__(self) -> None:
        self._pictures: deque[tuple[NDArray[np.uint8], CaptureTime]] = deque(maxlen=4 * EARLIER)
        self._window: deque[Newness] = deque()
        self._learnt: deque[float] = deque(maxlen=USUAL_PICTURES)
        self._learnt_s = 0.0
        self._is_frozen = False
        self._same_s = 0.0
        self._since: CaptureTime | None = None

    @property
    def usual(self) -> float | None:
        """Grey levels that are usually new in the quiet parts; ``None`` until learnt."""
        return float(np.percentile(self._learnt, USUALLY)) if self._learnt_s >= LEARN_S else None

    @property
    def is_frozen(self) -> bool:
        """Whether the pictures of the last `WINDOW_S` are the same."""
        return self._same_s >= WINDOW_S or self._is_frozen

    @property
    def since(self) -> CaptureTime | None:
        """The first of the same pictures; ``None`` while they are not."""
        return self._since if self.is_frozen else None

    def _judge(self) -> bool:
        usual, window = self.usual, self._window
        if usual is None or usual < LEAST_USUAL or len(window) < LEAST_PICTURES:
            return False
        limit = min(MOST_LEVELS, MOVED * usual)
        if self._is_frozen:
            return window[-1].quiet < usual and window[-1].most <= limit
        step_s = window[-1].time.seconds_since(window[-2].time)
        if window[-1].time.seconds_since(window[0].time) < WINDOW_S - 2 * step_s:
            return False
        quiet = np.array([one.quiet for one in window])
        middle, high = np.percentile(quiet, (50, 80))
        is_little = middle <= NEW_SHARE * usual and high <= NEARLY * usual
        is_uneven = all(_is_uneven(half) for half in np.array_split(quiet, 2))
        return bool(is_little and is_uneven and all(one.most <= limit for one in window))

    def observe(self, grey: NDArray[np.uint8], time: CaptureTime) -> Newness | None:
        """Add the next picture, grey ``(h, w)``; return its newness, ``None`` without earlier ones."""
        rows, was_frozen = np.ascontiguousarray(grey[::_ROW]), self.is_frozen
        if self._pictures:
            last, before = self._pictures[-1]
            step_s = time.seconds_since(before) if before.epoch == time.epoch else 0.0
            if step_s <= 0 or last.shape != rows.shape:
                self.forget()
            else:
                is_same = float(_change(rows, last)[_BORDER].max()) <= SAME_LEVELS
                self._same_s = self._same_s + min(step_s, LONGEST_STEP_S) if is_same else 0.0
        new = self._compared(rows, time)
        self._pictures.append((rows, time))
        while time.seconds_since(self._pictures[0][1]) > WINDOW_S:
            self._pictures.popleft()
        if new is not None:
            self._window.append(new)
            self._learn(time)
            self._is_frozen = self._judge()
        if self.is_frozen and not was_frozen:
            self._since = self._window[0].time if self._window else time
        return new

    def forget(self) -> None:
        """Start again."""
        self._pictures.clear()
        self._window.clear()
        self._learnt.clear()
        self._learnt_s = 0.0
        self._is_frozen = False
        self._same_s = 0.0

    def _compared(self, rows: NDArray[np.uint8], time: CaptureTime) -> Newness | None:
        earlier = [picture for picture, then in self._pictures if APART_S <= time.seconds_since(then) <= WINDOW_S]
        if not earlier:
            return None
        quiet = most = np.inf
        for picture in earlier[-EARLIER:]:
            parts = _change(rows, picture)
            quiet = min(quiet, float(np.partition(parts.ravel(), _QUIET_PART)[_QUIET_PART]))
            most = min(most, float(parts[_BORDER].max()))
        return Newness(time, quiet, most)

    def _learn(self, time: CaptureTime) -> None:
        """Learn from pictures that leave the window, since newer ones may be frozen."""
        while time.seconds_since(self._window[0].time) > WINDOW_S:
            left = self._window.popleft()
            if not self._is_frozen:
                self._learnt.append(left.quiet)
                self._learnt_s += min(self._window[0].time.seconds_since(left.time), LONGEST_STEP_S)


def _is_uneven(quiet: NDArray[np.float64]) -> bool:
    least, most = np.percentile(quiet, (10, 90))
    return bool(least <= UNSTEADY * most)


def _change(rows: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean change of each part in grey levels, ``(9, 16)``."""
    difference = cv2.absdiff(rows, others).astype(np.float32)
    return np.asarray(cv2.resize(difference, _PARTS_WH, interpolation=cv2.INTER_AREA), np.float32)
