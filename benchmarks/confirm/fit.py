"""
Fit: logistic weights for the features of a class.

What is learned from is each track at its strongest, where the decision falls: of its hundreds of rows most say only
that it has just begun. A film counts once for each class and truth, however many tracks and pictures it has. Scenes
count as much in all as real film, which they would outvote else, and what is real as much as what is not, so that a
probability means the same for smoke and for fire, of which few look-alikes are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.confirm.classifier import ClassWeights
from vision.confirm.features import FEATURES

CLASSES = ("smoke", "fire")

RIDGE = 1 / 30
"""Penalty per standardised weight squared, where what is real weighs ten in all, and what is not as well."""

_SIDE = 10.0

_STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """
    Rows to fit on.

    Attributes:
        features: float64 ``(n, len(FEATURES))``.

        is_fire: bool ``(n,)``.

        is_real: bool ``(n,)``: what is true.

        on_film: bool ``(n,)``: of real film; else of a rendered scene.

        weight: float64 ``(n,)``.
    """

    features: NDArray[np.float64]
    is_fire: NDArray[np.bool_]
    is_real: NDArray[np.bool_]
    on_film: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["Sample"]) -> "Sample":
        """Return samples together."""
        columns = ("features", "is_fire", "is_real", "on_film", "weight")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def strongest(
    track: NDArray[np.int64],
    is_fire: NDArray[np.bool_],
    is_real: NDArray[np.bool_],
    features: NDArray[np.float64],
    *,
    on_film: bool,
) -> Sample:
    """Return a film's tracks at their strongest; of a class and truth they weigh one together, strong ones more."""
    strength = features[:, FEATURES.index("strength")]
    rows: list[int] = []
    weights: list[float] = []
    for kind in (False, True):
        for truth in (False, True):
            alike = np.flatnonzero((is_fire == kind) & (is_real == truth))
            best = [
                own[np.argmax(strength[own])] for own in (alike[track[alike] == n] for n in np.unique(track[alike]))
            ]
            shares = np.exp(strength[best])
            rows += [int(row) for row in best]
            weights += [float(share / shares.sum()) for share in shares]
    films = np.full(len(rows), on_film, np.bool_)
    return Sample(features[rows], is_fire[rows], is_real[rows], films, np.array(weights, np.float64))


def fit(sample: Sample) -> Mapping[str, ClassWeights]:
    """Return the weights of each class; raise `ValueError` where a class has no real tracks, or none that are not."""
    return {name: _fit_class(name, sample, sample.is_fire == (name == "fire")) for name in CLASSES}


def _fit_class(name: str, sample: Sample, chosen: NDArray[np.bool_]) -> ClassWeights:
    """Return the weights of one class, for features as they are."""
    features, real = sample.features[chosen], sample.is_real[chosen]
    if not real.any() or real.all():
        raise ValueError(f"{name}: weights want tracks that are real and tracks that are not")
    weight = _balanced(sample.weight[chosen], real, sample.on_film[chosen])
    mean = np.average(features, axis=0, weights=weight)
    spread = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weight))
    spread[spread < 1e-6] = 1.0
    design = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    found = _logistic(design, real, weight, RIDGE)
    weights = np.round(found[1:] / spread, 8)
    return ClassWeights(round(float(found[0] - (found[1:] / spread) @ mean), 8), weights)


def _balanced(
    weight: NDArray[np.float64], is_real: NDArray[np.bool_], on_film: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return weights of which what is real has as much as what is not, and scenes as much of it as real film."""
    balanced = weight.copy()
    for truth in (False, True):
        sides = [side for side in ((is_real == truth) & (on_film == film) for film in (False, True)) if side.any()]
        for side in sides:
            balanced[side] *= _SIDE / len(sides) / balanced[side].sum()
    return balanced


def calibrated(told: NDArray[np.float64], is_real: NDArray[np.bool_]) -> tuple[float, float]:
    """
    Return slope and offset of the log-odds that make probabilities of films that were not seen true (Platt).

    Raises `ValueError` where what is real is not told from what is not: such weights say nothing.
    """
    inside = np.clip(told, 1e-6, 1 - 1e-6)
    design = np.column_stack([np.ones(len(told)), np.log(inside / (1 - inside))])
    offset, slope = _logistic(design, is_real, np.ones(len(told)), 1e-3)
    if slope <= 0:
        raise ValueError("on film that was not seen, probabilities do not rise with what is real")
    return float(slope), float(offset)


def _logistic(
    design: NDArray[np.float64], is_real: NDArray[np.bool_], weight: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    """Return the weights of least log loss, the first without penalty: Newton steps on a convex function."""
    penalty = ridge * np.eye(design.shape[1])
    penalty[0, 0] = 1e-6
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (share - is_real)) + penalty @ found
        bend = (design * (weight * share * (1 - share))[:, None]).T @ design + penalty
        step = np.linalg.solve(bend, slope)
        found = found - step
        if float(np.abs(step).max()) < 1e-9:
            break
    return np.asarray(found, np.float64)
