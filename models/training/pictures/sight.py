"""A teacher's answers for training images, written one JSON object a line: what label repair reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch

from models.training import weights
from models.training.device import keep_freed_memory
from models.training.evaluate import see
from models.training.pictures import store as stores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.training.pictures.dataset import Sample

SIDE_PX = 640
CHUNK = 128
LEAST = 0.05
"""Sightings below this decide nothing."""


def write_sightings(checkpoint: Path, samples: Sequence[Sample], path: Path, *, side_px: int = SIDE_PX) -> None:
    """
    Write what the model of ``checkpoint`` sees in each of ``samples`` to ``path``.

    Images already answered there by the same command are kept, so an interrupted run goes on where it stopped.
    """
    answered = set()
    if path.is_file():
        answered = {json.loads(line)["name"] for line in path.read_text(encoding="utf-8").splitlines() if line}
    todo = [item for item in samples if item.name not in answered]
    if not todo:
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        keep_freed_memory()
    model = weights.load(checkpoint).to(device).eval()
    with path.open("a", encoding="utf-8") as file:
        for at in range(0, len(todo), CHUNK):
            part = todo[at : at + CHUNK]
            store = stores.fill(part, side_px, device, workers=4)
            for item, size, seen in zip(part, store.size_wh.tolist(), see(model, store, part).values(), strict=True):
                clear = seen.confidence >= LEAST
                boxes = (seen.xyxy[clear] * [*size, *size]).round(1).tolist()
                answers = zip(boxes, seen.confidence[clear].tolist(), seen.class_id[clear].tolist(), strict=True)
                rows = [[*box, round(score, 4), kind] for box, score, kind in answers]
                entry = {"name": item.name, "w": round(size[0]), "h": round(size[1]), "p": rows}
                file.write(json.dumps(entry) + "\n")
            print(f"sightings: {at + len(part)} of {len(todo)} images", flush=True)
