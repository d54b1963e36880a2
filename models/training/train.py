"""
Train a detector from a recipe, inside a wall-clock budget.

``python -m models.training.train models/training/recipes/emissions-s.toml --data FOLDER --out RUNS --initial OLD.pt``
makes a checkpoint and its run record; ``plumewatch models train`` (:mod:`candidate`) goes on to a released model.

All images live in device memory and every augmentation runs there, so the device is never fed by a data loader. The
weight average is validated every ``check_every_s`` and written to ``last.pt``. ``released.pt`` is the average at the
end of the schedule, or what the recipe's ``blend`` puts between the first weights and it. The run record beside them
holds recipe, git state, data hash, curve and figures by group.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.training import heap, record, weights
from models.training.activation import feature_scale, with_activation
from models.training.evaluate import accuracy, choose_threshold, false_alarms, report, see
from models.training.holding import hold, put_back
from models.training.narrowing import class_width, narrow
from models.training.objective import NOMINAL, Objective
from models.training.pictures import store as stores
from models.training.pictures.batches import Batch, Batches
from models.training.pictures.corpus import Corpus, Sources, assemble
from models.training.pictures.dataset import of_split
from models.training.pictures.kept import KEY
from models.training.pictures.synthetic import Painter
from models.training.recipe import Distillation, Recipe
from models.training.schedule import Deck, Schedule, keep, optimiser, take_up
from models.training.team import Team

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.dataset import Sample
    from models.training.pictures.store import ImageStore

MAX_GRADIENT_NORM = 10.0
TELL_EVERY_S = 15.0
PROBES = 160
"""Images on which slimming weighs channels."""


def start(recipe: Recipe, initial: Path | None, store: ImageStore) -> DetectionModel:
    """Return the model as the recipe starts it; slimming and narrowing weigh channels on plain images of ``store``."""
    from models.training.slimming import settle, slim, weigh  # noqa: PLC0415 - ultralytics is slow to import

    if recipe.initial != "random" and initial is None:
        message = f"{recipe.name}: a recipe with initial = {recipe.initial!r} needs --initial"
        raise ValueError(message)
    if recipe.initial == "load" and initial is not None:
        model = _trainable(weights.load(initial), recipe)
        if recipe.class_width and recipe.class_width != class_width(model):
            model = model.to(store.pixels.device)
            narrow(model, recipe.class_width, weigh(model, Distillation(), _plain(recipe, store)))
    else:
        model = _trainable(weights.build(recipe.architecture, recipe.classes, width=recipe.width or None), recipe)
        if recipe.initial == "graft" and initial is not None:
            weights.graft(weights.load(initial), model)
        if recipe.initial == "slim" and initial is not None:
            device, plain = store.pixels.device, _plain(recipe, store)
            large = _trainable(weights.load(initial), recipe).to(device)
            slim(large, model.to(device), weigh(large, Distillation(), plain))
            settle(model, plain)
    return hold(with_activation(model, recipe.activation, recipe.activation_first), recipe)


def _plain(recipe: Recipe, store: ImageStore) -> list[Batch]:
    """Return plain images, on which channels are weighed."""
    device, probes = store.pixels.device, Batches(store, recipe.augmentation, seed=recipe.seed)
    rows = torch.randperm(len(store), generator=torch.Generator().manual_seed(recipe.seed))[:PROBES]
    shown = [rows[at : at + 8].to(device) for at in range(0, len(rows), 8)]
    return [probes.draw(index, index[:, None].expand(-1, 3), plain=True) for index in shown]


def _trainable(model: DetectionModel, recipe: Recipe) -> DetectionModel:
    """Return the model with the recipe's loss gains, every weight open to gradients but the fixed distribution."""
    model.args = weights.hyperparameters(recipe.class_gain)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = ".dfl" not in name
    return model


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


@dataclass(slots=True, eq=False)
class Run:
    """A training run in motion: everything the loop touches."""

    recipe: Recipe
    corpus: Corpus
    device: torch.device
    folder: Path
    model: DetectionModel
    teacher: DetectionModel | None
    store: ImageStore
    check: list[Sample]
    check_store: ImageStore
    team: Team

    def train(self, budget_s: float, *, resume: bool = False) -> list[dict[str, float]]:
        """Run the schedule to its end, from ``state.pt`` if told to, and return the curve: one row a validation."""
        from ultralytics.utils.torch_utils import ModelEMA  # noqa: PLC0415 - ultralytics is slow to import

        recipe, device = self.recipe, self.device
        average = ModelEMA(self.model, decay=recipe.ema, tau=recipe.ema_ramp)
        objective, descent = self._objective(), optimiser(self.model, recipe)
        curve: list[dict[str, float]] = []
        if resume:
            curve = take_up(self.folder / "state.pt", self.model, average, descent)["curve"]
        step, already_s = (int(curve[-1]["step"]), curve[-1]["elapsed_s"]) if curve else (0, 0.0)
        luck = recipe.seed + 100 * self.team.rank + 10_000 * len(curve)
        batches = Batches(self.store, recipe.augmentation, seed=luck, height_px=recipe.height_px)
        painter, slots = self._painter(luck)
        deck, partners = self._decks(luck, curve)
        schedule, painted, checked = Schedule(recipe, budget_s, already_s=already_s), -1, time.monotonic()
        told = checked
        sums: dict[str, torch.Tensor] = {}
        summed = 0
        while (spent := self.team.agreed(schedule.spent)) < 1:
            index, extra = deck.deal(recipe.batch).to(device), partners.deal(3 * recipe.batch).to(device)
            if len(slots) and deck.epoch // recipe.synthesis.refresh_epochs != painted:
                painter.paint(slots)
                painted = deck.epoch // recipe.synthesis.refresh_epochs
            batch = batches.draw(index, extra.view(-1, 3), plain=spent > 1 - recipe.plain)
            for group in descent.param_groups:
                group["lr"] = schedule.rate(spent)
            with torch.autocast(device.type, torch.bfloat16):
                images = batch.images.contiguous(memory_format=torch.channels_last)
                answers = self.model(images)
                taught = self._teach(images if recipe.distillation.alone else images[batch.is_taught])
            loss, parts = objective(answers, batch, taught)
            descent.zero_grad(set_to_none=True)
            loss.backward()
            self.team.share(self.model)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM, foreach=True)
            descent.step()
            average.update(self.model)
            step, summed = step + 1, summed + 1
            sums = {name: sums.get(name, torch.zeros((), device=device)) + value for name, value in parts.items()}
            if self.team.rank == 0 and time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                speed = (step * recipe.batch * self.team.size) / max(schedule.spent * budget_s, 1e-9)
                print(f"{spent:4.0%}  step {step}  {speed:.1f} images/s  loss {float(loss.detach()):.1f}", flush=True)
            if self.team.rank == 0 and time.monotonic() - checked > recipe.check_every_s:
                means = {name: float(value) / summed for name, value in sums.items()}
                curve.append(self._check(average.ema, step, deck.epoch, schedule, means))
                keep(self.folder / "state.pt", self.model, average, descent, curve=curve)
                sums, summed, checked = {}, 0, time.monotonic()
        if self.team.rank or (curve and not summed):  # validated at the last step, or taken up when it was over
            return curve
        means = {name: float(value) / max(summed, 1) for name, value in sums.items()}
        curve.append(self._check(average.ema, step, deck.epoch, schedule, means))
        keep(self.folder / "state.pt", self.model, average, descent, curve=curve)
        return curve

    def _teach(self, images: torch.Tensor) -> dict[str, torch.Tensor] | None:
        if self.teacher is None or not len(images):
            return None
        with torch.no_grad():
            return self.teacher(images)[1]  # type: ignore[no-any-return]

    def _objective(self) -> Objective:
        ratio = 1.0 if self.teacher is None else feature_scale(self.model) / feature_scale(self.teacher)
        return Objective(self.model, self.recipe.distillation, feature_ratio=ratio)

    def _painter(self, luck: int) -> tuple[Painter, torch.Tensor]:
        """Return the painter and its slots: the spare rows at the end of the store."""
        first, last = len(self.corpus.train), len(self.store)
        clean = [row for row, item in enumerate(self.corpus.train) if item.is_negative]
        backgrounds = torch.tensor(clean, dtype=torch.int64, device=self.device)
        slots = torch.arange(first, last if clean else first, device=self.device)
        return Painter(self.store, self.recipe.synthesis, backgrounds, seed=luck), slots

    def _decks(self, luck: int, curve: list[dict[str, float]]) -> tuple[Deck, Deck]:
        """Return the order of the images and that of their partners in mosaics; epochs of `curve` are past."""
        begun = int(curve[-1]["epoch"]) + 1 if curve else 0
        return Deck(self._repeats(), luck, begun=begun), Deck(self._repeats(), luck + 1)

    def _repeats(self) -> torch.Tensor:
        """Return how often each store row appears in an epoch."""
        repeats = torch.ones(len(self.store))
        for row, item in enumerate(self.corpus.train):
            for prefix, times in self.recipe.repeat.items():
                if item.group.startswith(prefix):
                    repeats[row] = times
        return repeats

    def _check(
        self,
        model: DetectionModel,
        step: int,
        epoch: int,
        schedule: Schedule,
        means: dict[str, float],
    ) -> dict[str, float]:
        """Validate, save, print and return one row of the curve."""
        put_back(model, self.model, self.recipe)
        val = of_split(self.check, "val")
        sightings = see(model, self.check_store, self.check)
        figures, threshold = accuracy(val, sightings, self.recipe.classes), choose_threshold(val, sightings)
        row = {
            "elapsed_s": round(schedule.spent * schedule.budget_s, 1),
            "step": step,
            "epoch": epoch,
            "learning_rate": round(schedule.rate(schedule.spent), 6),
            "map50": figures.map50,
            "map50_95": figures.map50_95,
            "threshold": threshold,
            "false_positive_rate_025": false_alarms(val, sightings, 0.25).rate,
            **{f"ap50_{name}": value for name, value in figures.ap50.items()},
            **{name: round(value, 4) for name, value in means.items()},
        }
        print(json.dumps(row), flush=True)
        weights.save(model, self.folder / "last.pt", row)
        with (self.folder / "curve.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        return row


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


def run_recipe(recipe: Recipe, options: RunOptions) -> Path:
    """Assemble, train, measure, write ``OUT/NAME/*.pt`` (see above) and ``run.json``; return that folder."""
    began = time.monotonic()
    if options.batch:
        recipe = replace(recipe, batch=options.batch)
    team = Team.join()
    device = torch.device("cuda", team.rank) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cpu":
        heap.keep_freed_memory()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(recipe.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
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


if __name__ == "__main__":
    main()
