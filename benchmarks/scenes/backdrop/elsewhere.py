"""Elsewhere: places that only held-out scenes show, composed unlike those of the other scenes."""

import numpy as np

from benchmarks.scenes.backdrop.canvas import Canvas
from benchmarks.scenes.backdrop.landmarks import Layout, hills, road, skyline, stack


def power_plant(canvas: Canvas, seed: int) -> Layout:
    """Paint a power plant across a river: a tall stack on the right, cooling towers, conveyor, pylons."""
    horizon = 0.70
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.12, 0.66)
    skyline(canvas, horizon, 0.06, 0.68, every=0.09)
    canvas.ground(horizon, canvas.tint(96, 106, 84), canvas.tint(116, 124, 104, 0.3), grain=0.12)
    for number in range(3):
        x = 0.10 + 0.135 * number + rng.uniform(-0.01, 0.01)
        _cooling_tower(canvas, x, 0.44 + 0.015 * number, 0.76, 0.11)
    lip, lip_width = (0.70 + rng.uniform(-0.04, 0.04), 0.27), 0.020
    canvas.box(lip[0] - 0.15, 0.56, lip[0] - 0.05, 0.79, canvas.tint(138, 146, 152, 0.06))
    canvas.facade((lip[0] - 0.055, 0.50, lip[0] + 0.09, 0.79), canvas.tint(170, 174, 172, 0.05), 6, 9, 0.05)
    stack(canvas, lip[0], lip[1], 0.78, lip_width, banded=bool(rng.random() < 0.4))
    canvas.polygon(
        ((lip[0] + 0.08, 0.58), (0.98, 0.74), (0.98, 0.76), (lip[0] + 0.08, 0.60)), canvas.tint(108, 112, 110, 0.05)
    )
    canvas.polygon(((0.86, 0.79), (0.94, 0.70), (1.02, 0.79)), canvas.tint(44, 42, 42), 0.12, 0.1)
    for number in range(2):
        _pylon(canvas, 0.47 + 0.09 * number, 0.52, 0.77)
    canvas.foliage(-0.02, 0.55, 0.73, 0.80, 0.16, 0.2)
    canvas.foliage(0.60, 1.02, 0.755, 0.81, 0.12, 0.4)
    canvas.box(-0.01, 0.80, 1.01, 0.90, canvas.tint(96, 116, 128, 0.15), 0.04, 0.14)
    for line in range(14):
        y = 0.805 + 0.0065 * line
        canvas.box(-0.01, y, 1.01, y + 0.0018, canvas.tint(142, 158, 166, 0.1), 0.05, 0.25)
    road(canvas, 0.915, 0.985)
    return horizon, lip, lip_width, (0.915, 0.985)


def _cooling_tower(canvas: Canvas, x: float, top: float, foot: float, width: float) -> None:
    """Paint a hyperbolic tower, lit from the left."""
    strips, rows = 22, 14
    for strip in range(strips):
        a, b = strip / strips * 2 - 1, (strip + 1) / strips * 2 - 1
        normal = (a + b) / 2
        paint = canvas.tint(186, 182, 172, 0.14) * np.float32(
            0.5 + 0.5 * max(0.0, np.sqrt(1 - normal**2) - 0.45 * normal)
        )
        for row in range(rows):
            t0, t1 = row / rows, (row + 1) / rows
            w0, w1 = (width / 2 * (0.62 + 0.38 * abs(t - 0.25) ** 1.5 * 1.6) for t in (t0, t1))
            y0, y1 = top + (foot - top) * t0, top + (foot - top) * t1
            canvas.polygon(
                ((x + a * w0, y0), (x + b * w0 + 3e-4, y0), (x + b * w1 + 3e-4, y1), (x + a * w1, y1)),
                paint,
                0.04,
                0.10,
            )


def _pylon(canvas: Canvas, x: float, top: float, foot: float) -> None:
    tone = canvas.tint(112, 118, 122, 0.2)
    for side in (-1, 1):
        canvas.polygon(
            ((x + side * 0.002, top), (x + side * 0.004, top), (x + side * 0.014, foot), (x + side * 0.011, foot)), tone
        )
    for number in range(3):
        y = top + 0.02 + 0.035 * number
        canvas.box(x - 0.022, y, x + 0.022, y + 0.004, tone)


def avenue(canvas: Canvas, seed: int) -> Layout:
    """Paint an avenue: towers behind a park, a broad road with a hedge, a flyover on the left."""
    horizon = 0.60
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.09, 0.8)
    skyline(canvas, horizon, 0.34, 0.42, every=0.05)
    canvas.ground(horizon, canvas.tint(104, 112, 84), canvas.tint(112, 120, 96, 0.2))
    for number in range(4):
        x = rng.uniform(0.0, 0.12) + 0.25 * number
        tone = int(rng.integers(96, 170))
        canvas.facade(
            (x, rng.uniform(0.12, 0.34), x + rng.uniform(0.06, 0.10), 0.66),
            canvas.tint(tone, tone + 6, tone + 14, 0.12), 18, 6, 0.12,
        )  # fmt: skip
    canvas.foliage(-0.02, 1.02, 0.52, 0.70, 0.10, 0.1)
    canvas.foliage(-0.02, 1.02, 0.60, 0.74, 0.03, 0.35)
    road(canvas, 0.745, 0.945)
    canvas.box(-0.01, 0.70, 1.01, 0.730, canvas.tint(70, 96, 52), 0.16, 0.25)
    canvas.polygon(((-0.02, 0.42), (0.30, 0.50), (0.30, 0.53), (-0.02, 0.47)), canvas.tint(150, 148, 144, 0.04))
    for number in range(3):
        x = 0.02 + 0.10 * number
        canvas.box(x, 0.46 + 0.025 * number, x + 0.018, 0.74, canvas.tint(134, 132, 128, 0.03))
    for number in range(4):
        x = 0.40 + 0.17 * number
        canvas.box(x, 0.36, x + 0.003, 0.735, canvas.tint(160, 162, 164))
        canvas.box(x - 0.03, 0.358, x + 0.033, 0.366, canvas.tint(160, 162, 164))
    return horizon, (0.5, 0.3), 0.02, (0.76, 0.93)


def depot(canvas: Canvas, seed: int) -> Layout:
    """Paint a depot from above: sheds, a heap of scrap, drums, a crane, concrete ground."""
    horizon = 0.34
    rng = canvas.rng
    hills(canvas, seed, horizon, 0.05, 0.76)
    skyline(canvas, horizon, 0.13, 0.58, every=0.10)
    canvas.foliage(-0.02, 1.02, 0.27, 0.37, 0.28, 0.25)
    canvas.ground(horizon, canvas.tint(156, 152, 144), canvas.tint(150, 148, 138, 0.2), grain=0.09)
    for left, top, width, tone in ((0.00, 0.30, 0.34, (126, 140, 150)), (0.58, 0.28, 0.44, (150, 120, 100))):
        canvas.box(left, top, left + width, 0.47, canvas.tint(*tone, 0.06), 0.05, 0.16)
        for rib in range(26):
            x = left + width * rib / 26
            canvas.box(x, top, x + width / 90, 0.47, canvas.tint(*tone, 0.06) * np.float32(0.82), 0.04, 0.1)
        canvas.polygon(
            (
                (left - 0.01, top),
                (left + 0.03, top - 0.05),
                (left + width - 0.03, top - 0.05),
                (left + width + 0.01, top),
            ),
            canvas.tint(102, 106, 110, 0.08),
        )
        for door in range(3):
            x = left + width * (0.12 + 0.29 * door)
            canvas.box(x, 0.385, x + width * 0.16, 0.47, canvas.tint(66, 70, 76), 0.03, 0.1)
    for _ in range(46):
        x, y = 0.78 + rng.normal(0, 0.07), 0.64 - abs(rng.normal(0, 0.05))
        grey = int(rng.integers(56, 130))
        red, green, blue = (int(value) for value in grey + rng.integers(-14, 15, 3))
        size = rng.uniform(0.012, 0.04)
        canvas.polygon(
            ((x, y), (x + size, y - size * 0.6), (x + size * 1.4, y + size * 0.5), (x + 0.2 * size, y + size)),
            canvas.tint(red, green, blue), 0.12, 0.25,
        )  # fmt: skip
    for number in range(7):
        x, y = 0.07 + 0.035 * number, 0.545 + 0.012 * (number % 2)
        tone = ((44, 84, 140), (150, 60, 36), (70, 104, 70))[number % 3]
        canvas.box(x, y, x + 0.022, y + 0.055, canvas.tint(*tone), 0.05, 0.15)
        canvas.box(x, y - 0.006, x + 0.022, y + 0.004, canvas.tint(*tone) * np.float32(1.3), 0.03, 0.1)
    canvas.box(0.485, 0.10, 0.495, 0.52, canvas.tint(206, 160, 40), 0.04, 0.1)
    canvas.box(0.36, 0.10, 0.70, 0.115, canvas.tint(206, 160, 40), 0.04, 0.1)
    for line in range(5):
        y = 0.60 + 0.075 * line
        canvas.box(0.05, y, 0.62, y + 0.004, canvas.tint(196, 190, 160), 0.1, 0.3)
    return horizon, (0.44, 0.70), 0.06, (0.82, 0.96)


def valley(canvas: Canvas, seed: int) -> Layout:
    """Paint a wooded valley with a lake, looked down upon from a ridge."""
    horizon = 0.38
    rng = canvas.rng
    for number, (height, distance) in enumerate(((0.22, 0.84), (0.14, 0.7))):
        hills(canvas, seed + number, horizon + 0.015 * number, height, distance)
    canvas.ground(horizon, canvas.tint(76, 92, 56), canvas.tint(104, 116, 88, 0.4), grain=0.18)
    for row in range(8):
        y = horizon + 0.02 + 0.045 * row
        canvas.foliage(-0.02, 1.02, y - 0.03 - 0.004 * row, y + 0.015, max(0.06, 0.52 - 0.07 * row), 0.3)
    canvas.polygon(
        ((0.30, 0.60), (0.58, 0.575), (0.83, 0.60), (0.76, 0.665), (0.45, 0.69), (0.27, 0.65)),
        canvas.tint(132, 154, 170, 0.2), 0.03, 0.08,
    )  # fmt: skip
    for _ in range(9):
        x, y = rng.uniform(0.04, 0.92), horizon + rng.uniform(0.05, 0.17)
        canvas.box(x, y - 0.014, x + 0.02, y, canvas.tint(196, 190, 180, 0.25), 0.04, 0.1)
        canvas.box(x - 0.001, y - 0.020, x + 0.021, y - 0.012, canvas.tint(112, 96, 92, 0.25))
    canvas.polygon(((0.62, 1.02), (0.80, 0.72), (0.86, 0.72), (0.80, 1.02)), canvas.tint(128, 126, 120, 0.04))
    canvas.foliage(-0.02, 0.50, 0.74, 1.06, 0.0, 0.1)
    canvas.foliage(0.86, 1.03, 0.70, 1.06, 0.0, 0.15)
    return horizon, (0.5, horizon + 0.1), 0.01, (0.86, 0.93)
