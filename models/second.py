"""Second: another picture of a frame, in which something is shown better, and which of its boxes say anything new."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

_Cell = TypeVar("_Cell", bound=np.generic)

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
        size_wh = (self.image.shape[1], self.image.shape[0])
        telling = [news_in(self.news, xyxy, size_wh) >= LEAST_NEWS for xyxy in found.xyxy]
        return found.where(np.array(telling, np.bool_))


def news_in(news: NDArray[np.bool_], xyxy: Sequence[float] | NDArray[np.float32], size_wh: tuple[int, int]) -> float:
    """Return the share of a box, in pixels of a picture of that size, that `news` covers; 0 outside the picture."""
    return share_of(inside(news, xyxy, size_wh))


def inside(
    cells: NDArray[_Cell], xyxy: Sequence[float] | NDArray[np.float32], size_wh: tuple[int, int]
) -> NDArray[_Cell]:
    """Return the cells ``(h, w)`` that a box, in pixels of a picture of that size, touches; none outside of it."""
    height, width = cells.shape
    across, down = width / size_wh[0], height / size_wh[1]
    left, top, right, bottom = (int(edge * scale) for edge, scale in zip(xyxy, (across, down) * 2, strict=True))
    return cells[max(top, 0) : max(bottom + 1, 0), max(left, 0) : max(right + 1, 0)]


def share_of(cells: NDArray[np.bool_]) -> float:
    """Return the share of cells that are true; 0 where there are none."""
    return float(cells.mean()) if cells.size else 0.0
