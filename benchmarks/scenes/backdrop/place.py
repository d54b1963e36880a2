"""Places: works with a stack, a street, a yard; painted once a scene."""

from dataclasses import dataclass

import numpy as np

from benchmarks.scenes.backdrop.canvas import Canvas
from benchmarks.scenes.backdrop.elsewhere import avenue, depot, power_plant, valley
from benchmarks.scenes.backdrop.landmarks import Layout, hills, road, skyline, stack
from benchmarks.scenes.light import Plane
from benchmarks.scenes.scene import Place, Scene
from benchmarks.scenes.sky import MOODS


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """
    What does not move.

    Attributes:
        radiance: float32 ``(h, w, 3)``, premultiplied by `cover`.

        cover: float32 ``(h, w)``: 1 where something stands before the sky.

        horizon_px: first row without sky.

        lip: centre of the stack's lip as fractions of width and height.

        lip_width: outer width of the stack at its lip as a fraction of picture width.

        road: top and bottom of the carriageway as fractions of height.
    """

    radiance: Plane
    cover: Plane
    horizon_px: int
    lip: tuple[float, float]
    lip_width: float
    road: tuple[float, float]


def backdrop(scene: Scene) -> Backdrop:
    """Paint the scene's place under its weather's light."""
    mood = MOODS[scene.weather]
    canvas = Canvas(scene.size_wh, scene.seed, mood.horizon, mood.light)
    paint = {
        Place.WORKS: _works,
        Place.STREET: _street,
        Place.YARD: _yard,
        Place.HILLS: _hill_country,
        Place.POWER_PLANT: power_plant,
        Place.AVENUE: avenue,
        Place.DEPOT: depot,
        Place.VALLEY: valley,
    }[scene.place]
    horizon, lip, lip_width, road = paint(canvas, scene.seed)
    return Backdrop(canvas.radiance, canvas.cover, round(horizon * canvas.height), lip, lip_width, road)


def _works(canvas: Canvas, seed: int) -> Layout:
    horizon = 0.76
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.07, 0.72)
    skyline(canvas, horizon, 0.12, 0.62, every=0.06)
    canvas.foliage(-0.02, 1.02, horizon - 0.055, horizon + 0.01, 0.38)
    canvas.ground(horizon, canvas.tint(112, 108, 98), canvas.tint(128, 130, 116, 0.25))
    lip, lip_width = (0.33 + rng.uniform(-0.05, 0.05), 0.34), 0.024
    stack(canvas, lip[0], lip[1], 0.84, lip_width, banded=bool(rng.random() < 0.6))
    second = lip[0] + rng.uniform(0.36, 0.42)
    stack(canvas, second, 0.52, 0.82, 0.012, banded=False)
    halls = (
        (lip[0] - 0.34, 0.635, 0.24, (176, 168, 152)),
        (lip[0] - 0.07, 0.60, 0.20, (150, 158, 166)),
        (lip[0] + 0.17, 0.66, 0.30, (164, 128, 108)),
    )
    for left, top, width, tone in halls:
        roof = canvas.tint(96, 100, 108, 0.06)
        canvas.polygon(
            (
                (left - 0.004, top),
                (left + width / 2, top - 0.045),
                (left + width + 0.004, top),
                (left + width, top + 0.02),
                (left, top + 0.02),
            ),
            roof,
            0.05,
            0.14,
        )
        canvas.facade(
            (left, top + 0.005, left + width, 0.85), canvas.tint(*tone, 0.05), 3, max(5, round(width * 52)), 0.05
        )
        canvas.box(left + width * 0.42, 0.775, left + width * 0.56, 0.85, canvas.tint(70, 80, 92))
        canvas.box(left, 0.845, left + width + 0.01, 0.862, canvas.tint(58, 56, 52), 0.1, 0.2)
    for number in range(3):
        x = lip[0] + 0.48 + 0.052 * number
        stack(canvas, x, 0.64, 0.85, 0.042, banded=False)
    canvas.foliage(-0.03, lip[0] - 0.08, 0.76, 0.90, 0.04, 0.25)
    canvas.foliage(lip[0] + 0.26, 1.03, 0.79, 0.90, 0.04, 0.35)
    road(canvas, 0.885, 0.965)
    canvas.foliage(-0.02, 1.02, 0.95, 1.05, 0.0, 0.15)
    return horizon, lip, lip_width, (0.885, 0.965)


def _street(canvas: Canvas, seed: int) -> Layout:
    horizon = 0.66
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.06, 0.75)
    skyline(canvas, horizon, 0.20, 0.5, every=0.07)
    canvas.ground(horizon, canvas.tint(120, 116, 108), canvas.tint(124, 124, 112, 0.2))
    x = -0.04
    while x < 1.0:
        width = rng.uniform(0.14, 0.24)
        top = rng.uniform(0.22, 0.5)
        tone = int(rng.integers(120, 196))
        paint = canvas.tint(tone, tone - int(rng.integers(2, 12)), tone - int(rng.integers(12, 44)), 0.05)
        canvas.facade(
            (x, top, x + width, 0.76), paint, max(3, round((0.72 - top) * 17)), max(4, round(width * 38)), 0.05
        )
        canvas.box(x, 0.68, x + width, 0.76, canvas.tint(64, 60, 58), 0.06, 0.3)
        canvas.box(
            x + 0.01,
            0.692,
            x + width - 0.01,
            0.708,
            canvas.tint(*(int(v) for v in rng.integers(60, 130, 3))),
            0.04,
            0.1,
        )
        x += width * rng.choice([1.0, 1.0, 1.25])
    canvas.box(-0.01, 0.755, 1.01, 0.785, canvas.tint(150, 146, 138), 0.1, 0.1)
    for _ in range(5):
        at = rng.uniform(0, 1)
        canvas.foliage(at - 0.05, at + 0.05, 0.50, 0.77, 0.02, 0.2)
    road(canvas, 0.785, 0.96)
    for number in range(3):
        x = 0.18 + 0.32 * number
        canvas.box(x, 0.42, x + 0.0035, 0.775, canvas.tint(74, 76, 78))
        canvas.box(x, 0.415, x + 0.04, 0.424, canvas.tint(74, 76, 78))
    return horizon, (0.5, 0.3), 0.02, (0.80, 0.94)


def _yard(canvas: Canvas, seed: int) -> Layout:
    horizon = 0.58
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.06, 0.7)
    skyline(canvas, horizon, 0.17, 0.55, every=0.08)
    canvas.foliage(-0.02, 1.02, 0.46, 0.60, 0.22, 0.1)
    canvas.ground(horizon, canvas.tint(142, 136, 124), canvas.tint(138, 134, 122, 0.15))
    canvas.facade((-0.02, 0.30, 0.26, 0.66), canvas.tint(172, 160, 142), 4, 9)
    canvas.box(0.26, 0.53, 1.02, 0.63, canvas.tint(156, 104, 84), 0.10, 0.14)
    for course in range(9):
        canvas.box(0.26, 0.535 + course * 0.0105, 1.02, 0.5362 + course * 0.0105, canvas.tint(178, 160, 146), 0.1, 0.2)
    for number in range(3):
        x = 0.66 + 0.115 * number + rng.uniform(-0.01, 0.01)
        tone = ((52, 92, 140), (150, 64, 44), (66, 110, 74))[number]
        canvas.box(x, 0.52, x + 0.105, 0.665, canvas.tint(*tone), 0.05, 0.16)
        for rib in range(16):
            canvas.box(
                x + 0.0066 * rib,
                0.52,
                x + 0.0066 * rib + 0.0022,
                0.665,
                canvas.tint(*tone) * np.float32(0.72),
                0.04,
                0.1,
            )
        canvas.box(x - 0.004, 0.66, x + 0.115, 0.675, canvas.tint(62, 58, 54), 0.1, 0.2)
    canvas.box(0.405, 0.70, 0.475, 0.80, canvas.tint(58, 84, 66), 0.08, 0.22)
    canvas.box(0.40, 0.695, 0.48, 0.708, canvas.tint(40, 58, 46), 0.06, 0.1)
    canvas.box(0.40, 0.796, 0.50, 0.812, canvas.tint(72, 68, 62), 0.1, 0.2)
    return horizon, (0.44, 0.70), 0.06, (0.86, 0.97)


def _hill_country(canvas: Canvas, seed: int) -> Layout:
    """A valley seen from a mast: ridges behind each other, fields, woods and a few houses far away."""
    horizon = 0.52
    rng = canvas.rng
    for number, (height, distance) in enumerate(((0.24, 0.78), (0.17, 0.6), (0.11, 0.42))):
        hills(canvas, seed + number, horizon + 0.02 * number, height, distance)
    canvas.ground(horizon, canvas.tint(104, 112, 70), canvas.tint(118, 126, 92, 0.3), grain=0.10)
    for _ in range(16):
        y = horizon + 0.02 + 0.26 * rng.random() ** 2
        size = 0.06 + 0.5 * (y - horizon)
        x, lean = rng.uniform(-0.1, 1.0), rng.uniform(-0.05, 0.05)
        tone = ((150, 150, 84), (112, 128, 70), (170, 152, 104), (96, 116, 66))[int(rng.integers(4))]
        canvas.polygon(
            ((x, y), (x + size, y - 0.004), (x + size * 1.15 + lean, y + size * 0.16), (x + lean, y + size * 0.18)),
            canvas.tint(*tone, max(0.05, 0.35 - (y - horizon))),
            0.06,
            0.12,
        )
    for number in range(4):
        y = horizon + 0.015 + 0.05 * number
        canvas.foliage(-0.02, 1.02, y - 0.018 - 0.012 * number, y + 0.008, 0.34 - 0.08 * number, 0.35)
    for _ in range(7):
        x, y = rng.uniform(0.05, 0.9), horizon + rng.uniform(0.02, 0.09)
        canvas.box(x, y - 0.016, x + 0.018, y, canvas.tint(206, 198, 184, 0.25), 0.04, 0.1)
        canvas.polygon(
            ((x - 0.002, y - 0.016), (x + 0.009, y - 0.028), (x + 0.020, y - 0.016)), canvas.tint(150, 84, 66, 0.25)
        )
    canvas.foliage(-0.02, 0.36, 0.76, 1.04, 0.0, 0.2)
    canvas.foliage(0.74, 1.03, 0.82, 1.05, 0.0, 0.3)
    return horizon, (0.5, horizon + 0.03), 0.01, (0.86, 0.93)
