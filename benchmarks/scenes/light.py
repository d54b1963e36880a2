"""
Light: linear radiance and its sRGB encoding; noise and filtering on float images.

Scenes are composited on linear radiance (domain.md 1.6: ``L_seen = transmission * L_background + L_path``) and encoded
to sRGB at the very end, so that the opacity a scene was given is the opacity that linearised pixels show.
"""

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""float32 ``(h, w)`` or ``(h, w, 3)`` in BGR order; linear radiance with 1.0 the brightest value the sensor records."""

_STEPS = 65535


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sRGB transfer function (IEC 61966-2-1) on [0, 1]."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)


_TO_SRGB = np.round(_encoded(np.arange(_STEPS + 1) / _STEPS) * 255).astype(np.uint8)
_CODES = np.arange(256) / 255
_TO_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode(linear: Plane, gain: Plane | None = None) -> NDArray[np.uint8]:
    """Return `linear` radiance ``(h, w, 3)``, times `gain` of that shape, as 8-bit sRGB; what is over 1 saturates."""
    if gain is None:
        index = cv2.addWeighted(linear, _STEPS, linear, 0, 0, dtype=cv2.CV_16U)
    else:
        index = cv2.multiply(linear, gain, scale=_STEPS, dtype=cv2.CV_16U)
    return np.asarray(cv2.LUT(index, _TO_SRGB), np.uint8)


def decode(image: NDArray[np.uint8]) -> Plane:
    """Return 8-bit sRGB as linear radiance in [0, 1]."""
    return _TO_LINEAR[image]


def colour(red: int, green: int, blue: int) -> Plane:
    """Return the linear radiance, float32 ``(3,)`` in BGR order, of an 8-bit sRGB colour."""
    return _TO_LINEAR[np.array([blue, green, red], np.uint8)]


def seeded(seed: int, *purpose: object) -> np.random.Generator:
    """Return a generator for one purpose of one scene: parts added later do not disturb the numbers of the others."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, purpose)).encode())])


def resize(image: Plane, width: int, height: int, *, smooth: bool = True) -> Plane:
    """Return `image` at another size; bilinear, or by area when `smooth` is false."""
    method = cv2.INTER_LINEAR if smooth else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.float32)


def blur(image: Plane, sigma_px: float) -> Plane:
    """Return `image` under a Gaussian of `sigma_px`."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)


def remap(image: Plane, x: Plane, y: Plane, *, wrap: bool = True) -> Plane:
    """Return `image` sampled at `x`, `y` (pixels, float32 of one shape); outside it repeats, or is zero."""
    border = cv2.BORDER_WRAP if wrap else cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=border), np.float32)


def smoothstep(low: float, high: float, value: Plane) -> Plane:
    """Return the cubic ramp from 0 at `low` to 1 at `high`."""
    ramp = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def fractal(
    rng: np.random.Generator, height: int, width: int, cells: int, octaves: int = 5, gain: float = 0.5
) -> Plane:
    """
    Return fractal noise ``(height, width)`` of mean 0 and standard deviation 1 that repeats at its edges.

    Args:
        rng: where the numbers come from.

        height: rows.

        width: columns.

        cells: cells of the coarsest octave across `width`.

        octaves: each doubles the number of cells.

        gain: amplitude of an octave against the one before; 0.5 looks like clouds, more looks like gravel.
    """
    total = np.zeros((height, width), np.float32)
    amplitude = 1.0
    for octave in range(octaves):
        columns = cells * 2**octave
        rows = max(1, round(columns * height / width))
        if columns > width or rows > height:
            break
        grid = rng.standard_normal((rows, columns)).astype(np.float32)
        pad = 2
        padded = np.pad(grid, pad, mode="wrap")
        step_x, step_y = width / columns, height / rows
        big = cv2.resize(
            padded,
            (round(step_x * (columns + 2 * pad)), round(step_y * (rows + 2 * pad))),
            interpolation=cv2.INTER_CUBIC,
        )
        top, left = round(step_y * pad), round(step_x * pad)
        total += np.float32(amplitude) * np.asarray(big, np.float32)[top : top + height, left : left + width]
        amplitude *= gain
    total -= total.mean()
    return np.asarray(total / total.std(), np.float32)
