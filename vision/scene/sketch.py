"""Sketch: what pictures of one camera are compared by: coarse grey cells, their edges, the amount of fine detail."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage

FLATTEST, SPREAD = 10, 1.3
"""Percentile of the parts' detail that is taken for the sensor's noise, and the factor by which noise scatters."""

MOVED_SHARE = 0.04
"""Least shift, as a share of the width, of a camera that was turned."""

SHIFT_GAIN = 0.15
"""Likeness that undoing the shift must gain."""

_WH = (160, 90)
_PARTS_WH = (16, 9)
_LOOK_WIDTH = 640


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """
    One picture, reduced.

    Attributes:
        grey: ``(90, 160)``, 8-bit levels.

        edges: ``(90, 160)``, magnitude of the gradient, cut off at its 95th percentile.

        detail: fine detail of the whole picture beyond the sensor's noise, in 8-bit levels.
    """

    grey: NDArray[np.float32]
    edges: NDArray[np.float32]
    detail: float

    @property
    def coarse(self) -> float:
        """Mean magnitude of the coarse edges."""
        return float(self.edges.mean())


def is_shifted(sketch: Sketch, usual: Sketch, likeness: float) -> bool:
    """Return whether a picture shows the usual one shifted; `likeness` is that of their edges as they are."""
    # Copies: OpenCV 5.0 multiplies its inputs by the window in place.
    (dx, dy), _ = cv2.phaseCorrelate(usual.edges.copy(), sketch.edges.copy(), _window())
    if max(abs(dx), abs(dy)) < MOVED_SHARE * _WH[0]:
        return False
    right, down = round(dx), round(dy)
    rows, columns = _WH[1] - abs(down), _WH[0] - abs(right)
    if rows < _WH[1] // 3 or columns < _WH[0] // 3:
        return False
    now = sketch.edges[max(down, 0) :, max(right, 0) :][:rows, :columns]
    then = usual.edges[max(-down, 0) :, max(-right, 0) :][:rows, :columns]
    return likeness_of(now, then) > likeness + SHIFT_GAIN


@cache
def _window() -> NDArray[np.float32]:
    return np.asarray(cv2.createHanningWindow(_WH, cv2.CV_32F), np.float32)


def grey_of(image: BgrImage) -> NDArray[np.uint8]:
    """Return the picture grey, at most `_LOOK_WIDTH` wide."""
    height, width = image.shape[:2]
    look = image
    if width > _LOOK_WIDTH:
        size = (_LOOK_WIDTH, max(1, round(height * _LOOK_WIDTH / width)))
        look = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(look), cv2.COLOR_BGR2GRAY), np.uint8)


def sketch_of(look: NDArray[np.uint8]) -> Sketch:
    """Return the sketch of a grey picture (`grey_of`)."""
    grey = np.asarray(cv2.resize(look.astype(np.float32), _WH, interpolation=cv2.INTER_AREA), np.float32)
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    capped = np.minimum(edges, np.percentile(edges, 95))
    return Sketch(grey, np.asarray(capped, np.float32), _detail(look))


def _detail(grey: NDArray[np.uint8]) -> float:
    """
    Return the root mean square of the second derivative beyond the noise, in 8-bit levels, of every third row.

    The noise is that of the flattest parts: grain is the same everywhere, and a lens out of focus does not reduce it.
    """
    bends = np.ascontiguousarray(cv2.Laplacian(grey, cv2.CV_16S)[::3]).astype(np.float32)
    parts = cv2.resize(bends * bends, _PARTS_WH, interpolation=cv2.INTER_AREA)
    return float(np.sqrt(max(0.0, float(parts.mean()) - SPREAD * float(np.percentile(parts, FLATTEST)))))


def likeness_of(edges: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the correlation of two maps of edges, in [-1, 1]; 0 where either has none."""
    a, b = edges - edges.mean(), others - others.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0
