"""Fields of transmission: plumes of known opacity and light before a wall, without a picture in between."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vision.plume.opacity import two_background_opacity
from vision.plume.plume_field import FieldFit, Plane, Veil

SHAPE = (48, 64)
KNOT_PX = 5.0
MIDDLE = (24, 32)


@cache
def _wall(seed: int = 3) -> Plane:
    """Luminance of a wall with windows: dark and bright patches of six pixels, 0.05 to 0.5."""
    patches = np.random.default_rng(seed).uniform(0.05, 0.5, (SHAPE[0] // 6, SHAPE[1] // 6 + 1))
    return np.asarray(cv2.resize(patches, SHAPE[::-1], interpolation=cv2.INTER_NEAREST), np.float64)


def _opacity(most: float) -> Plane:
    """A plume that rises through the middle, densest there, with soft sides."""
    aside = (np.arange(SHAPE[1]) - MIDDLE[1]) / 9.0
    return np.tile(most * np.exp(-0.5 * aside**2), (SHAPE[0], 1))


def _parts(most: float, own: float, noise: float = 0.0, churn: float = 0.0) -> list[Plane]:
    """Five parts of a reading; `churn` is how much opacity differs from part to part, over some pixels."""
    rng = np.random.default_rng(11)
    parts = []
    for _ in range(5):
        ripple = cv2.GaussianBlur(rng.normal(0, 1, SHAPE), (0, 0), 3.0)
        opacity = _opacity(most) * (1 + churn * ripple / ripple.std())
        parts.append((1 - opacity) * _wall() + opacity * own + rng.normal(0, noise, SHAPE))
    return parts


def _read(veil: Veil) -> tuple[float, float]:
    return veil.opacity(lambda field: float(field[MIDDLE[0] - 2 : MIDDLE[0] + 3, MIDDLE[1]].mean()))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(most=st.floats(0.0, 1.0), own=st.floats(0.0, 1.0))
@example(most=1.0, own=0.46875)
def test_opacity_does_not_depend_on_the_plume_s_own_light(most: float, own: float) -> None:
    """Whatever light a plume gives of its own, from none to more than the wall's, its opacity comes out to 4 points."""
    opacity, _ = _read(FieldFit(_wall(), KNOT_PX).fit(_parts(most, own)))
    assert opacity == pytest.approx(most, abs=0.04)


@pytest.mark.parametrize("own", [0.0, 0.12, 0.7])
def test_the_plume_s_own_light_is_found(own: float) -> None:
    """Of a plume that takes half of the light, its own comes out with the opacity."""
    assert FieldFit(_wall(), KNOT_PX).fit(_parts(0.5, own)).own == pytest.approx(own, abs=0.005)


def test_noise_and_turbulence_stay_within_what_is_told_of_them() -> None:
    """A churning white plume is read within twice the standard deviation that comes with it, which is small."""
    opacity, sd = _read(FieldFit(_wall(), KNOT_PX).fit(_parts(0.6, 0.8, noise=0.004, churn=0.2)))
    assert abs(opacity - 0.6) < 2 * sd
    assert sd < 0.06


def test_an_even_wall_leaves_the_opacity_open() -> None:
    """Where the background has no texture every own light explains what is seen: the deviation says so."""
    even = np.full(SHAPE, 0.3) + np.random.default_rng(2).normal(0, 0.002, SHAPE)
    opacity = _opacity(0.5)
    parts = [
        (1 - opacity) * 0.3 + opacity * 0.8 + np.random.default_rng(seed).normal(0, 0.002, SHAPE) for seed in range(5)
    ]
    assert _read(FieldFit(even, KNOT_PX).fit(parts))[1] > 0.1


def test_two_backgrounds_side_by_side_are_texture_enough() -> None:
    """Before a wall of 60 beside a sky of 200 a white plume of 0.30 is read as the two-background model reads it."""
    sky, wall = 0.5776, 0.0452
    scene = np.full(SHAPE, sky)
    scene[:, : MIDDLE[1]] = wall
    opacity = np.full(SHAPE, 0.3)
    seen = (1 - opacity) * scene + 0.3 * sky
    found, _ = _read(FieldFit(scene, KNOT_PX).fit([seen] * 5))
    assert found == pytest.approx(
        two_background_opacity((float(seen[0, -1]), float(seen[0, 0])), (sky, wall)), abs=0.01
    )


def test_the_same_parts_give_the_same_numbers() -> None:
    """No chance is at work."""
    first, second = (FieldFit(_wall(), KNOT_PX).fit(_parts(0.4, 0.6, noise=0.01)) for _ in range(2))
    assert np.array_equal(first.transmission, second.transmission)
    assert _read(first) == _read(second)
