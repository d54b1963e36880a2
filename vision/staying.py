"""
Staying: whether what a track's boxes show is still where it was a moment ago.

Smoke hangs where it came out, behind a lorry too: its boxes grow and lengthen, and have their old end in common. The
box of a vehicle, of dust that is seen before it or of the light on the road ahead of it has left the place of the one
before (decision 0068).
"""

from collections import deque

import numpy as np

from vision.leads import Xyxy

SIGHTINGS = 4
"""Newest boxes that must have a part in common: as many as confirmation asks for (`vision.confirm.Criteria.k`)."""

LEAST_COMMON = 0.45
"""
Share of the smallest of them. Of 174 tracks of rendered and filmed smoke that belief is sure of, 4 have less in common
when it is surest; of 24 of cars, lights and lorries in dust, 14.
"""


class Staying:
    """Watches the boxes of one track."""

    def __init__(self) -> None:
        self._newest: deque[Xyxy] = deque(maxlen=SIGHTINGS)

    @property
    def common(self) -> float:
        """Share of the smallest of the newest boxes that is in all of them, in [0, 1]; 1 before the second."""
        if len(self._newest) < 2:
            return 1.0
        boxes = np.array(self._newest)
        left, top = boxes[:, :2].max(axis=0)
        right, bottom = boxes[:, 2:].min(axis=0)
        smallest = float((boxes[:, 2:] - boxes[:, :2]).prod(axis=1).min())
        return float(max(right - left, 0.0) * max(bottom - top, 0.0) / max(smallest, 1e-6))

    @property
    def is_in_place(self) -> bool:
        """Whether they have enough in common."""
        return self.common >= LEAST_COMMON

    def begin_anew(self) -> None:
        """Forget the boxes: the camera turned."""
        self._newest.clear()

    def observe(self, xyxy: Xyxy) -> None:
        """Take in the next box, in pixels of pictures of one size."""
        self._newest.append(xyxy)
