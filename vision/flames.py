"""
Flames: whether what a detector takes for fire shows a flame's colour, where the picture has colours at all.

A lamp that comes nearer at night grows, flickers and changes like a fire, and so few lamps are taken for one that no
fit learns to tell them apart. Around its core a flame is yellow to red; a lamp is white, with a halo of its own colour
(decision 0068). A camera in infra-red light shows both grey: there a flame is known by its flicker, from one picture to
the next and on, where a lamp that comes on changes the picture once (decision 0082).
"""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.leads import Xyxy

LEAST_SHARE = 0.12
"""
Share of a box that must be flame-coloured in one of the `SIGHTINGS`. Of 13 tracks of lamps taken for fire none reaches
more than 0.09, of 49 of fire (rendered scenes and clips) all but one at least 0.23; that one shows only its smoke.
Clouds at sunset and red cloth are as coloured as fire: they move otherwise, which is for belief to weigh.
"""

SIGHTINGS = 4
"""Newest sightings of which one must show it: flames come and go within a second."""

LEAST_FLICKER = 5.0
"""Change from picture to picture, in multiples of the noise around (`BoxChange.flicker`), of a flame without colour."""

COLOURLESS_LEVELS = 4.0
"""
8-bit levels by which channels differ in one in a hundred places of a small picture, at least: 0 to 1 in infra-red, 9
and more in colour at night (rendered).
"""

_RED = 160
_THUMB_WH = (64, 36)


class Flames:
    """Watches the boxes of one track of fire."""

    def __init__(self) -> None:
        self._newest: deque[bool] = deque(maxlen=SIGHTINGS)

    @property
    def are_shown(self) -> bool:
        """Whether one of the newest sightings shows a flame's colour or, where no colour can be told, its flicker."""
        return any(self._newest)

    def begin_anew(self) -> None:
        """Forget what was seen: the camera turned, or looks with other eyes."""
        self._newest.clear()

    def observe(self, image: BgrImage, xyxy: Xyxy, flicker: float) -> None:
        """Take in the next sighting: a picture, the box in its pixels, and how much its place flickers by now."""
        is_coloured = flame_share(image, xyxy) >= LEAST_SHARE
        self._newest.append(is_coloured or (flicker >= LEAST_FLICKER and is_colourless(image)))


def flame_share(image: BgrImage, xyxy: Xyxy) -> float:
    """Return the share of a box, in pixels of the picture, that is flame-coloured."""
    height, width = image.shape[:2]
    left, top = (int(np.clip(edge, 0, size - 1)) for edge, size in zip(xyxy[:2], (width, height), strict=True))
    right, bottom = (int(np.ceil(min(edge, size))) for edge, size in zip(xyxy[2:], (width, height), strict=True))
    return float(is_flame_coloured(image[top : max(bottom, top + 1), left : max(right, left + 1)]).mean())


def is_flame_coloured(bgr: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of some colours ``(..., 3)`` are bright, redder than green and greener than blue, bool ``(...)``."""
    blue, green, red = (bgr[..., channel] for channel in range(3))
    return np.asarray((red > _RED) & (red > green) & (green > blue), np.bool_)


def is_colourless(image: BgrImage) -> bool:
    """Whether a picture has no colours that could be told: infra-red light, or a camera without them."""
    thumb = cv2.resize(image, _THUMB_WH, interpolation=cv2.INTER_AREA)
    return float(np.percentile(np.ptp(thumb, axis=2), 99)) < COLOURLESS_LEVELS
