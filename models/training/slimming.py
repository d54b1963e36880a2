"""
A smaller YOLOv8 from a larger one: each layer keeps its most important channels (structured pruning as a start).

``yolov8s`` and ``yolov8n`` differ only in width, so every tensor of the small model is a slice of the large one's. A
channel's importance is the magnitude of its batch-norm gain (Liu et al., "Network slimming", ICCV 2017). Channels that
residual additions tie together keep the same indices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from ultralytics.nn.modules import C2f, Concat, Conv, Detect, SPPF

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel


class SlimmingError(TypeError):
    """A layer is of a kind whose channels this module does not know how to choose."""


@torch.no_grad()
def slim(large: DetectionModel, small: DetectionModel) -> None:
    """Copy the most important channels of ``large`` into ``small``; both are the same architecture at two widths."""
    kept: list[torch.Tensor] = []
    widths: list[int] = []
    for source, target in zip(large.model, small.model, strict=True):
        came = source.f if isinstance(source.f, list) else [source.f]
        inputs = [torch.arange(3) if not kept else kept[index] for index in came]
        spans = [3 if not kept else widths[index] for index in came]
        if isinstance(source, Conv):
            chosen, width = _conv(source, target, inputs[0]), source.conv.out_channels
        elif isinstance(source, C2f):
            chosen, width = _c2f(source, target, inputs[0]), source.cv2.conv.out_channels
        elif isinstance(source, SPPF):
            target.cv1.act = source.cv1.act
            hidden = _conv(source.cv1, target.cv1, inputs[0])
            span = source.cv1.conv.out_channels
            repeats = source.cv2.conv.in_channels // span
            chosen = _conv(source.cv2, target.cv2, torch.cat([hidden + span * i for i in range(repeats)]))
            width = source.cv2.conv.out_channels
        elif isinstance(source, nn.Upsample):
            chosen, width = inputs[0], spans[0]
        elif isinstance(source, Concat):
            offsets = [sum(spans[:i]) for i in range(len(spans))]
            chosen = torch.cat([index + offset for index, offset in zip(inputs, offsets, strict=True)])
            width = sum(spans)
        elif isinstance(source, Detect):
            _detect(source, target, inputs)
            chosen, width = torch.arange(0), 0
        else:
            message = f"expected Conv, C2f, SPPF, Upsample, Concat or Detect, got {type(source).__name__}"
            raise SlimmingError(message)
        kept.append(chosen)
        widths.append(width)


def _conv(source: Conv, target: Conv, inputs: torch.Tensor, outputs: torch.Tensor | None = None) -> torch.Tensor:
    """Fill one convolution with its batch norm; return the kept output channels, ascending."""
    if outputs is None:
        outputs = source.bn.weight.abs().topk(target.conv.out_channels).indices.sort().values
    target.conv.weight.copy_(source.conv.weight[outputs][:, inputs])
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(target.bn, name).copy_(getattr(source.bn, name)[outputs])
    return outputs


def _c2f(source: C2f, target: C2f, inputs: torch.Tensor) -> torch.Tensor:
    half, width = target.c, source.c
    importance = source.cv1.bn.weight.abs()
    first = importance[:width].topk(half).indices.sort().values
    second = importance[width:].topk(half).indices.sort().values
    _conv(source.cv1, target.cv1, inputs, torch.cat([first, second + width]))
    parts, last = [first, second], second
    for large, small in zip(source.m, target.m, strict=True):
        hidden = _conv(large.cv1, small.cv1, last)
        last = _conv(large.cv2, small.cv2, hidden, last if large.add else None)
        parts.append(last)
    return _conv(source.cv2, target.cv2, torch.cat([part + width * i for i, part in enumerate(parts)]))


def _detect(source: Detect, target: Detect, inputs: list[torch.Tensor]) -> None:
    for large_branches, small_branches in ((source.cv2, target.cv2), (source.cv3, target.cv3)):
        for large, small, index in zip(large_branches, small_branches, inputs, strict=True):
            chosen = _conv(large[1], small[1], _conv(large[0], small[0], index))
            small[2].weight.copy_(large[2].weight[:, chosen])
            small[2].bias.copy_(large[2].bias)
