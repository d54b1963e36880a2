"""Look-alike clusters and twins across a split."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.training.pictures.dataset import Sample, of_split
from models.training.pictures.splits import split_off, without_leaks


def picture(folder: Path, name: str, seed: int, *, split: str = "train", quality: int = 95) -> Sample:
    """Return a sample whose picture is soft noise; the same seed gives the same scene at any quality."""
    path = folder / f"{name}.jpg"
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_CUBIC)
    assert cv2.imwrite(str(path), scene, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Sample(name, split, path, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


def test_a_training_image_that_is_a_validation_picture_is_dropped(tmp_path: Path) -> None:
    """The same picture compressed anew under another name leaks; unlike pictures stay, validation is never touched."""
    samples = [picture(tmp_path, f"a_{seed}", seed) for seed in range(4)]
    samples += [picture(tmp_path, "b_9", 2, split="val", quality=40), picture(tmp_path, "b_10", 50, split="held")]
    kept, leaks = without_leaks(samples)
    assert [item.name for item in kept] == ["a_0", "a_1", "a_3", "b_9", "b_10"]
    assert (leaks.dropped, leaks.twinned, leaks.groups) == (1, 1, {"b": 1})


def test_nothing_leaks_where_nothing_is_kept_back(tmp_path: Path) -> None:
    """A folder of training images alone has no other side to leak to."""
    samples = [picture(tmp_path, f"a_{seed}", 0) for seed in range(2)]
    assert without_leaks(samples)[0] == samples


def test_a_folder_without_a_split_gets_one_by_clusters(tmp_path: Path) -> None:
    """Frames of one scene stay together, both sides are filled, and the seed decides which scene goes where."""
    samples = [picture(tmp_path, f"cam_{scene}{shot}", scene) for scene in range(10) for shot in "ab"]
    split = split_off([replace(item, split="") for item in samples], share=0.3, seed=5)
    sides = {item.name: item.split for item in split}
    assert 0 < len(of_split(split, "val")) <= 6
    assert all(sides[f"cam_{scene}a"] == sides[f"cam_{scene}b"] for scene in range(10))
    again = split_off([replace(item, split="") for item in samples], share=0.3, seed=5)
    assert [item.split for item in again] == [item.split for item in split]
