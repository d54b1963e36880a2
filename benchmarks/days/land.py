"""
Land: a place painted once, in the parts that light reaches apart: by the sky, through haze, by its own lamps.

What stands there has one colour under all skies: radiance is linear in the light and in the haze's radiance
(`benchmarks.scenes.canvas.Canvas.tint`), so two paintings give both parts and every hour is a sum of them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.days.spots import GROUNDS
from benchmarks.days.wander import HOUR_S
from benchmarks.scenes.canvas import Canvas
from benchmarks.scenes.elsewhere import avenue, depot, power_plant, valley
from benchmarks.scenes.landmarks import Layout
from benchmarks.scenes.light import Plane, colour, seeded

# The painters of one place each are private to a package that may not change: committed films hang on its hash.
from benchmarks.scenes.place import _hill_country, _street, _works, _yard
from benchmarks.scenes.scene import Place

_PAINTERS: Mapping[Place, Callable[[Canvas, int], Layout]] = MappingProxyType(
    {
        Place.WORKS: _works,
        Place.STREET: _street,
        Place.YARD: _yard,
        Place.HILLS: _hill_country,
        Place.POWER_PLANT: power_plant,
        Place.AVENUE: avenue,
        Place.DEPOT: depot,
        Place.VALLEY: valley,
    }
)

_MOST_WINDOWS = 4096
_LIT = 0.45
"""Share of the windows behind which somebody is in the evening."""

_WINDOW_RGB = (255, 206, 132)
_LAMP_RGB = (255, 214, 160)


class _Windowed(Canvas):
    """A canvas that remembers where windows are, under whatever is painted over them."""

    def __init__(self, size_wh: tuple[int, int], seed: int, haze: tuple[int, int, int]) -> None:
        super().__init__(size_wh, seed, haze, 1.0)
        self.panes: NDArray[np.int16] = np.zeros((size_wh[1], size_wh[0]), np.int16)
        self.shown: Plane = np.zeros((size_wh[1], size_wh[0]), np.float32)
        self.count = 0

    def blend(self, left: int, top: int, mask: Plane, paint: Plane) -> None:
        super().blend(left, top, mask, paint)
        rows, columns = mask.shape
        self.shown[top : top + rows, left : left + columns] *= 1 - mask

    def facade(
        self, box: tuple[float, float, float, float], paint: Plane, floors: int, columns: int, distance: float = 0.0
    ) -> None:
        super().facade(box, paint, floors, columns, distance)
        left, top, right, bottom = box
        cell_w, cell_h = (right - left) / columns, (bottom - top) / (floors + 0.4)
        for floor in range(floors):
            y = top + (floor + 0.35) * cell_h
            for column in range(columns):
                x = left + (column + 0.22) * cell_w
                self._pane(x, y, x + 0.56 * cell_w, y + 0.52 * cell_h, 1 - distance)

    def _pane(self, left: float, top: float, right: float, bottom: float, near: float) -> None:
        edges = np.array([left * self.width, top * self.height, right * self.width, bottom * self.height])
        x0, y0 = np.floor(edges[:2]).astype(int)
        x1, y1 = np.ceil(edges[2:]).astype(int)
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, self.width), min(y1, self.height)
        if x1 <= x0 or y1 <= y0 or self.count >= _MOST_WINDOWS:
            return
        across = np.minimum(np.arange(x0, x1) + 1, edges[2]) - np.maximum(np.arange(x0, x1), edges[0])
        down = np.minimum(np.arange(y0, y1) + 1, edges[3]) - np.maximum(np.arange(y0, y1), edges[1])
        share = (np.clip(down, 0, 1)[:, None] * np.clip(across, 0, 1) * near).astype(np.float32)
        self.count += 1
        part = (slice(y0, y1), slice(x0, x1))
        stronger = share > self.shown[part]
        self.panes[part][stronger] = self.count
        self.shown[part] = np.maximum(self.shown[part], share)


class Land:
    """
    One camera's place.

    Args:
        place: what stands there.

        seed: of how it is painted, and of who is at home when.

        size_wh: picture size.

    Attributes:
        horizon_px: first row without sky.

        cover: float32 ``(h, w)``: 1 where something stands before the sky.

        lip, lip_width, road: as in `benchmarks.scenes.place.Backdrop`.
    """

    def __init__(self, place: Place, seed: int, size_wh: tuple[int, int]) -> None:
        canvas = _Windowed(size_wh, seed, (0, 0, 0))
        horizon, self.lip, self.lip_width, self.road = _PAINTERS[place](canvas, seed)
        hazy = Canvas(size_wh, seed, (255, 255, 255), 1.0)
        _PAINTERS[place](hazy, seed)
        self.horizon_px = round(horizon * canvas.height)
        self.cover = canvas.cover
        self._sunlit = canvas.radiance
        self._hazed = np.ascontiguousarray(np.maximum(hazy.radiance - canvas.radiance, 0))
        self._panes, self._pane_shown = canvas.panes, canvas.shown
        self._at_home = _at_home(seed, canvas.count)
        self._lit: tuple[bytes, Plane] = (b"", np.zeros_like(canvas.radiance))
        self._lamps = self._lamplight(place, size_wh)

    def radiance(self, light: float, haze: Plane, time_s: float, *, lamps: float) -> Plane:
        """
        Return the radiance of the land ``(h, w, 3)``, premultiplied by `cover`, in an array of the caller's own.

        `light` falls on it, `haze` ``(3,)`` is the horizon's radiance, `lamps` in [0, 1] is how bright its lamps are.
        """
        image: Plane = np.asarray(self._hazed * haze, np.float32)
        cv2.scaleAdd(self._sunlit, light, image, image)
        windows = self._windows(time_s)
        if windows is not None:
            image += windows
        if lamps > 0 and self._lamps is not None:
            cv2.scaleAdd(self._lamps, lamps, image, image)
        return image

    def _windows(self, time_s: float) -> Plane | None:
        """Return the light of the windows behind which somebody is; ``None`` where nobody is."""
        hour = time_s / HOUR_S
        is_lit = ((self._at_home[:, 0] <= hour) & (hour < self._at_home[:, 1])) | (
            (self._at_home[:, 2] <= hour) & (hour < self._at_home[:, 3])
        )
        if not is_lit.any():
            return None
        key = np.packbits(is_lit).tobytes()
        if key != self._lit[0]:
            glow = np.concatenate([[0.0], np.where(is_lit, self._at_home[:, 4], 0.0)]).astype(np.float32)
            shown = (glow[self._panes] * self._pane_shown)[..., None] * colour(*_WINDOW_RGB)
            self._lit = (key, np.ascontiguousarray(shown, np.float32))
        return self._lit[1]

    def _lamplight(self, place: Place, size_wh: tuple[int, int]) -> Plane | None:
        """Return what street lamps add: their heads, and what they shine on."""
        heads = GROUNDS[place].lamps
        if not heads:
            return None
        width, height = size_wh
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        pool, bloom = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
        for head_x, head_y, ground_y in heads:
            away = np.hypot(x - head_x * width, y - head_y * height)
            bloom += 1.4 * np.exp(-((away / np.float32(0.004 * width)) ** 2)) + 0.12 * np.exp(-away / (0.014 * width))
            flat = ((x - head_x * width) / (0.13 * width)) ** 2 + ((y - ground_y * height) / (0.10 * height)) ** 2
            upright = ((x - head_x * width) / (0.09 * width)) ** 2 + ((y - head_y * height) / (0.25 * height)) ** 2
            pool += 0.30 * np.exp(-flat) + np.where(y > head_y * height, 0.12 * np.exp(-upright), 0)
        tone = colour(*_LAMP_RGB)
        return np.ascontiguousarray(self._sunlit * (pool[..., None] * tone) + bloom[..., None] * tone, np.float32)


def _at_home(seed: int, count: int) -> NDArray[np.float64]:
    """
    Return for each window when it is lit, in hours of the day, and how brightly: ``(count, 5)``.

    From, to in the evening (after midnight for some: from, to in the morning's columns), radiance.
    """
    rng = seeded(seed, "windows")
    columns = np.full((count, 5), 99.0)
    evening = rng.random(count) < _LIT
    start = rng.uniform(16.8, 20.5, count)
    end = start + rng.uniform(0.4, 6.5, count)
    columns[evening, 0], columns[evening, 1] = start[evening], np.minimum(end[evening], 24.0)
    late = evening & (end > 24)
    columns[late, 2], columns[late, 3] = 0.0, end[late] - 24
    early = ~late & (rng.random(count) < 0.2)
    rises = rng.uniform(5.3, 7.0, count)
    columns[early, 2], columns[early, 3] = rises[early], rises[early] + rng.uniform(0.3, 1.2, int(early.sum()))
    columns[:, 4] = 0.7 * rng.uniform(0.3, 1.0, count)
    return columns
