"""
Features: what the newest pictures of one track show, as the three numbers that the classifier weighs.

Twenty-four were measured on real film; growth, turbulence, flicker, texture, fog, camera motion and the others changed
the result less than one clip more or less (decision 0085).
"""

import math
from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Xyxy
from streams.frame import BgrImage
from streams.timing.clock import CaptureTime

FEATURES = ("strength", "flame", "drift")
"""
Names of the features, in the order of `TrackFeatures.values`.

* strength: log of the mean confidence of the newest `LOOKS` pictures; one without the box counts 0
* flame: share of flame colour in the brightest fifth of the box, mean of the newest sightings
* drift: speed of the box's centre in box sizes per `WINDOW_S`: vehicles and clouds move on, smoke stays at its source
"""

LOOKS = 12
"""
Pictures averaged for strength: 6 s in focus. With six, leads come a second sooner and more of them are dust and fog.
"""

WINDOW_S = 12.0
"""Seconds of boxes that count for drift."""

MOST_DRIFT = 3.0

LEAST_STRENGTH = 0.03
"""Added to the mean confidence, so that its logarithm is finite and the weakest boxes differ little."""

_MOST_LOOKS = 64
_CORE_PERCENTILE = 80
_CORE_PX2 = 4096
_RED = 160


class TrackFeatures:
    """Gathers the features of one track: same pictures and boxes, same features. Not thread-safe."""

    def __init__(self) -> None:
        self._confidences: deque[float] = deque(maxlen=LOOKS)
        self._flames: deque[float] = deque(maxlen=LOOKS)
        self._boxes: deque[tuple[CaptureTime, Xyxy]] = deque(maxlen=_MOST_LOOKS)

    def miss(self) -> None:
        """Add a picture without the track."""
        self._confidences.append(0.0)

    def observe(self, image: BgrImage, time: CaptureTime, xyxy: Xyxy, confidence: float) -> None:
        """Add the next picture of the epoch, with the track's box in its pixels."""
        self._confidences.append(confidence)
        self._flames.append(flame_in_core(image, xyxy))
        self._boxes.append((time, xyxy))
        while time.seconds_since(self._boxes[0][0]) > WINDOW_S:
            self._boxes.popleft()

    def values(self) -> NDArray[np.float64]:
        """Return the features in the order of `FEATURES`, float64 ``(len(FEATURES),)``, all finite."""
        strength = math.log(math.fsum(self._confidences) / LOOKS + LEAST_STRENGTH)
        flame = math.fsum(self._flames) / len(self._flames) if self._flames else 0.0
        return np.array([strength, flame, self._drift()], np.float64)

    def _drift(self) -> float:
        """
        Return the speed of the boxes' centres by least squares; 0 before the third box.

        A slope over time, so that one stray box does not count as a move.
        """
        if len(self._boxes) < 3:
            return 0.0
        first = self._boxes[0][0]
        times = np.array([time.seconds_since(first) for time, _ in self._boxes])
        boxes = np.array([xyxy for _, xyxy in self._boxes], np.float64)
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
        times -= times.mean()
        speed = times @ (boxes[:, :2] + sides / 2) / max(float(times @ times), 1e-9)
        size = float(np.sqrt(sides.prod(axis=1)).mean())
        return min(float(np.hypot(*speed)) * WINDOW_S / size, MOST_DRIFT)


def flame_in_core(image: BgrImage, xyxy: Xyxy) -> float:
    """
    Return the share of flame colour, in [0, 1], in the brightest fifth of a box, in pixels of the picture.

    Around its core a flame is yellow to red; a lamp or the moon is white. The rest of the box may be black smoke or a
    dark wall.
    """
    height, width = image.shape[:2]
    left, top = (min(max(int(edge), 0), size - 1) for edge, size in zip(xyxy[:2], (width, height), strict=True))
    right, bottom = (math.ceil(min(edge, size)) for edge, size in zip(xyxy[2:], (width, height), strict=True))
    piece = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    step = max(1, math.isqrt(piece.shape[0] * piece.shape[1] // _CORE_PX2))
    if step > 1:
        size_wh = (max(1, piece.shape[1] // step), max(1, piece.shape[0] // step))
        piece = np.asarray(cv2.resize(piece, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    colours = piece.reshape(-1, 3)
    brightness = colours.max(axis=1)
    core = colours[brightness >= np.percentile(brightness, _CORE_PERCENTILE)]
    blue, green, red = core[:, 0], core[:, 1], core[:, 2]
    return float(((red > _RED) & (red > green) & (green > blue)).mean())
