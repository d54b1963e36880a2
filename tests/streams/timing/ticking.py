"""Packets at 25 pictures a second, stamped as they arrive."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from streams.timing.clock import Stamp, StreamClock

TICKS = Fraction(1, 90_000)

FRAME = 3600

START = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def steady(
    clock: StreamClock, count: int, *, first: int = 0, delay_s: float = 0.1, start_s: float = 0.0
) -> list[Stamp]:
    """Stamp `count` packets at 25 fps whose arrival is `delay_s` after they were taken."""
    return [
        clock.stamp(first + i * FRAME, first + i * FRAME, TICKS, at(start_s + i * 0.04 + delay_s)) for i in range(count)
    ]
