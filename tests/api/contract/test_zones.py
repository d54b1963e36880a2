"""What a polygon is held to, on the wall as in a file."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import ZoneDocument
from api.contract.zones import MOST_POINTS, PolygonError, checked_polygon

SQUARE = [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)]


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "at least 3 points, got 0"),
        ([(0, 0), (1, 1)], "at least 3 points, got 2"),
        ([(0, 0), (0.5, 0.5), (1, 1)], "encloses no area"),
        ([(0, 0), (0, 1.01), (1, 1)], "point 1 must lie in 0..1"),
        ([(0.1, 0.1), (0.4, 0.4), (0.4, 0.1), (0.1, 0.4)], "edges from point 0 and from point 2 cross"),
        ([(i / 65, (i / 65) ** 2) for i in range(MOST_POINTS + 1)], "at most 64 points, got 65"),
        ([(0, 0), (math.nan, 1), (1, 1)], "point 1 must lie in 0..1"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_reason(points: list[tuple[float, float]], reason: str) -> None:
    """Too few points, points on a line, out of the picture, crossing edges, too many points, no numbers."""
    with pytest.raises(PolygonError, match=reason):
        checked_polygon(points)


@given(st.sets(st.integers(0, 23), min_size=3))
def test_points_around_a_circle_are_a_zone_in_their_order(steps: set[int]) -> None:
    """A polygon whose corners go round once never crosses itself."""
    points = [
        (0.5 + 0.4 * math.cos(step * math.pi / 12), 0.5 + 0.4 * math.sin(step * math.pi / 12)) for step in sorted(steps)
    ]
    assert checked_polygon(points) == tuple(points)


def test_two_zones_of_a_camera_cannot_share_a_name() -> None:
    """Rules refer to zones by name."""
    zone = ZoneDocument(name="一号", polygon=SQUARE)
    with pytest.raises(ValidationError, match="used twice"):
        CameraDocument(id="gate", source="rtsp://x/1", zones=[zone, zone])


def test_a_kind_that_no_worker_knows_is_refused() -> None:
    """It would keep the camera from being watched at all."""
    with pytest.raises(ValidationError, match="must be one of"):
        ZoneDocument(name="a", kind="moat", polygon=SQUARE)
