"""
The network that a run trains, as its recipe starts it: loaded, slimmed, grafted or random, and what of it learns.

The shipped `emissions-v8s` 0.4.0 learned in its class branch alone (``learns``, ``keeps_norms``): a network that is to
answer as before need not learn anew what it keeps. Batch norms that go by each batch's own statistics are noise to it:
a student with other activations, refitted to its teacher, was further from it after forty minutes of training than
before (decision 0083).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from models.training import weights
from models.training.activation import with_activation
from models.training.pictures.batches import Batch, Batches
from models.training.recipe import Distillation, RecipeError

if TYPE_CHECKING:
    from pathlib import Path

    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.store import ImageStore
    from models.training.recipe import Recipe

PROBES = 160
"""Images on which pruning weighs channels."""


def start(recipe: Recipe, initial: Path | None, store: ImageStore) -> DetectionModel:
    """
    Return the model as the recipe starts it; pruning weighs channels on plain images of ``store``.

    Raises ValueError where the recipe needs a checkpoint and ``initial`` is None.
    """
    from models.training.pruning import class_width, narrow, settle, slim, weigh  # noqa: PLC0415 - ultralytics is slow to import

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


def class_branch(model: DetectionModel) -> str:
    """Return what the names of the class branch of a head like YOLOv8's begin with."""
    return f"model.{len(model.model) - 1}.cv3."


def hold(model: DetectionModel, recipe: Recipe) -> DetectionModel:
    """
    Return ``model``, in training, with all that ``recipe`` lets stay closed to gradients and batch statistics.

    Raises `RecipeError` where the network has nothing of what is to learn.
    """
    model.train()
    learning = "" if recipe.learns == "all" else class_branch(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad &= name.startswith(learning)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise RecipeError(f"recipe {recipe.name}: the network has no {recipe.learns} that could learn")
    for name, part in model.named_modules():
        if isinstance(part, nn.BatchNorm2d) and (recipe.keeps_norms or not name.startswith(learning)):
            part.eval()
    return model


def put_back(average: nn.Module, model: DetectionModel, recipe: Recipe) -> None:
    """Give a weight average what it holds of ``model`` to the last bit: averaging rounds."""
    if recipe.learns == "all":
        return
    own, learning = model.state_dict(), class_branch(model)
    with torch.no_grad():
        for name, value in average.state_dict().items():
            if not name.startswith(learning):
                value.copy_(own[name])
