"""Heavens: the sky of a whole day, whose clouds drift on, form and dissolve, and the air below it."""

import math

import cv2
import numpy as np

from benchmarks.days.light import Hour
from benchmarks.scenes.light import Plane, blur, colour, fractal, remap, resize, seeded, smoothstep

_TILE = 1024
_AIR_TILE = 512
_COARSE = 3
_FORM_S = 1500.0
"""In which clouds have become others: a cumulus lasts a quarter of an hour to half of one."""


class Heavens:
    """
    The sky above `horizon_px`: that of `benchmarks.scenes.sky.Sky` with a light that changes and clouds that live.

    Args:
        seed: of the clouds.

        size_wh: picture size.

        horizon_px: first row without sky.
    """

    def __init__(self, seed: int, size_wh: tuple[int, int], horizon_px: int) -> None:
        rng = seeded(seed, "sky")
        self._wh = (size_wh[0], horizon_px)
        self._broad = [fractal(rng, _TILE, _TILE, 4, 7, 0.55) for _ in range(2)]
        self._fine = fractal(rng, _TILE, _TILE, 16, 6, 0.6)
        small_w, small_h = size_wh[0] // _COARSE, horizon_px // _COARSE
        x, y = np.meshgrid(np.arange(small_w, dtype=np.float32), np.arange(small_h, dtype=np.float32))
        elevation = (small_h - y) / small_h * 0.9 + 0.1
        scale = np.float32(_TILE / small_w * 0.42)
        self._u = ((x - small_w / 2) / elevation**0.75 * scale).astype(np.float32)
        self._v = (np.float32(_TILE * 0.42) / elevation).astype(np.float32)
        self._hazy = smoothstep(0.0, 0.5, (elevation - 0.1).astype(np.float32)) * np.float32(0.92)
        self._mix = np.linspace(0, 1, small_h, dtype=np.float32)[:, None, None] ** np.float32(1.4)
        self._across = 1 + 0.10 * np.linspace(-1, 1, small_w, dtype=np.float32)[None, :, None] * rng.choice([-1, 1])
        self._x, self._y = x / np.float32(small_w), y / np.float32(small_w)

    def radiance(self, hour: Hour, drift: float, time_s: float) -> Plane:
        """Return the sky's radiance ``(horizon, width, 3)``; `drift` is how far the wind has carried the clouds."""
        density = self._density(4.0 * drift, time_s)
        cloud = smoothstep(hour.cover, hour.cover + hour.softness, density) * self._hazy
        lit = 1 - np.float32(0.8) * smoothstep(
            hour.cover + 0.5 * hour.softness, hour.cover + 2.2 * hour.softness, density
        )
        gradient = (hour.zenith * (1 - self._mix) + hour.horizon * self._mix) * self._across
        if hour.sun > 0.01:
            gradient = gradient + self._sun(hour)
        own = cv2.transform(lit, (hour.lit - hour.shaded)[:, None], None) + hour.shaded
        clear = np.ascontiguousarray(gradient, np.float32)
        small = cv2.blendLinear(clear, np.ascontiguousarray(own, np.float32), 1 - cloud, cloud)
        return resize(np.asarray(small, np.float32), *self._wh)

    def _density(self, drift: float, time_s: float) -> Plane:
        """Return the clouds' density: two fields that take turns, so that clouds come and go while they drift."""
        turn = 2 * math.pi * time_s / (4 * _FORM_S)
        u = self._u + np.float32(drift % _TILE)
        sink = np.float32((0.07 * drift) % _TILE)
        density = np.float32(math.cos(turn)) * remap(self._broad[0], u, self._v - sink)
        density += np.float32(math.sin(turn)) * remap(self._broad[1], u, self._v + sink)
        density += np.float32(0.35) * remap(
            self._fine,
            self._u + np.float32(1.25 * drift % _TILE),
            self._v - np.float32(0.4 * drift % _TILE),
        )
        return density

    def _sun(self, hour: Hour) -> Plane:
        sun_x, sun_y = hour.sun_at
        rows_a_width = self._wh[1] / self._wh[0]
        away = np.hypot(self._x - np.float32(sun_x), self._y - np.float32(sun_y * rows_a_width))
        glow = 0.45 * np.exp(-away / np.float32(0.16)) + 2.0 * smoothstep(0.024, 0.012, away)
        return np.asarray(np.float32(hour.sun) * glow[..., None] * colour(255, 176, 96), np.float32)


class DayAir:
    """Fog that thickens and lifts, and rain that sets in and ends: those of `benchmarks.scenes.air.Air`."""

    def __init__(self, seed: int, size_wh: tuple[int, int], horizon_px: int) -> None:
        rng = seeded(seed, "air")
        self._wh = size_wh
        self._banks = fractal(rng, _AIR_TILE, _AIR_TILE, 3, 4, 0.5)
        width, height = size_wh[0] // 4, size_wh[1] // 4
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._u, self._v = x * np.float32(_AIR_TILE / width * 0.8), y * np.float32(_AIR_TILE / width * 1.6)
        below = np.clip((y - horizon_px / 4) / (height - horizon_px / 4), 0, 1)
        self._distance = (1 - np.float32(0.65) * below).astype(np.float32)
        self._streaks = _streaks(rng, size_wh)

    def veil(self, image: Plane, hour: Hour, time_s: float) -> None:
        """Lay fog and rain over `image` (linear radiance ``(h, w, 3)``), in place."""
        if hour.fog > 0.004:
            drift = np.float32(7 * time_s % (_AIR_TILE * 5))
            banks = 1 + np.float32(0.18) * remap(self._banks, self._u + drift, self._v - np.float32(0.2) * drift)
            share = np.clip(np.float32(hour.fog) * self._distance * banks, 0, 0.97).astype(np.float32)
            self._blend(image, resize(share, *self._wh), hour)
        if hour.rain > 0.004:
            number = round(time_s * 1000)
            row, column = (number * 7919) % _AIR_TILE, (number * 104_729) % _AIR_TILE
            tile = np.roll(self._streaks, (row, column), (0, 1))
            width, height = self._wh
            tiled = np.tile(tile, (-(-height // _AIR_TILE), -(-width // _AIR_TILE)))[:height, :width]
            self._blend(image, tiled * np.float32(hour.rain), hour)

    def _blend(self, image: Plane, share: Plane, hour: Hour) -> None:
        """Replace `share` ``(h, w)`` of the image by the haze's own light, in place."""
        image *= (1 - share)[..., None]
        image += share[..., None] * hour.haze


def _streaks(rng: np.random.Generator, size_wh: tuple[int, int]) -> Plane:
    """Return a tile of drops that fell while the shutter was open, in [0, 1]."""
    drops = np.where(rng.random((_AIR_TILE, _AIR_TILE)) < 0.0012, np.float32(1), np.float32(0)).astype(np.float32)
    fall = np.zeros_like(drops)
    for step in range(max(6, round(size_wh[1] / 26))):
        fall += np.roll(drops, (step, round(step * 0.12)), (0, 1))
    fall = blur(fall, 0.7)
    return np.asarray(np.clip(fall / max(float(fall.max()), 1e-6), 0, 1), np.float32)
