"""Opacity on linear pixels, against the vectors of domain.md 1.6."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.plume.opacity import one_background_opacity, transmission, two_background_opacity
from vision.scene.light import Linear, linear


def _light(code: int) -> float:
    return float(linear(np.full((1, 1, 3), code, np.uint8))[0, 0, 0])


def _texture(n: int = 400) -> Linear:
    return np.random.default_rng(7).uniform(0.05, 0.6, (n, 3)).astype(np.float32)


def test_srgb_is_linearised_as_iec_61966_says() -> None:
    """The sky of the vectors, code 200, is 0.5776 of full light; black and white are 0 and 1."""
    assert _light(200) == pytest.approx(0.5776, abs=5e-5)
    assert (_light(0), _light(255)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("code", "opacity"),
    [(195, 0.055), (191, 0.098), (181, 0.200), (159, 0.400), (132, 0.601), (95, 0.802), (47, 0.951)],
)
def test_black_smoke_before_a_sky_of_200(code: int, opacity: float) -> None:
    """The published vectors come out to three digits from linear pixels (raw ones would say half as much)."""
    assert one_background_opacity(_light(code), _light(200)) == pytest.approx(opacity, abs=6e-4)


@pytest.mark.parametrize(
    ("sky", "wall", "two", "one"), [(200, 125, 0.300, 0.000), (205, 134, 0.301, -0.057), (181, 84, 0.299, 0.200)]
)
def test_two_backgrounds_measure_white_and_grey_plumes_where_one_fails(
    sky: int, wall: int, two: float, one: float
) -> None:
    """Plumes of opacity 0.30 before a sky of 200 and a wall of 60: two backgrounds agree, one says 0 or less."""
    seen = (_light(sky), _light(wall))
    assert two_background_opacity(seen, (_light(200), _light(60))) == pytest.approx(two, abs=2e-3)
    assert one_background_opacity(seen[0], _light(200)) == pytest.approx(one, abs=2e-3)


def test_noise_of_two_grey_levels_costs_half_a_point() -> None:
    """With 25 pixels on each of the backgrounds 200 and 60, a noise of 2 levels gives a spread of 0.005."""
    rng = np.random.default_rng(3)
    true = np.where(np.arange(50) < 25, _light(200), _light(60)).astype(np.float32)
    background = np.repeat(true[:, None], 3, axis=1)
    codes = np.where(np.arange(50) < 25, 181, 53)[:, None]
    found = [
        transmission(linear(np.round(codes + rng.normal(0, 2, (50, 3))).astype(np.uint8)), background).opacity
        for _ in range(60)
    ]
    assert np.std(found) < 0.008


@settings(deadline=None)
@given(share=st.floats(0.0, 1.0), path=st.floats(0.0, 0.4))
def test_the_slope_is_the_transmission_whatever_the_plume_adds(share: float, path: float) -> None:
    """Any transmission and any own radiance come back exactly from pixels without noise."""
    background = _texture()
    found = transmission((share * background + path).astype(np.float32), background)
    assert found.share == pytest.approx(share, abs=1e-4)
    assert found.path == pytest.approx((path, path, path), abs=1e-4)


def test_a_bird_in_the_window_changes_little() -> None:
    """A twentieth of the pixels covered by something black moves the opacity by less than two points."""
    background = _texture()
    seen = 0.6 * background + 0.1
    seen[:20] = 0.01
    assert transmission(seen.astype(np.float32), background).opacity == pytest.approx(0.4, abs=0.02)


def test_a_background_without_contrast_says_so() -> None:
    """Before an even wall the contrast is 0 and nothing is claimed of the slope."""
    even = np.full((50, 3), 0.4, np.float32)
    found = transmission(even * np.float32(0.5), even)
    assert (found.contrast, found.r2) == (0.0, 0.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Two places are no regression, and both sides must show the same ones."""
    with pytest.raises(ValueError, match="n at least 3"):
        transmission(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="found \\(4, 3\\) and \\(5, 3\\)"):
        transmission(np.zeros((4, 3), np.float32), np.zeros((5, 3), np.float32))
    with pytest.raises(ValueError, match="same brightness"):
        two_background_opacity((0.2, 0.1), (0.5, 0.5))
    with pytest.raises(ValueError, match="black background"):
        one_background_opacity(0.1, 0.0)
