"""
Fit: logistic weights for the cues, with the ridge and the threshold chosen on films that the weights did not see.

Rows of one track are no independent draws, so each track weighs as much as any other, however long it is, and folds
are films: nothing of a film helps to judge it. Smoke and fire share what data they have: each class has the common
weights and a deviation from them, and the ridge shrinks both (few fires, few signs that look like them).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.cues import CUES

RIDGES = tuple(math.pow(10.0, step / 2) for step in range(-4, 7))
"""Penalties tried, per standardised weight squared; the unit is one track."""

CLASSES = ("smoke", "fire")

SIGNS = MappingProxyType(
    {
        "score": 1,
        "persistence": 1,
        "looks": 1,
        "lasted": 1,
        "unrest": -1,
        "reaction": -1,
        "company": -1,
        "magnified": -1,
        "news": 1,
    }
)
"""
Which way a cue may speak. More of the same evidence never speaks against; what the camera or the detector does
everywhere never speaks for, and neither does it that a box had to be made visible. Without these signs twenty films
gave weights that were right on every film left out, by holding for a fire what a hand shakes while filming it. Cues of
the thing itself may speak either way.
"""

BINS = 10
"""Of the calibration error: equal widths of probability."""

_STEPS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """
    Rows to fit on.

    Attributes:
        cues: float64 ``(n, len(CUES))``.

        is_fire: bool ``(n,)``.

        real: bool ``(n,)``: what is true.

        weight: float64 ``(n,)``: the rows of a track add up to one.

        film: int64 ``(n,)``: the group of films that a row is of; no row helps to judge another of its group.
    """

    cues: NDArray[np.float64]
    is_fire: NDArray[np.bool_]
    real: NDArray[np.bool_]
    weight: NDArray[np.float64]
    film: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> "Sample":
        """Return the rows that are chosen."""
        columns = (self.cues, self.is_fire, self.real, self.weight, self.film)
        return Sample(*(column[chosen] for column in columns))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """Fitted weights by class, for cues as they are: float64 ``(2, len(CUES))`` and ``(2,)``, rows as `CLASSES`."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probability(self, cues: NDArray[np.float64], is_fire: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the probability of each row."""
        which = is_fire.astype(np.int64)
        log_odds = self.bias[which] + (cues * self.weights[which]).sum(axis=1)
        return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -12, 12))), np.float64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """
    How good probabilities are: Brier score, expected calibration error, log loss, and the Brier score of always saying
    the mean share.
    """

    brier: float
    calibration_error: float
    log_loss: float
    brier_of_the_mean: float
    tracks: float


def fit_logistic(sample: Sample, ridge: float) -> Logistic:
    """
    Return the weights of least penalised log loss whose signs are those of `SIGNS`.

    Projected Newton steps with a line search; the loss is convex and so is the region, so there is one answer.
    """
    mean, scale = _standard(sample)
    x = (sample.cues - mean) / scale
    smoke = ~sample.is_fire[:, None]
    design = np.concatenate([smoke * 1.0, ~smoke * 1.0, x * smoke, x * ~smoke], axis=1)
    n = len(CUES)
    # A class's weights and their common part, solved for: lambda (|w|^2 + |v|^2 - |w + v|^2 / 3); biases only differ.
    couple, apart = np.array([[2.0, -1.0], [-1.0, 2.0]]) / 3, np.array([[0.5, -0.5], [-0.5, 0.5]])
    none = np.zeros((2, 2 * n))
    penalty = ridge * np.block([[apart, none], [none.T, np.kron(couple, np.eye(n))]])
    penalty[:2, :2] += 1e-6 * np.eye(2)
    own = [SIGNS.get(name, 0) for name in CUES]
    signs = np.array([0, 0, *own, *own], np.float64)
    found = np.zeros(design.shape[1])
    value = _loss(design, sample, penalty, found)
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (sample.weight * (share - sample.real)) + penalty @ found
        bend = (design * (sample.weight * share * (1 - share))[:, None]).T @ design + penalty
        free = ~((signs != 0) & (np.abs(found) < 1e-12) & (slope * signs > 0))
        step = np.zeros_like(found)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
        length, moved = 1.0, found
        while length > 1e-8:
            tried = found - length * step
            tried = np.where(tried * signs < 0, 0.0, tried)
            if (better := _loss(design, sample, penalty, tried)) < value:
                moved, value = tried, better
                break
            length /= 2
        if float(np.abs(moved - found).max()) < 1e-9:
            break
        found = moved
    weights = np.stack([found[2 : 2 + n] / scale, found[2 + n :] / scale])
    bias = np.array([found[which] - float(weights[which] @ mean) for which in range(2)])
    return Logistic(weights, bias)


def _loss(design: NDArray[np.float64], sample: Sample, penalty: NDArray[np.float64], at: NDArray[np.float64]) -> float:
    """Return the penalised log loss."""
    log_odds = design @ at
    loss = sample.weight @ (np.logaddexp(0.0, log_odds) - sample.real * log_odds)
    return float(loss + at @ penalty @ at / 2)


def unseen(sample: Sample, ridge: float, folds: int) -> NDArray[np.float64]:
    """Return each row's probability by weights fitted without its film; films are dealt out to `folds` by number."""
    told = np.zeros(len(sample.real))
    for fold in range(folds):
        out = sample.film % folds == fold
        if out.any():
            told[out] = fit_logistic(sample.where(~out), ridge).probability(sample.cues[out], sample.is_fire[out])
    return told


def choose_ridge(sample: Sample, folds: int) -> float:
    """Return the ridge of least log loss on films that were not seen."""
    losses = {ridge: calibration(unseen(sample, ridge, folds), sample).log_loss for ridge in RIDGES}
    return min(losses, key=lambda ridge: losses[ridge])


def calibration(told: NDArray[np.float64], sample: Sample) -> Calibration:
    """Return how good probabilities are, every track weighing the same."""
    weight, real = sample.weight / sample.weight.sum(), sample.real.astype(np.float64)
    share = float((weight * real).sum())
    number = np.minimum((told * BINS).astype(np.int64), BINS - 1)
    error = math.fsum(
        abs(float((weight * (told - real))[number == one].sum())) for one in range(BINS) if (number == one).any()
    )
    inside = np.clip(told, 1e-6, 1 - 1e-6)
    loss = -(weight * (real * np.log(inside) + (1 - real) * np.log(1 - inside))).sum()
    return Calibration(
        brier=float((weight * (told - real) ** 2).sum()),
        calibration_error=error,
        log_loss=float(loss),
        brier_of_the_mean=share * (1 - share),
        tracks=float(sample.weight.sum()),
    )


def as_document(fitted: Logistic, threshold: float, support: float, *, magnified: bool) -> dict[str, object]:
    """Return the weights as an entry of `vision/belief.json`; eight digits are kept, and hashed as the version."""
    classes = {
        name: {
            "bias": round(float(fitted.bias[row]), 8),
            "weights": [round(float(weight), 8) for weight in fitted.weights[row]],
        }
        for row, name in enumerate(CLASSES)
    }
    text = json.dumps([classes, threshold, support, magnified], sort_keys=True)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return {
        "version": version,
        "cues": list(CUES),
        "threshold": threshold,
        "support": support,
        "magnified": magnified,
        "classes": classes,
    }


def sample_of(parts: Sequence[Mapping[str, NDArray[Any]]]) -> Sample:
    """
    Return parts of films together: each holds ``cues, is_fire, real, track`` by row, and ``film``, its group, once.

    Several parts may be of one group: the same scene at another pace, or in another light.
    """
    weights = []
    for part in parts:
        _, which, counts = np.unique(part["track"], return_inverse=True, return_counts=True)
        weights.append(1.0 / counts[which] if len(counts) else np.zeros(0))
    return Sample(
        cues=np.concatenate([part["cues"] for part in parts]),
        is_fire=np.concatenate([part["is_fire"] for part in parts]).astype(np.bool_),
        real=np.concatenate([part["real"] for part in parts]).astype(np.bool_),
        weight=np.concatenate(weights),
        film=np.concatenate([np.full(len(part["track"]), int(part["film"])) for part in parts]).astype(np.int64),
    )


def _standard(sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weight = (sample.weight / sample.weight.sum())[:, None]
    mean = (weight * sample.cues).sum(axis=0)
    spread = np.sqrt((weight * (sample.cues - mean) ** 2).sum(axis=0))
    return mean, np.where(spread > 1e-6, spread, 1.0)
