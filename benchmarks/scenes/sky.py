"""Sky: a graded sky with clouds that drift and change slowly."""

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.scenes.light import Plane, colour, fractal, remap, resize, seeded, smoothstep
from benchmarks.scenes.scene import Weather

_TILE = 1024
_COARSE = 3


@dataclass(frozen=True, slots=True)
class Mood:
    """
    How a weather looks.

    Attributes:
        zenith: sRGB at the top of the picture.

        horizon: sRGB at the horizon.

        lit: sRGB of a cloud's sunny side.

        shaded: sRGB of its base.

        cover: how much cloud: the noise level above which there is cloud; lower is more.

        softness: width of a cloud's edge in the same units.

        light: brightness of the ground against a clear noon.

        fog: share of the horizon's light in what is far; drifts in banks.

        rain: opacity of the streaks.

        sun: radiance of a low sun's disc and of the glow around it; 0 where none is seen.
    """

    zenith: tuple[int, int, int]
    horizon: tuple[int, int, int]
    lit: tuple[int, int, int]
    shaded: tuple[int, int, int]
    cover: float
    softness: float
    light: float
    fog: float = 0.0
    rain: float = 0.0
    sun: float = 0.0


MOODS = {
    Weather.CLEAR: Mood((92, 140, 202), (204, 218, 230), (250, 250, 250), (214, 220, 228), 1.0, 1.5, 1.0),
    Weather.CLOUDY: Mood((84, 128, 188), (200, 212, 224), (248, 248, 247), (158, 168, 182), -0.1, 1.3, 0.9),
    Weather.OVERCAST: Mood((168, 176, 184), (212, 216, 218), (226, 228, 229), (158, 165, 173), -1.3, 2.4, 0.72),
    Weather.FOG: Mood((198, 202, 204), (206, 209, 210), (214, 216, 217), (190, 194, 197), -1.0, 3.0, 0.6, fog=0.72),
    Weather.RAIN: Mood(
        (128, 136, 145), (170, 176, 181), (176, 181, 185), (112, 120, 129), -1.2, 2.4, 0.5, fog=0.25, rain=0.3
    ),
    Weather.DUSK: Mood((52, 66, 104), (226, 158, 110), (196, 138, 122), (76, 74, 98), 0.2, 1.8, 0.16),
    Weather.LOW_CLOUD: Mood((150, 166, 186), (196, 204, 212), (242, 243, 243), (132, 139, 148), -0.5, 1.1, 0.75),
    Weather.SUNSET: Mood((70, 84, 128), (250, 146, 62), (255, 172, 96), (116, 72, 86), 0.0, 1.4, 0.34, sun=1.6),
    Weather.NIGHT: Mood((9, 11, 18), (34, 32, 36), (30, 30, 34), (12, 13, 18), 0.4, 1.8, 0.035),
}


class Sky:
    """
    The sky above `horizon_px`, as the camera sees it at any time.

    Clouds lie on a level ceiling: they shrink and crowd towards the horizon. They are soft, so a third of the size is
    enough.
    """

    def __init__(
        self, weather: Weather, seed: int, size_wh: tuple[int, int], horizon_px: int, speed: float = 1.0
    ) -> None:
        self.mood = MOODS[weather]
        self._speed = speed
        width, rows = size_wh[0], horizon_px
        self._wh = (width, rows)
        rng = seeded(seed, "sky")
        broad = fractal(rng, _TILE, _TILE, 4, 7, 0.55)
        fine = fractal(rng, _TILE, _TILE, 16, 6, 0.6)
        self._broad, self._fine = broad, fine
        small_w, small_h = width // _COARSE, rows // _COARSE
        x, y = np.meshgrid(np.arange(small_w, dtype=np.float32), np.arange(small_h, dtype=np.float32))
        elevation = (small_h - y) / small_h * 0.9 + 0.1
        scale = np.float32(_TILE / small_w * 0.42)
        self._u = ((x - small_w / 2) / elevation**0.75 * scale).astype(np.float32)
        self._v = (np.float32(_TILE * 0.42) / elevation).astype(np.float32)
        self._haze = smoothstep(0.0, 0.5, (elevation - 0.1).astype(np.float32))
        height = np.linspace(0, 1, small_h, dtype=np.float32)[:, None, None]
        mix = height**1.4
        gradient = colour(*self.mood.zenith) * (1 - mix) + colour(*self.mood.horizon) * mix
        across = 1 + 0.10 * np.linspace(-1, 1, small_w, dtype=np.float32)[None, :, None] * rng.choice([-1, 1])
        self._gradient = np.ascontiguousarray(gradient * across, np.float32)
        if self.mood.sun:
            sun_x, sun_y = rng.uniform(0.55, 0.9) * small_w, rng.uniform(0.72, 0.88) * small_h
            away = np.hypot(x - np.float32(sun_x), y - np.float32(sun_y)) / np.float32(small_w)
            glow = 0.45 * np.exp(-away / 0.16) + 2.0 * smoothstep(0.024, 0.012, away)
            self._gradient += np.float32(self.mood.sun) * glow[..., None] * colour(255, 176, 96)

    def radiance(self, time_s: float) -> Plane:
        """Return the sky's radiance ``(horizon, width, 3)`` at `time_s`."""
        mood = self.mood
        drift = np.float32(4.0 * self._speed * time_s)
        density = remap(self._broad, self._u + drift, self._v)
        density += np.float32(0.35) * remap(
            self._fine, self._u + np.float32(1.25) * drift, self._v - np.float32(0.4) * drift
        )
        cloud = smoothstep(mood.cover, mood.cover + mood.softness, density) * self._haze * np.float32(0.92)
        lit = 1 - np.float32(0.8) * smoothstep(
            mood.cover + 0.5 * mood.softness, mood.cover + 2.2 * mood.softness, density
        )
        shaded = colour(*mood.shaded)
        own = cv2.transform(lit, (colour(*mood.lit) - shaded)[:, None], None) + shaded
        small = cv2.blendLinear(self._gradient, np.ascontiguousarray(own, np.float32), 1 - cloud, cloud)
        return resize(np.asarray(small, np.float32), *self._wh)
