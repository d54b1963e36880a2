"""
How good a detector is: precision by group, and false alarms by look-alike kind.

Run ``python -m models.training.evaluate WEIGHTS --data FOLDER`` for any ``.pt`` file; the same code scores old and new.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.interval import wilson
from models.training.pictures import store as stores
from models.training.pictures.dataset import CLASS_NAMES, IGNORED, of_split, read_folder
from models.training.pictures.repair import Sightings
from models.training.pictures.splits import hold_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from models.training.pictures.dataset import Sample
    from models.training.pictures.store import ImageStore

IOU_STEPS = np.linspace(0.5, 0.95, 10)
MAX_FALSE_POSITIVE_RATE = 0.05
FLOOR = 0.001
"""Lowest score that enters a precision curve, as in ultralytics' validation."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """
    Average precision over a set of images.

    Attributes:
        images: Number of images.

        map50: Mean over the classes present of the average precision at IoU 0.5.

        map50_95: The same, mean over IoU 0.5 to 0.95.

        ap50: Average precision at IoU 0.5 by class name.

        boxes: Number of labelled boxes by class name.
    """

    images: int
    map50: float
    map50_95: float
    ap50: dict[str, float]
    boxes: dict[str, int]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """
    Negative images with at least one detection, at one threshold.

    Attributes:
        images: Number of negative images.

        alarms: How many of them have a detection.

        rate: alarms / images.

        low: Lower end of the 95 % Wilson interval of the rate.

        high: Upper end.
    """

    images: int
    alarms: int
    rate: float
    low: float
    high: float


def see(model: nn.Module, store: ImageStore, samples: Sequence[Sample], *, batch: int = 32) -> dict[str, Sightings]:
    """
    Return the model's detections in the first ``len(samples)`` images of ``store``: NMS at IoU 0.7, score 0.001.

    In bf16, as it is trained and will run: on a CPU that has it twice as fast as in f32, channels last twice again.
    """
    from ultralytics.utils.nms import non_max_suppression  # noqa: PLC0415 - keeps this module light to import

    answers: dict[str, Sightings] = {}
    model.to(memory_format=torch.channels_last)
    for at in range(0, len(samples), batch):
        rows = slice(at, min(at + batch, len(samples)))
        images = store.pixels[rows].float().div_(255).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast(store.pixels.device.type, torch.bfloat16):
            raw = model(images)
        found = non_max_suppression((raw[0] if isinstance(raw, tuple | list) else raw).float(), FLOOR, 0.7, max_det=300)
        for item, size, rows_found in zip(samples[rows], store.size_wh[rows].cpu().numpy(), found, strict=True):
            table = rows_found.float().cpu().numpy()
            xyxy = (table[:, :4] / np.tile(size, 2)).clip(0, 1)
            answers[item.name] = Sightings(xyxy, table[:, 4], table[:, 5].astype(np.int64))
    return answers


def accuracy(
    samples: Sequence[Sample], sightings: Mapping[str, Sightings], names: Sequence[str] = CLASS_NAMES
) -> Accuracy:
    """
    Return the average precision over ``samples``. IoU is taken in shares of the image, which leaves it unchanged.

    A detection that lies in a region ignored for its class (half of it or more) counts neither way.
    """
    from ultralytics.utils.metrics import ap_per_class  # noqa: PLC0415 - keeps this module light to import

    hits: list[NDArray[np.bool_]] = [np.zeros((0, len(IOU_STEPS)), bool)]
    scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    kinds: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    truths: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for item in samples:
        seen = _counted(item, sightings[item.name])
        order = np.argsort(-seen.confidence, kind="stable")
        hits.append(_hits(item, seen.xyxy[order], seen.class_id[order]))
        scores.append(seen.confidence[order])
        kinds.append(seen.class_id[order])
        truths.append(item.class_id[item.class_id < IGNORED])
    truth = np.concatenate(truths)
    boxes = {name: int((truth == kind).sum()) for kind, name in enumerate(names)}
    if not len(truth):
        return Accuracy(len(samples), math.nan, math.nan, {}, boxes)
    result = ap_per_class(np.concatenate(hits), np.concatenate(scores), np.concatenate(kinds), truth)
    ap, present = result[5], result[6]
    ap50 = {names[int(kind)]: round(float(ap[row, 0]), 4) for row, kind in enumerate(present)}
    return Accuracy(len(samples), round(float(ap[:, 0].mean()), 4), round(float(ap.mean()), 4), ap50, boxes)


def false_alarms(samples: Sequence[Sample], sightings: Mapping[str, Sightings], threshold: float) -> FalseAlarms:
    """Return how many of the negative ``samples`` have a detection of at least ``threshold``."""
    peaks = [sightings[item.name].confidence.max(initial=0.0) for item in samples if item.is_negative]
    count, alarms = len(peaks), int(sum(peak >= threshold for peak in peaks))
    low, high = wilson(alarms, count)
    return FalseAlarms(count, alarms, round(alarms / count, 4) if count else math.nan, round(low, 4), round(high, 4))


def choose_threshold(samples: Sequence[Sample], sightings: Mapping[str, Sightings]) -> float:
    """
    Return the lowest score in steps of 0.01 (from 0.05) that keeps the image false-positive rate in bounds.

    Without negatives nothing bounds it: then the score with the best F1.
    """
    if not any(item.is_negative for item in samples):
        return fairest_threshold(samples, sightings)
    for step in range(5, 100):
        if false_alarms(samples, sightings, step / 100).rate <= MAX_FALSE_POSITIVE_RATE:
            return step / 100
    return 1.0


def fairest_threshold(samples: Sequence[Sample], sightings: Mapping[str, Sightings]) -> float:
    """Return the score in steps of 0.01 with the best F1 at IoU 0.5: the choice where there are no negatives."""
    counted = [(item, _counted(item, sightings[item.name])) for item in samples]
    labels = int(sum((item.class_id < IGNORED).sum() for item, _ in counted))
    hits, scores = [np.zeros(0, bool)], [np.zeros(0, np.float32)]
    for item, seen in counted:
        order = np.argsort(-seen.confidence, kind="stable")
        hits.append(_hits(item, seen.xyxy[order], seen.class_id[order])[:, 0])
        scores.append(seen.confidence[order])
    hit, score = np.concatenate(hits), np.concatenate(scores)
    steps = np.arange(5, 100) / 100
    found = np.array([(hit & (score >= step)).sum() for step in steps])
    said = np.array([(score >= step).sum() for step in steps])
    return float(steps[(2 * found / np.maximum(said + labels, 1)).argmax()])


def image_recall(samples: Sequence[Sample], sightings: Mapping[str, Sightings], threshold: float) -> float:
    """Return the share of images with labels in which anything is detected: what a camera's first alarm needs."""
    positives = [item for item in samples if (item.class_id < IGNORED).any()]
    found = int(sum(sightings[item.name].confidence.max(initial=0.0) >= threshold for item in positives))
    return round(found / len(positives), 4) if positives else math.nan


def report(
    samples: Sequence[Sample],
    sightings: Mapping[str, Sightings],
    names: Sequence[str] = CLASS_NAMES,
    *,
    threshold: float | None = None,
) -> dict[str, object]:
    """
    Return every figure of a run record: whole validation split, each group, each look-alike kind.

    The threshold is chosen on the validation negatives unless given. Groups of the split ``held`` are named so.
    """
    val = of_split(samples, "val")
    held = of_split(samples, "held")
    limit = choose_threshold(val, sightings) if threshold is None else threshold
    by_group: dict[str, list[Sample]] = {}
    for item in (*val, *held):
        by_group.setdefault(item.group + ("_held" if item.split == "held" else ""), []).append(item)
    groups, kinds = {}, {}
    for name, members in sorted(by_group.items()):
        if any((item.class_id < IGNORED).any() for item in members):
            recall = image_recall(members, sightings, limit)
            groups[name] = asdict(accuracy(members, sightings, names)) | {"image_recall": recall}
        if any(item.is_negative for item in members):
            kinds[name] = asdict(false_alarms(members, sightings, limit))
    return {
        "val": asdict(accuracy(val, sightings, names)) | {"image_recall": image_recall(val, sightings, limit)},
        "threshold": limit,
        "false_alarms": asdict(false_alarms(val, sightings, limit)),
        "false_alarms_at_0.25": asdict(false_alarms(val, sightings, 0.25)),
        "groups": groups,
        "look_alikes": kinds,
    }


def evaluation_samples(data: Path, objects: Path | None, *, seed: int) -> list[Sample]:
    """Return the validation and held-out images: the manifest's ``val``, held distant clusters, street scenes."""
    samples = hold_out(read_folder(data), "distant", share=0.15, seed=seed)
    chosen = of_split(samples, "val", "held")
    if objects is not None:
        streets = of_split(read_folder(objects, prefix="streets_", labelled=False), "val")
        chosen += [replace(item, split="held") for item in streets]
    return chosen


def _counted(item: Sample, seen: Sightings) -> Sightings:
    """Return the sightings that do not lie in a region of ``item`` ignored for their class."""
    regions = item.class_id >= IGNORED
    if not regions.any() or not len(seen.xyxy):
        return seen
    low = np.maximum(item.xyxy[regions, None, :2], seen.xyxy[None, :, :2])
    high = np.minimum(item.xyxy[regions, None, 2:], seen.xyxy[None, :, 2:])
    own = (seen.xyxy[:, 2:] - seen.xyxy[:, :2]).prod(axis=1)
    inside = (high - low).clip(0).prod(axis=2) >= 0.5 * own
    kept = ~(inside & (item.class_id[regions, None] - IGNORED == seen.class_id[None])).any(axis=0)
    return Sightings(seen.xyxy[kept], seen.confidence[kept], seen.class_id[kept])


def _hits(item: Sample, xyxy: NDArray[np.float32], class_id: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool ``(n, 10)``: which detections, in falling score, claim a label at each IoU step."""
    hits = np.zeros((len(xyxy), len(IOU_STEPS)), bool)
    if not len(xyxy) or not len(item.xyxy):
        return hits
    low = np.maximum(item.xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(item.xyxy[:, None, 2:], xyxy[None, :, 2:])
    both = (high - low).clip(0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (item.xyxy, xyxy)]
    iou = both / (areas[0][:, None] + areas[1][None] - both + 1e-9)
    iou = np.where(item.class_id[:, None] == class_id[None], iou, 0.0)
    claimed, steps = np.zeros((len(item.xyxy), len(IOU_STEPS)), bool), range(len(IOU_STEPS))
    for row in np.flatnonzero((iou >= IOU_STEPS[0]).any(axis=0)):
        free = np.where(claimed, 0.0, iou[:, row, None])
        best = free.argmax(axis=0)
        hits[row] = free[best, steps] >= IOU_STEPS
        claimed[best, steps] |= hits[row]
    return hits


def main() -> None:
    """Score weights and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/")
    parser.add_argument("--objects", type=Path, help="folder of street scenes, all negatives")
    parser.add_argument("--threshold", type=float, help="score threshold; chosen on the negatives when left out")
    parser.add_argument("--out", type=Path, help="write the figures here as well")
    parser.add_argument("--seed", type=int, default=7, help="seed of the held-out clusters")
    parser.add_argument("--limit", type=int, help="score this many images only")
    options = parser.parse_args()
    from models.training.weights import load  # noqa: PLC0415 - ultralytics is slow to import

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    samples = evaluation_samples(options.data, options.objects, seed=options.seed)[: options.limit]
    store = stores.fill(samples, 640, device, workers=8)
    figures = report(samples, see(load(options.weights).to(device).eval(), store, samples), threshold=options.threshold)
    text = json.dumps(figures, indent=1)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
