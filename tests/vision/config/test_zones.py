"""Zones: polygons and the share of a box that lies in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.zones import ZONE_KINDS
from vision.config.zones import Outlet, Zone, ZoneKind, ZoneRaster, ZoneTest

LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
TRIANGLE = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]
WH = (640, 360)


@pytest.mark.parametrize(
    ("polygons", "box", "share"),
    [
        ([], (0, 0, 640, 360), 0.0),
        ([LEFT_HALF], (0, 0, 640, 360), 0.5),
        ([LEFT_HALF], (0, 0, 320, 360), 1.0),
        ([LEFT_HALF], (320, 0, 640, 360), 0.0),
        ([LEFT_HALF], (160, 90, 480, 270), 0.5),
        ([LEFT_HALF, LEFT_HALF], (160, 90, 480, 270), 0.5),
        ([TRIANGLE], (0, 0, 640, 360), 0.5),
    ],
)
def test_share_of_a_box_in_the_union(polygons: list[list[tuple[float, float]]], box, share: float) -> None:  # noqa: ANN001
    """The share is area in the polygons over area of the box; overlapping polygons count once."""
    assert ZoneRaster(polygons).share(box, WH) == pytest.approx(share, abs=0.01)


EDGE = st.floats(-50, 700)


@given(x=st.tuples(EDGE, EDGE), y=st.tuples(EDGE, EDGE))
def test_share_is_a_share_for_any_box(x: tuple[float, float], y: tuple[float, float]) -> None:
    """Boxes without area, or partly out of the picture, still give a number from 0 to 1."""
    assert 0 <= ZoneRaster([TRIANGLE]).share((min(x), min(y), max(x), max(y)), WH) <= 1


@pytest.mark.parametrize(
    ("test", "box", "inside"),
    [
        (ZoneTest.BASE, (200, 0, 400, 100), True),
        (ZoneTest.BASE, (300, 0, 400, 100), False),
        (ZoneTest.CENTRE, (200, 0, 400, 100), True),
        (ZoneTest.CENTRE, (600, 300, 640, 360), False),
        (ZoneTest.OVERLAP, (220, 0, 620, 100), False),
        (ZoneTest.OVERLAP, (120, 0, 520, 100), True),
    ],
)
def test_three_ways_to_be_in_a_zone(test: ZoneTest, box: tuple[int, int, int, int], *, inside: bool) -> None:
    """A box is in the left half by the middle of its base, by its centre, or by 30 % of its area."""
    assert inside is Zone("z", LEFT_HALF).contains(box, WH, test, 0.3)


def test_base_outside_the_zone_is_outside_although_most_of_the_box_is_inside() -> None:
    """A plume over the neighbour's ground does not belong to the zone it drifts through."""
    top = Zone("z", [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)])

    assert top.contains((0, 0, 100, 200), WH, ZoneTest.OVERLAP, 0.3)
    assert not top.contains((0, 0, 100, 200), WH, ZoneTest.BASE, 0.3)


def test_the_wall_offers_the_kinds_that_workers_know() -> None:
    """What may be drawn and what is understood are the same kinds."""
    assert set(ZoneKind) == ZONE_KINDS


def test_an_outlet_is_as_wide_as_its_polygon_and_its_lip_is_the_upper_edge() -> None:
    """Centre, lip and width follow from the extent, however far down the stack the polygon reaches."""
    polygon = [(0.4, 0.25), (0.5, 0.25), (0.52, 0.9), (0.38, 0.9)]

    assert Outlet.of(polygon, (1000, 400)) == Outlet(pytest.approx(450), pytest.approx(100), pytest.approx(140))
