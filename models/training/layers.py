"""
Layers: a network as the linear maps that it is made of, each a convolution and the batch norm behind it.

Used by :mod:`reconstruction`; only convolutions whose outputs each read all channels around one place are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from models.detector import ModelError

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.ridge import Moments


class LayerError(ModelError):
    """A network has a convolution of a kind that is not known here."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """
    A convolution, and the batch norm behind it where it has one: together linear.

    Attributes:
        name: Of the convolution in its network.

        conv, norm: The two of them.
    """

    name: str
    conv: nn.Conv2d
    norm: nn.BatchNorm2d | None

    @property
    def last(self) -> nn.Module:
        """What gives the layer's output, before the activation."""
        return self.conv if self.norm is None else self.norm

    def linear(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight ``(outputs, inputs * height * width)`` and bias ``(outputs,)`` of the two as one, float32."""
        weight = self.conv.weight.flatten(1)
        bias = torch.zeros(len(weight)) if self.conv.bias is None else self.conv.bias
        if self.norm is None:
            return weight, bias
        gain = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        return weight * gain[:, None], (bias - self.norm.running_mean) * gain + self.norm.bias

    def set(self, weight: torch.Tensor, bias: torch.Tensor, given: Moments) -> None:
        """
        Make the two of them give ``weight`` and ``bias``, float64, shaped as `linear` does.

        The batch norm gets the statistics of inputs ``given``, and its gain takes them out again: it could be trained
        on, and a channel whose gain was zero comes to life.
        """
        self.conv.weight.copy_(weight.view(self.conv.weight.shape))
        if self.norm is None:
            self.conv.bias.copy_(bias)
            return
        mean = weight @ (given.x / given.count)
        variance = ((weight @ given.centred()[0]) * weight).sum(1).clamp(min=0) / given.count
        if self.conv.bias is not None:
            self.conv.bias.zero_()
        self.norm.running_mean.copy_(mean)
        self.norm.running_var.copy_(variance)
        self.norm.weight.copy_((variance + self.norm.eps).sqrt())
        self.norm.bias.copy_(bias + mean)


def layers(model: DetectionModel) -> dict[str, Layer]:
    """Return every convolution but the fixed one that reads box distributions; raise `LayerError` for grouped ones."""
    from ultralytics.nn.modules import DFL, Conv  # noqa: PLC0415 - ultralytics is slow to import

    fixed = {id(part.conv) for part in model.modules() if isinstance(part, DFL)}
    norms = {id(part.conv): part.bn for part in model.modules() if isinstance(part, Conv)}
    found = {
        name: Layer(name, part, norms.get(id(part)))
        for name, part in model.named_modules()
        if isinstance(part, nn.Conv2d) and id(part) not in fixed
    }
    for name, layer in found.items():
        conv = layer.conv
        if conv.groups != 1 or conv.dilation != (1, 1) or (layer.norm is None and conv.bias is None):
            message = f"{name}: expected a convolution of one group, dilation 1, with a bias or a batch norm: {conv}"
            raise LayerError(message)
    return found


def patches(given: torch.Tensor, conv: nn.Conv2d, positions: torch.Tensor) -> torch.Tensor:
    """
    Return what a convolution sees at positions of its output, ``(n * k, channels * height * width)``.

    ``given`` is its input ``(n, channels, h, w)``, ``positions`` int64 ``(n, k)``, row by row.
    """
    (down, right), (height, width) = conv.padding, conv.kernel_size
    padded = functional.pad(given, (right, right, down, down))
    seen = padded.unfold(2, height, conv.stride[0]).unfold(3, width, conv.stride[1])
    columns = seen.shape[3]
    picture = torch.arange(len(given))[:, None]
    return seen[picture, :, positions // columns, positions % columns].flatten(2).flatten(0, 1)
