"""Load: whether the thread that reads a camera keeps up with it."""

WAITED_S = 0.002
"""A read that takes longer had to wait for the network: the thread keeps up."""

OVERLOAD_S = 3.0
"""A thread that never waited for a read this long cannot keep up: focus skips to key frames until it does."""


class Load:
    """Tells whether a thread keeps up: one that does waits for the network now and then."""

    def __init__(self) -> None:
        self._waited: float | None = None

    def keeps_up(self, before: float, after: float) -> bool:
        """Take in when a read began and returned; return whether one had to wait in the last `OVERLOAD_S`."""
        if self._waited is None or after - before > WAITED_S:
            self._waited = after
        return after - self._waited <= OVERLOAD_S
