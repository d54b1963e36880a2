"""
Plumes: smoke or steam as puffs that leave an outlet, rise, bend with the wind, grow, and scatter light.

A puff is a lump of fractal noise that absorbs (optical depth) and scatters (its own, shaded colour). Laid over each
other from far to near, puffs give for each pixel the transmission and the path radiance of domain.md 1.6. A plume has
no memory: any moment can be rendered by itself.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.flow import Flow
from benchmarks.scenes.light import Plane, blur, colour, fractal, remap, resize, seeded, smoothstep
from benchmarks.scenes.scene import Colour, Kind, SceneEvent

_SPRITES = 32
_SPRITE_PX = 96
_MARGIN = 16
"""Half-size pixels rendered beyond the picture's edge, so that eddies bring smoke in from there."""

_DENSEST = 0.995
"""Opacity above which a plume is treated as opaque: optical depth has no bound otherwise."""

RELIEF = {Colour.BLACK: 1.0, Colour.GREY: 1.0, Colour.WHITE: 0.5, Colour.YELLOW: 0.8}
"""How dark a plume's own shadows are: light that is scattered many times fills those of white ones."""

OWN_COLOUR = {
    Colour.BLACK: (44, 42, 41),
    Colour.GREY: (122, 121, 120),
    Colour.WHITE: (238, 239, 240),
    Colour.YELLOW: (190, 150, 74),
}
"""sRGB of a plume's sunlit side where it is opaque."""

DUST_COLOUR = (182, 162, 132)
"""The same of dust: dry soil and stone."""


@dataclass(frozen=True, slots=True, eq=False)
class Medium:
    """
    What stands between camera and background, for the rectangle of the picture that begins at `left`, `top`.

    Attributes:
        left: first column.

        top: first row.

        transmission: float32 ``(h, w)`` in [0, 1].

        path: float32 ``(h, w, 3)``: radiance the medium adds.
    """

    left: int
    top: int
    transmission: Plane
    path: Plane


class Plume:
    """
    The plume of one event.

    Args:
        event: what is emitted, when, how dark.

        flow: how it moves.

        outlet_px: centre of the outlet in picture pixels; of one that moves, where it is when the event starts.

        width_px: width of the outlet.

        size_wh: picture size.

        seed: of its turbulence.

        sunlight: brightness of the light that falls on it; 1 is a clear noon.

    The plume is made at half size and enlarged; the enlarged field is the truth.
    """

    def __init__(
        self,
        event: SceneEvent,
        flow: Flow,
        outlet_px: tuple[float, float],
        width_px: float,
        size_wh: tuple[int, int],
        seed: int,
        sunlight: float,
    ) -> None:
        self._event, self._flow = event, flow
        self._x, self._y, self._d = outlet_px[0] / 2, outlet_px[1] / 2, width_px / 2
        self._wh = (size_wh[0] // 2, size_wh[1] // 2)
        self._full_wh = size_wh
        rng = seeded(seed, "plume")
        self._sprites = [_sprite(rng) for _ in range(_SPRITES)]
        self._phases = rng.random((4096, 8))
        self._meander = fractal(rng, 1, 4096, 512, 3, 0.6)[0]
        self._warp = [fractal(rng, 256, 256, 12, 4, 0.6) for _ in range(2)]
        self._speed = event.speed * self._wh[0]
        own = DUST_COLOUR if event.kind is Kind.DUST else OWN_COLOUR[event.colour]
        self._own = colour(*own) * np.float32(sunlight)
        self._relief = RELIEF[event.colour]
        self._depth = 1.0
        if event.opacity > 0:
            self._depth = self._calibrate()

    def medium(self, time_s: float) -> Medium | None:
        """Return the plume at `time_s`, or ``None`` while nothing is in the air."""
        field = self._field(time_s, self._event.start_s, self._event.end_s) if self._event.opacity > 0 else None
        if field is None:
            return None
        left, top, thin, scattered = field
        x0, y0 = max(0, -left), max(0, -top)
        x1, y1 = min(thin.shape[1], self._wh[0] - left), min(thin.shape[0], self._wh[1] - top)
        if x1 <= x0 or y1 <= y0:
            return None
        left, top = left + x0, top + y0
        both = resize(np.dstack([thin, scattered])[y0:y1, x0:x1], (x1 - x0) * 2, (y1 - y0) * 2)
        transmission, share = np.ascontiguousarray(both[..., 0]), both[..., 1]
        return Medium(left * 2, top * 2, transmission, share[..., None] * self._own)

    def outlet_x(self, time_s: float) -> float:
        """Return where the outlet is at `time_s`, in half-size pixels."""
        if not self._speed:
            return self._x
        return self._x + self._speed * (time_s - self._event.start_s)

    def axis_px(self, time_s: float = 0.0) -> NDArray[np.float64]:
        """Return points ``(n, 2)`` in picture pixels along the mean axis, from the outlet on, half a width apart."""
        ages = np.linspace(0, self._flow.life_s, 2000)
        right, up = self._flow.travel(ages)
        right = right - self._speed / self._d * ages
        along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(right), np.diff(up)))])
        steps = np.arange(0.5, along[-1], 0.5)
        x = np.interp(steps, along, right) * self._d + self.outlet_x(time_s)
        y = self._y - np.interp(steps, along, up) * self._d
        return np.column_stack([x, y]) * 2

    def _calibrate(self) -> float:
        """Return the factor of optical depth at which the mean opacity of the reading spot is the event's."""
        samples = []
        for moment in self._calibration_s():
            points = np.round(self.axis_px(moment)[1:5] / 2).astype(int)
            field = self._field(moment, -math.inf, math.inf)
            if field is None:
                continue
            left, top, thin, _ = field
            for x, y in points:
                patch = thin[max(y - top - 1, 0) : y - top + 2, max(x - left - 1, 0) : x - left + 2]
                samples.append(-np.log(np.maximum(patch.ravel(), 1e-6)))
        depth = np.concatenate(samples)
        wanted = min(self._event.opacity, _DENSEST)
        low, high = 0.0, 400.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if float(np.mean(1 - np.exp(-middle * depth))) < wanted else (low, middle)
        return high

    def _calibration_s(self) -> list[float]:
        """Return moments at which the outlet is well inside the picture."""
        if not self._speed:
            return [100 + 0.75 * step for step in range(8)]
        middle = self._event.start_s + (self._wh[0] / 2 - self._x) / self._speed
        return [middle + 0.4 * step for step in range(-4, 4)]

    def _field(self, time_s: float, start_s: float, end_s: float) -> tuple[int, int, Plane, Plane] | None:
        """Return left, top, transmission and scattered share at half size, or ``None`` where there are no puffs."""
        flow = self._flow
        newest = math.floor(min(time_s, end_s) / flow.every_s)
        oldest = math.ceil(max(time_s - flow.life_s, start_s) / flow.every_s)
        if newest < oldest:
            return None
        numbers = np.arange(oldest, newest + 1)
        chance = self._phases[numbers % len(self._phases)]
        age = np.maximum(time_s - (numbers + 0.8 * (chance[:, 0] - 0.5)) * flow.every_s, 0.0)
        right, up = flow.travel(age)
        path = flow.path(age)
        radius = 0.56 + flow.spread * path
        meander = np.interp((numbers * flow.every_s) % 64 * 64, np.arange(4096), self._meander)
        swing = 0.055 * meander * path
        wobble = 0.42 * (radius - 0.4)
        angle = 2 * np.pi * chance
        carried = self._speed / self._d * age
        x = self.outlet_x(time_s) + self._d * (right - carried + wobble * np.sin(angle[:, 1] + 0.7 * age) + swing * 0.4)
        y = self._y - self._d * (up + wobble * np.sin(angle[:, 2] + 0.6 * age) + swing)
        way = np.hypot(right - carried, up)
        speed = np.gradient(way, age) if len(age) > 1 else np.array([flow.exit_speed])
        overlap = 2 * radius / np.maximum(np.abs(speed) * flow.every_s, 0.05)
        strength = self._depth * (0.56 / radius) ** flow.fade / overlap * np.exp(0.45 * (2 * chance[:, 3] - 1))
        strength *= np.minimum(1, (flow.life_s - age) / (0.3 * flow.life_s))
        erosion = np.zeros_like(age)
        if flow.evaporation:
            gone = path / (flow.evaporation * (0.75 + 0.5 * chance[:, 4]))
            strength *= np.exp(-(gone**3))
            erosion = np.clip(0.75 * gone, 0, 0.9)
        radius_px = self._d * radius * (0.85 + 0.4 * chance[:, 5]) * 1.25
        reach = radius_px * 1.1 + 4
        left, top = max(-_MARGIN, math.floor((x - reach).min())), max(-_MARGIN, math.floor((y - reach).min()))
        rows = min(self._wh[1] + _MARGIN, math.ceil((y + reach).max())) - top
        columns = min(self._wh[0] + _MARGIN, math.ceil((x + reach).max())) - left
        if rows < 2 or columns < 2:
            return None
        thin = np.ones((rows, columns), np.float32)
        scattered = np.zeros((rows, columns), np.float32)
        for puff in np.argsort(chance[:, 6]):
            if strength[puff] > 1e-3:
                self._lay(
                    thin,
                    scattered,
                    int(numbers[puff]),
                    (float(x[puff]) - left, float(y[puff]) - top),
                    float(radius_px[puff]),
                    float(angle[puff, 7] + 0.35 * age[puff]),
                    float(strength[puff]),
                    float(erosion[puff]),
                )
        return left, top, *self._ruffle(thin, scattered, left, top, time_s)

    def _lay(
        self,
        thin: Plane,
        scattered: Plane,
        number: int,
        centre: tuple[float, float],
        radius: float,
        turn: float,
        strength: float,
        erosion: float,
    ) -> None:
        """Lay one puff over what lies behind it."""
        rows, columns = thin.shape
        x0, x1 = max(0, math.floor(centre[0] - radius)), min(columns, math.ceil(centre[0] + radius))
        y0, y1 = max(0, math.floor(centre[1] - radius)), min(rows, math.ceil(centre[1] + radius))
        if x1 <= x0 or y1 <= y0:
            return
        scale = _SPRITE_PX / 2 / radius
        cosine, sine = math.cos(turn) * scale, math.sin(turn) * scale
        dx, dy = x0 - centre[0], y0 - centre[1]
        half = _SPRITE_PX / 2 - 0.5
        matrix = np.array(
            [[cosine, -sine, cosine * dx - sine * dy + half], [sine, cosine, sine * dx + cosine * dy + half]]
        )
        sprite = cv2.warpAffine(
            self._sprites[number % _SPRITES], matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        lump, slope_x, slope_y = sprite[..., 0], sprite[..., 1], sprite[..., 2]
        if erosion:
            lump = np.clip((lump - np.float32(erosion)) / np.float32(1 - erosion), 0, 1)
        behind = np.exp(np.float32(-strength) * lump)
        light_x, light_y = (
            (math.cos(turn) * -0.6 + math.sin(turn) * -0.8),
            (math.sin(turn) * 0.6 + math.cos(turn) * -0.8),
        )
        relief = np.float32(self._relief)
        shade = np.clip(0.62 + np.float32(light_x) * slope_x + np.float32(light_y) * slope_y, 0.28, 1.05)
        shade = (1 - relief) + relief * shade
        area = (slice(y0, y1), slice(x0, x1))
        scattered[area] *= behind
        scattered[area] += (1 - behind) * shade
        thin[area] *= behind

    def _ruffle(self, thin: Plane, scattered: Plane, left: int, top: int, time_s: float) -> tuple[Plane, Plane]:
        """Bend the edges by small eddies that travel with the wind."""
        rows, columns = thin.shape
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        zoom = np.float32(256 / (9 * self._d))
        u = (x + np.float32(left - self._flow.wind * self._d * time_s)) * zoom
        v = (y + np.float32(top + 0.8 * self._d * time_s)) * zoom
        distance = np.hypot(x + left - np.float32(self.outlet_x(time_s)), y + top - self._y)
        size = np.float32(0.16) * np.minimum(
            distance * np.float32(0.12) + np.float32(0.05 * self._d), np.float32(1.4 * self._d)
        )
        both = np.dstack([1 - thin, scattered])
        moved = remap(both, x + size * remap(self._warp[0], u, v), y + size * remap(self._warp[1], u, v), wrap=False)
        return np.ascontiguousarray(1 - moved[..., 0]), np.ascontiguousarray(moved[..., 1])


def _sprite(rng: np.random.Generator) -> Plane:
    """Return one puff ``(96, 96, 3)``: density in [0, 1], and the two slopes of its surface for shading."""
    y, x = np.mgrid[0:_SPRITE_PX, 0:_SPRITE_PX].astype(np.float32)
    middle = np.float32(_SPRITE_PX / 2 - 0.5)
    distance = np.hypot(x - middle, y - middle) / (_SPRITE_PX / 2)
    noise = fractal(rng, _SPRITE_PX, _SPRITE_PX, 3, 5, 0.62)
    billow = 1 - np.abs(fractal(rng, _SPRITE_PX, _SPRITE_PX, 4, 4, 0.55)) * 0.5
    lump = smoothstep(0.0, 0.75, (0.92 - distance) + 0.13 * noise + 0.12 * (billow - 0.6)) * smoothstep(
        0.0, 0.12, 1 - distance
    )
    height = blur((lump * (0.8 + 0.35 * billow)).astype(np.float32), 2.2)
    slope_y, slope_x = np.gradient(height)
    return np.dstack([lump * (0.75 + 0.25 * billow), slope_x * 9, slope_y * 9]).astype(np.float32)
