"""Road: vehicles that come by chance, many in the rush hours, and lamps that come towards the camera."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.days.wander import DAY_S, HOUR_S
from benchmarks.scenes.lamps import Lamps
from benchmarks.scenes.light import Plane, seeded
from benchmarks.scenes.traffic import Traffic

_PLACES = 14
"""Vehicles there may be on both lanes and the stretch beyond the picture's edges."""

_DARK = 0.299
"""Light just below that at which vehicles are drawn with their lights on."""

_PAIRS = 6


class DayTraffic(Traffic):
    """
    The traffic of a day: of the vehicles that a scene would bring round again and again, each comes by chance.

    Its paint reflects the light of the hour; at dusk, below a light of 0.3, all drive with their lamps on.
    """

    def __init__(self, road: tuple[float, float], size_wh: tuple[int, int], seed: int) -> None:
        super().__init__(_PLACES, road, size_wh, seed, 1.0)
        dark, black = (Traffic(_PLACES, road, size_wh, seed, light) for light in (_DARK, 0.0))
        # Radiance is linear in the light: what is left without any is the lamps'.
        self._lit = [
            (np.ascontiguousarray((one.sprite - two.sprite) / np.float32(_DARK)), two.sprite)
            for one, two in zip(dark._vehicles, black._vehicles, strict=True)  # noqa: SLF001 (drawn by no other door)
        ]
        for (paint, _), one in zip(self._lit, dark._vehicles, strict=True):  # noqa: SLF001
            paint[..., 3] = one.sprite[..., 3]
        period_s = min(self._loop() / abs(vehicle.speed_px_s) for vehicle in self._vehicles)
        self._chance: NDArray[np.float32] = (
            seeded(seed, "arrivals").random((_PLACES, int(DAY_S / period_s) + 3)).astype(np.float32)
        )

    def come(self, image: Plane, time_s: float, an_hour: float, light: float) -> int:
        """Draw the vehicles at `time_s`, of which `an_hour` pass, into `image`, in place; return how many."""
        seen = 0
        for number, vehicle in enumerate(self._vehicles):
            way = vehicle.left_px + abs(vehicle.speed_px_s) * time_s
            cycle = int(way // self._loop())
            share = an_hour * self._loop() / abs(vehicle.speed_px_s) / HOUR_S / _PLACES
            if self._chance[number, min(cycle, self._chance.shape[1] - 1)] >= share:
                continue
            along = way % self._loop()
            x = (along if vehicle.speed_px_s > 0 else self._loop() - along) - 0.45 * self._width
            sprite = vehicle.sprite if light >= 0.3 else self._lit[number][0]
            rows, columns = sprite.shape[:2]
            x0, x1 = max(0, int(np.floor(x))), min(self._width, int(np.floor(x)) + columns + 1)
            top = round(vehicle.foot_px) - round(rows * 0.8)
            y1 = min(image.shape[0], top + rows)
            if x1 <= x0:
                continue
            seen += 1
            matrix = np.array([[1, 0, x - x0], [0, 1, 0]], np.float64)
            moved = cv2.warpAffine(sprite, matrix, (x1 - x0, y1 - top), flags=cv2.INTER_LINEAR)
            area = image[top:y1, x0:x1]
            area *= 1 - moved[..., 3:]
            area += moved[..., :3] * np.float32(light)
            if light < 0.3:
                area += cv2.warpAffine(self._lit[number][1], matrix, (x1 - x0, y1 - top), flags=cv2.INTER_LINEAR)[
                    ..., :3
                ]
        return seen


class DayLamps(Lamps):
    """Lamps that come towards the camera or leave, each pair by chance."""

    def __init__(self, size_wh: tuple[int, int], horizon_px: int, seed: int) -> None:
        super().__init__(_PAIRS, size_wh, horizon_px, seed)
        self._all = list(self._pairs)
        shortest_s = min(pair.period_s for pair in self._all)
        self._chance: NDArray[np.float32] = (
            seeded(seed, "lamps that come").random((_PAIRS, int(DAY_S / shortest_s) + 3)).astype(np.float32)
        )

    def come(self, image: Plane, time_s: float, an_hour: float) -> int:
        """Add the light of those that are there at `time_s`, of which `an_hour` pass; return how many."""
        there = [
            pair
            for number, pair in enumerate(self._all)
            if self._chance[number, int((time_s + pair.phase_s) / pair.period_s)]
            < an_hour * pair.period_s / HOUR_S / _PAIRS
        ]
        self._pairs = there
        if there:
            self.shine(image, time_s)
        return len(there)
