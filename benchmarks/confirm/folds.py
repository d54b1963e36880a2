"""Folds: weights fitted without a clip's source, for figures of the film that the shipped ones were fitted on."""

import json
from pathlib import Path

import numpy as np

from vision.confirm.classifier import ClassWeights, TrackClassifier

RESULTS = Path(__file__).parents[1] / "results"


def belief_without(sha256: str, weights_sha256: str, folder: Path = RESULTS) -> TrackClassifier | None:
    """
    Return the belief for a detector's weights that was fitted without the source of the clip of that SHA-256.

    ``None`` where the shipped weights were not fitted on it, or nothing is kept: the shipped ones judge it.
    """
    shipped = TrackClassifier.of(weights_sha256)
    if shipped is None:
        return None
    for path in sorted(folder.glob("confirm-*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["belief"]["version"] == shipped.version and sha256 in record["fold_of"]:
            fold = record["folds"][record["fold_of"][sha256]]
            classes = {
                name: ClassWeights(one["bias"], np.array(one["weights"], np.float64)) for name, one in fold.items()
            }
            return TrackClassifier(f"{shipped.version} without its source", shipped.threshold, classes)
    return None
