"""
Belief: the cues of a track weighed into the probability that it is what its class says.

A logistic model for each detector and class, fitted by ``python -m benchmarks.confirm fit`` on clips and rendered
scenes and kept in `belief.json`; no weight is set by hand. How far its probabilities can be trusted stands in
``benchmarks/results/confirm-<model>.json``: Brier score and calibration error on films that the weights had not seen
(decision 0027).

What was fitted on one form of a model judges the other only where an entry of the file says so, naming the weights and
the fit that it is carried from (decision 0075).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vision.cues import CUES

START_CONFIDENCE = 0.1
"""A track starts with a box at least as sure where belief decides: what is weak is weighed, not thrown away."""

WEIGHTS = Path(__file__).with_name("belief.json")

_MOST_LOG_ODDS = 12.0


class BeliefError(ValueError):
    """`belief.json` does not fit the code, or itself: for other cues, or carried from a fit that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassWeights:
    """Weights of one class: log-odds are ``bias + cues @ weights``; float64 ``(len(CUES),)``."""

    bias: float
    weights: NDArray[np.float64]

    def probability(self, cues: NDArray[np.float64]) -> float:
        """Return the probability in (0, 1)."""
        log_odds = self.bias + float(cues @ self.weights)
        return 1 / (1 + math.exp(-min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)))


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """
    What was fitted for one detector.

    Attributes:
        version: of the fit: the first hex digits of the hash of its weights.

        threshold: probability from which a track is confirmed, chosen by the fit.

        support: mean confidence of its best boxes that it needs besides, chosen with it; 0: what counts by *k* of *n*.

        is_magnified: fitted on boxes of magnified pictures too (`vision.magnifier`): the worker must look so.

        classes: weights by the detector's class name.
    """

    version: str
    threshold: float
    classes: Mapping[str, ClassWeights]
    support: float = 0.0
    is_magnified: bool = False

    @classmethod
    def of(cls, weights_sha256: str, path: Path = WEIGHTS, *, version: str = "") -> Self | None:
        """
        Return what was fitted for the weights of that SHA-256; ``None`` where nothing was.

        `version` names a fit that was replaced since, to judge by it again; where it is not known, today's is returned.

        Raises `BeliefError` where the file names cues that `vision.cues.CUES` does not, or carries what is not there.
        """
        document = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": {}}
        entry = document.get("former", {}).get(version) or _fitted(document["models"], weights_sha256)
        return None if entry is None else cls.from_document(entry)

    @classmethod
    def from_document(cls, entry: Mapping[str, Any]) -> Self:
        """Return the belief of one entry of the file; raises as `of`."""
        names = list(entry["cues"])
        if unknown := sorted(set(names) - set(CUES)):
            raise BeliefError(f"belief was fitted for the cues {unknown}, this code has {list(CUES)}: fit it anew")
        classes = {
            name: ClassWeights(float(one["bias"]), _by_cue(names, one["weights"]))
            for name, one in entry["classes"].items()
        }
        return cls(
            version=str(entry["version"]),
            threshold=float(entry["threshold"]),
            classes=classes,
            support=float(entry.get("support", 0.0)),
            is_magnified=bool(entry.get("magnified", False)),
        )

    def probability(self, class_name: str, cues: NDArray[np.float64]) -> float | None:
        """Return the probability that a track of that class is real; ``None`` for a class that was not fitted."""
        weights = self.classes.get(class_name)
        return None if weights is None else weights.probability(cues)


def _fitted(entries: Mapping[str, Mapping[str, Any]], weights_sha256: str) -> Mapping[str, Any] | None:
    """Return the fit for those weights, their own or the one that they are said to be judged by."""
    entry = entries.get(weights_sha256)
    if entry is None or "carried_from" not in entry:
        return entry
    source = entries.get(entry["carried_from"], {})
    if "carried_from" in source or source.get("version") != entry["version"]:
        wanted = f"the fit {entry['version']} for weights {entry['carried_from'][:12]}"
        raise BeliefError(f"belief for weights {weights_sha256[:12]} is carried from {wanted}, which is not there")
    return source


def _by_cue(names: Sequence[str], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the weights in the order of `CUES`; a cue that the fit did not know yet weighs nothing."""
    known = dict(zip(names, weights, strict=True))
    return np.array([known.get(name, 0.0) for name in CUES], np.float64)
