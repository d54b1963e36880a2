"""Faults that repeat: each in the log once a second at most, with how often it happened."""

from collections.abc import Callable

import structlog

PERIOD_S = 1.0


class Faults:
    """Logs a repeating fault once a second at most, with how often it happened."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last: dict[str, tuple[float, int]] = {}

    def tell(self, logger: structlog.stdlib.BoundLogger, event: str, **fields: str | float) -> None:
        """Log `event` now, or count it for the next time."""
        now = self._monotonic()
        last, held = self._last.get(event, (float("-inf"), 0))
        if now - last < PERIOD_S:
            self._last[event] = (last, held + 1)
            return
        self._last[event] = (now, 0)
        logger.warning(event, count=held + 1, **fields)
