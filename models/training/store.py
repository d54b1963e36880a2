"""Every image of a run in one uint8 tensor on the device, decoded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from models.training.dataset import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.training.dataset import Sample

BOXES = 32
"""Most boxes an image can carry, ignored regions included; the sources reach 20."""

GREY = 114
"""Fill beside the image: the value ultralytics trained its models with."""


@dataclass(slots=True, eq=False)
class ImageStore:
    """
    Images and boxes side by side; row *i* of every tensor is one image.

    Attributes:
        pixels: uint8 ``(n, 3, side, side)``, RGB, the image at the top left, grey beside it.

        size_wh: float32 ``(n, 2)``: width and height of the image inside the square, px.

        xyxy: float32 ``(n, BOXES, 4)``: boxes in px of the square.

        class_id: int64 ``(n, BOXES)``: class, ``IGNORED`` and above for ignored regions, -1 for unused rows.
    """

    pixels: torch.Tensor
    size_wh: torch.Tensor
    xyxy: torch.Tensor
    class_id: torch.Tensor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pixels)

    @property
    def side_px(self) -> int:
        """Side of the squares."""
        return int(self.pixels.shape[-1])


def fill(
    samples: Sequence[Sample], side_px: int, device: torch.device, *, workers: int, spare: int = 0, chunk: int = 64
) -> ImageStore:
    """
    Return a store of all samples, decoded by ``workers`` threads, with ``spare`` empty slots at the end.

    Images are scaled so that the longest side is ``side_px`` (area interpolation down, linear up).
    """
    count = len(samples) + spare
    store = ImageStore(
        pixels=torch.full((count, 3, side_px, side_px), GREY, dtype=torch.uint8, device=device),
        size_wh=torch.full((count, 2), float(side_px), device=device),
        xyxy=torch.zeros((count, BOXES, 4), device=device),
        class_id=torch.full((count, BOXES), -1, dtype=torch.int64, device=device),
    )
    sizes = np.zeros((len(samples), 2), np.float32)
    jobs = [([item.path for item in samples[at : at + chunk]], side_px) for at in range(0, len(samples), chunk)]
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for number, (pixels, size_wh) in enumerate(pool.map(_decode, jobs)):
            at = number * chunk
            store.pixels[at : at + len(pixels)] = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)
            sizes[at : at + len(pixels)] = size_wh
    store.size_wh[: len(samples)] = torch.from_numpy(sizes).to(device)
    boxes = np.zeros((len(samples), BOXES, 4), np.float32)
    classes = np.full((len(samples), BOXES), -1, np.int64)
    for row, item in enumerate(samples):
        n = min(len(item.class_id), BOXES)
        boxes[row, :n] = item.xyxy[:n] * np.tile(sizes[row], 2)
        classes[row, :n] = item.class_id[:n]
    store.xyxy[: len(samples)] = torch.from_numpy(boxes).to(device)
    store.class_id[: len(samples)] = torch.from_numpy(classes).to(device)
    return store


def _decode(job: tuple[list[Path], int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return RGB squares ``(n, side, side, 3)`` and image sizes ``(n, 2)`` of the files of one job."""
    paths, side_px = job
    pixels = np.full((len(paths), side_px, side_px, 3), GREY, np.uint8)
    sizes = np.zeros((len(paths), 2), np.float32)
    for row, path in enumerate(paths):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            message = f"{path}: not a readable image"
            raise DatasetError(message)
        height, width = image.shape[:2]
        scale = side_px / max(height, width)
        if scale != 1:
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
            interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, (width, height), interpolation=interpolation)
        pixels[row, :height, :width] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        sizes[row] = width, height
    return pixels, sizes
