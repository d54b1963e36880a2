"""Second: another picture of a frame, in which something is shown better, and which of its boxes say anything new."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

LEAST_NEWS = 0.1
"""
Share of a box that must show something new. Measured on scenes to develop on: boxes of smoke 0.15 to 0.8 (nine of ten
above 0.15), of hazy mountains and headlights that the detector boxes anyway 0 to 0.08.
"""


@dataclass(frozen=True, slots=True, eq=False)
class SecondPicture:
    """
    Another picture of a frame.

    Attributes:
        image: BGR uint8 ``(h, w, 3)``, of the frame's own size.

        news: bool ``(m, n)``: where it shows what the first picture does not, at any resolution.
    """

    image: NDArray[np.uint8]
    news: NDArray[np.bool_]

    def telling(self, found: Detections) -> Detections:
        """Return the boxes, in pixels of `image`, that hold news; others say what the first picture says better."""
        scale = np.array(self.news.shape[::-1] * 2) / np.array(self.image.shape[1::-1] * 2)
        telling = []
        for xyxy in found.xyxy * scale:
            left, top, right, bottom = (int(edge) for edge in xyxy)
            inside = self.news[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
            telling.append(bool(inside.size) and float(inside.mean()) >= LEAST_NEWS)
        return found.where(np.array(telling, np.bool_))
