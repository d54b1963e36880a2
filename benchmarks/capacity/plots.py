"""Plots over the number of cameras as inline SVG, in the style of `benchmarks.reporting.plots`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 520, 300
_LEFT, _TOP, _BOTTOM, _RIGHT = 52, 14, 44, 16


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its points are (cameras, value); `tone` is a class of the style sheet."""

    title: str
    tone: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line that must not be crossed."""

    title: str
    value: float


def camera_plot(series: Sequence[Series], y_title: str, *, limit: Limit | None = None, y_most: float = 0.0) -> str:
    """Return lines over the number of cameras, both axes from 0, with a legend below; `y_most` cuts the plot there."""
    xs = [x for one in series for x, _ in one.points] or [1.0]
    highest = max([y for one in series for _, y in one.points] + ([limit.value] if limit else []), default=1.0)
    highest = min(highest, y_most) if y_most else highest
    x_step, y_step = nice_step(max(xs)), nice_step(highest)
    x_end = x_step * math.ceil(max(xs) / x_step)
    y_end = y_step * math.ceil(highest / y_step - 1e-9) or y_step
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x / x_end * wide, _TOP + (1 - min(y, y_end) / y_end) * high

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_title)} over cameras">']
    for number in range(round(y_end / y_step) + 1):
        _, y = at(0, number * y_step)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        label = f"{number * y_step:g}"
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for number in range(round(x_end / x_step) + 1):
        x, _ = at(number * x_step, 0)
        label = f"{number * x_step:g}"
        parts.append(f'<text class="tick" x="{x:.1f}" y="{_TOP + high + 18}" text-anchor="middle">{label}</text>')
    turned = f"translate(14 {_TOP + high / 2}) rotate(-90)"
    parts.append(f'<text class="axis" x="{_LEFT + wide / 2}" y="{HEIGHT - 6}" text-anchor="middle">cameras</text>')
    parts.append(f'<text class="axis" transform="{turned}" text-anchor="middle">{escape(y_title)}</text>')
    if limit is not None:
        _, y = at(0, limit.value)
        parts.append(f'<line class="mark" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT + 6}" y="{y - 5:.1f}">{escape(limit.title)}</text>')
    for one in series:
        points = [at(x, y) for x, y in one.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path class="curve {one.tone}" d="{path}"/>')
        parts += [f'<circle class="bar {one.tone}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
    legend = "".join(f'<span><i class="{one.tone}"></i>{escape(one.title)}</span>' for one in series)
    return "".join([*parts, f'</svg><p class="legend">{legend}</p>'])


def nice_step(largest: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that divides an axis up to `largest` into four to ten parts."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / 4))
    return next(power * each for each in (1, 2, 5, 10) if largest / (power * each) <= 8)


def stacked_bar(parts: Sequence[tuple[str, str, float]], whole: float) -> str:
    """Return one bar of named shares (title, tone, value) of `whole`, with a legend that names each value."""
    wide, x = WIDTH * 2 - 40, 20.0
    out = [f'<svg viewBox="0 0 {WIDTH * 2} 46" role="img" aria-label="shares of the processor">']
    out.append(f'<rect class="bar plain" x="20" y="8" width="{wide}" height="28" rx="3" style="opacity:.15"/>')
    for _, tone, value in parts:
        width = wide * value / whole
        out.append(f'<rect class="bar {tone}" x="{x:.1f}" y="8" width="{max(0.0, width - 1):.1f}" height="28"/>')
        x += width
    legend = "".join(f'<span><i class="{tone}"></i>{escape(title)} {value:.2f}</span>' for title, tone, value in parts)
    return "".join([*out, f'</svg><p class="legend">{legend}</p>'])
