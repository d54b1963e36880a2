"""The batch window: how many frames a device takes at once, learned from how long its batches take."""

from collections import deque
from statistics import median, quantiles

_KEPT = 32
"""Durations remembered of each size: enough for quartiles, few enough to follow a machine that gets busy."""

_ENOUGH = 8
"""Durations of a size before it is judged: with 4, two sizes that differed by noise alone were taken for unlike."""

_LOOK_AGAIN = 256
"""Batches after which a size that was not used is tried again, because the machine may have changed; it costs a few."""


class BatchWindow:
    """
    The most frames that one device should take at once.

    A batch is never waited for: a device takes what waits, so one frame runs at once on an idle machine, and on a busy
    one the frames that came during the last batch are the next. The window only limits that, to the *smallest* size
    whose time for each image cannot be told from the best one (their middle halves overlap): beyond it a larger batch
    only makes leads later. A size
    is left out when a frame that comes just after a batch began would be over its latency budget before its own batch
    ends: that is two batches. Not thread-safe: each device's thread has its own.
    """

    def __init__(self, largest: int, latency_s: float | None = None) -> None:
        """Choose among 1, 2, 4, ... and `largest`; `latency_s` is the budget, None for throughput alone."""
        if largest < 1:
            raise ValueError(f"a batch holds at least one frame, got {largest}")
        self._sizes = [size for size in (1 << power for power in range(16)) if size < largest] + [largest]
        self._longest_s = float("inf") if latency_s is None else latency_s / 2
        self._durations: dict[int, deque[float]] = {size: deque(maxlen=_KEPT) for size in self._sizes}
        self._last: dict[int, int] = {}
        self._batches = 0

    def size(self) -> int:
        """Return the most frames to take now."""
        possible = self._sizes[:1]
        for size in self._sizes:
            known = self._durations[size]
            if len(known) < _ENOUGH:
                return size  # learn it, as soon as so many wait; smaller ones are known to be quick enough
            if size > 1 and median(known) > self._longest_s:
                break
            possible.append(size)
        forgotten = [size for size in possible if self._batches - self._last[size] >= _LOOK_AGAIN]
        if forgotten:
            return forgotten[-1]
        best = min(possible, key=lambda size: median(self._durations[size]) / size)
        upper_s = quantiles(self._durations[best])[2] / best
        return next(size for size in possible if quantiles(self._durations[size])[0] / size <= upper_s)

    def note(self, size: int, duration_s: float) -> None:
        """Learn that a batch of `size` took so long. The first of a size does not count: it prepares the kernels."""
        self._batches += 1
        if size not in self._durations:
            return
        if self._batches - self._last.get(size, self._batches) >= _LOOK_AGAIN:
            self._durations[size].clear()  # of another time; learned again
        if size in self._last:
            self._durations[size].append(duration_s)
        self._last[size] = self._batches
