"""The delay of a live stream: how long after its capture a packet arrives, as far as arrivals alone can tell."""

JUMP_S = 3.0
"""Timestamps that run this far ahead of arrival, or stay this far behind it, have jumped."""

WINDOW_S = 30.0
"""The least delay is sought over the last one to two windows."""

SLEW = 0.001
"""Largest rate at which the anchor follows a rising delay: ten times a bad crystal's 100 ppm."""


class LeastDelay:
    """
    Follows the arrival of a stream's fastest packets, by which its presentation times become UTC.

    Network jitter only ever delays: the least difference of arrival and PTS over a sliding window is the delay of a
    packet that nothing held up. It falls at once and rises slowly, as crystals drift. Times are seconds; `arrival_s`
    counts from the Unix epoch and never falls.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget the packets so far."""
        self._anchor: float | None = None
        self._window_start = 0.0
        self._least = (float("inf"), float("inf"))
        self._last_s = 0.0

    def behind_s(self, pts_s: float, arrival_s: float) -> float:
        """Return how much later than the fastest packets this one came; negative where it runs ahead of them."""
        return 0.0 if self._anchor is None else arrival_s - self._anchor - pts_s

    def follow(self, pts_s: float, arrival_s: float) -> bool:
        """Take in a packet; return False where the times have stayed `JUMP_S` behind arrival for a window."""
        delay_s = arrival_s - pts_s
        if self._anchor is None:
            self._anchor, self._window_start, self._least = delay_s, arrival_s, (delay_s, delay_s)
        else:
            older, newer = self._least
            if arrival_s - self._window_start > WINDOW_S:
                older, newer, self._window_start = newer, delay_s, arrival_s
            self._least = (older, min(newer, delay_s))
            rise_s = min(self._least) - self._anchor
            if rise_s > JUMP_S:
                return False
            self._anchor += min(rise_s, SLEW * (arrival_s - self._last_s))
        self._last_s = arrival_s
        return True
