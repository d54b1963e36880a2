"""
From a checkpoint to one whose class branch is tuned on more and other pictures, in minutes on a CPU.

    python -m models.training.tune emissions-v8s-head --initial OLD.pt --data PICTURES --also SCENES --out RUNS

``OUT/NAME/`` ends up with what ``plumewatch models train`` leaves (:mod:`candidate`), and with ``real/`` and
``painted/``, the lessons learned from: a second run with the same pictures takes them up again. Validation and held-out
pictures are measured on, never learned from; pictures of the training part that twin one of them are left out.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.runtime.openvino_runtime import Precision
from models.training import record, weights
from models.training.anchors import Chooser, Eye, keep, read, sightings
from models.training.candidate import Candidate, find_recipe, publish
from models.training.evaluate import FLOOR, report
from models.training.head import Course, HeadTuner
from models.training.pictures.corpus import parted, unpack
from models.training.pictures.dataset import DatasetError, fingerprint, of_split, read_folder, read_picture
from models.training.pictures.kept import KEY, KeptBack
from models.training.pictures.splits import without_leaks
from models.training.pictures.views import painted, real, share_out
from models.training.recipe import Recipe
from models.yolo import export_onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.training.anchors import Facts
    from models.training.pictures.dataset import Sample
    from models.training.pictures.repair import Sightings

MOST = 200


@dataclass(frozen=True, slots=True)
class Pictures:
    """
    What a head is tuned and measured on.

    Attributes:
        data: YOLO folder, or folder of tars, with a validation part.

        also: More YOLO folders, all of them to learn from: pictures of scenes, for one.

        most: Most pictures of a group taken from ``data``: the largest have thousands.
    """

    data: Path
    also: Sequence[Path] = ()
    most: int = MOST


def assemble(recipe: Recipe, pictures: Pictures, folder: Path) -> tuple[list[Sample], list[Sample], dict[str, object]]:
    """Return the pictures to learn from, those to measure on, and notes for the run record."""
    own = read_folder(unpack(pictures.data, folder / "data"), classes=recipe.classes)
    if not of_split(own, "val"):
        message = f"{pictures.data}: tuning needs a validation part"
        raise DatasetError(message)
    samples = parted(own, recipe.held, recipe.seed)
    check = of_split(samples, "val", "held")
    learned = share_out(of_split(samples, "train"), pictures.most, seed=recipe.seed)
    for more in pictures.also:
        learned += [replace(item, split="train") for item in read_folder(more, classes=recipe.classes)]
    kept, leaks = without_leaks(learned + check)
    learned = of_split(kept, "train")
    kept_back = KeptBack.between(own, samples)
    return learned, check, {"leaks": asdict(leaks), "check": len(check), KEY: asdict(kept_back)}


def tune(
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
    Tune the class branch of the checkpoint ``initial`` as the recipe says and return the candidate.

    Its ``threshold`` is chosen on the pictures to measure on unless given: to replace a model, take that one's.
    """
    began = time.monotonic()
    torch.set_num_threads(threads)
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    learned, check, notes = assemble(recipe, pictures, folder)
    before = export_onnx(initial, folder / "before.onnx").path
    eye = _eye(before, recipe.side_px, threads, precision)
    backgrounds = [item for item in learned if item.is_negative]
    views = {
        folder / "real": real(learned, brightness=recipe.augmentation.brightness, seed=recipe.seed),
        folder / "painted": painted(backgrounds, recipe),
    }
    for lessons, shown in views.items():
        if not lessons.is_dir():
            part = lessons.with_suffix(".part")
            keep(shown, eye, Chooser(len(recipe.classes), seed=recipe.seed), part, recipe.repair)
            part.rename(lessons)
    levels, facts = read(list(views))
    taught = {fact.name for fact in facts}  # lessons of an earlier run may be of fewer pictures
    learned = [item for item in learned if item.name in taught]
    notes |= {"train": len(learned), "train_negatives": sum(item.is_negative for item in learned)}
    data_sha256 = fingerprint(learned + check)
    model = weights.load(initial)
    tuner, curve = HeadTuner(model, recipe, levels, facts), []
    ready_s = time.monotonic() - began

    def tell(course: Course) -> None:
        curve.append({key: round(value, 4) for key, value in asdict(course).items()})
        print(f"{course.seconds:.0f} s, {course.pictures} pictures, loss {course.loss:.3f}", flush=True)

    pictures_seen = tuner.run(tell)
    weights.save(model, folder / "released.pt", {"recipe": recipe.table()})
    after = export_onnx(folder / "released.pt", folder / f"{recipe.name}.onnx").path
    check = check[:: max(1, len(check) // recipe.check_limit)] if recipe.check_limit else check
    seen = look(check, _eye(after, recipe.shown_px, threads, precision))
    figures = report(check, seen, recipe.classes, threshold=threshold)
    record.RunRecord(
        recipe=recipe.table() | {"initial_sha256": record.sha256(initial)},
        git=record.git_state(Path(__file__).parent),
        data_sha256=data_sha256,
        data=notes | _counts(facts),
        device="CPU",
        software=record.software(),
        budget_s=recipe.budget_s,
        ready_s=round(ready_s, 1),
        images_per_s=round(pictures_seen / recipe.budget_s, 1),
        epochs=round(pictures_seen / len(facts), 2),
        nominal_batch=recipe.batch,
        curve=curve,
        figures=figures,
    ).write(folder / "run.json")
    return publish(recipe, folder, version=version)


def look(samples: Sequence[Sample], eye: Eye) -> dict[str, Sightings]:
    """Return what a detector reports of each picture, for `report`."""
    found = {}
    for item in samples:
        picture = read_picture(item.path)
        found[item.name] = sightings(eye.see(picture), eye.letterbox(picture), floor=FLOOR)
    return found


def _eye(weights_file: Path, side_px: int, threads: int, precision: Precision) -> Eye:
    return Eye(weights_file.read_bytes(), long_side_px=side_px, threads=threads, precision=precision)


def _counts(facts: Sequence[Facts]) -> dict[str, object]:
    """Return views by origin, and what label repair did, as `repair.RepairCount` tells it."""
    added, ignored = Counter[str](), Counter[str]()
    for fact in facts:
        added.update(fact.added)
        ignored.update(fact.ignored)
    images = sum(bool(fact.added or fact.ignored) for fact in facts)
    return {
        "views": dict(Counter(fact.origin for fact in facts)),
        "repair": {"added": dict(added), "ignored": dict(ignored), "images": images},
    }


def main() -> None:
    """Run the command line."""
    run_command(
        "python -m models.training.tune",
        __doc__,
        tune,
        most=MOST,
        most_help="most pictures of a group of --data",
    )


def run_command(
    prog: str,
    description: str | None,
    make: Callable[..., Candidate],
    *,
    most: int,
    most_help: str,
    arguments: Sequence[str] | None = None,
) -> None:
    """Run the command line of what makes a candidate of a checkpoint on a CPU; ``make`` is called as `tune` is."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("recipe", help="recipe file, or the name of a shipped one")
    parser.add_argument("--initial", type=Path, required=True, help="checkpoint to start from")
    parser.add_argument("--data", type=Path, required=True, help="folder of tars, or YOLO folder with train/ and val/")
    parser.add_argument("--also", type=Path, action="append", default=[], help="YOLO folder to learn from as well")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=most, help=most_help)
    parser.add_argument("--version", help="of the weights; without it the one after the registered model's")
    parser.add_argument("--threshold", type=float, help="of the candidate; chosen where it is not given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", type=Precision, choices=list(Precision), default=Precision.BF16)
    asked = parser.parse_args(arguments)
    made = make(
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
