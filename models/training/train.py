"""
Train a detector from a recipe in one command, inside a wall-clock budget.

``python -m models.training.train models/training/recipes/emissions-s.toml --data FOLDER --out RUNS --initial OLD.pt``

All images live in device memory and every augmentation runs there, so the device is never fed by a data loader. The
weight average is validated every ``check_every_s`` and written to ``last.pt`` (and ``best.pt`` when it is the best so
far); the run record beside them holds recipe, git state, data hash, curve and figures by group.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.training import record, weights
from models.training import store as stores
from models.training.batches import Batches
from models.training.dataset import CLASS_NAMES, fingerprint, hold_out, of_split, read_folder
from models.training.evaluate import accuracy, choose_threshold, evaluation_samples, false_alarms, report, see
from models.training.objective import NOMINAL, Objective
from models.training.recipe import Recipe
from models.training.repair import read_sightings, repair, without_doubtful
from models.training.synthetic import Painter
from models.training.team import Team

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.dataset import Sample
    from models.training.store import ImageStore

MAX_GRADIENT_NORM = 10.0
PROBES = 160
"""Images on which slimming weighs channels."""


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """
    What a run learns from and is measured on.

    Attributes:
        train: Labelled images, repaired, extra negatives included.

        check: Validation and held-out images, labels as the sources gave them.

        notes: Counts for the run record.
    """

    train: list[Sample]
    check: list[Sample]
    notes: dict[str, object]


def assemble(recipe: Recipe, data: Path, objects: Path | None, sightings: Path | None, limit: int | None) -> Corpus:
    """Return the images of a run; ``limit`` keeps about that many of each part, for dry runs."""
    samples = hold_out(read_folder(data), "distant", share=0.15, seed=recipe.seed)
    notes: dict[str, object] = {}
    seen = read_sightings(sightings) if sightings else {}
    samples, count = repair(samples, seen, recipe.repair)
    notes["repair"] = {"added": count.added, "ignored": count.ignored, "images": count.images}
    train = of_split(samples, "train")
    if objects is not None:
        streets = of_split(read_folder(objects, prefix="streets_", labelled=False), "train")
        kept = without_doubtful(streets, seen)
        notes["street_negatives"] = {"used": len(kept), "skipped": len(streets) - len(kept)}
        train += kept
    check = evaluation_samples(data, objects, seed=recipe.seed)
    if recipe.check_limit:
        check = check[:: max(1, len(check) // recipe.check_limit)]
    if limit is not None:
        train, check = train[:: max(1, len(train) // limit)], check[:: max(1, len(check) // limit)]
    notes |= {"train": len(train), "train_negatives": sum(item.is_negative for item in train), "check": len(check)}
    return Corpus(train, check, notes)


def start(recipe: Recipe, initial: Path | None, store: ImageStore) -> DetectionModel:
    """Return the model as the recipe starts it; slimming weighs channels on plain images of ``store``."""
    if recipe.initial != "random" and initial is None:
        message = f"{recipe.name}: a recipe with initial = {recipe.initial!r} needs --initial"
        raise ValueError(message)
    if recipe.initial == "load" and initial is not None:
        model = _trainable(weights.load(initial), recipe)
    else:
        model = _trainable(weights.build(recipe.architecture, CLASS_NAMES, width=recipe.width or None), recipe)
        if recipe.initial == "slim" and initial is not None:
            from models.training.slimming import settle, slim, weigh  # noqa: PLC0415 - ultralytics is slow to import

            device = store.pixels.device
            large = _trainable(weights.load(initial), recipe).to(device)
            probes = Batches(store, recipe.augmentation, seed=recipe.seed)
            rows = torch.randperm(len(store), generator=torch.Generator().manual_seed(recipe.seed))[:PROBES]
            shown = [rows[at : at + 8].to(device) for at in range(0, len(rows), 8)]
            plain = [probes.draw(index, index[:, None].expand(-1, 3), plain=True) for index in shown]
            slim(large, model.to(device), weigh(large, recipe.distillation, plain))
            settle(model, plain)
    return model.train()


def _trainable(model: DetectionModel, recipe: Recipe) -> DetectionModel:
    """Return the model with the recipe's loss gains, every weight open to gradients but the fixed distribution."""
    model.args = weights.hyperparameters(recipe.class_gain)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = ".dfl" not in name
    return model


class Schedule:
    """Learning rate and share of the budget spent, by elapsed time."""

    def __init__(self, recipe: Recipe, budget_s: float) -> None:
        """Start the clock."""
        self.recipe = recipe
        self.budget_s = budget_s
        self.began = time.monotonic()

    @property
    def spent(self) -> float:
        """Share of the budget used, from 0; above 1 when it is over."""
        return (time.monotonic() - self.began) / self.budget_s

    def rate(self, spent: float) -> float:
        """Return the learning rate: linear warm-up, then half a cosine down to the final share."""
        recipe = self.recipe
        fall = (1 - recipe.final_rate) * (1 + math.cos(math.pi * min(spent, 1))) / 2 + recipe.final_rate
        return recipe.learning_rate * fall * min(1.0, spent / max(recipe.warmup, 1e-9))


class Deck:
    """An endless shuffled order of store rows in which repeated groups appear more often."""

    def __init__(self, repeats: torch.Tensor, seed: int) -> None:
        """Deal rows ``0..n-1``; row *i* appears ``repeats[i]`` times an epoch on average."""
        self.repeats = repeats
        self.generator = torch.Generator().manual_seed(seed)
        self.epoch, self._at = -1, 0
        self._order = torch.zeros(0, dtype=torch.int64)

    def deal(self, count: int) -> torch.Tensor:
        """Return the next ``count`` rows; starts a new epoch when the old one cannot fill them."""
        if self._at + count > len(self._order):
            extra = torch.rand(len(self.repeats), generator=self.generator) < self.repeats.frac()
            rows = torch.arange(len(self.repeats)).repeat_interleave(self.repeats.long() + extra)
            self._order = rows[torch.randperm(len(rows), generator=self.generator)]
            while len(self._order) < count:
                self._order = self._order.repeat(2)
            self.epoch, self._at = self.epoch + 1, 0
        self._at += count
        return self._order[self._at - count : self._at]


def optimiser(model: DetectionModel, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimiser; only weights of more than one dimension decay."""
    used = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [item for item in used if item.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [item for item in used if item.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=0.0, betas=(recipe.momentum, 0.999))
    return torch.optim.SGD(groups, lr=0.0, momentum=recipe.momentum, nesterov=True)


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
    check_store: ImageStore
    team: Team

    def train(self, budget_s: float) -> list[dict[str, float]]:
        """Run the schedule to its end and return the curve: one row a validation."""
        from ultralytics.utils.torch_utils import ModelEMA  # noqa: PLC0415 - ultralytics is slow to import

        recipe, device = self.recipe, self.device
        average = ModelEMA(self.model, decay=recipe.ema, tau=recipe.ema_ramp)
        objective, descent = Objective(self.model, recipe.distillation), optimiser(self.model, recipe)
        batches = Batches(self.store, recipe.augmentation, seed=recipe.seed + 100 * self.team.rank)
        painter, slots = self._painter()
        luck = recipe.seed + 100 * self.team.rank
        deck, partners = Deck(self._repeats(), luck), Deck(self._repeats(), luck + 1)
        schedule, painted, step, checked = Schedule(recipe, budget_s), -1, 0, time.monotonic()
        curve: list[dict[str, float]] = []
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
                taught = self._teach(images)
            loss, parts = objective(answers, batch, taught)
            descent.zero_grad(set_to_none=True)
            loss.backward()
            self.team.share(self.model)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM, foreach=True)
            descent.step()
            average.update(self.model)
            step, summed = step + 1, summed + 1
            sums = {name: sums.get(name, torch.zeros((), device=device)) + value for name, value in parts.items()}
            if self.team.rank == 0 and time.monotonic() - checked > recipe.check_every_s:
                means = {name: float(value) / summed for name, value in sums.items()}
                curve.append(self._check(average.ema, step, deck.epoch, schedule, means, curve))
                sums, summed, checked = {}, 0, time.monotonic()
        if self.team.rank:
            return curve
        means = {name: float(value) / max(summed, 1) for name, value in sums.items()}
        curve.append(self._check(average.ema, step, deck.epoch, schedule, means, curve))
        return curve

    def _teach(self, images: torch.Tensor) -> dict[str, torch.Tensor] | None:
        if self.teacher is None:
            return None
        with torch.no_grad():
            return self.teacher(images)[1]  # type: ignore[no-any-return]

    def _painter(self) -> tuple[Painter, torch.Tensor]:
        """Return the painter and its slots: the spare rows at the end of the store."""
        first, last = len(self.corpus.train), len(self.store)
        clean = [row for row, item in enumerate(self.corpus.train) if item.is_negative]
        backgrounds = torch.tensor(clean, dtype=torch.int64, device=self.device)
        slots = torch.arange(first, last if clean else first, device=self.device)
        return Painter(self.store, self.recipe.synthesis, backgrounds, seed=self.recipe.seed), slots

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
        curve: list[dict[str, float]],
    ) -> dict[str, float]:
        """Validate, save, print and return one row of the curve."""
        val = of_split(self.corpus.check, "val")
        sightings = see(model, self.check_store, self.corpus.check)
        figures, threshold = accuracy(val, sightings), choose_threshold(val, sightings)
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
        if figures.map50 >= max((entry["map50"] for entry in curve), default=0.0):
            weights.save(model, self.folder / "best.pt", row)
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
    parser.add_argument("--sightings", type=Path, help="a teacher's detections (JSON lines) for label repair")
    parser.add_argument("--budget", type=float, help="seconds, instead of the recipe's")
    parser.add_argument("--batch", type=int, help="images a step, instead of the recipe's")
    parser.add_argument("--limit", type=int, help="dry run on about this many images")
    parser.add_argument("--threads", type=int, help="threads of each process on a CPU")
    parser.add_argument("--workers", type=int, default=16, help="threads that decode images at the start")
    options = parser.parse_args()
    recipe = Recipe.read(options.recipe)
    if options.batch:
        recipe = replace(recipe, batch=options.batch)
    run_recipe(recipe, options)


def run_recipe(recipe: Recipe, options: argparse.Namespace) -> None:
    """Assemble, train, measure, and write ``OUT/NAME/{best,last}.pt`` and ``run.json``."""
    began = time.monotonic()
    team = Team.join()
    device = torch.device("cuda", team.rank) if torch.cuda.is_available() else torch.device("cpu")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(recipe.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    folder = options.out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    corpus = assemble(recipe, options.data, options.objects, options.sightings, options.limit)
    spare = recipe.synthesis.slots if options.limit is None else 16
    store = stores.fill(corpus.train, recipe.side_px, device, workers=options.workers, spare=spare)
    check_store = stores.fill(corpus.check, recipe.side_px, device, workers=options.workers)
    model = start(recipe, options.initial, store).to(device, memory_format=torch.channels_last)
    team.agree(model)
    teacher = None
    if options.teacher and (recipe.distillation.scores or recipe.distillation.boxes):
        teacher = weights.load(options.teacher).to(device, memory_format=torch.channels_last).eval()
    ready_s = time.monotonic() - began
    print(f"ready after {ready_s:.0f} s: {corpus.notes}", flush=True)
    run = Run(recipe, corpus, device, folder, model, teacher, store, check_store, team)
    budget_s = options.budget or recipe.budget_s
    curve = run.train(budget_s)
    if team.rank:
        return
    seen = (curve[-1]["step"] * recipe.batch * team.size) / budget_s
    figures = {}
    for name in ("best", "last"):
        saved = weights.load(folder / f"{name}.pt").to(device).eval()
        figures[name] = report(corpus.check, see(saved, check_store, corpus.check))
    entry = record.RunRecord(
        recipe=recipe.table(),
        git=record.git_state(Path(__file__).parent),
        data_sha256=fingerprint(corpus.train + corpus.check),
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
    print(json.dumps({name: value["val"] for name, value in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
