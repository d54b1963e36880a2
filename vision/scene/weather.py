"""Weather between camera and outlet: the light, and how veiled the air over the picture is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage
from vision.scene.light import linear

_LOOK_PX = 160
_PATCH = np.ones((5, 5), np.uint8)
_MEAN = np.full((1, 3), 1 / 3)


@dataclass(frozen=True, slots=True)
class Air:
    """
    The light and the air of one picture.

    Attributes:
        brightest: linear luminance that a twentieth of the picture exceeds: sky, or sunlit walls.

        redness: linear red that a twentieth of the picture exceeds, relative to the blue: the air takes blue from low
        sunlight and the sky.

        veil: brightness of the darkest below the upper third, relative to `brightest`, 0 to 1. The dark channel of He,
            Sun and Tang 2009, linear: in clear air some surface or shadow reflects almost nothing in one of the three
            colours; fog adds its own light to all.
    """

    brightest: float
    redness: float
    veil: float

    @classmethod
    def of(cls, picture: BgrImage) -> "Air":
        """Return the air of a picture."""
        height, width = picture.shape[:2]
        scale = min(1.0, _LOOK_PX / max(height, width))
        size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        brightest = max(float(np.percentile(cv2.transform(linear(small), _MEAN), 95)), 1e-3)
        blue, green, red = (np.asarray(channel, np.uint8) for channel in cv2.split(small))
        # Least values and quantiles are the same places before and after linearisation, and cost less in bytes.
        dark = np.asarray(cv2.erode(cv2.min(cv2.min(blue, green), red), _PATCH), np.uint8)[size_wh[1] // 3 :]
        redness = _light_at(red, 95) / max(_light_at(blue, 95), 1e-3)
        return cls(brightest, redness, _light_at(dark, 10) / brightest)


def _light_at(levels: NDArray[np.uint8], percentile: int) -> float:
    """Return the linear light of a percentile of 8-bit levels."""
    return float(linear(np.asarray(np.percentile(levels, percentile, method="nearest"), np.uint8)))
