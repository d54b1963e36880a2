"""
Zones: what both sides hold a polygon in a camera's picture to, whether drawn on the wall or written in a file.

    PolygonError     too few points or too many, out of the picture, across itself, or around nothing
"""

from collections.abc import Sequence

MOST_POINTS = 64
"""Points of a polygon: a border drawn by hand needs 5 to 20; more would be noise of the hand."""

MOST_ZONES = 64
"""Zones of a camera."""

MOST_SPANS = 16
"""Spans of a zone's hours: two a day and some to spare."""

LEAST_AREA = 1e-5
"""Least area, as a share of the picture: 5 by 4 pixels of a 1080p picture."""

ZONE_KINDS = frozenset({"watch", "mask", "outlet", "vent", "premises", "field", "no_burn", "no_bbq", "road", "works"})
"""
Kinds of zone that workers know: `vision.config.zones.ZoneKind` says what each is for. Others would blind the camera.
"""

Point = tuple[float, float]
"""x and y as shares of the picture's width and height."""


class PolygonError(ValueError):
    """A polygon has too few or too many points, leaves the picture, crosses itself or encloses nothing."""


def checked_polygon(polygon: Sequence[Point]) -> tuple[Point, ...]:
    """Return `polygon` as it is if it encloses an area of the picture; raise `PolygonError` with what is wrong."""
    points = tuple(polygon)
    if len(points) < 3:
        raise PolygonError(f"a polygon needs at least 3 points, got {len(points)}")
    if len(points) > MOST_POINTS:
        raise PolygonError(f"a polygon has at most {MOST_POINTS} points, got {len(points)}")
    for number, (x, y) in enumerate(points):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise PolygonError(f"point {number} must lie in 0..1 (shares of width and height), got [{x:g}, {y:g}]")
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    for i, (a, b) in enumerate(edges):
        for j, (c, d) in enumerate(edges[i + 1 :], start=i + 1):
            if _cross(a, b, c, d):
                raise PolygonError(f"the edges from point {i} and from point {j} cross")
    doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in edges)
    if abs(doubled) / 2 < LEAST_AREA:
        raise PolygonError("the polygon encloses no area")
    return points


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
