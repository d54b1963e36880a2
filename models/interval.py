"""How sure a share is that was counted: its 95 % interval."""

import math
from statistics import NormalDist

CONFIDENCE = 0.95
"""Of every interval: in 19 of 20 repetitions of the whole measurement it holds the true value."""

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the Wilson score interval of a share; (0, 1) where nothing was counted."""
    if count == 0:
        return 0.0, 1.0
    share, spread = hits / count, _Z * _Z / count
    centre = (share + spread / 2) / (1 + spread)
    reach = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, centre - reach), min(1.0, centre + reach)
