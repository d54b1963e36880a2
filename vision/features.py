"""
Features: what the newest pictures of one track show, as the few numbers that decide whether it is what it seems.

Two are left of twenty-three that were measured on real film. Growth, drift, turbulence, flicker, colour, texture, fog,
camera motion and the rest changed less there than one clip more or less does (decision 0085).
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

FEATURES = ("strength", "onset")
"""
Names of the features, in the order of `TrackFeatures.values`.

* strength: log of the mean confidence of the newest `LOOKS` pictures; one without the box counts 0
* onset: how long the view was watched before the track began, as a share of `ONSET_S`: 0 for what was always there
"""

LOOKS = 20
"""Pictures that strength is the mean of: 10 s in focus. Eight confirm a second sooner and believe twice as much."""

ONSET_S = 8.0
"""Seconds of watching after which a view is known."""

LEAST_STRENGTH = 0.03
"""Added to the mean confidence, so that its logarithm is finite and the weakest boxes differ little."""


class TrackFeatures:
    """Gathers the features of one track: same boxes, same features. Not thread-safe."""

    def __init__(self, watched_s: float) -> None:
        """Begin a track in a view that had been watched for `watched_s` seconds."""
        self._onset = min(max(watched_s, 0.0), ONSET_S) / ONSET_S
        self._confidences: deque[float] = deque(maxlen=LOOKS)

    def observe(self, confidence: float) -> None:
        """Take in the confidence of the next picture's box, in [0, 1]; 0 where the track was missed."""
        self._confidences.append(confidence)

    def values(self) -> NDArray[np.float64]:
        """Return the features in the order of `FEATURES`, float64 ``(len(FEATURES),)``, all finite."""
        strength = math.fsum(self._confidences) / LOOKS
        return np.array([math.log(strength + LEAST_STRENGTH), self._onset], np.float64)
