"""A camera that watches a yard and what can go wrong with its picture, for tests of health and tampering."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from streams.frame import BgrImage

WH = (320, 180)


def yard(seed: int = 1) -> BgrImage:
    """Return a yard of grey blocks with edges at every scale; another place for each seed."""
    rng = np.random.default_rng(seed)
    image = np.full((WH[1], WH[0]), 120, np.uint8)
    for _ in range(60):
        x, y, w, h = rng.integers(0, 300), rng.integers(0, 170), rng.integers(6, 60), rng.integers(6, 40)
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), int(rng.integers(30, 220)), -1)
    return np.dstack([image] * 3)


YARD = yard()


def grain(image: BgrImage, number: int, sigma: float = 2.0) -> BgrImage:
    """Return a picture as a sensor sees it: another grain for each number."""
    noise = np.random.default_rng(number).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _turned(image: BgrImage) -> BgrImage:
    move = np.array([[1, 0, 0.2 * WH[0]], [0, 1, 5]], np.float64)
    return np.asarray(cv2.warpAffine(image, move, WH, borderMode=cv2.BORDER_REFLECT), np.uint8)


FAULTS: Mapping[str, Callable[[int], BgrImage]] = MappingProxyType(
    {
        "black": lambda n: grain(np.full_like(YARD, 3), n, 1.0),
        "glare": lambda n: grain(np.full_like(YARD, 254), n, 0.5),
        "frozen": lambda _: YARD,
        "covered": lambda n: grain(np.full_like(YARD, 90), n),
        "blurred": lambda n: grain(np.asarray(cv2.GaussianBlur(YARD, (0, 0), 4), np.uint8), n, 0.5),
        "moved": lambda n: grain(yard(2), n),
        "turned": lambda n: grain(_turned(YARD), n),
    }
)
"""The picture of a number under each fault."""


def hazy(number: int, share: float) -> BgrImage:
    """Return the yard as fog takes it: `share` of its contrast is left."""
    return grain(np.clip(120 + (YARD.astype(np.float32) - 120) * share, 0, 255).astype(np.uint8), number, 0.5)
