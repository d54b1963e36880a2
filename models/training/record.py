"""The run record: how released weights were made, with enough to make them again."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunRecord:
    """
    One training run.

    Attributes:
        recipe: The recipe, every field.

        git: Commit and whether the tree differed from it; ``unknown`` outside a checkout.

        data_sha256: Hash over the names, labels and bytes of all images used.

        data: Counts: images, negatives, repaired boxes.

        device: What it ran on.

        software: Versions.

        budget_s: Length of the schedule in seconds.

        ready_s: Seconds from start to the first step: reading, decoding, building.

        images_per_s: Training images a second over the whole schedule, validations included.

        epochs: Complete passes over the deck.

        nominal_batch: The batch size learning rates refer to.

        curve: One row a validation.

        figures: Accuracy and false alarms by group of the best weights of the curve.

        refitted: One row a convolution (`reconstruction.Refitted`); empty where weights were trained.
    """

    recipe: dict[str, object]
    git: dict[str, str]
    data_sha256: str
    data: dict[str, object]
    device: str
    software: dict[str, str]
    budget_s: float
    ready_s: float
    images_per_s: float
    epochs: float
    nominal_batch: int
    curve: list[dict[str, float]]
    figures: Mapping[str, object]
    refitted: list[dict[str, object]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the record as JSON; figures that nothing was counted for are null."""
        path.write_text(json.dumps(_finite(asdict(self)), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _finite(value: object) -> object:
    """Return ``value`` with every number that is not finite as ``None``: JSON has no word for it."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git_state(folder: Path) -> dict[str, str]:
    """
    Return the commit that ``folder`` is checked out at and ``clean`` or ``changed``.

    A copy without its ``.git`` names its commit in the environment variable ``PLUMEWATCH_COMMIT``.
    """
    if named := os.environ.get("PLUMEWATCH_COMMIT"):
        return {"commit": named, "tree": "named by environment"}
    answers = []
    for command in (("rev-parse", "HEAD"), ("status", "--porcelain", "--", str(folder))):
        try:
            done = subprocess.run(
                ["git", "-C", str(folder), *command],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            return {"commit": "unknown", "tree": "unknown"}
        answers.append(done.stdout.strip())
    return {"commit": answers[0], "tree": "changed" if answers[1] else "clean"}


def software() -> dict[str, str]:
    """Return the versions that matter to a run."""
    versions = {"python": platform.python_version()}
    for name in ("torch", "ultralytics", "ultralytics-opencv-headless", "opencv-python-headless", "numpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
