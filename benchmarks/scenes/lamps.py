"""Lamps: vehicles that come towards the camera at night, of which little more is seen than their headlights."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.scenes.light import Plane, colour, seeded, smoothstep

Light = Callable[[Plane, Plane], Plane]
"""The brightness at offsets from the lamp, in pixels."""

_FAR, _NEAR = 26.0, 1.6
"""Distances in units of the picture's width at which a pair of lamps appears and passes by."""

_APART = 0.22
"""Distance between the lamps at distance 1, in picture widths."""


@dataclass(frozen=True, slots=True)
class _Pair:
    phase_s: float
    lane: float
    period_s: float
    is_leaving: bool
    strength: float


class Lamps:
    """
    Headlights that approach and tail lights that leave.

    Args:
        count: vehicles at any time.

        size_wh: picture size.

        horizon_px: row of the horizon, where the road vanishes.

        seed: of lanes, gaps and lamps.
    """

    def __init__(self, count: int, size_wh: tuple[int, int], horizon_px: int, seed: int) -> None:
        rng = seeded(seed, "lamps")
        self._wh, self._horizon = size_wh, horizon_px
        self._vanish_x = rng.uniform(0.42, 0.58) * size_wh[0]
        self._pairs = [
            _Pair(
                phase_s=float(rng.uniform(0, 14)),
                lane=float(rng.choice([-1.0, -0.55]) if number % 3 else rng.choice([0.5, 0.95])),
                period_s=float(rng.uniform(9, 14)),
                is_leaving=number % 3 == 0,
                strength=float(rng.uniform(0.7, 1.6)),
            )
            for number in range(count)
        ]

    def shine(self, image: Plane, time_s: float) -> None:
        """Add their light at `time_s` to `image` (linear radiance), in place."""
        for pair in self._pairs:
            run = ((time_s + pair.phase_s) / pair.period_s) % 1
            run = 1 - run if pair.is_leaving else run
            distance = _FAR * (_NEAR / _FAR) ** (run**1.5)
            width = self._wh[0]
            scale = width / distance
            y = self._horizon + 0.34 * scale
            middle = self._vanish_x + pair.lane * 0.5 * scale
            tone = colour(255, 40, 24) * np.float32(0.25) if pair.is_leaving else colour(255, 232, 190)
            for side in (-0.5, 0.5):
                self._lamp(image, middle + side * _APART * scale, y, scale, tone * np.float32(pair.strength))
            if not pair.is_leaving:
                self._pool(image, middle, y + 0.16 * scale, scale, tone * np.float32(0.05 * pair.strength))

    def _lamp(self, image: Plane, x: float, y: float, scale: float, tone: Plane) -> None:
        core = max(0.9, 0.028 * scale)
        reach = math.ceil(min(core * 9, 0.16 * self._wh[0]))
        self._add(image, x, y, reach, reach, lambda dx, dy: _glow(np.hypot(dx, dy), core, reach), tone)

    def _pool(self, image: Plane, x: float, y: float, scale: float, tone: Plane) -> None:
        wide, high = 0.30 * scale, 0.09 * scale
        self._add(
            image, x, y, math.ceil(2.2 * wide), math.ceil(2.2 * high),
            lambda dx, dy: np.exp(-((dx / np.float32(wide)) ** 2) - (dy / np.float32(high)) ** 2), tone,
        )  # fmt: skip

    def _add(self, image: Plane, x: float, y: float, reach_x: int, reach_y: int, light: Light, tone: Plane) -> None:
        x0, x1 = max(0, round(x) - reach_x), min(self._wh[0], round(x) + reach_x + 1)
        y0, y1 = max(0, round(y) - reach_y), min(self._wh[1], round(y) + reach_y + 1)
        if x1 > x0 and y1 > y0:
            dy, dx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
            image[y0:y1, x0:x1] += light(dx - np.float32(x), dy - np.float32(y))[..., None] * tone


def _glow(away: Plane, core: float, reach: float) -> Plane:
    """Return a saturated core with a bloom that falls off as a lens scatters, to nothing at `reach`."""
    bloom = 0.35 * np.exp(-away / np.float32(2.2 * core)) * smoothstep(reach, 0.4 * reach, away)
    return np.asarray(2.2 * np.exp(-((away / np.float32(core)) ** 4)) + bloom, np.float32)
