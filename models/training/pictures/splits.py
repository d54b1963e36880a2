"""Which images are kept apart: look-alike clusters never lie on both sides of a split, and twins are found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.training.pictures.dataset import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.training.pictures.dataset import Sample

THUMBNAIL_PX = 24
NEAR = 12.0
"""Mean difference of grey thumbnails, in grey levels, below which two images show one camera, one scene."""

TWIN = 4.0
"""Root mean square difference below which two images are one picture, perhaps compressed or scaled anew."""


@dataclass(frozen=True, slots=True)
class Leaks:
    """
    Training images that are pictures of the validation or held-out part.

    Attributes:
        dropped: Number of training images taken out.

        twinned: Number of validation and held-out images that had such a twin.

        groups: Twinned images by group.
    """

    dropped: int
    twinned: int
    groups: dict[str, int]


def hold_out(
    samples: Sequence[Sample], group: str, *, share: float, seed: int, near: float = NEAR, split: str = "held"
) -> list[Sample]:
    """
    Return the samples with whole look-alike clusters of one group's training part moved to ``split``.

    Two images are in one cluster when a chain of pairs leads from one to the other whose grey thumbnails
    (``THUMBNAIL_PX`` squared) differ by less than ``near`` grey levels in the mean: one camera, one scene.
    Clusters are taken in seeded order until ``share`` of the group is held; the largest cluster always stays in train.
    """
    own = [index for index, item in enumerate(samples) if item.group == group and item.split == "train"]
    if not own:
        return list(samples)
    labels = _components(thumbnails([samples[index].path for index in own]), near)
    sizes = np.bincount(labels)
    order = np.random.default_rng(seed).permutation(len(sizes))
    held: set[int] = set()
    for cluster in order:
        members = [own[i] for i in np.flatnonzero(labels == cluster)]
        if cluster != sizes.argmax() and len(held) + len(members) <= share * len(own):
            held.update(members)
    return [replace(item, split=split) if index in held else item for index, item in enumerate(samples)]


def split_off(samples: Sequence[Sample], *, share: float, seed: int) -> list[Sample]:
    """Return the samples of a folder without a split: of every group, whole clusters become its validation part."""
    chosen = [replace(item, split="train") for item in samples]
    for group in sorted({item.group for item in samples}):
        chosen = hold_out(chosen, group, share=share, seed=seed, split="val")
    return chosen


def without_leaks(samples: Sequence[Sample]) -> tuple[list[Sample], Leaks]:
    """Return the samples less training images that twin a validation or held-out one, and what was found."""
    kept_back = [index for index, item in enumerate(samples) if item.split != "train"]
    train = [index for index, item in enumerate(samples) if item.split == "train"]
    if not kept_back or not train:
        return list(samples), Leaks(0, 0, {})
    small = thumbnails([item.path for item in samples])
    is_twin = _squared(small[kept_back], small[train]) < TWIN**2
    dropped = {train[column] for column in np.flatnonzero(is_twin.any(axis=0))}
    groups: dict[str, int] = {}
    for row in np.flatnonzero(is_twin.any(axis=1)):
        name = samples[kept_back[row]].group
        groups[name] = groups.get(name, 0) + 1
    kept = [item for index, item in enumerate(samples) if index not in dropped]
    return kept, Leaks(len(dropped), sum(groups.values()), dict(sorted(groups.items())))


def thumbnails(paths: Sequence[Path], *, workers: int = 4) -> NDArray[np.float32]:
    """Return grey thumbnails ``(n, THUMBNAIL_PX ** 2)`` in levels from 0 to 255."""
    with ThreadPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(_thumbnail, paths)))


def _squared(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean squared difference of every pair ``(n, m)``."""
    a, b = some.astype(np.float64), others.astype(np.float64)
    both = (a**2).mean(axis=1)[:, None] + (b**2).mean(axis=1)[None] - 2 * (a @ b.T) / a.shape[1]
    return np.asarray(both.clip(min=0))


def _thumbnail(path: Path) -> NDArray[np.float32]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        message = f"{path}: not a readable image"
        raise DatasetError(message)
    small = cv2.resize(image, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def _components(small: NDArray[np.float32], near: float) -> NDArray[np.int64]:
    """Return the cluster of each thumbnail: connected by pairs that differ by less than ``near`` in the mean."""
    labels = np.full(len(small), -1, np.int64)
    for start in range(len(small)):
        if labels[start] >= 0:
            continue
        name, frontier = labels.max() + 1, [start]
        labels[start] = name
        while frontier:
            free = np.flatnonzero(labels < 0)
            if not len(free):
                break
            linked = free[np.abs(small[free] - small[frontier.pop()]).mean(axis=1) < near]
            labels[linked] = name
            frontier.extend(linked.tolist())
    return labels
