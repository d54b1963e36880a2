"""Plots of the report as inline SVG; colours come from the page's style sheet, so that they follow light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

HALF_WIDTH, FULL_WIDTH = 520, 1000
"""Of a plot that shares its row with another, and of one that has it alone; in the page's pixels, about."""

_LEFT, _TOP, _BOTTOM, _RIGHT = 52, 14, 44, 16


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points (x, y) of the unit square; `tone` is a class of the style sheet."""

    title: str
    tone: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A marked point of the unit square."""

    tone: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One row of a bar chart.

    Attributes:
        title, note: before and after the bar.

        value: its length; ``None`` draws no bar.

        low, high: the whisker.

        tone: a class of the style sheet.
    """

    title: str
    note: str
    value: float | None
    low: float
    high: float
    tone: str


def line_plot(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    *,
    dots: Sequence[Dot] = (),
    dots_title: str = "",
    mark_x: float | None = None,
) -> str:
    """Return lines over the unit square, with axes in fifths and a legend below."""
    height = 360
    wide, high = HALF_WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * wide, _TOP + (1 - y) * high

    turned = f"translate(14 {_TOP + high / 2}) rotate(-90)"
    parts = [_open(HALF_WIDTH, height, f"{y_title} over {x_title}")]
    for tenth in range(0, 11, 2):
        x, y = at(tenth / 10, tenth / 10)
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + high}"/>',
            f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>',
            f'<text class="tick" x="{x:.1f}" y="{_TOP + high + 18}" text-anchor="middle">{tenth / 10:.1f}</text>',
        ]
    parts += [
        f'<text class="axis" x="{_LEFT + wide / 2}" y="{height - 6}" text-anchor="middle">{escape(x_title)}</text>',
        f'<text class="axis" transform="{turned}" text-anchor="middle">{escape(y_title)}</text>',
    ]
    if mark_x is not None:
        x, y = at(mark_x, 1)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{_TOP + high}"/>')
        parts.append(f'<text class="tick" x="{x + 5:.1f}" y="{y + 12:.1f}">threshold {mark_x:g}</text>')
    parts += [f'<path class="curve {line.tone}" d="{_path([at(*point) for point in line.points])}"/>' for line in lines]
    for dot in dots:
        x, y = at(dot.x, dot.y)
        parts.append(f'<circle class="dot {dot.tone}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
    parts += ["</svg>", _legend(lines, dots_title)]
    return "".join(parts)


def bar_plot(bars: Sequence[Bar], name: str, *, width: int = HALF_WIDTH, mark: float | None = None) -> str:
    """Return horizontal bars from 0 to 1 with whiskers; `mark` is a line across all of them."""
    if not bars:
        return ""
    row, left, note = 26, 178, 134
    wide = width - left - note
    height = row * len(bars) + 36
    parts = [_open(width, height, name)]
    for tenth in range(0, 11, 2):
        x = left + wide * tenth / 10
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 24}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{tenth * 10} %</text>')
    for number, bar in enumerate(bars):
        middle = 6 + row * number + row / 2
        parts.append(
            f'<text class="row" x="{left - 10}" y="{middle + 4:.1f}" text-anchor="end">{escape(bar.title)}</text>'
        )
        if bar.value is not None:
            size = f'width="{max(1.0, wide * bar.value):.1f}" height="14" rx="2"'
            parts.append(f'<rect class="bar {bar.tone}" x="{left}" y="{middle - 7:.1f}" {size}/>')
        low, high = left + wide * bar.low, left + wide * min(1.0, bar.high)
        parts.append(f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>')
        parts += [
            f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 4:.1f}" y2="{middle + 4:.1f}"/>'
            for x in (low, high)
        ]
        parts.append(f'<text class="note" x="{left + wide + 14}" y="{middle + 4:.1f}">{escape(bar.note)}</text>')
    if mark is not None:
        x = left + wide * mark
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="{height - 24}"/>')
    return "".join([*parts, "</svg>"])


def _open(width: int, height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _legend(lines: Sequence[Line], dots_title: str) -> str:
    entries = [f'<span><i class="{line.tone}"></i>{escape(line.title)}</span>' for line in lines]
    entries += [f"<b>{escape(dots_title)}</b>"] * bool(dots_title)
    return f'<p class="legend">{"".join(entries)}</p>'
