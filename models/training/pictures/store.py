"""Every image of a run in one uint8 tensor on the device, decoded once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from models.training.pictures.dataset import read_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.training.pictures.dataset import Sample

BOXES = 32
"""Most boxes an image can carry, ignored regions included; the sources reach 20."""

CHUNK = 64
"""Images one thread decodes at a time."""

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

        is_drawn: bool ``(n,)``: a spare slot or a rendered image: its label is certain.
    """

    pixels: torch.Tensor
    size_wh: torch.Tensor
    xyxy: torch.Tensor
    class_id: torch.Tensor
    is_drawn: torch.Tensor

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pixels)

    @property
    def side_px(self) -> int:
        """Side of the squares."""
        return int(self.pixels.shape[-1])


def fill(
    samples: Sequence[Sample],
    side_px: int,
    device: torch.device,
    *,
    workers: int,
    spare: int = 0,
    cache: Path | None = None,
) -> ImageStore:
    """
    Return a store of all samples, decoded by ``workers`` threads, with ``spare`` empty slots at the end.

    Images are scaled so that the longest side is ``side_px`` (area interpolation down, linear up). On a CPU a folder
    ``cache`` keeps the decoded pixels: a run that resumes, and every process of a team, maps the same pages.
    """
    count = len(samples) + spare
    pixels, sizes = _pixels(samples, side_px, device, workers, spare, cache if device.type == "cpu" else None)
    store = ImageStore(
        pixels=pixels,
        size_wh=torch.full((count, 2), float(side_px), device=device),
        xyxy=torch.zeros((count, BOXES, 4), device=device),
        class_id=torch.full((count, BOXES), -1, dtype=torch.int64, device=device),
        is_drawn=torch.tensor([*(item.is_drawn for item in samples), *[True] * spare], device=device),
    )
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


def _pixels(
    samples: Sequence[Sample], side_px: int, device: torch.device, workers: int, spare: int, cache: Path | None
) -> tuple[torch.Tensor, NDArray[np.float32]]:
    """Return the pixels of a store and the image sizes ``(n, 2)``, from ``cache`` where it holds them."""
    shape, saved = (len(samples) + spare, 3, side_px, side_px), None
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        saved = cache / f"{_key(samples, shape)}.npy"
        if saved.is_file():
            mapped = np.load(saved, mmap_mode="c")  # what is painted into it stays with this process
            return torch.from_numpy(mapped), np.load(saved.with_suffix(".sizes.npy"))
    sizes = np.zeros((len(samples), 2), np.float32)
    part = saved.with_suffix(".part") if saved is not None else None
    if part is None:
        pixels = torch.full(shape, GREY, dtype=torch.uint8, device=device)
    else:
        written = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
        written[len(samples) :] = GREY
        pixels = torch.from_numpy(written)
    jobs = [([item.path for item in samples[at : at + CHUNK]], side_px) for at in range(0, len(samples), CHUNK)]
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for number, (decoded, size_wh) in enumerate(pool.map(_decode, jobs)):
            rows = slice(number * CHUNK, number * CHUNK + len(decoded))
            pixels[rows] = torch.from_numpy(decoded).to(device).permute(0, 3, 1, 2)
            sizes[rows] = size_wh
    if saved is None or part is None:
        return pixels, sizes
    written.flush()
    np.save(saved.with_suffix(".sizes.npy"), sizes)
    part.replace(saved)
    return torch.from_numpy(np.load(saved, mmap_mode="c")), sizes


def _key(samples: Sequence[Sample], shape: tuple[int, ...]) -> str:
    """Return what names decoded pixels: the files in order, when each was written, and the shape."""
    digest = hashlib.sha256(repr(shape).encode())
    for item in samples:
        state = item.path.stat()
        digest.update(f"{item.path}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:24]


def _decode(job: tuple[list[Path], int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return RGB squares ``(n, side, side, 3)`` and image sizes ``(n, 2)`` of the files of one job."""
    paths, side_px = job
    pixels = np.full((len(paths), side_px, side_px, 3), GREY, np.uint8)
    sizes = np.zeros((len(paths), 2), np.float32)
    for row, path in enumerate(paths):
        image = read_picture(path)
        height, width = image.shape[:2]
        scale = side_px / max(height, width)
        if scale != 1:
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
            interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, (width, height), interpolation=interpolation).astype(np.uint8, copy=False)
        pixels[row, :height, :width] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        sizes[row] = width, height
    return pixels, sizes
