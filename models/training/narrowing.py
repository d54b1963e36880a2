"""
A head whose class branch is narrower: its most important channels alone.

YOLOv8 gives the class branch of each scale as many channels as the finest scale has, so that eighty classes can be told
apart. Here it is two, and at 640x384 that branch is an eighth of the network's time in INT8: half of its channels make
the whole a tenth faster. What is left is trained, best by the network it was cut from (`Distillation.alone`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from models.detector import ModelError

if TYPE_CHECKING:
    from ultralytics.nn.modules import Conv
    from ultralytics.nn.tasks import DetectionModel

    from models.training.slimming import Importance


class NarrowingError(ModelError):
    """The head is not one whose class branch this module knows, or has fewer channels than asked for."""


def class_width(model: DetectionModel) -> int:
    """Return how many channels the class branch of each scale has; raise NarrowingError for an unknown head."""
    widths = {part.conv.out_channels for branch in _branches(model) for part in branch[:2]}
    if len(widths) != 1:
        message = f"the class branches have {sorted(widths)} channels, not one number"
        raise NarrowingError(message)
    return int(widths.pop())


def narrow(model: DetectionModel, width: int, importance: Importance) -> None:
    """
    Cut the class branch of each scale to its ``width`` most important channels, in place.

    ``importance`` is what `slimming.weigh` found for this very model. Raises NarrowingError.
    """
    if not 0 < width <= class_width(model):
        message = f"the class branch has {class_width(model)} channels: {width} of them cannot be kept"
        raise NarrowingError(message)
    with torch.no_grad():
        for first, second, last in _branches(model):
            inner = _most_important(first, width, importance)
            outer = _most_important(second, width, importance)
            _keep(first, inner, torch.arange(first.conv.in_channels))
            _keep(second, outer, inner)
            last.weight = nn.Parameter(last.weight[:, outer].clone())
            last.in_channels = width


def _branches(model: DetectionModel) -> list[nn.Sequential]:
    branches = list(getattr(model.model[-1], "cv3", ()))
    if not branches or any(len(branch) != 3 or not isinstance(branch[2], nn.Conv2d) for branch in branches):
        message = "only heads like YOLOv8's, with two convolutions and a last one for each scale, can be narrowed"
        raise NarrowingError(message)
    if any(part.conv.groups != 1 for branch in branches for part in branch[:2]):
        message = "the class branch is made of grouped convolutions: it is narrow already"
        raise NarrowingError(message)
    return branches


def _most_important(part: Conv, width: int, importance: Importance) -> torch.Tensor:
    """Return the indices of the channels to keep, in their order."""
    return importance[id(part.bn)].topk(width).indices.sort().values.cpu()


def _keep(part: Conv, outputs: torch.Tensor, inputs: torch.Tensor) -> None:
    """Leave these channels of a convolution and its batch norm."""
    part.conv.weight = nn.Parameter(part.conv.weight[outputs][:, inputs].clone())
    part.conv.in_channels, part.conv.out_channels = len(inputs), len(outputs)
    norm = part.bn
    norm.weight, norm.bias = nn.Parameter(norm.weight[outputs].clone()), nn.Parameter(norm.bias[outputs].clone())
    norm.running_mean, norm.running_var = norm.running_mean[outputs].clone(), norm.running_var[outputs].clone()
    norm.num_features = len(outputs)
