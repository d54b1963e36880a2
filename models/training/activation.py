"""
Hardswish in place of SiLU in a trained network: it costs less to compute.

The shipped `emissions-v8s` 0.4.0 has it in its first three modules (decision 0083).

SiLU is a third of the time of a YOLOv8 in bf16 and half of it in INT8 (decision 0020). Hardswish is made of products
and clamps, and close to it: Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2. Scaled,
``hardswish(s x) / s``, it is closer still, and a scale costs nothing: batch norms take it in, the convolutions behind
them take it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from models.detector import ModelError

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel


class ActivationError(ModelError):
    """A network cannot be given another activation as it was asked."""


SCALE = 1.12
"""
Of what a Hardswish is given in place of a SiLU: with the least error over what the batch norms of emissions-v8s give.

Measured on 265 pictures of validation before any training: mAP50 0.572 with SiLU, 0.511 unscaled, 0.553 at 1.15.
"""


def with_activation(model: DetectionModel, name: str, first: int = 0) -> DetectionModel:
    """
    Return ``model``, changed in place: for ``hardswish`` with one where it has a SiLU, as close to before as can be.

    For networks like YOLOv8, in which all that is added or joined comes out of a convolution with a batch norm. With
    ``first`` only that many of its modules, from the picture on, are changed. Raises `ActivationError` where there are
    not so many, where others than the next one read them, or where a part of the network was changed before.
    """
    first = first or len(model.model)
    if name != "hardswish" or not any(isinstance(part, nn.SiLU) for part in model.model[:first].modules()):
        return model
    is_part = first < len(model.model)
    if not 0 < first <= len(model.model) or (is_part and any(number < first for number in model.save)):
        raise ActivationError(f"activation_first: the first {first} modules are not read by the next one alone")
    if hardened(model):
        raise ActivationError("a part of the network has Hardswish already: begin with one that has SiLU throughout")
    _harden(model, SCALE, first)
    return model


def hardened(model: DetectionModel) -> set[str]:
    """Return the names of the convolutions behind which a Hardswish stands."""
    from ultralytics.nn.modules import Conv  # noqa: PLC0415 - ultralytics is slow to import

    parts = [(name, part) for name, part in model.named_modules() if isinstance(part, Conv)]
    return {f"{name}.conv" for name, part in parts if isinstance(part.act, nn.Hardswish)}


def _harden(model: DetectionModel, scale: float, first: int) -> None:
    from ultralytics.nn.modules import DFL, Conv  # noqa: PLC0415 - ultralytics is slow to import

    fixed = {id(part.conv) for part in model.modules() if isinstance(part, DFL)}
    convolutions = [part for part in model.modules() if isinstance(part, nn.Conv2d) and id(part) not in fixed]
    changed = [part for module in model.model[:first] for part in module.modules() if isinstance(part, Conv)]
    reading = convolutions[1:] if first == len(model.model) else convolutions[1 : len(changed) + 1]
    with torch.no_grad():
        for part in changed:
            part.bn.weight.mul_(scale)
            part.bn.bias.mul_(scale)
            if isinstance(part.act, nn.SiLU):
                part.act = nn.Hardswish()
        for convolution in reading:
            convolution.weight.div_(scale)
