"""Seen time: seconds in which something was seen, of those in which it could be (EPA Method 22, domain.md 1.3)."""

from collections import deque
from dataclasses import dataclass

from streams.timing.clock import CaptureTime

LONGEST_STEP_S = 5.0
"""Seconds between two pictures beyond which the step is neither seen nor observed."""


@dataclass(frozen=True, slots=True)
class _Step:
    """The time from one picture to the next, and how much of it counts."""

    time: CaptureTime
    start: CaptureTime
    seen_s: float
    observed_s: float


class SeenTime:
    """
    Seconds in which something was seen within the last `window_s` of one epoch.

    A step between two pictures counts as seen where both show it, and as observed where both could show it.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._steps: deque[_Step] = deque()
        self._last: tuple[CaptureTime, bool, bool] | None = None

    @property
    def seen_s(self) -> float:
        """Seconds seen."""
        return sum(step.seen_s for step in self._steps)

    @property
    def observed_s(self) -> float:
        """Seconds in which it could have been seen; `seen_s` at least."""
        return sum(step.observed_s for step in self._steps)

    @property
    def frequency(self) -> float:
        """Share of the observed time in which it was seen; 0 where none was observed."""
        observed_s = self.observed_s
        return self.seen_s / observed_s if observed_s > 0 else 0.0

    @property
    def first(self) -> CaptureTime | None:
        """When the earliest step that counts as seen began; ``None`` where there is none."""
        return next((step.start for step in self._steps if step.seen_s > 0), None)

    def observe(self, time: CaptureTime, *, is_seen: bool, is_clear: bool) -> None:
        """Add the next picture; `is_clear` says that it could show it. A new epoch starts again."""
        last, self._last = self._last, (time, is_seen and is_clear, is_clear)
        if last is None or last[0].epoch != time.epoch:
            self._steps.clear()
            return
        step_s = time.seconds_since(last[0])
        if step_s > LONGEST_STEP_S or not (is_clear and last[2]):
            step = _Step(time, last[0], 0.0, 0.0)
        else:
            step = _Step(time, last[0], step_s if is_seen and last[1] else 0.0, step_s)
        self._steps.append(step)
        while time.seconds_since(self._steps[0].start) > self._window_s:
            self._steps.popleft()
