"""A tiny YOLO-format data set, drawn in code: grey scenes with a bright square for smoke and a red one for fire."""

from pathlib import Path

import cv2
import numpy as np

SIDE_WH = (96, 64)


def draw(folder: Path, *, train: int = 8, val: int = 4, seed: int = 1) -> Path:
    """Write `train` and `val` images under `folder`; every fourth has no label, the others one box of either class."""
    random = np.random.default_rng(seed)
    width, height = SIDE_WH
    for split, count in (("train", train), ("val", val)):
        for part in ("images", "labels"):
            (folder / split / part).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            image = random.integers(60, 120, (height, width, 3), dtype=np.uint8)
            label = ""
            if number % 4:
                kind, left = number % 2, 10 + 5 * number % 40
                image[16:48, left : left + 32] = (40, 40, 230) if kind else (235, 235, 235)
                label = f"{kind} {(left + 16) / width} 0.5 {32 / width} 0.5\n"
            name = f"{'sky_fog' if not label else 'scene_'}{number}"
            cv2.imwrite(str(folder / split / "images" / f"{name}.png"), image)
            (folder / split / "labels" / f"{name}.txt").write_text(label, encoding="utf-8")
    return folder
