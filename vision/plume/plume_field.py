"""
Plume field: how much light comes through a plume everywhere above an outlet, and the light of the plume itself.

The mean of many pictures is ``own + t(x) * (background(x) - own)``: a plume's transmission t changes smoothly from
place to place, and its own light, divided by its opacity, hardly does. Each guess at the own light gives such a field
of transmission; under a wrong one the background's texture stays visible in what the field does not explain. The guess
that leaves least unexplained is the plume's own light, and its field the transmission (decision 0040).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]
"""float64 ``(h, w)``: linear luminance."""

BRIGHTEST = 1.2
"""Largest own light of a plume, as a share of the brightest that the sensor records."""

_COARSE = np.concatenate([np.linspace(0.0, 0.3, 7), np.linspace(0.37, BRIGHTEST, 12)])
_FINE = 7
"""Guesses at the own light: everywhere first, then between the neighbours of the best."""

_LOOSE = 0.5
"""Prior standard deviation of a transmission, about 1: where the pictures say nothing there is no plume."""

_HUBER = 1.345
_TO_SD = 1.4826
_LEAST_NOISE = 1e-8
"""Variance below which no residual is believed, linear: an eighth of a step of eight bits."""

_ALIKE_PX = 10.0
"""Pixels whose errors are alike: turbulence left in the mean is as wide as the light seen through it."""

UNEVEN = 0.02
"""Relative standard deviation of a plume's own light from place to place: twice that of rendered plumes."""

_TILE = 3.0
"""Side of the tiles of which each is left out once, in knots of the field."""


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """
    The result of the pictures of a reading.

    Attributes:
        own: the plume's own luminance, linear; arbitrary where there is no plume.

        transmission: ``(h, w)``.

        by_time: transmissions ``(h, w)``, each without one of the parts of the reading.

        by_place: with the own light that one tile less of the picture would give, for each tile.

        by_guess: with every possible own light, and its likelihood relative to the best one.

        uneven: with an own light that differs from place to place by `UNEVEN`.
    """

    own: float
    transmission: Plane
    by_time: Sequence[Plane]
    by_place: Sequence[Plane]
    by_guess: Sequence[tuple[float, Plane]]
    uneven: Plane

    def opacity(self, at: Callable[[Plane], float]) -> tuple[float, float]:
        """
        Return ``1 - at(transmission)`` and its standard deviation, ``at`` being a mean over some places.

        The deviation adds up a jackknife over time (turbulence), one over places (own light), the spread of other
        possible own lights, and the effect of an uneven own light.
        """
        found = at(self.transmission)
        likely = [(weight, (at(field) - found) ** 2) for weight, field in self.by_guess]
        open_still = sum(weight * square for weight, square in likely) / (1 + sum(weight for weight, _ in likely))
        spreads = (_jackknife([at(one) for one in self.by_time]), _jackknife([at(one) for one in self.by_place]))
        return 1 - found, math.hypot(*spreads, math.sqrt(open_still), at(self.uneven) - found)


class FieldFit:
    """
    Fits fields to what is seen before one background.

    Args:
        background: luminance.

        knot_px: distance of the knots of the field's cubic splines.
    """

    def __init__(self, background: Plane, knot_px: float) -> None:
        self._background = background.astype(np.float64)
        height, width = background.shape
        self._down, self._across = _splines(height, knot_px), _splines(width, knot_px)
        y, x = np.mgrid[0:height, 0:width] / (_TILE * knot_px)
        self._tiles = np.unique((y.astype(int) * width + x.astype(int)).ravel(), return_inverse=True)[1]

    def fit(self, parts: Sequence[Plane]) -> Veil:
        """Return the veil of luminances ``(h, w)`` of the parts of a reading, two at least, equally long."""
        seen = np.asarray(parts, np.float64)
        mean = seen.mean(0)
        planes = np.stack([mean, *(mean + (mean - part) / (len(seen) - 1) for part in seen)])
        weight = np.ones_like(mean)
        equations = _Equations(self._background, weight, self._down, self._across)
        noise = max(float(equations.solve(_COARSE, planes[:1], 0.0)[1].min()) / weight.size, _LEAST_NOISE)
        rough, rough_left = equations.solve(_COARSE, planes[:1], noise)
        best = int(np.argmin(rough_left))
        guesses = np.linspace(_COARSE[max(best - 1, 0)], _COARSE[min(best + 1, len(_COARSE) - 1)], _FINE)
        own = guesses[:, None, None]
        fields, left = equations.solve(guesses, planes[:1], noise)
        likely = _likely(rough_left[:, 0] - left.min(), noise)
        nearest = int(np.argmin(left))
        rest = np.abs(mean - guesses[nearest] - fields[nearest, 0] * (self._background - guesses[nearest]))
        weight = np.minimum(1.0, _HUBER * _sd(rest) / np.maximum(rest, 1e-12))
        equations = _Equations(self._background, weight, self._down, self._across)
        fields, left = equations.solve(guesses, planes, noise)
        squares = weight * (mean - own - fields[:, 0] * (self._background - own)) ** 2
        tiles = np.array([np.bincount(self._tiles, one.ravel()) for one in squares])
        without = tiles.sum(1)[:, None] - tiles
        lowest = _lowest(guesses, left[:, 0])
        return Veil(
            own=lowest,
            transmission=_between(guesses, fields[:, 0], lowest),
            by_time=[_between(guesses, fields[:, n], _lowest(guesses, left[:, n])) for n in range(1, len(planes))],
            by_place=[_between(guesses, fields[:, 0], _lowest(guesses, one)) for one in without.T],
            by_guess=list(zip(likely, rough[:, 0], strict=True)),
            uneven=_between(guesses, fields[:, 0], lowest * (1 + UNEVEN)),
        )


class _Equations:
    """The normal equations of a field of transmission, which are quadratic in the own light."""

    def __init__(self, background: Plane, weight: Plane, down: Plane, across: Plane) -> None:
        self._background, self._weight = background, weight
        self._down, self._across = down, across
        self._squares = [self._square(weight * background**power) for power in (2, 1, 0)]

    def solve(self, own: NDArray[np.float64], seen: Plane, noise: float) -> tuple[Plane, Plane]:
        """
        Return fields ``(g, n, h, w)`` and what they leave ``(g, n)``.

        For each of the g guesses `own` and of `seen` ``(n, h, w)``; `noise` is the variance of a pixel.
        """
        bend = noise / _LOOSE**2
        count = self._down.shape[1] * self._across.shape[1]
        first, second, third = self._squares
        guess = own[:, None, None]
        left_side = first - 2 * guess * second + guess**2 * third + bend * np.eye(count)
        with_both = self._project(self._background * seen)
        with_sum, with_one = self._project(self._background + seen), self._project(np.ones_like(seen))
        right_side = with_both - guess * with_sum + guess**2 * with_one + bend
        knots = np.linalg.solve(left_side, right_side.transpose(0, 2, 1)).transpose(0, 2, 1)
        apart = (self._weight * (seen - own[:, None, None, None]) ** 2).sum((2, 3))
        left = apart - (right_side * knots).sum(2) + bend * count
        shaped = knots.reshape(*knots.shape[:2], self._down.shape[1], self._across.shape[1])
        return self._down @ shaped @ self._across.T, left

    def _square(self, plane: Plane) -> Plane:
        """Return ``(k, k)``: the products of each two splines, weighted by `plane`."""
        pairs = [(one[:, :, None] * one[:, None, :]).reshape(len(one), -1) for one in (self._down, self._across)]
        rows, columns = self._down.shape[1], self._across.shape[1]
        both = (pairs[0].T @ plane @ pairs[1]).reshape(rows, rows, columns, columns)
        return np.ascontiguousarray(both.transpose(0, 2, 1, 3)).reshape(rows * columns, rows * columns)

    def _project(self, planes: Plane) -> Plane:
        """Return ``(n, k)``: the products of planes ``(n, h, w)`` with each spline."""
        return (self._down.T @ (self._weight * planes) @ self._across).reshape(len(planes), -1)


def _splines(length_px: int, knot_px: float) -> Plane:
    """Return cubic B-splines ``(length, k)`` over a row of pixels; they add up to 1 everywhere."""
    knots = np.arange(-1, math.ceil((length_px - 1) / knot_px) + 2)
    away = np.abs(np.arange(length_px)[:, None] / knot_px - knots)
    near, far = (4 - 6 * away**2 + 3 * away**3) / 6, np.maximum(2 - away, 0) ** 3 / 6
    splines = np.where(away < 1, near, far)
    return np.asarray(splines[:, splines.max(0) > 0], np.float64)


def _lowest(guesses: Plane, left: Plane) -> float:
    """Return where the parabola through the lowest of what is left, and its neighbours, is lowest."""
    best = min(max(int(np.argmin(left)), 1), len(left) - 2)
    before, here, after = (float(value) for value in left[best - 1 : best + 2])
    bend = before - 2 * here + after
    shift = 0.0 if bend <= 0 else min(max((before - after) / (2 * bend), -1.0), 1.0)
    return float(guesses[best] + shift * (guesses[1] - guesses[0]))


def _between(guesses: Plane, fields: Plane, own: float) -> Plane:
    """Return the field ``(h, w)`` at a guess between those of `fields` ``(g, h, w)``."""
    place = (own - float(guesses[0])) / float(guesses[1] - guesses[0])
    first = min(max(math.floor(place), 0), len(guesses) - 2)
    share = place - first
    return np.asarray((1 - share) * fields[first] + share * fields[first + 1], np.float64)


def _likely(more: Plane, noise: float) -> list[float]:
    """Return the likelihood of guesses that leave `more` unexplained than the best one."""
    return [float(value) for value in np.exp(-np.maximum(more, 0) / (2 * noise * _ALIKE_PX))]


def _sd(residual: Plane) -> float:
    """Return the standard deviation of absolute residuals, by their median."""
    return max(_TO_SD * float(np.median(residual)), math.sqrt(_LEAST_NOISE))


def _jackknife(values: Sequence[float]) -> float:
    """Return the jackknife standard deviation of `values`, each without one of the parts."""
    return math.sqrt((len(values) - 1) * float(np.var(values)))
