"""
Tune the end of a detector's class branch, its last two convolutions, over everything else as it is.

It is what a CPU can afford: a whole step of the s model takes a core more than a second a picture, a step on the
neighbourhoods of chosen anchors (:mod:`anchors`) a hundredth. Boxes stay what they were; only how sure the detector is
of them changes.
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from models.detector import ModelError
from models.training.anchors import STRIDES
from models.training.schedule import Schedule, optimiser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ultralytics.nn.tasks import DetectionModel

    from models.training.anchors import Facts, Lesson
    from models.training.recipe import Recipe

MAX_GRADIENT_NORM = 10.0


def ends(model: DetectionModel) -> nn.ModuleList:
    """Return the last two layers of each level's class branch in a YOLOv8 head; raise `ModelError` for other heads."""
    branch = getattr(model.model[-1], "cv3", None)
    if branch is None or len(branch) != len(STRIDES) or not all(_is_known(level) for level in branch):
        message = "expected a YOLOv8 head: two convolutions of three by three and one of one by one a level"
        raise ModelError(message)
    return nn.ModuleList(nn.ModuleList(level[1:]) for level in branch)


def _is_known(level: nn.Module) -> bool:
    if not isinstance(level, nn.Sequential) or len(level) != 3:
        return False
    layers = [getattr(part, "conv", part) for part in level]
    return [getattr(layer, "kernel_size", None) for layer in layers] == [(3, 3), (3, 3), (1, 1)]


def answer(end: nn.Module, cells: torch.Tensor) -> torch.Tensor:
    """Return the logits ``(n, classes)`` in the middle of neighbourhoods float32 ``(n, channels, 3, 3)``."""
    layer, last = end
    seen = layer.act(layer.bn(functional.conv2d(cells, layer.conv.weight)))
    return last(seen)[:, :, 0, 0]  # type: ignore[no-any-return, unused-ignore]


@dataclass(slots=True)
class Course:
    """Where a run stands, told now and then: seconds, pictures, and the loss since the last time."""

    seconds: float
    pictures: int
    loss: float


class HeadTuner:
    """Tunes the ends of a model's class branch on lessons: seeded order, fixed normalisation, an averaged result."""

    def __init__(
        self, model: DetectionModel, recipe: Recipe, lessons: Sequence[Lesson], facts: Sequence[Facts]
    ) -> None:
        """Learn from ``lessons`` (one a level) of the pictures ``facts``; pictures repeat as the recipe says."""
        self.recipe, self.lessons = recipe, lessons
        self.model = model
        for parameter in model.parameters():
            parameter.requires_grad = False
        self.branch = ends(model).eval()  # eval: few and chosen anchors would bend the normalisation
        for parameter in self.branch.parameters():
            parameter.requires_grad = True
        self.average, self._first = deepcopy(self.branch), deepcopy(self.branch)
        self._rows = [_rows_by_view(lesson, len(facts)) for lesson in lessons]
        self._odds = torch.tensor([_repeat(fact, recipe) for fact in facts])
        self._generator = torch.Generator().manual_seed(recipe.seed)

    def run(self, tell: Callable[[Course], None]) -> int:
        """
        Spend the recipe's budget and return the pictures learned from.

        The model then holds the average of the way, or what lies between the first weights and it (`Recipe.blend`).
        """
        recipe = self.recipe
        descent = optimiser(self.model, recipe)
        schedule = Schedule(recipe, recipe.budget_s)
        steps, losses, told = 0, [], 0.0
        began = time.monotonic()
        while (spent := schedule.spent) < 1:
            for group in descent.param_groups:
                group["lr"] = schedule.rate(spent)
            losses.append(self._step(descent))
            steps += 1
            self._follow(min(recipe.ema, steps / (steps + 10)))
            if time.monotonic() - began - told > recipe.check_every_s:
                told = time.monotonic() - began
                tell(Course(told, steps * recipe.batch, sum(losses) / len(losses)))
                losses = []
        with torch.no_grad():
            for value, mean, first in zip(
                self.branch.parameters(), self.average.parameters(), self._first.parameters(), strict=True
            ):
                value.copy_(first.lerp(mean, recipe.blend))
        return steps * recipe.batch

    def _step(self, descent: torch.optim.Optimizer) -> float:
        views = torch.multinomial(self._odds, self.recipe.batch, replacement=True, generator=self._generator)
        loss, mass = torch.zeros(()), torch.zeros(())
        for level, lesson, rows_by_view in zip(self.branch, self.lessons, self._rows, strict=True):
            rows = torch.cat([rows_by_view[view] for view in views.tolist()])
            if not len(rows):
                continue
            logits = answer(level, lesson.cells[rows].float())
            target = lesson.target[rows]
            each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
            loss = loss + (each * lesson.weight[rows]).sum()
            mass = mass + target.sum()
        loss = loss / mass.clamp(min=1.0)
        descent.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.branch.parameters(), MAX_GRADIENT_NORM)
        descent.step()
        return float(loss.detach())

    def _follow(self, decay: float) -> None:
        for mean, value in zip(self.average.parameters(), self.branch.parameters(), strict=True):
            mean.data.lerp_(value.data, 1 - decay)


def _rows_by_view(lesson: Lesson, views: int) -> list[torch.Tensor]:
    """Return the rows of each view."""
    order = lesson.view.argsort(stable=True)
    counts = torch.bincount(lesson.view, minlength=views)
    return list(order.split(counts.tolist()))


def _repeat(fact: Facts, recipe: Recipe) -> float:
    """Return how often a view is drawn: the weight of its origin times that of its group's prefix."""
    weight = recipe.repeat.get(fact.origin, 1.0)
    for prefix, factor in recipe.repeat.items():
        if fact.group.startswith(prefix):
            weight *= factor
    return weight
