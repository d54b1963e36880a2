"""View: the picture that one camera takes at any second of its day, and what is true in it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.days.heavens import DayAir, Heavens
from benchmarks.days.land import Land
from benchmarks.days.light import Daylight, Hour
from benchmarks.days.road import DayLamps, DayTraffic
from benchmarks.days.script import Script, busy
from benchmarks.days.sources import Sources
from benchmarks.days.wander import ramp, strongest
from benchmarks.scenes.cloth import WavingCloth
from benchmarks.scenes.light import Plane, colour, encode, seeded
from benchmarks.scenes.scene import Cloth, Kind, LookAlike, Weather, Xyxy

SIZE_WH = (640, 360)
"""What the worker's detector is shown of a 1080p stream; rendered directly."""

JPEG_QUALITY = 60
"""
Stands in for the key frame of a camera: like it, blocks of transformed differences, coarser where there is detail. At
640 by 360 it leaves some 25 kB, as much for its size as a 1080p key frame of 4 Mbit/s every two seconds.
"""

_INFRARED_ON, _INFRARED_OFF = -4.5, -3.5
"""Elevation of the sun below which the filter opens, and above which it closes."""

_INFRARED = 1.7
"""How much brighter the place is under the camera's own lamps, as in `benchmarks.scenes.render`."""

_WITH_SHAPES = (Weather.CLOUDY, Weather.LOW_CLOUD, Weather.OVERCAST)
"""Skies whose clouds are seen to drift; an overcast one has shapes too."""

_BANKS = 12
_MARGIN = 64


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """
    One picture of the day.

    Attributes:
        image: BGR ``uint8 (h, w, 3)``.

        boxes: around each planted event that is to be seen, by its index.

        active: what in it may be taken for smoke or fire.

        hour: the light.
    """

    image: NDArray[np.uint8]
    boxes: Mapping[int, Xyxy]
    active: frozenset[LookAlike]
    hour: Hour


class _DayCloth(WavingCloth):
    """A cloth under a light that changes."""

    def __init__(self, cloth: Cloth, size_wh: tuple[int, int], seed: int, wind: float) -> None:
        super().__init__(cloth, size_wh, seed, 1.0, wind)
        self._sunlit = colour(*cloth.rgb), colour(120, 122, 126)

    def hang_under(self, image: Plane, time_s: float, light: float) -> None:
        """Draw the cloth into `image` under a light, in place."""
        self._paint, self._pole = (each * np.float32(light) for each in self._sunlit)
        self.hang(image, time_s % 3600)


class View:
    """One camera's day, ready to be looked at: any second can be rendered by itself."""

    def __init__(self, script: Script, size_wh: tuple[int, int] = SIZE_WH) -> None:
        self.script = script
        self.size_wh = size_wh
        self.land = Land(script.place, script.seed, size_wh)
        self.daylight = Daylight(script)
        self._heavens = Heavens(script.seed, size_wh, self.land.horizon_px)
        self._air = DayAir(script.seed, size_wh, self.land.horizon_px)
        self._gap = np.ascontiguousarray(np.dstack([1 - self.land.cover[: self.land.horizon_px]] * 3))
        self._traffic = DayTraffic(self.land.road, size_wh, script.seed)
        self._lamps = DayLamps(size_wh, self.land.horizon_px, script.seed)
        self._sources = Sources(script, self.land, size_wh)
        wind = script.wind.at(0.0)
        self._cloths = [_DayCloth(cloth, size_wh, script.seed, wind) for cloth in script.cloths]
        rng = seeded(script.seed, "lens")
        width, height = size_wh
        grain = rng.normal(0, 1, (height + _MARGIN, width + _MARGIN, 3))
        noisiest = script.eye.noise_levels * 2.4
        self._levels = np.linspace(script.eye.noise_levels, noisiest, _BANKS)
        self._noise = [np.round(grain * level).astype(np.int16) for level in self._levels]
        self._corners = rng.integers(0, _MARGIN, (4096, 2))
        self._wander = rng.uniform(0, 2 * math.pi, 6)
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        vignette = (1 - script.eye.vignette * ((x * x + y * y) / 2) ** 1.5).astype(np.float32)
        self._vignette = np.ascontiguousarray(np.dstack([vignette] * 3))

    def picture(self, time_s: float) -> Picture:
        """Return the picture that the camera sends of a second of the day."""
        script, hour = self.script, self.daylight.at(time_s)
        active = self._active(time_s, hour)
        image = self._background(time_s, hour, active)
        boxes: dict[int, Xyxy] = {}
        for emitted in self._sources.emitted(time_s, _sunlight(hour)):
            medium = emitted.medium
            rows, columns = medium.transmission.shape
            area = image[medium.top : medium.top + rows, medium.left : medium.left + columns]
            area *= medium.transmission[..., None]
            area += medium.path
            if emitted.planted is None:
                active.add(LookAlike.STEAM if emitted.kind is Kind.STEAM else LookAlike.DUST)
            elif (box := emitted.xyxy) is not None:
                boxes[emitted.planted] = _around(boxes.get(emitted.planted), box)
        self._air.veil(image, hour, time_s)
        seen = encode(image, self._vignette * np.float32(self._gain(time_s, hour)))
        if self._is_infrared(time_s):
            seen = np.asarray(cv2.cvtColor(cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
        gust_px = strongest(script.gusts, time_s) * self.size_wh[0] / 640
        if gust_px > 0:
            seen = self._shaken(seen, gust_px, time_s)
        return Picture(_sent(self._grained(seen, time_s, hour)), boxes, frozenset(active), hour)

    def _background(self, time_s: float, hour: Hour, active: set[LookAlike]) -> Plane:
        """Return the linear radiance of the place with nothing emitted, and note what passes by."""
        rows = self.land.horizon_px
        lamps = 1.0 if hour.elevation_deg < -1.5 else 0.0
        image = self.land.radiance(hour.light, hour.horizon, time_s, lamps=lamps)
        cv2.accumulateProduct(
            self._heavens.radiance(hour, self.script.drift.at(time_s), time_s), self._gap, image[:rows]
        )
        for cloth in self._cloths:
            cloth.hang_under(image, time_s, hour.light)
        if self._traffic.come(image, time_s, self.script.traffic(time_s), hour.light):
            active.add(LookAlike.HEADLIGHTS if hour.light < 0.3 else LookAlike.VEHICLES)
        self._sources.lorries(image, time_s, hour.light)
        oncoming = self.script.ground.oncoming_an_hour
        if oncoming and hour.is_dark and self._lamps.come(image, time_s, oncoming * busy(time_s)):
            active.add(LookAlike.HEADLIGHTS)
        self._sources.shine(image, time_s)
        return image

    def _active(self, time_s: float, hour: Hour) -> set[LookAlike]:
        """Return what of the weather and the camera may be taken for smoke or fire."""
        script, active = self.script, set[LookAlike]()
        sky = script.sky(time_s)
        if sum(sky.get(weather, 0) for weather in _WITH_SHAPES) > 0.3 and not hour.is_dark:
            active.add(LookAlike.CLOUDS)
        if hour.sun > 0.2:
            active.add(LookAlike.SUNSET)
        if hour.rain > 0.02:
            active.add(LookAlike.RAIN)
        if strongest(script.fogs, time_s) > 0.05:
            active.add(LookAlike.FOG)
        if script.cloths and not hour.is_dark:
            active.add(LookAlike.RED_CLOTH)
        stepped = any(0 <= time_s - at < 30 for at, _ in script.eye.steps)
        switched = self._is_infrared(time_s) != self._is_infrared(time_s - 60)
        if stepped or switched or strongest(script.gusts, time_s) > 0:
            active.add(LookAlike.CAMERA)
        return active

    def _is_infrared(self, time_s: float) -> bool:
        """Whether the filter is open: with the sun well down, and in the morning until it is a little higher."""
        if not self.script.eye.has_infrared:
            return False
        limit = _INFRARED_ON if time_s > 43_200 else _INFRARED_OFF
        return self.daylight.elevation_deg(time_s) < limit

    def _gain(self, time_s: float, hour: Hour) -> float:
        """Return the factor of exposure: its latest step, which the night begins anew, and infra-red."""
        factor = next((factor for at, factor in reversed(self.script.eye.steps) if at <= time_s), 1.0)
        factor = 1 + (factor - 1) * ramp(-2, 4, hour.elevation_deg)
        return factor * (_INFRARED if self._is_infrared(time_s) else 1.0)

    def _shaken(self, image: NDArray[np.uint8], size_px: float, time_s: float) -> NDArray[np.uint8]:
        size = size_px * math.sqrt(2 / 3)
        x, y = (
            size
            * sum(
                math.sin(2 * math.pi * hertz * time_s + self._wander[axis * 3 + n])
                for n, hertz in enumerate((0.31, 1.7, 4.3))
            )
            for axis in (0, 1)
        )
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        moved = cv2.warpAffine(image, matrix, self.size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    def _grained(self, image: NDArray[np.uint8], time_s: float, hour: Hour) -> NDArray[np.uint8]:
        """Return the picture with the sensor's noise, which grows as the light goes."""
        dark = 1 - ramp(math.log(0.035), math.log(0.5), math.log(max(hour.light, 0.035)))
        bank = self._noise[round(dark * (_BANKS - 1))]
        row, column = self._corners[round(time_s * 2) * 797 % len(self._corners)]
        height, width = image.shape[:2]
        return np.asarray(cv2.add(image, bank[row : row + height, column : column + width], dtype=cv2.CV_8U), np.uint8)


def _sunlight(hour: Hour) -> float:
    """Return the light that falls on what is in the air: by night that of street lamps below, at least."""
    return max(hour.light, 0.03)


def _around(box: Xyxy | None, other: Xyxy) -> Xyxy:
    if box is None:
        return other
    return min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])


def _sent(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture as it arrives: compressed and decoded."""
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
