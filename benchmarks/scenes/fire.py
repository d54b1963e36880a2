"""Fire: flames over a spot on the ground, with the light they throw."""

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.light import Plane, fractal, remap, resize, seeded, smoothstep
from benchmarks.scenes.plume import Medium
from benchmarks.scenes.scene import SceneEvent

_TILE = 256
_GROW_S = 3.0
_HEAT = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_GLOW = np.array([[0.0, 0.01, 0.20], [0.005, 0.06, 0.75], [0.02, 0.30, 1.2], [0.16, 0.85, 1.6], [0.75, 1.45, 1.9]])
"""Linear BGR radiance of flames by heat: dull red, orange, yellow, near white; beyond 1 the sensor saturates."""


class Flames:
    """
    The flames of one event: fractal noise that rises through a tapering shape and is coloured by its heat.

    Args:
        event: when it burns, and how opaque the flames are.

        base_px: middle of the burning spot in picture pixels.

        width_px: its width.

        seed: of its turbulence.
    """

    def __init__(
        self, event: SceneEvent, base_px: tuple[float, float], width_px: float, size_wh: tuple[int, int], seed: int
    ) -> None:
        self._event, self._base, self._width, self._size_wh = event, base_px, width_px, size_wh
        rng = seeded(seed, "flames")
        self._tongues = fractal(rng, _TILE, _TILE, 6, 5, 0.6)
        self._sway = fractal(rng, _TILE, _TILE, 4, 3, 0.5)
        self._flicker = fractal(rng, 1, 4096, 1024, 2, 0.5)[0]
        self._columns, self._rows = round(width_px * 1.1), round(width_px * 1.35)
        y, x = np.mgrid[0 : self._rows, 0 : self._columns].astype(np.float32)
        self._x = (x / (self._columns - 1) * 2 - 1).astype(np.float32)
        self._up = (1 - y / (self._rows - 1)).astype(np.float32)

    def vigour(self, time_s: float) -> float:
        """Return how strongly it burns at `time_s`, 0 to about 1.2, flicker included."""
        event = self._event
        if not event.start_s <= time_s <= event.end_s + 1:
            return 0.0
        grown = min(1.0, 0.25 + (time_s - event.start_s) / _GROW_S) * min(1.0, event.end_s + 1 - time_s)
        flicker = float(np.interp(time_s * 9 % 4095, np.arange(4096), self._flicker))
        return max(0.0, grown * (1 + 0.12 * flicker))

    def medium(self, time_s: float) -> Medium | None:
        """Return the flames at `time_s`, or ``None`` while nothing burns."""
        vigour = self.vigour(time_s)
        if vigour <= 0.02:
            return None
        rise = np.float32(time_s * 150)
        u = self._x * 70
        sway = remap(self._sway, u * np.float32(0.5), self._up * 60 + rise * np.float32(0.55))
        x = self._x + np.float32(0.20) * sway * self._up
        noise = remap(self._tongues, (x + 2) * 64, (self._up ** np.float32(0.8)) * -1 * 80 + (-rise) * -1 + 500)
        height = np.float32(0.85 * vigour)
        shape = 1 - np.abs(x) ** np.float32(1.7) * (1 + self._up * np.float32(2.2)) - self._up / height
        heat = np.clip((shape + np.float32(0.42) * noise * (np.float32(0.25) + self._up)) * np.float32(1.15), 0, 1)
        heat *= smoothstep(0.0, 0.06, self._up)
        alpha = np.asarray(smoothstep(0.05, 0.35, heat) * np.float32(self._event.opacity), np.float32)
        light = np.stack([np.interp(heat, _HEAT, _GLOW[:, channel]) for channel in range(3)], axis=-1)
        both = np.dstack([1 - alpha, light * alpha[..., None]]).astype(np.float32)
        both = resize(both, self._columns * 2, self._rows * 2)
        return self._crop(both)

    def _crop(self, both: Plane) -> Medium | None:
        left, top = round(self._base[0]) - self._columns, round(self._base[1]) - self._rows * 2
        x0, y0 = max(0, -left), max(0, -top)
        x1 = min(both.shape[1], self._size_wh[0] - left)
        y1 = min(both.shape[0], self._size_wh[1] - top)
        if x1 <= x0 or y1 <= y0:
            return None
        cut = both[y0:y1, x0:x1]
        return Medium(left + x0, top + y0, np.ascontiguousarray(cut[..., 0]), np.ascontiguousarray(cut[..., 1:]))

    def axis_px(self) -> NDArray[np.float64]:
        """Return points ``(n, 2)`` in picture pixels up the middle of the flames."""
        steps = np.arange(0.1, 1.5, 0.05) * self._width
        return np.column_stack([np.full(len(steps), self._base[0]), self._base[1] - steps])

    def shine(self, image: Plane, time_s: float) -> None:
        """Light up the surroundings in `image`, in place: what reflects much of the daylight reflects much of this."""
        vigour = self.vigour(time_s)
        if vigour <= 0.02:
            return
        radius = round(self._width * 5)
        x0, y0 = max(0, round(self._base[0]) - radius), max(0, round(self._base[1]) - radius)
        x1, y1 = min(image.shape[1], round(self._base[0]) + radius), min(image.shape[0], round(self._base[1]) + radius)
        y, x = np.mgrid[y0:y1:4, x0:x1:4].astype(np.float32)
        distance = np.hypot(
            x - np.float32(self._base[0]), y - np.float32(self._base[1] - 0.5 * self._width)
        ) / np.float32(radius)
        glow = np.clip(1 - distance, 0, 1) ** 3 * np.float32(
            0.9 * vigour / math.sqrt(1 + 8 * float(image[y0:y1, x0:x1].mean()))
        )
        glow = resize(glow, x1 - x0, y1 - y0)[..., None]
        image[y0:y1, x0:x1] *= 1 + glow * np.array([0.15, 0.8, 2.0], np.float32)
