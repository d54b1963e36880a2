"""
What of a network stays as it is while the rest learns.

A network that is to be faster and to answer as before need not learn anew what it keeps. Batch norms that go by each
batch's own statistics are noise to it: a student with other activations, refitted to its teacher, was further from it
after forty minutes of training than before (decision 0083).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from models.training.recipe import RecipeError

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.recipe import Recipe


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
