"""Cloth: flags and sheets that wave in the wind, fixed on one edge."""

import math

import numpy as np

from benchmarks.scenes.light import Plane, colour, fractal, remap, seeded
from benchmarks.scenes.scene import Cloth

_TILE = 128


class WavingCloth:
    """
    One cloth with its pole.

    Args:
        cloth: where it hangs, how large it is, and its colour.

        size_wh: picture size.

        seed: of its folds and of the gusts.

        light: brightness of the day.

        wind: sign and strength of the wind, as a scene has it.
    """

    def __init__(self, cloth: Cloth, size_wh: tuple[int, int], seed: int, light: float, wind: float) -> None:
        width, height = size_wh
        self._left, self._top = cloth.at[0] * width, cloth.at[1] * height
        self._long, self._high = cloth.size[0] * width, cloth.size[1] * height
        self._side = 1 if wind >= 0 else -1
        self._speed = 2.2 + abs(wind)
        rng = seeded(seed, "cloth", cloth.at)
        self._weave = fractal(rng, _TILE, _TILE, 24, 3, 0.7)
        self._gusts = fractal(rng, 1, 1024, 64, 3, 0.5)[0]
        self._phase = float(rng.uniform(0, 2 * math.pi))
        self._paint = colour(*cloth.rgb) * np.float32(light)
        self._pole = colour(120, 122, 126) * np.float32(light)

    def hang(self, image: Plane, time_s: float) -> None:
        """Draw the cloth at `time_s` into `image` (linear radiance), in place."""
        gust = float(np.interp(time_s * 8 % 1023, np.arange(1024), self._gusts))
        spread = min(1.0, 0.86 + 0.07 * gust)
        columns, rows = math.ceil(self._long) + 2, math.ceil(self._high * 1.5) + 2
        x0 = round(self._left) if self._side > 0 else round(self._left) - columns
        y0 = round(self._top - self._high * 0.22)
        at, lo, hi = (
            (max(x0, 0), max(y0, 0)),
            (x0, y0),
            (min(x0 + columns, image.shape[1]), min(y0 + rows, image.shape[0])),
        )
        if hi[0] <= at[0] or hi[1] <= at[1]:
            return
        y, x = np.mgrid[at[1] - lo[1] : hi[1] - lo[1], at[0] - lo[0] : hi[0] - lo[0]].astype(np.float32)
        along = (
            x / np.float32(self._long * spread)
            if self._side > 0
            else (columns - 1 - x) / np.float32(self._long * spread)
        )
        wave = 7.5 * along - self._speed * 1.6 * time_s + self._phase
        swing = np.float32(0.13 * (1 + 0.4 * gust)) * along * np.sin(wave)
        sag = np.float32(0.10) * along * along
        down = (y / np.float32(self._high)) - np.float32(0.22) - swing - sag
        soft = np.float32(1.2 / self._high)
        mask = np.clip(down / soft + 0.5, 0, 1) * np.clip((1 - down) / soft + 0.5, 0, 1)
        mask *= np.clip((1 - along) * np.float32(self._long / 1.2) + 0.5, 0, 1) * (along >= 0)
        shade = 0.82 + 0.34 * np.cos(wave + 0.5) * np.minimum(along * 2, 1)
        shade *= 1 + np.float32(0.05) * remap(self._weave, along * _TILE, down * _TILE)
        area = image[at[1] : hi[1], at[0] : hi[0]]
        area += (self._paint * shade[..., None] - area) * mask[..., None].astype(np.float32)
        pole = slice(max(0, round(self._left) - 2), max(0, round(self._left) + 2))
        bottom = min(image.shape[0], round(self._top + self._high * 3.4))
        image[max(0, round(self._top - self._high * 0.1)) : bottom, pole] = self._pole
