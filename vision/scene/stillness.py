"""
Stillness: whether a camera sends one picture over and over, encoded anew each time (decision 0042).

A living sensor never gives the same picture twice: its grain is another one each time. Of a frozen picture an encoder
makes several, by their place in the group and by what its rate control has to spare, but it comes back to them. So
each picture is held against those of the last half minute, and the one most like it tells how much is new. That is
little for a frozen camera, now next to nothing and now what the encoder left, and nowhere does anything move.
"""

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.timing.clock import CaptureTime

WINDOW_S = 30.0
"""The same picture for so long is a frozen one: an empty yard at night moves by its noise alone."""

SAME_LEVELS = 0.05
"""Grey levels by which a part changes at most from picture to picture where they are one, not even encoded anew."""

APART_S = 1.4
"""
Pictures nearer than this are not compared: between two of the same group an encoder may leave out grain that it does
not leave out from group to group.
"""

EARLIER = 16
"""So many earlier pictures are compared at most: half a minute of a patrol, four groups in focus."""

LONGEST_STEP_S = 5.0
"""A picture vouches for so long at most."""

LEAST_PICTURES = 6
"""Fewer in the window say nothing."""

LEARN_S = 10.0
"""What is usually new is learnt for so long before it is compared with."""

USUAL_PICTURES = 600
"""It is learnt from the newest so many, five minutes in focus, twenty of a patrol: grain follows the daylight."""

USUALLY = 20
"""Percentile of them that is the usual: wind, shake and lamps that are switched raise most of them, grain is in all."""

QUIET = 35
"""Percentile of the picture's parts that tells how much is new: what moves is elsewhere."""

LEAST_USUAL = 0.15
"""
Grey levels that are usually new in the quiet parts, below which nothing is said: encoders that take away all grain send
living yards as if they were frozen.
"""

NEW_SHARE = 0.5
"""Share of what is usually new that a frozen camera has left in the median of the window."""

NEARLY = 0.8
"""Share of it that it has left in four of five pictures of the window: as much as usual is life."""

UNSTEADY = 0.5
"""
Share of the most (its 90 % quantile) that the least (10 %) may be, in either half of the window: an encoder comes back
to its own pictures at times, and the grain of a sensor is always as new. A lamp that is lit leaves less of it, evenly.
"""

MOVED = 1.7
"""Times what is usually new that a part of a frozen picture changes at most, wherever it is."""

MOST_LEVELS = 1.5
"""Grey levels that it changes at most, whatever is usual."""

_PARTS_WH = (16, 9)
_QUIET_PART = round(QUIET / 100 * (16 * 9 - 1))
_ROW = 4
_BORDER = slice(1, -1)
"""Rows of parts in which movement counts: in the first and the last clocks are burnt in, which go on."""


@dataclass(frozen=True, slots=True)
class Newness:
    """
    What one picture shows that none of the last half minute did, in grey levels.

    Attributes:
        quiet: in the quieter parts of the picture.

        most: in the part that changed most, first and last row of parts aside.
    """

    time: CaptureTime
    quiet: float
    most: float


class Stillness:
    """Watches one camera's pictures, in order; another epoch or size begins anew."""

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
        """Whether the pictures of the last `WINDOW_S` are one."""
        return self._same_s >= WINDOW_S or self._is_frozen

    @property
    def since(self) -> CaptureTime | None:
        """The first of the pictures that are one; ``None`` while they are not."""
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
        """Take in the next picture, grey ``(h, w)``; return what it shows of new, ``None`` without earlier ones."""
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
        """Begin anew."""
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
        """Learn from what leaves the window: what may be a frozen picture is not the usual one yet."""
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
