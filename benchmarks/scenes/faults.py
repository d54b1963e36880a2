"""Faults: what goes wrong with the camera itself, laid over pictures that would have been sound."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.light import blur, fractal, resize, seeded, smoothstep
from benchmarks.scenes.scene import CameraFault
from vision.scene.health import PictureFault

Image = NDArray[np.uint8]

_BLUR_S, _COVER_S, _TURN_S, _DARK_S, _GLARE_S = 4.0, 1.2, 1.5, 0.4, 5.0
"""How long it takes until a lens is out of focus, covered or turned, a picture black or washed out."""

KNOCKED = 0.13
"""Share of the picture by which a camera that was knocked looks elsewhere: its scene is filmed with that margin."""


class Damage:
    """
    A camera's fault.

    Args:
        fault: which, from when to when.

        size_wh: picture size.

        seed: of what lies before the lens, and of the direction in which the camera turns.
    """

    def __init__(self, fault: CameraFault, size_wh: tuple[int, int], seed: int) -> None:
        self._fault, self._wh = fault, size_wh
        rng = seeded(seed, "fault")
        width, height = size_wh
        self._angle = float(rng.uniform(0, 2 * math.pi))
        if fault.kind is PictureFault.COVERED:
            folds = blur(fractal(rng, height // 4, width // 4, 3, 3, 0.4), 6)
            tone = np.array([34, 40, 46], np.float32) * np.float32(rng.uniform(0.7, 1.6))
            self._cover = resize((tone * (1 + 0.22 * folds[..., None])).astype(np.float32), width, height)
            self._wipe = np.linspace(0, 1, width, dtype=np.float32)[None, :] + 0.08 * resize(folds, width, height)

    def held_s(self, time_s: float) -> float:
        """Return the moment that is shown at `time_s`: a frozen camera shows the one at which it froze."""
        is_frozen = self._fault.kind is PictureFault.FROZEN and self._share(time_s, 1e-9) > 0
        return self._fault.start_s if is_frozen else time_s

    def gain(self, time_s: float) -> float:
        """Return the factor on the light: none comes in when black, too much with glare."""
        if self._fault.kind is PictureFault.BLACK:
            return 1 - self._share(time_s, _DARK_S)
        if self._fault.kind is PictureFault.GLARE:
            return 1 + 24 * self._share(time_s, _GLARE_S) ** 2
        return 1.0

    def over(self, image: Image, time_s: float) -> Image:
        """Return the picture as the damaged camera takes it."""
        kind = self._fault.kind
        if kind is PictureFault.BLURRED and (share := self._share(time_s, _BLUR_S)) > 0:
            sigma = share * self._wh[0] / 110
            return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3)), np.uint8)
        if kind is PictureFault.COVERED and (share := self._share(time_s, _COVER_S)) > 0:
            mask = smoothstep(0.0, 0.18, np.float32(share * 1.4) - self._wipe)[..., None]
            return np.asarray(image + (self._cover - image) * mask, np.float32).clip(0, 255).astype(np.uint8)
        if kind is PictureFault.MOVED:
            return self._turned(image, self._share(time_s, _TURN_S))
        return image

    def _turned(self, image: Image, share: float) -> Image:
        """Return what a camera with a narrower view sees, after it was turned by `share` of its margin."""
        narrow = 1 - 2 * KNOCKED
        x, y = math.cos(self._angle), math.sin(self._angle)
        far = max(abs(x), abs(y))
        left, top = (
            KNOCKED * size * (1 + share * towards / far) for size, towards in zip(self._wh, (x, y), strict=True)
        )
        matrix = np.array([[narrow, 0, left], [0, narrow, top]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, matrix, self._wh, flags=flags), np.uint8)

    def _share(self, time_s: float, over_s: float) -> float:
        """Return how far the fault has come, 0 to 1; it goes as it came."""
        fault = self._fault
        return min(1.0, max(0.0, (time_s - fault.start_s) / over_s), max(0.0, (fault.end_s - time_s) / over_s))
