"""What a head is tuned on: real pictures as cameras give them or mirrored, and plumes painted over real negatives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.training.anchors import View
from models.training.pictures import store as stores
from models.training.pictures.dataset import read_picture
from models.training.pictures.synthetic import Painter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.training.pictures.dataset import Sample
    from models.training.recipe import Recipe

CHUNK = 32
"""Backgrounds painted over at a time."""

PAINTED = "painted"


def share_out(samples: Sequence[Sample], most: int, *, seed: int) -> list[Sample]:
    """Return at most ``most`` samples of each group, drawn with ``seed``, in an order that mixes the groups."""
    random = np.random.default_rng(seed)
    by_group: dict[str, list[Sample]] = {}
    for item in samples:
        by_group.setdefault(item.group, []).append(item)
    chosen = []
    for _, members in sorted(by_group.items()):
        chosen += [members[row] for row in random.permutation(len(members))[:most]]
    return [chosen[row] for row in random.permutation(len(chosen))]


def real(samples: Sequence[Sample], *, brightness: float, seed: int) -> Iterator[View]:
    """Yield each sample once, half of them mirrored and brightened or darkened by up to ``brightness``."""
    random = np.random.default_rng(seed)
    for item in samples:
        image = read_picture(item.path)
        is_mirrored, gain = random.random() < 0.5, 1 + brightness * random.uniform(-1, 1)
        if not is_mirrored:
            yield View(item, "real", image)
            continue
        xyxy = item.xyxy[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32) + np.array([1, 0, 1, 0], np.float32)
        changed = np.clip(image[:, ::-1] * gain, 0, 255).astype(np.uint8)
        yield View(replace(item, xyxy=xyxy), "mirrored", changed)


def painted(backgrounds: Sequence[Sample], recipe: Recipe) -> Iterator[View]:
    """Yield the recipe's number of painted pictures over ``backgrounds``, which must show neither smoke nor fire."""
    random = np.random.default_rng(recipe.seed)
    for at in range(0, recipe.synthesis.slots, CHUNK):
        count = min(CHUNK, recipe.synthesis.slots - at)
        under = [backgrounds[row] for row in random.integers(len(backgrounds), size=count)]
        store = stores.fill(under, recipe.side_px, torch.device("cpu"), workers=1, spare=count)
        painter = Painter(store, recipe.synthesis, torch.arange(count), seed=recipe.seed + at)
        slots = torch.arange(count, 2 * count)
        painter.paint(slots)
        for number, slot in enumerate(slots.tolist()):
            width, height = (round(side) for side in store.size_wh[slot].tolist())
            image = store.pixels[slot, :, :height, :width].permute(1, 2, 0).numpy()[:, :, ::-1]
            kinds = store.class_id[slot].numpy()
            boxes = store.xyxy[slot].numpy()[kinds >= 0] / np.array([width, height, width, height], np.float32)
            sample = replace(under[0], name=f"{PAINTED}_{at + number}", xyxy=boxes, class_id=kinds[kinds >= 0])
            yield View(sample, PAINTED, np.ascontiguousarray(image))
