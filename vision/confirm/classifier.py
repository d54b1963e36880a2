"""
Track classifier: the features of a track, weighed into the probability that it is what its class says.

A logistic model for each detector and class, fitted by ``python -m benchmarks.confirm fit`` on clips and rendered
scenes and kept in `classifier.json`; no weight is set by hand. ``benchmarks/results/confirm-<model>.json`` holds its
Brier score and calibration error on films that were not used for the fit (decision 0027).

A fit for one form of a model is used for the other only where an entry of the file says so, naming the weights and the
fit it is carried from (decision 0075).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vision.confirm.features import FEATURES

START_CONFIDENCE = 0.1
"""Least confidence of a box that starts a track where a classifier decides."""

WEIGHTS = Path(__file__).with_name("classifier.json")

_MOST_LOG_ODDS = 12.0


class ClassifierError(ValueError):
    """`classifier.json` is for other features than the code's, or carried from a fit that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassWeights:
    """Weights of one class: log-odds are ``bias + features @ weights``; float64 ``(len(FEATURES),)``."""

    bias: float
    weights: NDArray[np.float64]

    def probability(self, features: NDArray[np.float64]) -> float:
        """Return the probability in (0, 1)."""
        log_odds = self.bias + float(features @ self.weights)
        return 1 / (1 + math.exp(-min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)))


@dataclass(frozen=True, slots=True, eq=False)
class TrackClassifier:
    """
    The fit for one detector.

    Attributes:
        version: of the fit: the first hex digits of the hash of its weights.

        threshold: probability from which a track is confirmed, chosen by the fit.

        classes: weights by the detector's class name.
    """

    version: str
    threshold: float
    classes: Mapping[str, ClassWeights]

    @classmethod
    def of(cls, weights_sha256: str, path: Path = WEIGHTS) -> Self | None:
        """
        Return the fit for the weights of that SHA-256; ``None`` where there is none.

        Raises `ClassifierError` where the file has other features than `vision.confirm.features.FEATURES`, or carries a
        fit that is not there.
        """
        document = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": {}}
        entry = _fitted(document["models"], weights_sha256)
        return None if entry is None else cls.from_document(entry)

    @classmethod
    def from_document(cls, entry: Mapping[str, Any]) -> Self:
        """Return the classifier of one entry of the file; raises as `of`."""
        if tuple(names := entry["features"]) != FEATURES:
            raise ClassifierError(
                f"the classifier was fitted for the features {list(names)}, this code has {list(FEATURES)}: fit it anew"
            )
        classes = {
            name: ClassWeights(float(one["bias"]), np.array(one["weights"], np.float64))
            for name, one in entry["classes"].items()
        }
        return cls(
            version=str(entry["version"]),
            threshold=float(entry["threshold"]),
            classes=classes,
        )

    def probability(self, class_name: str, features: NDArray[np.float64]) -> float | None:
        """Return the probability that a track of that class is real; ``None`` for a class that was not fitted."""
        weights = self.classes.get(class_name)
        return None if weights is None else weights.probability(features)


def _fitted(entries: Mapping[str, Mapping[str, Any]], weights_sha256: str) -> Mapping[str, Any] | None:
    """Return the fit for those weights, their own or the one that is carried over."""
    entry = entries.get(weights_sha256)
    if entry is None or "carried_from" not in entry:
        return entry
    source = entries.get(entry["carried_from"], {})
    if "carried_from" in source or source.get("version") != entry["version"]:
        wanted = f"the fit {entry['version']} for weights {entry['carried_from'][:12]}"
        raise ClassifierError(
            f"classifier for weights {weights_sha256[:12]} is carried from {wanted}, which is not there"
        )
    return source
