"""
A training run in motion: steps, validations and the curve, until the budget is spent.

The device is never fed by a data loader: images lie in its memory and are augmented there. The weight average is
validated every ``check_every_s`` of the recipe and written to ``last.pt``, with ``state.pt`` to go on from.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from models.training import weights
from models.training.evaluate import accuracy, choose_threshold, false_alarms, see
from models.training.objective import Objective
from models.training.pictures.batches import Batches
from models.training.pictures.dataset import of_split
from models.training.pictures.synthetic import Painter
from models.training.schedule import Deck, Schedule, keep, optimiser, take_up
from models.training.student import put_back

if TYPE_CHECKING:
    from pathlib import Path

    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.corpus import Corpus
    from models.training.pictures.dataset import Sample
    from models.training.pictures.store import ImageStore
    from models.training.recipe import Recipe
    from models.training.team import Team

MAX_GRADIENT_NORM = 10.0
TELL_EVERY_S = 15.0


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
        objective, descent = Objective(self.model, recipe.distillation), optimiser(self.model, recipe)
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
