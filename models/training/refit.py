"""
A network with another activation, each of its convolutions refitted to give what it gave before: minutes on a CPU.

    python -m models.training.refit emissions-v8s-refit --initial OLD.pt --data PICTURES --also SCENES --out RUNS

What a convolution is given differs a little from what it was given before the exchange (:mod:`activation`), and the
difference grows from layer to layer. In the order they run, each is fitted to what the teacher's same convolution gives
for the same picture, from the input that the student has there: least squares in closed form, no gradient, no labels.
Reconstruction of what a layer gives, layer by layer, from inputs that already carry the errors of those before: He,
Zhang, Sun, "Channel pruning for accelerating very deep neural networks", ICCV 2017, section 3; that it suffices to
repair a trained network from a few pictures: Nagel et al., "Up or down? Adaptive rounding for post-training
quantization" (AdaRound), ICML 2020.

``OUT/NAME/`` ends up with what ``plumewatch models train`` leaves (:mod:`candidate`); its run record has a row a
convolution. Validation and held-out pictures are measured on, never fitted to, nor are pictures that twin one of them.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from models.detector import ModelError
from models.network import STRIDE
from models.runtime.openvino_runtime import Precision
from models.tensors import Letterbox
from models.training import record, ridge, weights
from models.training.activation import SCALE, hardened, with_activation
from models.training.anchors import Eye
from models.training.candidate import Candidate, publish
from models.training.evaluate import report
from models.training.layers import Layer, layers, patches
from models.training.pictures.dataset import DatasetError, fingerprint, read_picture
from models.training.pictures.views import share_out
from models.training.recipe import RecipeError
from models.training.tune import Pictures, assemble, look, run_command
from models.yolo import export_onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.dataset import Sample
    from models.training.recipe import Recipe

MOST = 96
POSITIONS = 160
"""Of a picture at each convolution: neighbouring ones say much the same. Kept, they are 6.5 MB a picture of YOLOv8s."""

STRENGTHS = (0.01, 0.1, 1.0, math.inf)
"""Ridges tried, as shares of the mean variance of an input; the infinite one changes the offset only."""

EVERY = 4
"""One picture in so many chooses the strength and is not fitted to."""


class RefitError(ModelError):
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
    What became of one convolution, on the pictures that judge.

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


class _Enough(Exception):  # noqa: N818 - nothing went wrong: the rest of the network has nothing to say
    """The input that was asked for is there."""


class Refit:
    """Refits a hardened network's convolutions to what ``teacher``, which it was hardened from, gives; seeded."""

    def __init__(self, teacher: DetectionModel, student: DetectionModel, shown: Sequence[Shown], *, seed: int) -> None:
        """
        Change ``student`` in place, on pictures ``shown``.

        Raises `RefitError` for networks of two shapes, `LayerError` for convolutions of a kind that is not known.
        """
        self.student, self.shown = student.eval(), shown
        self._teacher, self._told, self._own = teacher.eval(), layers(teacher), layers(student)
        self._hardened = hardened(student) - hardened(teacher)
        self._generator = torch.Generator().manual_seed(seed)
        shapes = [[layer.conv.weight.shape for layer in own.values()] for own in (self._told, self._own)]
        if list(self._told) != list(self._own) or shapes[0] != shapes[1]:
            raise RefitError("expected two networks of one shape")

    def run(self, tell: Callable[[Refitted], None] = lambda _: None) -> list[Refitted]:
        """Refit all of them in the order they run, tell of each, and return what became of them."""
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


def choose(learned: Sequence[Sample], pictures: Pictures, *, seed: int) -> list[Sample]:
    """Return at most ``pictures.most`` of what is taken from ``data``, and as many of each folder in ``also``."""
    folders: dict[Path | None, list[Sample]] = {}
    for item in learned:
        home = next((folder for folder in pictures.also if item.path.is_relative_to(folder)), None)
        folders.setdefault(home, []).append(item)
    chosen = [item for own in folders.values() for item in share_out(own, len(own), seed=seed)[: pictures.most]]
    return share_out(chosen, len(chosen), seed=seed)


def refit(
    recipe: Recipe,
    pictures: Pictures,
    initial: Path,
    out: Path,
    *,
    version: str | None = None,
    threads: int,
    precision: Precision,
    threshold: float | None = None,
) -> Candidate:
    """
    Exchange the activation of the checkpoint ``initial`` as the recipe says, refit it, and return the candidate.

    Its ``threshold`` is chosen on the pictures to measure on unless given: to replace a model, take that one's.
    """
    if recipe.activation != "hardswish" or recipe.class_width:
        raise RecipeError(f"recipe {recipe.name}: a refit needs activation hardswish and a class branch left as it is")
    began = time.monotonic()
    torch.set_num_threads(threads)
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    learned, check, notes = assemble(recipe, pictures, folder)
    learned = choose(learned, pictures, seed=recipe.seed)
    teacher = weights.load(initial)
    student = with_activation(deepcopy(teacher), recipe.activation, recipe.activation_first)
    if hardened(student) == hardened(teacher):
        raise RefitError(f"{initial}: has no SiLU to exchange, so nothing to refit")
    fitter = Refit(teacher, student, show(learned, recipe.shown_px, recipe.batch), seed=recipe.seed)
    ready_s = time.monotonic() - began
    rows = fitter.run(lambda row: _tell(row, time.monotonic() - began))
    spent_s = time.monotonic() - began - ready_s
    weights.save(student, folder / "released.pt", {"recipe": recipe.table()})
    after = export_onnx(folder / "released.pt", folder / f"{recipe.name}.onnx").path
    data_sha256 = fingerprint(learned + check)
    check = check[:: max(1, len(check) // recipe.check_limit)] if recipe.check_limit else check
    eye = Eye(after.read_bytes(), long_side_px=recipe.shown_px, threads=threads, precision=precision)
    record.RunRecord(
        recipe=recipe.table() | {"initial_sha256": record.sha256(initial)},
        git=record.git_state(Path(__file__).parent),
        data_sha256=data_sha256,
        data=notes | _counts(learned),
        device="CPU",
        software=record.software(),
        budget_s=round(spent_s, 1),
        ready_s=round(ready_s, 1),
        images_per_s=round(len(learned) / spent_s, 2),
        epochs=1.0,
        nominal_batch=recipe.batch,
        curve=[],
        figures=report(check, look(check, eye), recipe.classes, threshold=threshold),
        refitted=[asdict(row) for row in rows],
    ).write(folder / "run.json")
    return publish(recipe, folder, version=version)


def _tell(row: Refitted, seconds: float) -> None:
    print(f"{seconds:.0f} s, {row.name}: {row.before:.4f} unexplained, {row.after:.4f} refitted", flush=True)


def _counts(learned: Sequence[Sample]) -> dict[str, object]:
    """Return the pictures fitted to, by group and in all; no label counts, so none is repaired."""
    return {
        "train": len(learned),
        "train_negatives": sum(item.is_negative for item in learned),
        "groups": dict(sorted(Counter(item.group for item in learned).items())),
        "positions": POSITIONS,
        "repair": {"added": {}, "ignored": {}, "images": 0},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    run_command(
        "python -m models.training.refit",
        __doc__,
        refit,
        most=MOST,
        most_help="most pictures of --data, and of each --also",
        arguments=arguments,
    )


if __name__ == "__main__":
    main()
