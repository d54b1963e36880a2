"""
A network with another activation, each of its convolutions refitted to give what it gave before: minutes on a CPU.

    python -m models.training.refit emissions-v8s-refit --initial OLD.pt --data PICTURES --also SCENES --out RUNS

It made the shipped `emissions-v8s` 0.4.0 (decision 0083). The exchange (:mod:`activation`) changes the input of every
convolution a little, and the differences add up; :mod:`reconstruction` takes most of them out again, layer by layer.

``OUT/NAME/`` ends up with what ``plumewatch models train`` leaves (:mod:`candidate`); its run record has a row for each
convolution. Validation and held-out pictures are measured on, never fitted to, nor are pictures that twin one of them.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.network import STRIDE
from models.runtime.openvino_runtime import OpenVinoNetwork, Precision
from models.tensors import Letterbox, decode_v8_head, non_max_suppression
from models.training import record, weights
from models.training.activation import hardened, with_activation
from models.training.candidate import Candidate, find_recipe, publish
from models.training.evaluate import FLOOR, report
from models.training.pictures.corpus import parted, unpack
from models.training.pictures.dataset import DatasetError, fingerprint, of_split, read_folder, read_picture
from models.training.pictures.kept import KEY, KeptBack
from models.training.pictures.repair import Sightings
from models.training.pictures.splits import without_leaks
from models.training.recipe import Recipe, RecipeError
from models.training.reconstruction import POSITIONS, Reconstruction, ReconstructionError, Refitted, show
from models.yolo import export_onnx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.training.pictures.dataset import Sample

MOST = 96
NMS_IOU = 0.7
"""As in `evaluate.see`."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """
    What a network is refitted on and measured on.

    Attributes:
        data: YOLO folder, or folder of tars, with a validation part.

        also: More YOLO folders, all of them to fit to: pictures of scenes, for one.

        most: Most pictures taken from ``data``, and from each folder in ``also``.
    """

    data: Path
    also: Sequence[Path] = ()
    most: int = MOST


def assemble(recipe: Recipe, pictures: Pictures, folder: Path) -> tuple[list[Sample], list[Sample], dict[str, object]]:
    """Return the pictures that may be fitted to, those to measure on, and notes for the run record."""
    own = read_folder(unpack(pictures.data, folder / "data"), classes=recipe.classes)
    if not of_split(own, "val"):
        message = f"{pictures.data}: a refit needs a validation part"
        raise DatasetError(message)
    samples = parted(own, recipe.held, recipe.seed)
    check = of_split(samples, "val", "held")
    learned = share_out(of_split(samples, "train"), pictures.most, seed=recipe.seed)
    for more in pictures.also:
        learned += [replace(item, split="train") for item in read_folder(more, classes=recipe.classes)]
    kept, leaks = without_leaks(learned + check)
    kept_back = KeptBack.between(own, samples)
    notes: dict[str, object] = {"leaks": asdict(leaks), "check": len(check), KEY: asdict(kept_back)}
    return of_split(kept, "train"), check, notes


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


def choose(learned: Sequence[Sample], pictures: Pictures, *, seed: int) -> list[Sample]:
    """Return at most ``pictures.most`` of what is taken from ``data``, and as many of each folder in ``also``."""
    folders: dict[Path | None, list[Sample]] = {}
    for item in learned:
        home = next((folder for folder in pictures.also if item.path.is_relative_to(folder)), None)
        folders.setdefault(home, []).append(item)
    chosen = [item for own in folders.values() for item in share_out(own, len(own), seed=seed)[: pictures.most]]
    return share_out(chosen, len(chosen), seed=seed)


def refit(
    recipe: Recipe,
    pictures: Pictures,
    initial: Path,
    out: Path,
    *,
    version: str | None = None,
    threads: int,
    precision: Precision,
    threshold: float | None = None,
) -> Candidate:
    """
    Exchange the activation of the checkpoint ``initial`` as the recipe states, refit it, and return the candidate.

    Its ``threshold`` is chosen on the pictures to measure on unless given: to replace a model, take that one's.
    """
    if recipe.activation != "hardswish" or recipe.class_width:
        raise RecipeError(f"recipe {recipe.name}: a refit needs activation hardswish and a class branch left as it is")
    began = time.monotonic()
    torch.set_num_threads(threads)
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    learned, check, notes = assemble(recipe, pictures, folder)
    learned = choose(learned, pictures, seed=recipe.seed)
    teacher = weights.load(initial)
    student = with_activation(deepcopy(teacher), recipe.activation, recipe.activation_first)
    if hardened(student) == hardened(teacher):
        raise ReconstructionError(f"{initial}: has no SiLU to exchange, so nothing to refit")
    fitter = Reconstruction(teacher, student, show(learned, recipe.shown_px, recipe.batch), seed=recipe.seed)
    ready_s = time.monotonic() - began
    rows = fitter.run(lambda row: _tell(row, time.monotonic() - began))
    spent_s = time.monotonic() - began - ready_s
    weights.save(student, folder / "released.pt", {"recipe": recipe.table()})
    after = export_onnx(folder / "released.pt", folder / f"{recipe.name}.onnx").path
    data_sha256 = fingerprint(learned + check)
    check = check[:: max(1, len(check) // recipe.check_limit)] if recipe.check_limit else check
    network = OpenVinoNetwork(recipe.name, after.read_bytes(), threads, precision)
    record.RunRecord(
        recipe=recipe.table() | {"initial_sha256": record.sha256(initial)},
        git=record.git_state(Path(__file__).parent),
        data_sha256=data_sha256,
        data=notes | _counts(learned),
        device="CPU",
        software=record.software(),
        budget_s=round(spent_s, 1),
        ready_s=round(ready_s, 1),
        images_per_s=round(len(learned) / spent_s, 2),
        epochs=1.0,
        nominal_batch=recipe.batch,
        curve=[],
        figures=report(check, look(check, network, recipe.shown_px), recipe.classes, threshold=threshold),
        refitted=[asdict(row) for row in rows],
    ).write(folder / "run.json")
    return publish(recipe, folder, version=version)


def look(samples: Sequence[Sample], network: OpenVinoNetwork, long_side_px: int) -> dict[str, Sightings]:
    """Return what an exported YOLOv8 reports of each picture from `FLOOR` on, letterboxed as the detector does it."""
    found = {}
    for item in samples:
        picture = read_picture(item.path)
        box = Letterbox.fit((picture.shape[1], picture.shape[0]), long_side_px, STRIDE)
        with network.slot(1, box.input_wh) as slot:
            box.write(picture, slot.images[0])
            slot.start()
            boxes = non_max_suppression(decode_v8_head(slot.wait()[0].copy(), FLOOR), NMS_IOU)
        size = np.tile(np.array(box.source_wh, np.float32), 2)
        xyxy = box.to_source(boxes.xyxy) / size
        found[item.name] = Sightings(xyxy, boxes.confidence, boxes.class_id.astype(np.int64))
    return found


def _tell(row: Refitted, seconds: float) -> None:
    print(f"{seconds:.0f} s, {row.name}: {row.before:.4f} unexplained, {row.after:.4f} refitted", flush=True)


def _counts(learned: Sequence[Sample]) -> dict[str, object]:
    """Return the pictures fitted to, by group and in all; no label counts, so none is repaired."""
    return {
        "train": len(learned),
        "train_negatives": sum(item.is_negative for item in learned),
        "groups": dict(sorted(Counter(item.group for item in learned).items())),
        "positions": POSITIONS,
        "repair": {"added": {}, "ignored": {}, "images": 0},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.refit", description=__doc__)
    parser.add_argument("recipe", help="recipe file, or the name of a shipped one")
    parser.add_argument("--initial", type=Path, required=True, help="checkpoint to start from")
    parser.add_argument("--data", type=Path, required=True, help="folder of tars, or YOLO folder with train/ and val/")
    parser.add_argument("--also", type=Path, action="append", default=[], help="YOLO folder to fit to as well")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=MOST, help="most pictures of --data, and of each --also")
    parser.add_argument("--version", help="of the weights; without it the one after the registered model's")
    parser.add_argument("--threshold", type=float, help="of the candidate; chosen where it is not given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", type=Precision, choices=list(Precision), default=Precision.BF16)
    asked = parser.parse_args(arguments)
    made = refit(
        Recipe.read(find_recipe(asked.recipe)),
        Pictures(asked.data, asked.also, asked.most),
        asked.initial,
        asked.out,
        version=asked.version,
        threads=asked.threads,
        precision=asked.precision,
        threshold=asked.threshold,
    )
    print(f"{made.weights}: mAP50 {made.map50}, threshold {made.threshold}")


if __name__ == "__main__":
    main()
