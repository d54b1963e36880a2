"""The course of a run: learning rate by elapsed time, the order of the images, and what is kept to resume it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import torch

from models.replacement import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils.torch_utils import ModelEMA

    from models.training.recipe import Recipe


class Schedule:
    """Learning rate and share of the budget spent, by elapsed time."""

    def __init__(self, recipe: Recipe, budget_s: float, *, already_s: float = 0.0) -> None:
        """Start the clock, ``already_s`` into the budget. Time in which the process is stopped counts."""
        self.recipe = recipe
        self.budget_s = budget_s
        self.began = time.monotonic() - already_s

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

    def __init__(self, repeats: torch.Tensor, seed: int, *, begun: int = 0) -> None:
        """Deal rows ``0..n-1``; row *i* appears ``repeats[i]`` times an epoch on average; ``begun`` epochs are past."""
        self.repeats = repeats
        self.generator = torch.Generator().manual_seed(seed)
        self.epoch, self._at = begun - 1, 0
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


def keep(path: Path, model: DetectionModel, average: ModelEMA, descent: torch.optim.Optimizer, **notes: object) -> None:
    """Write all a run needs to go on from here; the file appears whole or not at all."""
    state = {
        "model": model.state_dict(),
        "average": average.ema.state_dict(),
        "updates": average.updates,
        "optimiser": descent.state_dict(),
        "notes": notes,
    }
    with replacing(path) as part:
        torch.save(state, part)


def take_up(path: Path, model: DetectionModel, average: ModelEMA, descent: torch.optim.Optimizer) -> dict[str, Any]:
    """Load what `keep` wrote and return its notes. Random draws start anew, so a resumed run is not the same run."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    average.ema.load_state_dict(state["average"])
    average.updates = state["updates"]
    descent.load_state_dict(state["optimiser"])
    notes: dict[str, Any] = state["notes"]
    return notes
