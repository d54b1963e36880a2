"""Landmarks: what places are painted with: ridges, house fronts far away, stacks and roads."""

import numpy as np

from benchmarks.scenes.backdrop.canvas import Canvas
from benchmarks.scenes.light import fractal, seeded

Layout = tuple[float, tuple[float, float], float, tuple[float, float]]
"""Row of the horizon, the stack's lip, its width, and top and bottom of the road, as fractions."""


def hills(canvas: Canvas, seed: int, horizon: float, height: float, distance: float) -> None:
    """Paint a ridge before the horizon; `distance` 1 is lost in haze."""
    line = fractal(seeded(seed, "hills", height), 64, canvas.width, 3, 6, 0.5)[7]
    xs = np.linspace(0, 1, 160)
    ys = horizon - height * (0.6 + 0.35 * np.interp(xs, np.linspace(0, 1, canvas.width), line))
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    canvas.polygon(
        [*points, (1.01, horizon + 0.02), (-0.01, horizon + 0.02)], canvas.tint(92, 104, 96, distance), 0.03, 0.10
    )


def skyline(canvas: Canvas, horizon: float, tallest: float, distance: float, *, every: float) -> None:
    """Paint a row of houses on the horizon, `every` wide on average and up to `tallest` high."""
    x = -0.02
    while x < 1.0:
        width = every * canvas.rng.uniform(0.5, 1.3)
        top = horizon - tallest * canvas.rng.uniform(0.25, 1.0)
        tone = int(canvas.rng.integers(120, 190))
        paint = canvas.tint(
            tone, tone - int(canvas.rng.integers(0, 16)), tone - int(canvas.rng.integers(4, 34)), distance
        )
        floors, columns = max(2, round((horizon - top) * 42)), max(2, round(width * 90))
        canvas.facade((x, top, x + width, horizon + 0.01), paint, floors, columns, distance)
        x += width * canvas.rng.uniform(0.9, 1.5)


def stack(canvas: Canvas, x: float, lip_y: float, foot_y: float, width: float, *, banded: bool) -> None:
    """A tapering round stack: brick or concrete, with red and white bands or a dark rim, lit from the left."""
    strips = 28
    taper = 1.5
    for strip in range(strips):
        a, b = strip / strips * 2 - 1, (strip + 1) / strips * 2 - 1
        normal = (a + b) / 2
        shade = np.float32(0.42 + 0.58 * max(0.0, np.sqrt(1 - normal**2) * 0.75 - normal * 0.5))
        for band in range(12):
            t0, t1 = band / 12, (band + 1) / 12
            w0, w1 = (width / 2 * (1 + (taper - 1) * t) for t in (t0, t1))
            y0, y1 = (lip_y + (foot_y - lip_y) * t for t in (t0, t1))
            tone = (150, 140, 128) if not banded or band >= 6 else ((168, 62, 50) if band % 2 == 0 else (206, 202, 194))
            if band == 0 and not banded:
                tone = (96, 88, 82)
            paint = canvas.tint(*tone, 0.05) * shade
            canvas.polygon(
                ((x + a * w0, y0), (x + b * w0 + 3e-4, y0), (x + b * w1 + 3e-4, y1), (x + a * w1, y1)),
                paint,
                0.07,
                0.12,
            )
    rim = canvas.tint(70, 66, 62)
    canvas.box(x - width * 0.56, lip_y - 0.002, x + width * 0.56, lip_y + 0.008, rim)
    for t in (0.25, 0.55):
        y, w = lip_y + (foot_y - lip_y) * t, width * (0.5 + 0.25 * t)
        canvas.box(x - w * 1.18, y, x + w * 1.18, y + 0.005, rim)


def road(canvas: Canvas, top: float, bottom: float) -> None:
    """Paint a road with kerbs and a dashed line between two rows."""
    canvas.box(-0.01, top - 0.018, 1.01, top, canvas.tint(142, 138, 130), 0.08, 0.08)
    canvas.box(-0.01, top, 1.01, bottom, canvas.tint(78, 79, 82), 0.07, 0.12)
    middle = (top + bottom) / 2
    for dash in range(14):
        canvas.box(
            dash / 13 - 0.02, middle - 0.0025, dash / 13 + 0.014, middle + 0.0025, canvas.tint(206, 204, 196), 0.1, 0.2
        )
    canvas.box(-0.01, bottom, 1.01, bottom + 0.02, canvas.tint(150, 147, 140), 0.08, 0.08)
