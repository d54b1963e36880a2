"""
Scores: boxes matched with labels, average precision, shares and rates with their intervals.

Average precision is COCO's: 101 recall points, precision made monotone, detections matched in falling confidence with
the free label they overlap most. Nothing here knows files, models or groups.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.interval import CONFIDENCE

IOU_STEPS = np.linspace(0.5, 0.95, 10)
"""COCO's: 0.50, 0.55 ... 0.95."""

RECALL_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """
    The detections of one class over many pictures, by falling confidence, and how they met the labels.

    Attributes:
        confidence: float64 ``(n,)``.

        hit: bool ``(n, steps)``: the detection claimed a label at that IoU step.

        ignored: bool ``(n, steps)``: it counts neither way (COCO's area ranges).

        picture: int64 ``(n,)``: which picture it is from.

        labels: int64 ``(pictures,)``: labels that count, by picture.
    """

    confidence: NDArray[np.float64]
    hit: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    picture: NDArray[np.int64]
    labels: NDArray[np.int64]

    def above(self, threshold: float, step: int = 0) -> tuple[int, int, int]:
        """Return how many labels were found, how many detections were wrong, and how many labels were missed."""
        counted = (self.confidence >= threshold) & ~self.ignored[:, step]
        found = int((counted & self.hit[:, step]).sum())
        return found, int(counted.sum()) - found, int(self.labels.sum()) - found


def match(
    iou: NDArray[np.float64], counted: NDArray[np.bool_], steps: NDArray[np.float64] = IOU_STEPS
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """
    Return which detections claim a counted label, and which claim one that is not counted: each bool ``(n, steps)``.

    `iou` is ``(labels, n)`` with detections by falling confidence. As in COCO each takes the free label that it
    overlaps most; labels that are not `counted` are taken only where no counted one can be.
    """
    labels, detections = iou.shape
    hit = np.zeros((detections, len(steps)), np.bool_)
    aside = np.zeros_like(hit)
    free = np.ones((labels, len(steps)), np.bool_)
    every = np.arange(len(steps))
    for row in np.flatnonzero((iou >= steps[0]).any(axis=0)):
        able = free & (iou[:, row, None] >= steps)
        first = able & counted[:, None]
        able = np.where(first.any(axis=0), first, able)
        best = np.where(able, iou[:, row, None], -1.0).argmax(axis=0)
        claims = able.any(axis=0)
        hit[row] = claims & counted[best]
        aside[row] = claims & ~counted[best]
        free[best[claims], every[claims]] = False
    return hit, aside


def precision_recall(
    matches: Matches, step: int = 0, weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """
    Return recall, precision and confidence after each detection that counts; empty where there is no label.

    `weights` ``(pictures,)`` tell how often each picture counts: a resample of the pictures.
    """
    counted = ~matches.ignored[:, step]
    weight = np.ones(int(counted.sum())) if weights is None else weights[matches.picture[counted]]
    labels = float(matches.labels.sum() if weights is None else (matches.labels * weights).sum())
    if labels == 0:
        empty = np.zeros(0)
        return empty, empty, empty
    found = np.cumsum(weight * matches.hit[counted, step])
    claimed = np.cumsum(weight)
    precision = np.divide(found, claimed, out=np.zeros_like(found), where=claimed > 0)
    return found / labels, precision, matches.confidence[counted]


def average_precision(matches: Matches, step: int = 0, weights: NDArray[np.float64] | None = None) -> float:
    """Return the mean of the monotone precision at 101 recall points (COCO); NaN where there is no label."""
    labels = matches.labels.sum() if weights is None else (matches.labels * weights).sum()
    if labels == 0:
        return math.nan
    recall, precision, _ = precision_recall(matches, step, weights)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(envelope[np.searchsorted(recall, RECALL_POINTS - 1e-12, side="left")].mean())


def mean_precision(
    by_class: Sequence[Matches], steps: Sequence[int], weights: NDArray[np.float64] | None = None
) -> float:
    """Return the mean over the classes that have labels, and over IoU steps, of their average precision."""
    values = [average_precision(each, step, weights) for each in by_class for step in steps]
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def bootstrap(
    figure: Callable[[NDArray[np.float64]], float], pictures: int, *, resamples: int, seed: int
) -> tuple[float, float]:
    """
    Return the interval of a figure of a set of pictures, by drawing the pictures anew with replacement.

    `figure` takes how often each picture was drawn, ``(pictures,)``. (0, 1) where it is never defined.
    """
    random = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = np.bincount(random.integers(0, pictures, pictures), minlength=pictures).astype(np.float64)
        value = figure(drawn)
        if not math.isnan(value):
            values.append(value)
    if not values:
        return 0.0, 1.0
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def poisson(count: int) -> tuple[float, float]:
    """
    Return the exact interval (Garwood) of the expected number of events where `count` were seen.

    Events that may come at any moment, and more than once, have no number of trials: a share's interval does not fit.
    """
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else _solve(lambda mean: _poisson_above(count, mean) - tail, float(count))
    return low, _solve(lambda mean: tail - _poisson_below(count, mean), count + 1.0)


def _poisson_below(count: int, mean: float) -> float:
    """Return the probability of at most `count` events."""
    return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1)) if mean > 0 else 1.0


def _poisson_above(count: int, mean: float) -> float:
    """Return the probability of at least `count` events."""
    return 1 - _poisson_below(count - 1, mean)


def _solve(rising: Callable[[float], float], guess: float) -> float:
    """Return the positive root of a rising function by bisection, to 1e-9."""
    low, high = 0.0, guess
    while rising(high) < 0:
        high *= 2
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
