"""
Structured pruning: a network with fewer channels, the most important ones of a larger network.

`emissions-n` began as `emissions-v8s` slimmed to 5/16 width, `emissions-v8s` 0.4.0 with half of its class branch.

A channel's importance is the squared first-order effect on the loss of removing it, from its batch-norm gain and offset
and their gradients (Molchanov et al., "Importance estimation for neural network pruning", CVPR 2019).

**Slimming** (`slim`): YOLOv8 models of one depth differ only in width, so every tensor of the small model is a slice of
the large one's. Measured on the first weights, validation mAP50 right after cutting and re-estimating batch-norm
statistics, before any training (142 images at 416 px, uncut 0.575): to 3/8 width 0.450 (by the size of the gain alone
0.071), to 1/4 width 0.149 (0.003). Channels that residual additions tie together keep the same indices.

**Narrowing** (`narrow`): YOLOv8 gives the class branch of each scale as many channels as the finest scale has, enough
to tell eighty classes apart. Here there are two, and at 640x384 that branch is an eighth of the network's time in INT8:
half of its channels make the whole a tenth faster. The rest is trained, best by the network it was cut from
(`Distillation.alone`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from ultralytics.nn.modules import SPPF, C2f, Concat, Conv, Detect

from models.detector import ModelError
from models.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.batches import Batch
    from models.training.recipe import Distillation

Importance = dict[int, torch.Tensor]
"""Importance of every channel, by the ``id`` of the batch norm that scales it."""


class NarrowingError(ModelError):
    """The head is not one whose class branch this module knows, or has fewer channels than asked for."""


class SlimmingError(ModelError):
    """A layer is of a kind whose channels this module does not know how to choose."""


def weigh(model: DetectionModel, settings: Distillation, batches: Iterable[Batch]) -> Importance:
    """
    Return how much each channel of each batch norm matters to the loss over ``batches``.

    ``model.args`` must hold the loss gains. Batch norms keep their statistics; gradients are left cleared.
    """
    objective = Objective(model, settings)
    norms = {name: part for name, part in model.named_modules() if isinstance(part, nn.BatchNorm2d)}
    total = {name: torch.zeros_like(part.weight) for name, part in norms.items()}
    model.train()
    for part in norms.values():
        part.eval()
    for batch in batches:
        model.zero_grad()
        with torch.autocast(batch.images.device.type, torch.bfloat16):
            answers = model(batch.images.contiguous(memory_format=torch.channels_last))
        objective(answers, batch, None)[0].backward()
        for name, part in norms.items():
            effect = part.weight * part.weight.grad + part.bias * part.bias.grad
            total[name] += effect.detach().square()
    model.zero_grad()
    return {id(norms[name]): value for name, value in total.items()}


def settle(model: DetectionModel, batches: Iterable[Batch]) -> None:
    """Re-estimate the batch-norm statistics of a cut model: a plain mean over ``batches``."""
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    momenta = [part.momentum for part in norms]
    for part in norms:
        part.reset_running_stats()
        part.momentum = None
    model.train()
    for batch in batches:
        with torch.no_grad(), torch.autocast(batch.images.device.type, torch.bfloat16):
            model(batch.images.contiguous(memory_format=torch.channels_last))
    for part, momentum in zip(norms, momenta, strict=True):
        part.momentum = momentum


def slim(large: DetectionModel, small: DetectionModel, importance: Importance) -> None:
    """Copy the most important channels of ``large`` into ``small``; both are the same architecture at two widths."""
    with torch.no_grad():
        _walk(large, small, importance)


def _walk(large: DetectionModel, small: DetectionModel, importance: Importance) -> None:
    """Fill ``small`` layer by layer, carrying along which channels every layer kept."""
    kept: list[torch.Tensor] = []
    widths: list[int] = []
    for source, target in zip(large.model, small.model, strict=True):
        came = source.f if isinstance(source.f, list) else [source.f]
        inputs = [torch.arange(3) if not kept else kept[index] for index in came]
        spans = [3 if not kept else widths[index] for index in came]
        if isinstance(source, Conv):
            chosen, width = _conv(source, target, inputs[0], importance), source.conv.out_channels
        elif isinstance(source, C2f):
            chosen, width = _c2f(source, target, inputs[0], importance), source.cv2.conv.out_channels
        elif isinstance(source, SPPF):
            hidden = _conv(source.cv1, target.cv1, inputs[0], importance)
            span = source.cv1.conv.out_channels
            repeats = source.cv2.conv.in_channels // span
            chosen = _conv(source.cv2, target.cv2, torch.cat([hidden + span * i for i in range(repeats)]), importance)
            width = source.cv2.conv.out_channels
        elif isinstance(source, nn.Upsample):
            chosen, width = inputs[0], spans[0]
        elif isinstance(source, Concat):
            offsets = [sum(spans[:i]) for i in range(len(spans))]
            chosen = torch.cat([index + offset for index, offset in zip(inputs, offsets, strict=True)])
            width = sum(spans)
        elif isinstance(source, Detect):
            _detect(source, target, inputs, importance)
            chosen, width = torch.arange(0), 0
        else:
            message = f"expected Conv, C2f, SPPF, Upsample, Concat or Detect, got {type(source).__name__}"
            raise SlimmingError(message)
        kept.append(chosen)
        widths.append(width)


def _conv(
    source: Conv, target: Conv, inputs: torch.Tensor, importance: Importance, outputs: torch.Tensor | None = None
) -> torch.Tensor:
    """Fill one convolution with its batch norm; return the kept output channels, ascending."""
    if outputs is None:
        outputs = importance[id(source.bn)].topk(target.conv.out_channels).indices.sort().values
    target.act = source.act
    target.conv.weight.copy_(source.conv.weight[outputs][:, inputs])
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(target.bn, name).copy_(getattr(source.bn, name)[outputs])
    return outputs


def _c2f(source: C2f, target: C2f, inputs: torch.Tensor, importance: Importance) -> torch.Tensor:
    half, width = target.c, source.c
    ranked = importance[id(source.cv1.bn)]
    first = ranked[:width].topk(half).indices.sort().values
    second = ranked[width:].topk(half).indices.sort().values
    _conv(source.cv1, target.cv1, inputs, importance, torch.cat([first, second + width]))
    parts, last = [first, second], second
    for large, small in zip(source.m, target.m, strict=True):
        hidden = _conv(large.cv1, small.cv1, last, importance)
        last = _conv(large.cv2, small.cv2, hidden, importance, last if large.add else None)
        parts.append(last)
    joined = torch.cat([part + width * i for i, part in enumerate(parts)])
    return _conv(source.cv2, target.cv2, joined, importance)


def _detect(source: Detect, target: Detect, inputs: list[torch.Tensor], importance: Importance) -> None:
    for large_branches, small_branches in ((source.cv2, target.cv2), (source.cv3, target.cv3)):
        for large, small, index in zip(large_branches, small_branches, inputs, strict=True):
            chosen = _conv(large[1], small[1], _conv(large[0], small[0], index, importance), importance)
            small[2].weight.copy_(large[2].weight[:, chosen])
            small[2].bias.copy_(large[2].bias)


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

    ``importance`` is what `weigh` found for this very model. Raises NarrowingError.
    """
    if not 0 < width <= class_width(model):
        message = f"the class branch has {class_width(model)} channels: {width} of them cannot be kept"
        raise NarrowingError(message)
    with torch.no_grad():
        for first, second, last in _branches(model):
            inner = _most_important(first, width, importance)
            outer = _most_important(second, width, importance)
            _cut(first, inner, torch.arange(first.conv.in_channels))
            _cut(second, outer, inner)
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


def _cut(part: Conv, outputs: torch.Tensor, inputs: torch.Tensor) -> None:
    """Leave these channels of a convolution and its batch norm."""
    part.conv.weight = nn.Parameter(part.conv.weight[outputs][:, inputs].clone())
    part.conv.in_channels, part.conv.out_channels = len(inputs), len(outputs)
    norm = part.bn
    norm.weight, norm.bias = nn.Parameter(norm.weight[outputs].clone()), nn.Parameter(norm.bias[outputs].clone())
    norm.running_mean, norm.running_var = norm.running_mean[outputs].clone(), norm.running_var[outputs].clone()
    norm.num_features = len(outputs)
