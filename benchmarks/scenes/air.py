"""Air: fog that drifts in banks and rain that falls between the camera and the place."""

import cv2
import numpy as np

from benchmarks.scenes.light import Plane, blur, colour, fractal, remap, resize, seeded
from benchmarks.scenes.scene import FogBank
from benchmarks.scenes.sky import Mood

_TILE = 512


class Air:
    """
    What the weather puts into the air.

    Args:
        mood: how thick fog and rain are; without either the air is clear and costs nothing.

        seed: of banks and drops.

        size_wh: picture size.

        horizon_px: row of the horizon: what stands there is farthest.

        bank: fog that rolls in besides.
    """

    def __init__(
        self, mood: Mood, seed: int, size_wh: tuple[int, int], horizon_px: int, bank: FogBank | None = None
    ) -> None:
        self._mood, self._wh, self._bank = mood, size_wh, bank
        horizon = colour(*mood.horizon)
        # Fog scatters the light of the whole sky: greyer than the horizon, and dimmer where only that still glows.
        self._haze = (horizon + 2 * horizon.mean()) / 3 * np.float32(min(1.0, 0.35 + mood.light))
        self._light = np.full((size_wh[1], size_wh[0], 3), self._haze, np.float32)
        rng = seeded(seed, "air")
        if mood.fog or bank is not None:
            self._make_banks(rng, horizon_px)
        if mood.rain:
            self._make_streaks(rng)

    def _make_banks(self, rng: np.random.Generator, horizon_px: int) -> None:
        self._banks = fractal(rng, _TILE, _TILE, 3, 4, 0.5)
        width, height = self._wh[0] // 4, self._wh[1] // 4
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._u, self._v = x * np.float32(_TILE / width * 0.8), y * np.float32(_TILE / width * 1.6)
        below = np.clip((y - horizon_px / 4) / (height - horizon_px / 4), 0, 1)
        self._distance = (1 - np.float32(0.65) * below).astype(np.float32)

    def _make_streaks(self, rng: np.random.Generator) -> None:
        drops = np.where(rng.random((_TILE, _TILE)) < 0.0012, np.float32(1), np.float32(0)).astype(np.float32)
        fall = np.zeros_like(drops)
        length = max(6, round(self._wh[1] / 26))
        for step in range(length):
            fall += np.roll(drops, (step, round(step * 0.12)), (0, 1))
        fall = blur(fall, 0.7)
        self._streaks = np.asarray(np.clip(fall / max(float(fall.max()), 1e-6), 0, 1), np.float32)

    def fog(self, time_s: float) -> float:
        """Return the share of the fog's light in what is far at `time_s`."""
        bank = self._bank
        if bank is None or time_s <= bank.start_s:
            return self._mood.fog
        grown = min(1.0, (time_s - bank.start_s) / (bank.full_s - bank.start_s))
        return max(self._mood.fog, bank.thickness * grown * grown * (3 - 2 * grown))

    def veil(self, image: Plane, time_s: float) -> None:
        """Lay fog and rain over `image` (linear radiance ``(h, w, 3)``), in place."""
        mood, fog = self._mood, self.fog(time_s)
        if fog:
            drift = np.float32(7 * time_s)
            banks = 1 + np.float32(0.18) * remap(self._banks, self._u + drift, self._v - np.float32(0.2) * drift)
            share = resize(np.clip(np.float32(fog) * self._distance * banks, 0, 0.97).astype(np.float32), *self._wh)
            self._blend(image, share)
        if mood.rain:
            width, height = self._wh
            number = round(time_s * 1000)
            row, column = (number * 7919) % _TILE, (number * 104729) % _TILE
            tile = np.roll(self._streaks, (row, column), (0, 1))
            tiled = np.tile(tile, (-(-height // _TILE), -(-width // _TILE)))[:height, :width]
            self._blend(image, tiled * np.float32(mood.rain))

    def _blend(self, image: Plane, share: Plane) -> None:
        """Replace `share` ``(h, w)`` of the image by the haze's own light, in place."""
        cv2.blendLinear(image, self._light, 1 - share, share, dst=image)
