"""Linear light and its sRGB encoding."""

import numpy as np
import pytest

from benchmarks.scenes.light import decode, encode, fractal, seeded


def test_round_trip() -> None:
    """Every 8-bit value survives decoding to linear light and encoding again."""
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = np.dstack([codes] * 3)
    assert np.array_equal(image, encode(decode(image)))


def test_saturation() -> None:
    """Light beyond the sensor's range becomes white, darkness black."""
    light = np.array([[[-0.1, 0.0, 7.0]]], np.float32)
    assert encode(light).tolist() == [[[0, 0, 255]]]


@pytest.mark.parametrize(
    ("opacity", "expected"), [(0.05, 195), (0.10, 191), (0.20, 181), (0.40, 159), (0.60, 132), (0.80, 95), (0.95, 47)]
)
def test_domain_vectors(opacity: float, expected: int) -> None:
    """A black plume before a sky of 200 darkens it to the values of domain.md 1.6."""
    sky = decode(np.full((1, 1, 3), 200, np.uint8))
    assert [expected] * 3 == encode((1 - np.float32(opacity)) * sky)[0, 0].tolist()


def test_fractal_repeats_at_its_edges() -> None:
    """Noise tiles: the step across the seam is no larger than the steps inside."""
    noise = fractal(seeded(1, "test"), 64, 128, 4, 3)
    inside = np.abs(np.diff(noise, axis=1)).max()
    assert np.abs(noise[:, 0] - noise[:, -1]).max() <= 1.5 * inside
    assert abs(float(noise.mean())) < 1e-3
    assert abs(float(noise.std()) - 1) < 1e-3


def test_purposes_are_independent() -> None:
    """Generators of two purposes of one scene give different numbers, those of one purpose the same."""
    first, again, other = seeded(7, "sky"), seeded(7, "sky"), seeded(7, "plume")
    numbers = first.random(4).tolist()
    assert numbers == again.random(4).tolist()
    assert numbers != other.random(4).tolist()
