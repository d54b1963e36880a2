"""Fading: on what terms judgements together tell that a plume is condensed water."""

import pytest

from vision.fading import ABOVE_AN_OUTLET, Fading, above_a_foot

NARROW_PX, WIDE_PX = 9.0, 24.0


def _judged(near: float, left: float, light: float = 1.4, middle: float = 0.8) -> list[Fading]:
    """Return six judgements of one plume: `left` and `middle` are shares of the churning near the lip."""
    one = Fading(near, middle * near, left * near, 0.9, light, 1.0, is_whole=True, behind=30.0)
    return [one] * 6


@pytest.mark.parametrize(
    ("near", "left", "width_px", "is_steam"),
    [
        (9.0, 0.05, NARROW_PX, True),
        (6.0, 0.05, NARROW_PX, False),
        (6.0, 0.05, WIDE_PX, True),
        (6.0, 0.12, WIDE_PX, False),
        (4.0, 0.02, WIDE_PX, False),
    ],
)
def test_above_a_wide_foot_steam_may_be_seen_less_well(
    near: float, left: float, width_px: float, *, is_steam: bool
) -> None:
    """White smoke far away fades into the noise as steam ends, above a foot of a few pixels."""
    assert above_a_foot(width_px).are_met_by(_judged(near, left), ()) == is_steam


@pytest.mark.parametrize(("left", "light", "is_steam"), [(0.05, 1.0, True), (0.05, 0.9, False), (0.2, 1.0, False)])
def test_before_clouds_steam_is_as_light_as_they_are(left: float, light: float, *, is_steam: bool) -> None:
    """Thin grey smoke leaves as little once the clouds are left out, and is darker."""
    all_that_churns = _judged(10.0, 0.5, light)
    assert not ABOVE_AN_OUTLET.are_met_by(all_that_churns, ())
    assert ABOVE_AN_OUTLET.are_met_by(all_that_churns, _judged(10.0, left, light)) == is_steam
