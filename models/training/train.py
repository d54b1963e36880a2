"""
Train a detector from a recipe, inside a wall-clock budget.

``python -m models.training.train models/training/recipes/emissions-s.toml --data FOLDER --out RUNS --initial OLD.pt``
makes a checkpoint and its run record; ``plumewatch models train`` (:mod:`candidate`) goes on to a released model.

``OUT/NAME/`` ends up with ``last.pt``, the weight average at the last validation (:mod:`run`); ``released.pt``, the
same or what the recipe's ``blend`` puts between the first weights and it; and the run record with recipe, git state,
data hash, curve and figures by group.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.training import record, weights
from models.training.activation import with_activation
from models.training.device import prepare
from models.training.evaluate import report, see
from models.training.objective import NOMINAL
from models.training.pictures import store as stores
from models.training.pictures.corpus import Sources, assemble
from models.training.pictures.kept import KEY
from models.training.recipe import Recipe
from models.training.run import Run
from models.training.student import start
from models.training.team import Team

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel


@dataclass(frozen=True, slots=True)
class RunOptions:
    """
    What one run of a recipe is given.

    Attributes:
        sources: Its images.

        out: The run is written to ``out/NAME``.

        initial: Checkpoint the recipe starts from.

        teacher: Checkpoint whose answers are learned, if the recipe distils.

        budget_s: Length of the schedule instead of the recipe's.

        batch: Images a step instead of the recipe's.

        limit: About this many images only: a dry run.

        threads: Threads of this process on a CPU; PyTorch's choice without it.

        workers: Threads that decode images at the start.

        resume: Go on from the ``state.pt`` of an earlier run with the same recipe and folder.
    """

    sources: Sources
    out: Path
    initial: Path | None = None
    teacher: Path | None = None
    budget_s: float | None = None
    batch: int | None = None
    limit: int | None = None
    threads: int | None = None
    workers: int = 4
    resume: bool = False


def run_recipe(recipe: Recipe, options: RunOptions) -> Path:
    """Assemble, train, measure, write ``OUT/NAME/*.pt`` (see above) and ``run.json``; return that folder."""
    began = time.monotonic()
    if options.batch:
        recipe = replace(recipe, batch=options.batch)
    team = Team.join()
    device = prepare(team.rank, threads=options.threads, seed=recipe.seed)
    folder = options.out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    corpus = assemble(recipe, options.sources, options.limit)
    check = corpus.check[:: max(1, len(corpus.check) // recipe.check_limit)] if recipe.check_limit else corpus.check
    spare = recipe.synthesis.slots if options.limit is None else min(16, recipe.synthesis.slots)
    cache = folder / "pixels"
    if team.rank:
        team.agreed(0.0)  # the first process decodes, the others map what it wrote
    store = stores.fill(corpus.train, recipe.side_px, device, workers=options.workers, spare=spare, cache=cache)
    check_store = stores.fill(check, recipe.side_px, device, workers=options.workers, cache=cache)
    if not team.rank:
        team.agreed(0.0)
    model = start(recipe, options.initial, store).to(device, memory_format=torch.channels_last)
    team.agree(model)
    teacher = _teacher(recipe, options.teacher, device)
    ready_s = time.monotonic() - began
    told = {name: note for name, note in corpus.notes.items() if name != KEY}  # names of hundreds of pictures
    print(f"ready after {ready_s:.0f} s: {told}", flush=True)
    run = Run(recipe, corpus, device, folder, model, teacher, store, check, check_store, team)
    budget_s = options.budget_s or recipe.budget_s
    curve = run.train(budget_s, resume=options.resume)
    if team.rank:
        return folder
    seen = (curve[-1]["step"] * recipe.batch * team.size) / budget_s
    released = weights.load(folder / "last.pt")
    if recipe.initial == "load" and options.initial is not None and recipe.blend != 1:
        first = with_activation(weights.load(options.initial), recipe.activation, recipe.activation_first)
        released = weights.between(first, released, recipe.blend)
    weights.save(released, folder / "released.pt", curve[-1] | {"blend": recipe.blend})
    released = released.to(device).eval()
    whole = stores.fill(corpus.check, recipe.shown_px, device, workers=options.workers)
    figures = report(corpus.check, see(released, whole, corpus.check), recipe.classes)
    entry = record.RunRecord(
        recipe=recipe.table(),
        git=record.git_state(Path(__file__).parent),
        data_sha256=corpus.fingerprint,
        data=corpus.notes,
        device=f"{team.size} x {torch.cuda.get_device_name(0) if device.type == 'cuda' else 'CPU process'}",
        software=record.software(),
        budget_s=budget_s,
        ready_s=round(ready_s, 1),
        images_per_s=round(seen, 1),
        epochs=round(curve[-1]["step"] * recipe.batch * team.size / len(corpus.train), 2),
        nominal_batch=NOMINAL,
        curve=curve,
        figures=figures,
    )
    entry.write(folder / "run.json")
    return folder


def _teacher(recipe: Recipe, path: Path | None, device: torch.device) -> DetectionModel | None:
    """Return the network whose answers are learned, or nothing where the recipe asks none; raise ValueError."""
    if recipe.distillation.alone and path is None:
        message = f"{recipe.name}: a recipe whose teacher teaches alone needs --teacher"
        raise ValueError(message)
    if path is None or not recipe.distillation.has_teacher:
        return None
    return weights.load(path).eval().fuse(verbose=False).to(device, memory_format=torch.channels_last)


def main() -> None:
    """Run a recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and val/ in YOLO format")
    parser.add_argument("--out", type=Path, required=True, help="runs are written to OUT/NAME")
    parser.add_argument("--initial", type=Path, help="checkpoint the recipe starts from")
    parser.add_argument("--teacher", type=Path, help="checkpoint whose answers are learned, if the recipe distils")
    parser.add_argument("--objects", type=Path, help="street scenes of another topic, used as negatives")
    parser.add_argument("--also", type=Path, action="append", default=[], help="YOLO folder to learn from as a whole")
    parser.add_argument("--sightings", type=Path, help="a teacher's detections (JSON lines) for label repair")
    parser.add_argument("--budget", type=float, help="seconds, instead of the recipe's")
    parser.add_argument("--batch", type=int, help="images a step, instead of the recipe's")
    parser.add_argument("--limit", type=int, help="dry run on about this many images")
    parser.add_argument("--threads", type=int, help="threads of each process on a CPU")
    parser.add_argument("--resume", action="store_true", help="go on from the state.pt of OUT/NAME")
    parser.add_argument("--workers", type=int, default=16, help="threads that decode images at the start")
    said = parser.parse_args()
    options = RunOptions(
        sources=Sources(said.data, said.objects, said.sightings, tuple(said.also)),
        out=said.out,
        initial=said.initial,
        teacher=said.teacher,
        budget_s=said.budget,
        batch=said.batch,
        limit=said.limit,
        threads=said.threads,
        workers=said.workers,
        resume=said.resume,
    )
    run_recipe(Recipe.read(said.recipe), options)


if __name__ == "__main__":
    main()
