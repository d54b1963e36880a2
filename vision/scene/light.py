"""Light: 8-bit pictures as linear radiance."""

import numpy as np
from numpy.typing import NDArray

from streams.frame import BgrImage

Linear = NDArray[np.float32]
"""float32 ``(h, w, 3)`` or ``(n, 3)``, blue green red: radiance, 1.0 the brightest that the sensor records."""

_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""The inverse of sRGB's transfer function (IEC 61966-2-1)."""


def linear(image: BgrImage) -> Linear:
    """Return 8-bit sRGB as linear radiance in [0, 1]."""
    return _LINEAR[image]
