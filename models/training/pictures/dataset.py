"""The labelled images of a training run: read from YOLO folders, grouped, and fingerprinted."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.detector import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CLASS_NAMES = ("smoke", "fire")
IGNORED = 1000
"""Class ids from here on mark regions to ignore: ``IGNORED + c`` is left out of the loss of class ``c``."""

SPLITS = {"train": ("train",), "val": ("val", "valid", "validation")}
"""Folder names of a split; what others are called, ``test`` for one, is left alone."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
DESCRIPTION = "data.yaml"
"""The file of a YOLO data set that names its classes."""

_STEM_WITH_KIND = ("hn", "sky", "distant")


class DatasetError(ModelError):
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

        class_id: int64 ``(n,)``: index into the class names, or ``IGNORED +`` that index.

        topic: What the image was labelled for, where a source labels each image for one topic only; else empty.

        is_drawn: Rendered or composed: its label is certain, and no teacher is asked about it.
    """

    name: str
    split: str
    path: Path
    xyxy: NDArray[np.float32]
    class_id: NDArray[np.int64]
    topic: str = ""
    is_drawn: bool = False

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


def read_folder(
    root: Path, *, prefix: str = "", labelled: bool = True, classes: Sequence[str] | None = None
) -> list[Sample]:
    """
    Return the samples of a YOLO-format folder, sorted by split and name.

    Layouts: ``root/SPLIT/{images,labels}``, ``root/{images,labels}/SPLIT`` (SPLIT as in `SPLITS`), or ``root/{images,
    labels}`` without a split, which gives samples of the split ``""``. A ``root/manifest.csv`` with ``name`` and
    ``topic`` says what an image was labelled for. With ``labelled=False`` the label files are another topic's and
    not read: every image is a negative. Raises DatasetError when a label file is missing, malformed, or names a class
    beyond ``classes``, and when ``root/data.yaml`` names other classes or another order than they.
    """
    if labelled and classes is not None:
        _agree(root / DESCRIPTION, classes)
    count = None if classes is None else len(classes)
    topics = _topics(root / "manifest.csv")
    samples = []
    for split, images, labels in _folders(root):
        for path in sorted(item for item in images.iterdir() if item.suffix.lower() in SUFFIXES):
            xyxy, class_id = _labels(labels / f"{path.stem}.txt", count) if labelled else _no_boxes()
            samples.append(Sample(f"{prefix}{path.stem}", split, path, xyxy, class_id, topics.get(path.stem, "")))
    if not samples:
        message = f"{root}: expected train/images, images/train or images with pictures in it, found none"
        raise DatasetError(message)
    return samples


def split_of(inside: str) -> str | None:
    """
    Return the split of a file by its path in a data set, in the layouts of `read_folder`; ``""`` without a split.

    None for what belongs to no part that is read: another split (``test``), or no ``images`` and ``labels`` around it.
    """
    folders = PurePosixPath(inside).parts[:-1]
    around = [part for part in folders if part in {"images", "labels"}]
    named = [part for part in folders if part not in {"images", "labels"}]
    if len(around) != 1 or len(named) > 1:
        return None
    if not named:
        return ""
    return next((split for split, names in SPLITS.items() if named[0] in names), None)


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


def _folders(root: Path) -> list[tuple[str, Path, Path]]:
    """Return split, image folder and label folder of every part that ``root`` holds."""
    found = []
    for split, names in SPLITS.items():
        for name in names:
            for images, labels in (
                (root / name / "images", root / name / "labels"),
                (root / "images" / name, root / "labels" / name),
            ):
                if images.is_dir():
                    found.append((split, images, labels))
    if not found and (root / "images").is_dir():
        found.append(("", root / "images", root / "labels"))
    return found


def _agree(path: Path, classes: Sequence[str]) -> None:
    """Raise DatasetError where the description of a data set names other classes, or these in another order."""
    if not path.is_file():
        return
    names = named_classes(path.read_text(encoding="utf-8"))
    if names is not None and tuple(name.casefold() for name in names) != tuple(name.casefold() for name in classes):
        message = f"{path}: the labels are of {', '.join(names)}; expected {', '.join(classes)}, in this order"
        raise DatasetError(message)


def named_classes(description: str) -> tuple[str, ...] | None:
    """Return the ``names`` of a ``data.yaml`` by class id, as ultralytics writes them; none where it has none."""
    found = re.search(r"(?ms)^names\s*:[ \t]*(.*?)(?=^[^\s\-#}\]]|\Z)", description)
    if found is None:
        return None
    text = re.sub(r"#.*", "", found.group(1)).strip()
    inline = text.startswith(("[", "{"))
    parts = [part.strip() for part in (text.strip("[]{}").split(",") if inline else text.splitlines())]
    names: dict[int, str] = {}
    for part in filter(None, parts):
        number, colon, name = part.partition(":")
        given = int(number) if colon and number.strip().isdecimal() else len(names)
        names[given] = (name if colon else part.removeprefix("-")).strip().strip("'\"")
    return tuple(names[number] for number in sorted(names)) or None


def _topics(path: Path) -> dict[str, str]:
    """Return topics by image name, none where the manifest or its column is missing."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: row["topic"] for row in rows if row.get("name") and row.get("topic")}


def _no_boxes() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.int64)


def _labels(path: Path, classes: int | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return corner boxes and classes of a YOLO label file (class, centre x, centre y, width, height; shares)."""
    if not path.is_file():
        message = f"{path}: label file missing (an empty file marks a negative)"
        raise DatasetError(message)
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        rows = np.array(lines, float)
    except ValueError:
        message = f"{path}: expected rows of 5 numbers"
        raise DatasetError(message) from None
    if rows.size == 0:
        return _no_boxes()
    if rows.ndim != 2 or rows.shape[1] != 5:
        message = f"{path}: expected rows of 5 numbers, got shape {rows.shape}"
        raise DatasetError(message)
    if classes is not None and not np.isin(rows[:, 0], np.arange(classes)).all():
        message = f"{path}: expected classes from 0 to {classes - 1}, got {sorted(set(rows[:, 0]))}"
        raise DatasetError(message)
    centre, size = rows[:, 1:3], rows[:, 3:5]
    xyxy = np.concatenate([centre - size / 2, centre + size / 2], axis=1).clip(0, 1).astype(np.float32)
    return xyxy, rows[:, 0].astype(np.int64)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture, BGR uint8 ``(h, w, 3)``; raise `DatasetError` where it is none that can be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        message = f"{path}: not a readable image"
        raise DatasetError(message)
    return image.astype(np.uint8, copy=False)
