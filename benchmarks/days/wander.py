"""Wander: numbers that change through a day without a jump, and spans of time that come and go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.scenes.light import seeded

DAY_S = 86_400.0
HOUR_S = 3600.0


def eased(share: float) -> float:
    """Return the cubic ramp from 0 to 1 at `share`, which is cut to that range."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def ramp(low: float, high: float, value: float) -> float:
    """Return the cubic ramp from 0 at `low` to 1 at `high`."""
    return eased((value - low) / (high - low))


class Wander:
    """A number between `low` and `high` that goes from one random value to the next every `every_s`, smoothly."""

    def __init__(self, seed: int, purpose: str, every_s: float, low: float, high: float) -> None:
        self._every_s = every_s
        self._knots = seeded(seed, "wander", purpose).uniform(low, high, math.ceil(DAY_S / every_s) + 3)

    def at(self, time_s: float) -> float:
        """Return the number at a second of the day."""
        place = min(max(time_s, 0.0) / self._every_s, len(self._knots) - 2)
        number = int(place)
        before, after = float(self._knots[number]), float(self._knots[number + 1])
        return before + (after - before) * eased(place - number)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_s` to `end_s` of the day; in full `strength` from `rise_s` after one to as long before the other."""

    start_s: float
    end_s: float
    rise_s: float = 0.0
    strength: float = 1.0

    def at(self, time_s: float) -> float:
        """Return how strong it is at a second of the day, 0 outside."""
        if not self.start_s <= time_s <= self.end_s:
            return 0.0
        if self.rise_s <= 0:
            return self.strength
        return self.strength * eased(min(time_s - self.start_s, self.end_s - time_s) / self.rise_s)


def strongest(spans: Sequence[Span], time_s: float) -> float:
    """Return the strength of the strongest span at a second of the day."""
    return max((span.at(time_s) for span in spans), default=0.0)


class Distance:
    """How far what moves at a speed that changes has come by a second of the day."""

    def __init__(self, speeds: Sequence[float], every_s: float) -> None:
        self._way = np.concatenate([[0.0], np.cumsum(np.asarray(speeds, np.float64)) * every_s])
        self._every_s = every_s

    def at(self, time_s: float) -> float:
        """Return the distance from midnight on."""
        place = min(max(time_s, 0.0) / self._every_s, len(self._way) - 1.0)
        number = min(int(place), len(self._way) - 2)
        return float(self._way[number] + (self._way[number + 1] - self._way[number]) * (place - number))
