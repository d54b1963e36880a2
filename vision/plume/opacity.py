"""
Opacity from linear pixels: what share of the background's light a plume takes away (domain.md 1.6).

Through a plume of transmission t and own radiance P the camera sees ``t * background + P``. Where the background has
texture, regressing what is seen on what was there gives t as the slope whatever P is, which is why it works for white
plumes as for black ones. Opacity is ``1 - t``.
"""

from dataclasses import dataclass

import numpy as np

from vision.scene.light import Linear

_HUBER = 1.345
"""Residuals beyond this many standard deviations lose weight: 95 % efficient for normal residuals (Huber 1981)."""

_ROUNDS = 10
_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for normal residuals."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """
    How a background is seen through a plume.

    Attributes:
        share: of the background's light that comes through; 1 without a plume, and a little over 1 by noise.

        path: light that the plume adds, linear blue, green, red.

        r2: share of the variance of what is seen that the background explains; near 0 before an opaque plume too.

        contrast: standard deviation of the background, linear; without it nothing can be measured.
    """

    share: float
    path: tuple[float, float, float]
    r2: float
    contrast: float

    @property
    def opacity(self) -> float:
        """``1 - share``."""
        return 1 - self.share


def transmission(seen: Linear, background: Linear) -> Transmission:
    """
    Return the transmission that explains ``seen`` ``(n, 3)`` by ``background`` ``(n, 3)`` in the same places.

    One slope for all three colours, an intercept for each; Huber's weights, so that what moved meanwhile (a bird, a
    twig) counts little. Raises `ValueError` for fewer than three places or unequal shapes.
    """
    if seen.shape != background.shape or seen.ndim != 2 or seen.shape[1] != 3 or len(seen) < 3:
        raise ValueError(f"expected two equal (n, 3), n at least 3; found {seen.shape} and {background.shape}")
    y, x = seen.astype(np.float64), background.astype(np.float64)
    weight = np.ones_like(x)
    for _ in range(_ROUNDS):
        total = weight.sum(0)
        mean_x, mean_y = (weight * x).sum(0) / total, (weight * y).sum(0) / total
        dx, dy = x - mean_x, y - mean_y
        variance = float((weight * dx * dx).sum())
        share = float((weight * dx * dy).sum()) / variance if variance > 0 else 0.0
        residual = np.abs(dy - share * dx)
        limit = _HUBER * max(_TO_SD * float(np.median(residual)), 1e-6)
        weight = np.minimum(1.0, limit / np.maximum(residual, 1e-12))
    explained = float((weight * dy * dy).sum())
    left = float((weight * (dy - share * dx) ** 2).sum())
    blue, green, red = mean_y - share * mean_x
    return Transmission(
        share=share,
        path=(float(blue), float(green), float(red)),
        r2=1 - left / explained if explained > 0 else 0.0,
        contrast=float(np.sqrt(variance / weight.sum())),
    )


def two_background_opacity(seen: tuple[float, float], background: tuple[float, float]) -> float:
    """
    Return the opacity from two backgrounds, linear: ``1 - (seen1 - seen2) / (background1 - background2)``.

    Du et al. 2007's contrast model; the plume's own radiance cancels. Raises `ValueError` where both are equally
    bright.
    """
    if background[0] == background[1]:
        raise ValueError("two backgrounds of the same brightness show no opacity")
    return 1 - (seen[0] - seen[1]) / (background[0] - background[1])


def one_background_opacity(seen: float, background: float) -> float:
    """
    Return ``1 - seen / background``, linear: the least opacity a plume darker than its background can have.

    Exact for a plume without light of its own; a grey one is denser than this, and a white one may give any number,
    below 0 too. Raises `ValueError` for a black background.
    """
    if background <= 0:
        raise ValueError("before a black background no opacity can be seen")
    return 1 - seen / background
