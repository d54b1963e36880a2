"""Fading: on what terms judgements together tell that a plume is condensed water."""

import pytest

from vision.plume.dissipation import ABOVE_AN_OUTLET, Dissipation


def _judged(near: float, left: float, light: float = 1.4, middle: float = 0.8) -> list[Dissipation]:
    """Return six judgements of one plume: `left` and `middle` are shares of the churning near the lip."""
    one = Dissipation(near, middle * near, left * near, 0.9, light, 1.0, is_whole=True, behind=30.0)
    return [one] * 6


@pytest.mark.parametrize(
    ("near", "left", "middle", "is_steam"),
    [
        (6.0, 0.25, 0.8, True),
        (6.0, 0.35, 0.8, False),
        (4.5, 0.08, 0.4, True),
        (4.5, 0.2, 0.4, False),
        (4.5, 0.2, 0.8, True),
        (3.5, 0.02, 0.8, False),
    ],
)
def test_what_is_seen_faintly_must_leave_less(near: float, left: float, middle: float, *, is_steam: bool) -> None:
    """White smoke far away fades into the noise as steam ends, unless it ends at once."""
    assert ABOVE_AN_OUTLET.are_met_by(_judged(near, left, middle=middle)) == is_steam


@pytest.mark.parametrize("light", [1.0, 0.9])
def test_white_that_goes_on_is_no_steam(light: float) -> None:
    """Half of it is left where steam has gone, however light it is."""
    assert not ABOVE_AN_OUTLET.are_met_by(_judged(10.0, 0.5, light))


def test_what_is_dark_is_no_steam() -> None:
    """It ends as steam does, and is neither white nor pale."""
    assert not ABOVE_AN_OUTLET.are_met_by(_judged(10.0, 0.05, 0.6))
