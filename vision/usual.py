"""
The usual look of a place: what a camera that stands still shows there, and what the place is wont to do.

A watch that has just begun knows neither, so that clouds behind a stack and lamps at night are news to it; a false lead
of its first minutes hides real smoke for half an hour by merging. But a stream breaks off, a gust shakes the mast, a
worker is started anew, and the place is still the same: what was known of it is taken up again where a new picture
shows that it fits.
"""

import hashlib
import io
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.drift import gain, largest
from vision.news import NOISE_LEVELS

LEAST_S = 60.0
"""Seconds of watching from which a look is worth keeping: the median of its first pictures may hold a lorry."""

LONGEST_GAP_S = 1800.0
"""Seconds for which it is kept: later the sun and the clouds have made another picture of the place."""

MOST_SHARE = 0.5
"""Share of a picture that may differ by more than noise: a sky may have changed altogether, the ground may not."""

MOST_SHIFT_CELLS = 0.5
"""By how many cells the camera may have turned meanwhile: by more, every edge would be news."""

WONT_STEPS = 20
"""Steps of one 8-bit level in which what is wont is written, at most 12 levels."""

_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True, eq=False)
class UsualLook:
    """
    What is known of a place, as of the newest picture that it was learned from.

    Attributes:
        picture: float32 ``(h, w, 3)``, BGR in 8-bit levels, of half the size in which pictures are looked at.

        wont: float32 ``(h, w)``: by how many levels each cell is wont to differ from it (`vision.habit`).

        utc: of that picture.
    """

    picture: NDArray[np.float32]
    wont: NDArray[np.float32]
    utc: datetime

    def fits(self, halved: NDArray[np.float32], utc: datetime) -> bool:
        """Whether a picture of `utc`, shaped as `picture`, shows the same place in the same light."""
        if halved.shape != self.picture.shape or not 0 <= (utc - self.utc).total_seconds() <= LONGEST_GAP_S:
            return False
        usual = self.picture * gain(halved, self.picture)
        change = largest(np.abs(cv2.GaussianBlur(halved - usual, (0, 0), 0.75)))
        if float((change > 2 * NOISE_LEVELS).mean()) > MOST_SHARE:
            return False
        known, now = _grey(usual), _grey(halved)
        window = cv2.createHanningWindow(known.shape[::-1], cv2.CV_32F)
        shift, _ = cv2.phaseCorrelate(known, now, window)
        return math.hypot(*shift) <= MOST_SHIFT_CELLS

    def as_bytes(self) -> bytes:
        """Return it as an archive of NumPy arrays, to whole levels, behind its SHA-256: a seventh of its memory."""
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            picture=np.rint(self.picture).clip(0, 255).astype(np.uint8),
            wont=np.rint(self.wont * WONT_STEPS).clip(0, 255).astype(np.uint8),
            utc=np.array(self.utc.isoformat()),
        )
        return hashlib.sha256(packed.getvalue()).digest() + packed.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `as_bytes` wrote; raise `ValueError` for anything else."""
        told, packed = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != told:  # NumPy fails in many ways on what is damaged
            raise ValueError("not a usual look, or a damaged one: its bytes are not those of its SHA-256")
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as file:
                picture, wont, utc = file["picture"], file["wont"], datetime.fromisoformat(str(file["utc"]))
        except (ValueError, OSError, KeyError, BadZipFile) as error:
            raise ValueError(f"not a usual look: {error}") from None
        sound = picture.dtype == wont.dtype == np.uint8 and wont.ndim == 2 and picture.shape == (*wont.shape, 3)
        if not sound or utc.tzinfo is None:
            raise ValueError(f"not a usual look: picture {picture.shape}, wont {wont.shape}, {utc}")
        return cls(picture.astype(np.float32), wont.astype(np.float32) / np.float32(WONT_STEPS), utc)


def _grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(image.mean(axis=2), dtype=np.float32)
