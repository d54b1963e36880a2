"""Canvas: painting textured things into a static picture of linear radiance."""

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.scenes.light import Plane, colour, fractal, remap, seeded, smoothstep

Point = tuple[float, float]
"""x and y as fractions of picture width and height."""

_TILE = 512
_SHIFT = 4


class Canvas:
    """
    A picture under construction. Coordinates are fractions of its width and height.

    Attributes:
        radiance: float32 ``(h, w, 3)``, premultiplied by `cover`.

        cover: float32 ``(h, w)``: 1 where something stands before the sky.
    """

    def __init__(self, size_wh: tuple[int, int], seed: int, haze: tuple[int, int, int], light: float) -> None:
        self.width, self.height = size_wh
        self.radiance: Plane = np.zeros((self.height, self.width, 3), np.float32)
        self.cover: Plane = np.zeros((self.height, self.width), np.float32)
        self.rng = seeded(seed, "canvas")
        self.light = np.float32(light)
        self.is_dark = light < 0.3
        self._haze = colour(*haze)
        self._grain = fractal(self.rng, _TILE, _TILE, 32, 4, 0.75)
        self._stain = fractal(self.rng, _TILE, _TILE, 4, 5, 0.55)
        self._leaves = fractal(self.rng, _TILE, _TILE, 24, 4, 0.8)

    def tint(self, red: int, green: int, blue: int, distance: float = 0.0) -> Plane:
        """Return an sRGB colour under the scene's light, seen through haze: `distance` 0 is near, 1 is lost in it."""
        share = np.float32(distance)
        return np.asarray(colour(red, green, blue) * self.light * (1 - share) + self._haze * share, np.float32)

    def polygon(self, points: Sequence[Point], paint: Plane, grain: float = 0.05, stain: float = 0.08) -> None:
        """Fill a polygon with `paint` (BGR ``(3,)``); `grain` and `stain`: relative deviations, fine and broad."""
        corners = np.array([(x * self.width, y * self.height) for x, y in points])
        left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
        right = min(self.width, int(np.ceil(corners[:, 0].max())) + 1)
        bottom = min(self.height, int(np.ceil(corners[:, 1].max())) + 1)
        if right <= left or bottom <= top:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        fixed = np.round((corners - (left, top) - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
        self.blend(
            left,
            top,
            np.asarray(mask / np.float32(255), np.float32),
            paint * self.rough(left, top, mask.shape, grain, stain),
        )

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        paint: Plane,
        grain: float = 0.05,
        stain: float = 0.08,
    ) -> None:
        """Fill an upright rectangle."""
        self.polygon(((left, top), (right, top), (right, bottom), (left, bottom)), paint, grain, stain)

    def blend(self, left: int, top: int, mask: Plane, paint: Plane) -> None:
        """Lay `paint` (``(h, w, 3)`` or ``(3,)``) over the picture where `mask` (``(h, w)``) says."""
        rows, columns = mask.shape
        area = (slice(top, top + rows), slice(left, left + columns))
        keep = 1 - mask
        self.radiance[area] = self.radiance[area] * keep[..., None] + paint * mask[..., None]
        self.cover[area] = self.cover[area] * keep + mask

    def rough(self, left: int, top: int, shape: tuple[int, ...], grain: float, stain: float) -> Plane:
        """Return the relative brightness ``(h, w, 1)`` of a rough, stained surface."""
        rows = (np.arange(shape[0]) + top) % _TILE
        columns = (np.arange(shape[1]) + left) % _TILE
        at = np.ix_(rows, columns)
        return np.maximum(0.15, 1 + np.float32(grain) * self._grain[at] + np.float32(stain) * self._stain[at])[
            ..., None
        ]

    def facade(
        self, box: tuple[float, float, float, float], paint: Plane, floors: int, columns: int, distance: float = 0.0
    ) -> None:
        """Paint a house front with a grid of windows that mirror the sky or, in the dark, are lit here and there."""
        left, top, right, bottom = box
        self.box(left, top, right, bottom, paint)
        cell_w, cell_h = (right - left) / columns, (bottom - top) / (floors + 0.4)
        dark, bright = self.tint(34, 40, 48, distance), self.tint(120, 140, 160, distance)
        lamp = colour(255, 206, 132) * np.float32(0.7)
        for floor in range(floors):
            y = top + (floor + 0.35) * cell_h
            for column in range(columns):
                x = left + (column + 0.22) * cell_w
                pane = dark + (bright - dark) * np.float32(self.rng.random() ** 2)
                if self.is_dark and self.rng.random() < 0.35:
                    pane = lamp * np.float32(0.3 + 0.7 * self.rng.random())
                self.box(x, y, x + 0.56 * cell_w, y + 0.52 * cell_h, pane, 0.02, 0.05)
            self.box(left, y + 0.60 * cell_h, right, y + 0.66 * cell_h, paint * np.float32(0.8), 0.03, 0.05)
        self.box(left, top, right, top + 0.12 * cell_h, paint * np.float32(0.75))

    def foliage(
        self, left: float, right: float, crown: float, foot: float, distance: float = 0.0, gaps: float = 0.0
    ) -> None:
        """Paint a row of trees between `left` and `right`: crowns up to `crown`, thinned by `gaps` in [0, 1]."""
        x0, x1 = round(left * self.width), round(right * self.width)
        y0, y1 = round(crown * self.height), round(foot * self.height)
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, self.width), min(y1, self.height)
        rows, columns = y1 - y0, x1 - x0
        if rows < 2 or columns < 2:
            return
        outline = np.zeros((rows, columns), np.float32)
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        at = -0.2 * rows
        while at < columns + 0.2 * rows:
            size = rows * self.rng.uniform(0.36, 0.58)
            at += size * self.rng.uniform(0.7, 1.3)
            if self.rng.random() < gaps:
                continue
            for _ in range(7):
                cx, cy = at + size * self.rng.normal(0, 0.4), rows - size * (0.75 + 0.55 * self.rng.random())
                radius = size * self.rng.uniform(0.35, 0.62)
                bump = 1.15 - np.sqrt((x - cx) ** 2 + (y - cy) ** 2) / radius
                outline = np.maximum(outline, bump.astype(np.float32))
            outline = np.maximum(
                outline, np.where((np.abs(x - at) < size * 0.05) & (y > rows - size), 0.5, 0).astype(np.float32)
            )
        taper = np.float32(0.6 * rows)
        if x0 > 0:
            outline *= np.clip(x / taper, 0, 1)
        if x1 < self.width:
            outline *= np.clip((columns - x) / taper, 0, 1)
        shift = self.rng.integers(0, _TILE, 2)
        tile = self._leaves[np.ix_((np.arange(rows) + shift[0]) % _TILE, (np.arange(columns) + shift[1]) % _TILE)]
        mask = smoothstep(0.16, 0.34, outline + np.float32(0.12) * tile)
        shade = np.clip(0.75 + np.float32(0.32) * tile - 0.35 * (y / rows - 0.5), 0.12, 1.8).astype(np.float32)
        hue = self.tint(70 + int(self.rng.integers(-14, 14)), 86, 46, 0)
        hazy = np.float32(distance)
        self.blend(x0, y0, mask, (hue * shade[..., None]) * (1 - hazy) + self._haze * hazy)

    def ground(self, horizon: float, near: Plane, far: Plane, grain: float = 0.16) -> None:
        """Paint level ground from `horizon` down, its texture in perspective."""
        top = round(horizon * self.height)
        rows = self.height - top
        y, x = np.mgrid[0:rows, 0 : self.width].astype(np.float32)
        depth = (rows * np.float32(0.08)) / (y + rows * np.float32(0.08))
        u = (x - self.width / 2) * depth * 3
        v = depth * 900
        texture = (
            1
            + np.float32(grain) * remap(self._stain, u, v)
            + np.float32(grain * 0.7) * remap(self._grain, u * 2, v * 2)
        )
        mix = (y / rows)[..., None] ** np.float32(0.5)
        self.blend(
            0,
            top,
            np.ones((rows, self.width), np.float32),
            (far + (near - far) * mix) * np.maximum(texture, 0.2)[..., None],
        )
