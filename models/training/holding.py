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

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.recipe import Recipe

CLASS_BRANCH = ".cv3."
"""What is in the names of a YOLOv8 head's class branch."""


def hold(model: DetectionModel, recipe: Recipe) -> DetectionModel:
    """Return ``model``, in training, with all that ``recipe`` lets stay closed to gradients and batch statistics."""
    model.train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad &= _learns(name, recipe)
    for name, part in model.named_modules():
        if isinstance(part, nn.BatchNorm2d) and (recipe.keeps_norms or not _learns(name, recipe)):
            part.eval()
    return model


def put_back(average: nn.Module, model: DetectionModel, recipe: Recipe) -> None:
    """Give a weight average what it holds of ``model`` to the last bit: averaging rounds."""
    if recipe.learns == "all":
        return
    own = model.state_dict()
    with torch.no_grad():
        for name, value in average.state_dict().items():
            if not _learns(name, recipe):
                value.copy_(own[name])


def _learns(name: str, recipe: Recipe) -> bool:
    return recipe.learns == "all" or CLASS_BRANCH in name
