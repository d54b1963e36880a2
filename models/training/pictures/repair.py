"""Label repair: smoke and fire that a teacher sees where a partly labelled source has no box (training images only)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.training.pictures.dataset import IGNORED, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.training.recipe import Repair

KNOWN = 0.2
"""A sighting whose smaller-area overlap with a label of its class exceeds this is that label, seen differently."""

CONFUSED = 0.5
"""A sighting with more IoU than this with a label of the other class is a disagreement about the class."""


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """
    A teacher's answers for one image.

    Attributes:
        xyxy: float32 ``(n, 4)``, shares of width and height.

        confidence: float32 ``(n,)``.

        class_id: int64 ``(n,)``.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RepairCount:
    """How many boxes were added and ignored, by class index, and in how many images."""

    added: dict[int, int]
    ignored: dict[int, int]
    images: int


def read_sightings(path: Path) -> dict[str, Sightings]:
    """
    Return a teacher's answers by image name.

    ``path`` holds one JSON object a line: ``name``, ``w``, ``h`` in px and ``p``, rows of left, top, right, bottom
    (px), score, class.
    """
    answers = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        rows = np.array(entry["p"], np.float32).reshape(-1, 6)
        size = np.array([entry["w"], entry["h"]] * 2, np.float32)
        answers[entry["name"]] = Sightings((rows[:, :4] / size).clip(0, 1), rows[:, 4], rows[:, 5].astype(np.int64))
    return answers


def repair(
    samples: Iterable[Sample], sightings: Mapping[str, Sightings], settings: Repair
) -> tuple[list[Sample], RepairCount]:
    """
    Return the samples with missing boxes of the named groups' training part added or ignored, and the count.

    A sighting of at least ``settings.add`` becomes a label when nothing of its class is labelled there and no label of
    the other class covers the same place; any other unexplained sighting of at least ``settings.ignore`` becomes a
    region without classification loss.
    """
    repaired, added, ignored, images = [], Counter[int](), Counter[int](), 0
    for item in samples:
        seen = sightings.get(item.name)
        if item.split != "train" or item.group not in settings.groups or seen is None:
            repaired.append(item)
            continue
        new_xyxy, new_class = [], []
        for row in np.flatnonzero(seen.confidence >= settings.ignore):
            box, kind = seen.xyxy[row], int(seen.class_id[row])
            verdict = _verdict(box, kind, item)
            if verdict == "known":
                continue
            is_added = verdict == "missing" and seen.confidence[row] >= settings.add
            (added if is_added else ignored)[kind] += 1
            new_xyxy.append(box)
            new_class.append(kind if is_added else IGNORED + kind)
        images += bool(new_class)
        repaired.append(_extended(item, new_xyxy, new_class))
    return repaired, RepairCount(dict(added), dict(ignored), images)


def without_doubtful(
    samples: Iterable[Sample], sightings: Mapping[str, Sightings], *, below: float = 0.1
) -> list[Sample]:
    """Return the samples in which the teacher sees nothing of at least ``below``: safe to use as extra negatives."""
    kept = []
    for item in samples:
        seen = sightings.get(item.name)
        if seen is not None and seen.confidence.max(initial=0.0) < below:
            kept.append(item)
    return kept


def _extended(item: Sample, xyxy: Sequence[NDArray[np.float32]], class_id: Sequence[int]) -> Sample:
    if not class_id:
        return item
    return replace(
        item,
        xyxy=np.concatenate([item.xyxy, np.stack(xyxy)]).astype(np.float32),
        class_id=np.concatenate([item.class_id, np.array(class_id, np.int64)]),
    )


def _verdict(box: NDArray[np.float32], kind: int, item: Sample) -> str:
    """Return ``known``, ``unclear`` or ``missing``. IoU 0.3 or most of the box inside a label explains a sighting."""
    overlap, share, inside = _overlaps(box, item.xyxy)
    same = item.class_id == kind
    if ((overlap > 0.3) & same).any() or ((inside > 0.5) & same).any():
        return "known"
    if ((share > KNOWN) & same).any() or ((overlap > CONFUSED) & ~same).any():
        return "unclear"
    return "missing"


def _overlaps(
    box: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return IoU, intersection over the smaller area, and the share of ``box`` inside, with each of ``(n, 4)``."""
    corner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    both = corner.clip(0).prod(axis=1)
    own = float((box[2:] - box[:2]).prod())
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    tiny = 1e-9
    return both / (own + areas - both + tiny), both / (np.minimum(own, areas) + tiny), both / (own + tiny)
