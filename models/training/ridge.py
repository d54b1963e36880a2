"""
Least squares with a ridge, from sums alone: rows need not be kept, and how strong the ridge is others decide.

What is explained is a residual, so a ridge of any strength pulls towards what was there before, not towards zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDING = 1e-6
"""Least ridge, as a share of the mean square of an input: inputs that never change have no variance but that of f32."""


@dataclass(slots=True, eq=False)
class Moments:
    """
    Sums over rows of inputs ``x`` and residuals ``r``, float64: all of them that a linear fit needs.

    Attributes:
        count: Rows.

        x: ``(p,)``, the sum of the inputs.

        r: ``(q,)``, the sum of the residuals.

        xx: ``(p, p)``, the sum of the products of inputs.

        xr: ``(p, q)``, the sum of the products of inputs and residuals.

        rr: The sum of the squares of all residuals.
    """

    count: int
    x: torch.Tensor
    r: torch.Tensor
    xx: torch.Tensor
    xr: torch.Tensor
    rr: float

    @classmethod
    def empty(cls, inputs: int, outputs: int) -> Self:
        """Return the sums over no row."""
        return cls(
            count=0,
            x=torch.zeros(inputs, dtype=torch.float64),
            r=torch.zeros(outputs, dtype=torch.float64),
            xx=torch.zeros(inputs, inputs, dtype=torch.float64),
            xr=torch.zeros(inputs, outputs, dtype=torch.float64),
            rr=0.0,
        )

    def add(self, x: torch.Tensor, r: torch.Tensor) -> None:
        """Add rows, float32 ``(n, p)`` and ``(n, q)``: products of a few thousand in f32, their sum in f64."""
        self.count += len(x)
        self.x += x.sum(0, dtype=torch.float64)
        self.r += r.sum(0, dtype=torch.float64)
        self.xx += x.T @ x
        self.xr += x.T @ r
        self.rr += float(r.square().sum(dtype=torch.float64))

    def centred(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sums ``(p, p)`` and ``(p, q)`` of products of what differs from the mean."""
        return self.xx - self.x.outer(self.x) / self.count, self.xr - self.x.outer(self.r) / self.count


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """
    What is added to a linear map, float64.

    Attributes:
        weight: ``(p, q)``.

        offset: ``(q,)``.

        strength: Of the ridge, as a share of the mean variance of an input; infinite where the weight is zero.
    """

    weight: torch.Tensor
    offset: torch.Tensor
    strength: float

    def left(self, moments: Moments) -> float:
        """Return the mean square, over rows and outputs, of what the correction leaves of the residuals."""
        said = moments.x @ self.weight
        squares = moments.rr - 2 * (self.weight * moments.xr).sum() + (self.weight * (moments.xx @ self.weight)).sum()
        shifts = 2 * self.offset @ (said - moments.r) + moments.count * self.offset.square().sum()
        return max(float(squares + shifts), 0.0) / (moments.count * len(self.offset))


def nothing(moments: Moments) -> Correction:
    """Return the correction that changes nothing."""
    return Correction(torch.zeros_like(moments.xr), torch.zeros_like(moments.r), math.inf)


def fit(moments: Moments, strength: float) -> Correction:
    """
    Return the correction that leaves least of the residuals, with a ridge.

    Every input pays ``strength`` times the mean variance of an input for the square of its weight; the offset is free.
    """
    mean_x, mean_r = moments.x / moments.count, moments.r / moments.count
    if math.isinf(strength):
        return Correction(torch.zeros_like(moments.xr), mean_r, strength)
    products, answers = moments.centred()
    variance, rounding = products.diagonal().mean(), ROUNDING * moments.xx.diagonal().mean() + 1e-12
    products.diagonal().add_(strength * variance + rounding)
    weight = torch.cholesky_solve(answers, torch.linalg.cholesky(products))
    return Correction(weight, mean_r - mean_x @ weight, strength)


def best(learned: Moments, judging: Moments, strengths: Sequence[float]) -> Correction:
    """Return the fit to ``learned`` that leaves least of ``judging``: one of ``strengths``, or no change at all."""
    tried = [nothing(learned), *(fit(learned, strength) for strength in strengths)]
    return min(tried, key=lambda correction: correction.left(judging))
