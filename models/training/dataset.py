"""The labelled images of a training run: read from YOLO folders, grouped, split without leaks, and fingerprinted."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CLASS_NAMES = ("smoke", "fire")
IGNORED = len(CLASS_NAMES)
"""Class ids from here on mark regions to ignore: ``IGNORED + c`` is left out of the loss of class ``c``."""

THUMBNAIL_PX = 24
_STEM_WITH_KIND = ("hn", "sky", "distant")


class DatasetError(ValueError):
    """A folder, an image or a label file is not what a YOLO data set holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """
    One image and its labels.

    Attributes:
        name: File stem; its prefix names the source.

        split: ``train``, ``val``, or ``held`` (kept back here, never trained on).

        path: The image file.

        xyxy: float32 ``(n, 4)``: left, top, right, bottom as shares of width and height, in [0, 1].

        class_id: int64 ``(n,)``: index into CLASS_NAMES, or ``IGNORED +`` that index.
    """

    name: str
    split: str
    path: Path
    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int64]

    @property
    def group(self) -> str:
        """The source or look-alike kind: ``liuzifan``, ``sky_fog``, ``hn_vid`` ..."""
        parts = self.name.split("_")
        if parts[0] in _STEM_WITH_KIND and len(parts) > 1:
            return parts[0] if parts[0] == "distant" else f"{parts[0]}_{re.sub(r'[0-9]+$', '', parts[1])}"
        return parts[0]

    @property
    def is_negative(self) -> bool:
        """Nothing to find here: no box, ignored ones included."""
        return self.class_id.size == 0


def read_folder(root: Path, *, prefix: str = "", labelled: bool = True) -> list[Sample]:
    """
    Return the samples under ``root/{train,val}/{images,labels}``, sorted by split and name.

    With ``labelled=False`` the label files are another topic's and are not read: every image is a negative.
    Raises DatasetError when a label file is missing or malformed.
    """
    samples = []
    for split in ("train", "val"):
        for path in sorted((root / split / "images").glob("*.*")):
            xyxy, class_id = _no_boxes() if not labelled else _labels(root / split / "labels" / f"{path.stem}.txt")
            samples.append(Sample(f"{prefix}{path.stem}", split, path, xyxy, class_id))
    if not samples:
        message = f"{root}: expected train/images or val/images with images, found none"
        raise DatasetError(message)
    return samples


def hold_out(samples: Sequence[Sample], group: str, *, share: float, seed: int, near: float = 12.0) -> list[Sample]:
    """
    Return the samples with whole look-alike clusters of one group's training part moved to the split ``held``.

    Two images are in one cluster when a chain of pairs leads from one to the other whose grey thumbnails
    (``THUMBNAIL_PX`` squared) differ by less than ``near`` grey levels in the mean: one camera, one scene.
    Clusters are taken in seeded order until ``share`` of the group is held; the largest cluster always stays in train.
    """
    own = [index for index, item in enumerate(samples) if item.group == group and item.split == "train"]
    if not own:
        return list(samples)
    thumbnails = np.stack([_thumbnail(samples[index].path) for index in own])
    labels = _components(np.abs(thumbnails[:, None] - thumbnails[None]).mean(axis=2) < near)
    sizes = np.bincount(labels)
    order = np.random.default_rng(seed).permutation(len(sizes))
    held: set[int] = set()
    for cluster in order:
        members = [own[i] for i in np.flatnonzero(labels == cluster)]
        if cluster != sizes.argmax() and len(held) + len(members) <= share * len(own):
            held.update(members)
    return [replace(item, split="held") if index in held else item for index, item in enumerate(samples)]


def of_split(samples: Iterable[Sample], *splits: str) -> list[Sample]:
    """Return the samples of the given splits, in order."""
    return [item for item in samples if item.split in splits]


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return the SHA-256 over names, splits, labels and image bytes, in name order: the data hash of a run record."""
    digest = hashlib.sha256()
    for item in sorted(samples, key=lambda sample: (sample.split, sample.name)):
        digest.update(f"{item.split}/{item.name}\0".encode())
        digest.update(item.xyxy.tobytes() + item.class_id.tobytes())
        digest.update(hashlib.sha256(item.path.read_bytes()).digest())
    return digest.hexdigest()


def _no_boxes() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.int64)


def _labels(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return corner boxes and classes of a YOLO label file (class, centre x, centre y, width, height; shares)."""
    if not path.is_file():
        message = f"{path}: label file missing (an empty file marks a negative)"
        raise DatasetError(message)
    rows = np.array([line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()], float)
    if rows.size == 0:
        return _no_boxes()
    if rows.ndim != 2 or rows.shape[1] != 5:
        message = f"{path}: expected rows of 5 numbers, got shape {rows.shape}"
        raise DatasetError(message)
    centre, size = rows[:, 1:3], rows[:, 3:5]
    xyxy = np.concatenate([centre - size / 2, centre + size / 2], axis=1).clip(0, 1).astype(np.float32)
    return xyxy, rows[:, 0].astype(np.int64)


def _thumbnail(path: Path) -> NDArray[np.float32]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        message = f"{path}: not a readable image"
        raise DatasetError(message)
    small = cv2.resize(image, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def _components(linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the connected component of each node of a symmetric ``(n, n)`` adjacency."""
    labels = np.full(len(linked), -1, np.int64)
    for start in range(len(linked)):
        if labels[start] >= 0:
            continue
        name, frontier = labels.max() + 1, [start]
        while frontier:
            node = frontier.pop()
            if labels[node] < 0:
                labels[node] = name
                frontier.extend(np.flatnonzero(linked[node] & (labels < 0)).tolist())
    return labels
