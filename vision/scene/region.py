"""Region: a fixed piece of the picture around a box, averaged down to a few thousand cells."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import BgrImage

CELLS = 48
"""Cells across and down: few enough that compression noise averages out, enough to see texture in a box."""

MARGIN = 0.5
"""Margin on every side as a share of the box's size: the surroundings that it is compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """
    A fixed piece of the picture around a box, cut at the picture's edges.

    Attributes:
        left, top, right, bottom: in pixels.

        inside: bool ``(CELLS, CELLS)``: the cells in the box; all of them where the box holds no cell's centre.
    """

    left: int
    top: int
    right: int
    bottom: int
    inside: NDArray[np.bool_]

    @classmethod
    def around(cls, xyxy: Xyxy, image_wh: tuple[int, int]) -> Self:
        """Return the region of a box in a picture of that size."""
        width, height = image_wh
        left, top, right, bottom = xyxy
        margin_x, margin_y = (right - left) * MARGIN, (bottom - top) * MARGIN
        x0 = min(max(int(left - margin_x), 0), width - 2)
        y0 = min(max(int(top - margin_y), 0), height - 2)
        x1 = max(min(int(np.ceil(right + margin_x)), width), x0 + 2)
        y1 = max(min(int(np.ceil(bottom + margin_y)), height), y0 + 2)
        x = x0 + (np.arange(CELLS) + 0.5) * (x1 - x0) / CELLS
        y = y0 + (np.arange(CELLS) + 0.5) * (y1 - y0) / CELLS
        inside = ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))[None, :]
        if not inside.any():
            inside[:] = True
        return cls(x0, y0, x1, y1, inside)

    def grey(self, image: BgrImage) -> NDArray[np.float32]:
        """Return the region's grey levels, float32 ``(CELLS, CELLS)``, each the mean of its pixels."""
        return grey_cells(self._piece(image), (CELLS, CELLS))

    def bgr(self, image: BgrImage) -> NDArray[np.float32]:
        """Return the region's colours, float32 ``(CELLS, CELLS, 3)``."""
        piece = _thinned(self._piece(image), (CELLS, CELLS))
        return np.asarray(
            cv2.resize(piece.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32
        )

    def _piece(self, image: BgrImage) -> BgrImage:
        return image[self.top : self.bottom, self.left : self.right]


def grey_cells(image: BgrImage, size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Return `image` in grey, averaged to `size_wh`, float32 ``(height, width)``; at most about 8x8 pixels a cell."""
    grey = cv2.cvtColor(_thinned(image, size_wh), cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(cv2.resize(grey, size_wh, interpolation=cv2.INTER_AREA), np.float32)


def _thinned(image: BgrImage, size_wh: tuple[int, int]) -> BgrImage:
    height, width = image.shape[:2]
    step = max(1, min(width // size_wh[0], height // size_wh[1]) // 4)
    return np.ascontiguousarray(image[::step, ::step])
