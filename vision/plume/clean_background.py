"""Clean background: the newest parts in which nothing left an outlet; a plume is read against them."""

from collections import deque

from streams.timing.clock import CaptureTime
from vision.plume.plume import PlumeReader
from vision.plume.surroundings import Part, Surroundings

CLEAN_PARTS = 10
"""Newest clean parts that make up the background: half a minute."""

LEAST_CLEAN_PARTS = 2
"""Fewer do not show how much the background changes by itself."""

CHANGED = 0.06
"""Change above the lip, less the change beside it, from which a part without boxes is not clean."""


class CleanBackground:
    """
    The background of one outlet.

    Attributes:
        reader: reads parts against it; ``None`` while there are fewer than `LEAST_CLEAN_PARTS`.
    """

    def __init__(self) -> None:
        self.reader: PlumeReader | None = None
        self._parts: deque[Part] = deque(maxlen=CLEAN_PARTS)
        self._waiting: Part | None = None
        self._until: CaptureTime | None = None

    def forget(self) -> None:
        """Start without any background."""
        self._parts.clear()
        self._waiting = self._until = self.reader = None

    def admit(self, part: Part, time: CaptureTime, surroundings: Surroundings | None, *, touched: bool) -> None:
        """
        Add a clean part once the next part is clean too, because a plume is thin before it is detected.

        Args:
            part: the newest part.

            time: of its last picture.

            surroundings: by which the parts were laid; ``None`` while unknown.

            touched: whether a box or possible steam reached the outlet in it.
        """
        is_clean = part.mean is not None and not touched and (self.reader is None or self.reader.change(part) < CHANGED)
        if is_clean and self._waiting is not None and surroundings is not None:
            self._parts.append(self._waiting)
            self._until = time
            if len(self._parts) >= LEAST_CLEAN_PARTS:
                self.reader = PlumeReader(surroundings, self._parts)
        self._waiting = part if is_clean else None

    def age_s(self, now: CaptureTime) -> float | None:
        """Return the seconds since the outlet was last clean, at least 0; ``None`` where it never was."""
        return None if self._until is None else max(0.0, now.seconds_since(self._until))
