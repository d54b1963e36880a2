"""
Layer-wise reconstruction: a network's convolutions refitted to what another network of its shape gives.

In the order they run, each convolution is fitted to what the teacher's same convolution gives for the same picture,
from the input that the student has there: least squares in closed form (:mod:`ridge`), without gradients or labels.
After He, Zhang, Sun, "Channel pruning for accelerating very deep neural networks", ICCV 2017, section 3; that a few
pictures suffice to repair a trained network: Nagel et al., "Up or down? Adaptive rounding for post-training
quantization" (AdaRound), ICML 2020. The shipped `emissions-v8s` 0.4.0 was made with it (:mod:`refit`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from models.detector import ModelError
from models.network import STRIDE
from models.tensors import Letterbox
from models.training import ridge
from models.training.activation import SCALE, hardened
from models.training.layers import Layer, layers, patches
from models.training.pictures.dataset import DatasetError, read_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.dataset import Sample

POSITIONS = 160
"""Taken of a picture at each convolution; neighbours give much the same. In memory 6.5 MB a picture of YOLOv8s."""

STRENGTHS = (0.01, 0.1, 1.0, math.inf)
"""Ridges tried, as shares of the mean variance of an input; the infinite one changes the offset only."""

EVERY = 4
"""One picture in so many chooses the strength and is not fitted to."""


class ReconstructionError(ModelError):
    """The network has nothing to refit, or is not of the shape of its teacher."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """
    Pictures of one size.

    Attributes:
        images: uint8 ``(n, 3, h, w)``, RGB, letterboxed as the detector does it.

        judges: bool ``(n,)``: it chooses the strength and is not fitted to.
    """

    images: torch.Tensor
    judges: torch.Tensor

    def float(self) -> torch.Tensor:
        """Return what a network is given: float32 in [0, 1]."""
        return self.images.float().div_(255)


def show(samples: Sequence[Sample], long_side_px: int, batch: int) -> list[Shown]:
    """
    Return the pictures of ``samples``, at most ``batch`` at a time; one in `EVERY` judges.

    Raises `DatasetError` where a picture cannot be read, and where there are too few for one to judge.
    """
    if len(samples) < EVERY:
        message = f"expected at least {EVERY} pictures to fit to, got {len(samples)}"
        raise DatasetError(message)
    by_size: dict[tuple[int, int], list[torch.Tensor]] = {}
    for item in samples:
        image = read_picture(item.path)
        box = Letterbox.fit((image.shape[1], image.shape[0]), long_side_px, STRIDE)
        canvas = np.empty((box.input_wh[1], box.input_wh[0], 3), np.uint8)
        box.write(image, canvas)
        rgb = torch.from_numpy(np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)))
        by_size.setdefault(box.input_wh, []).append(rgb)
    shown, number = [], 0
    for _, images in sorted(by_size.items()):
        for at in range(0, len(images), batch):
            part = torch.stack(images[at : at + batch])
            shown.append(Shown(part, (torch.arange(len(part)) + number) % EVERY == EVERY - 1))
            number += len(part)
    return shown


@dataclass(frozen=True, slots=True)
class Refitted:
    """
    The result for one convolution, on the pictures that judge.

    Attributes:
        name: Of the convolution in its network.

        before, after: Share of the variance of what the teacher gives that is not explained, when its turn came and
            when it was refitted.

        strength: Of the ridge, see `STRENGTHS`; infinite (null in a record) where its weight stayed.
    """

    name: str
    before: float
    after: float
    strength: float


@dataclass(slots=True, eq=False)
class _Heard:
    """What the teacher's layer gave: positions int64 ``(n, k)`` and outputs ``(n * k, channels)``, a batch each."""

    positions: list[torch.Tensor]
    outputs: list[torch.Tensor]


class _Enough(Exception):  # noqa: N818 - nothing went wrong: the rest of the network need not run
    """Stops a forward pass once the wanted input is taken."""


class Reconstruction:
    """Refits a hardened network's convolutions to what ``teacher``, which it was hardened from, gives; seeded."""

    def __init__(self, teacher: DetectionModel, student: DetectionModel, shown: Sequence[Shown], *, seed: int) -> None:
        """
        Change ``student`` in place, on pictures ``shown``.

        Raises `ReconstructionError` for networks of two shapes, `LayerError` for convolutions of an unknown kind.
        """
        self.student, self.shown = student.eval(), shown
        self._teacher, self._told, self._own = teacher.eval(), layers(teacher), layers(student)
        self._hardened = hardened(student) - hardened(teacher)
        self._generator = torch.Generator().manual_seed(seed)
        shapes = [[layer.conv.weight.shape for layer in own.values()] for own in (self._told, self._own)]
        if list(self._told) != list(self._own) or shapes[0] != shapes[1]:
            raise ReconstructionError("expected two networks of one shape")

    def run(self, tell: Callable[[Refitted], None] = lambda _: None) -> list[Refitted]:
        """Refit all of them in the order they run, report each to ``tell``, and return the results."""
        done = []
        with torch.no_grad():
            heard = self._listen()
            for name in list(heard):
                done.append(self._refit(self._own[name], heard.pop(name)))
                tell(done[-1])
        return done

    def _listen(self) -> dict[str, _Heard]:
        """Return what the teacher gives at drawn positions, by layer in the order they run."""
        heard: dict[str, _Heard] = {}

        def hook(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
            def keep(_: nn.Module, __: object, output: torch.Tensor) -> None:
                positions = self._draw(len(output), output[0, 0].numel())
                index = positions[:, None].expand(-1, output.shape[1], -1)
                own = heard.setdefault(name, _Heard([], []))
                own.positions.append(positions)
                own.outputs.append(output.flatten(2).gather(2, index).transpose(1, 2).flatten(0, 1))

            return keep

        hooks = [layer.last.register_forward_hook(hook(name)) for name, layer in self._told.items()]
        for shown in self.shown:
            self._teacher(shown.float())
        for each in hooks:
            each.remove()
        return heard

    def _draw(self, pictures: int, cells: int) -> torch.Tensor:
        """Return positions ``(pictures, k)``: all of them, or `POSITIONS` drawn, some perhaps twice."""
        if cells <= POSITIONS:
            return torch.arange(cells).expand(pictures, -1)
        return torch.randint(cells, (pictures, POSITIONS), generator=self._generator)

    def _refit(self, layer: Layer, heard: _Heard) -> Refitted:
        scale = SCALE if layer.name in self._hardened else 1.0
        weight, bias = layer.linear()
        learned, judging = (ridge.Moments.empty(weight.shape[1], len(weight)) for _ in range(2))
        inputs = self._inputs(layer, heard.positions)
        for shown, positions, outputs, x in zip(self.shown, heard.positions, heard.outputs, inputs, strict=True):
            residual = outputs * scale - (x @ weight.T + bias)
            judges = shown.judges.repeat_interleave(positions.shape[1])
            learned.add(x[~judges], residual[~judges])
            judging.add(x[judges], residual[judges])
        spread = float(torch.cat(heard.outputs).var(0, correction=0).mean()) * scale**2
        chosen = ridge.best(learned, judging, STRENGTHS)
        layer.set(weight.double() + chosen.weight.T, bias.double() + chosen.offset, learned)
        before, after = (each.left(judging) / max(spread, 1e-12) for each in (ridge.nothing(learned), chosen))
        return Refitted(layer.name, before, after, chosen.strength)

    def _inputs(self, layer: Layer, positions: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
        """Yield what the student's layer is given at the positions of each batch, ``(n * k, inputs)``."""
        taken: list[torch.Tensor] = []

        def take(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            taken.append(given[0])
            raise _Enough

        for shown, where in zip(self.shown, positions, strict=True):
            hook = layer.conv.register_forward_pre_hook(take)
            try:
                self.student(shown.float())
            except _Enough:
                yield patches(taken.pop(), layer.conv, where)
            finally:
                hook.remove()
