"""Labelled pictures drawn in code, as folders and tars, for tests of accuracy."""

import tarfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 48


def picture(seed: int) -> NDArray[np.uint8]:
    """Return a picture unlike those of other seeds."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def add(root: Path, split: str, name: str, labels: str = "", seed: int = 0) -> None:
    """Write one picture and its label file under ``root/split``."""
    images, texts = root / split / "images", root / split / "labels"
    images.mkdir(parents=True, exist_ok=True)
    texts.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(images / f"{name}.png"), picture(seed))
    (texts / f"{name}.txt").write_text(labels)


def small_set(root: Path) -> Path:
    """Write five validation pictures (two with labels) and a training picture; return the folder."""
    add(root, "val", "web_1", "0 0.5 0.5 0.5 0.5\n", 1)
    add(root, "val", "web_2", "1 0.25 0.5 0.25 0.5\n", 2)
    add(root, "val", "sky_fog1", seed=3)
    add(root, "val", "sky_fog2", seed=4)
    add(root, "val", "sky_rain1", seed=5)
    add(root, "train", "web_3", "0 0.5 0.5 0.5 0.5\n", 6)
    return root


def as_tar(root: Path, tar: Path) -> Path:
    """Pack a folder into a tar and return the folder that the tar is in."""
    tar.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tar, "w") as archive:
        for path in sorted(item for item in root.rglob("*") if item.is_file()):
            archive.add(path, arcname=str(path.relative_to(root)))
    return tar.parent
