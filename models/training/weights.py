"""ultralytics checkpoints in and out: the only place of this package that knows their layout."""

from __future__ import annotations

import sys
import types
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import torch

from models.replacement import replacing
from models.yolo import guard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ultralytics.nn.tasks import DetectionModel

guard()
for _name in ("polars", "ultralytics_platform"):  # imported by ultralytics, not needed to train
    try:
        __import__(_name)
    except ImportError:
        _stub = types.ModuleType(_name)
        _stub.__getattr__ = lambda name: type(name, (Exception,), {})  # type: ignore[method-assign]
        sys.modules[_name] = _stub


def load(path: Path) -> DetectionModel:
    """Return the float32 model of an ultralytics ``.pt`` file (its weight average where it holds one)."""
    from ultralytics.nn.tasks import load_checkpoint  # noqa: PLC0415 - after the stubs above

    model, _ = load_checkpoint(str(path), device="cpu")
    return model.float()  # type: ignore[no-any-return, unused-ignore]


def build(architecture: str, names: tuple[str, ...], *, width: float | None = None) -> DetectionModel:
    """
    Return a randomly initialised model of an ultralytics architecture file, for the given classes.

    ``width`` replaces the file's width multiple, for sizes between the named ones (0.25 is n, 0.5 is s).
    """
    from ultralytics.nn.tasks import DetectionModel, yaml_model_load  # noqa: PLC0415 - after the stubs above

    table = yaml_model_load(architecture)
    if width is not None:
        depth, _, most = table["scales"][table["scale"]]
        table["scales"][table["scale"]] = [depth, width, most]
    model = DetectionModel(table, nc=len(names), verbose=False)
    model.names = dict(enumerate(names))
    return model


def graft(source: DetectionModel, target: DetectionModel) -> int:
    """Copy every tensor of ``source`` that ``target`` has in the same shape; return how many."""
    own = target.state_dict()
    fitting = {name: value for name, value in source.state_dict().items() if own[name].shape == value.shape}
    target.load_state_dict(own | fitting)
    return len(fitting)


def between(first: DetectionModel, last: DetectionModel, share: float) -> DetectionModel:
    """Return a model whose every tensor lies ``share`` of the way from that of ``first`` to that of ``last``."""
    middle, goal = deepcopy(first), last.state_dict()
    middle.load_state_dict(
        {
            name: value.lerp(goal[name].to(value), share) if value.is_floating_point() else goal[name]
            for name, value in first.state_dict().items()
        }
    )
    return middle


def hyperparameters(class_gain: float) -> types.SimpleNamespace:
    """Return ultralytics' default settings with one classification gain: what the detection loss reads."""
    from ultralytics.cfg import get_cfg  # noqa: PLC0415 - after the stubs above

    settings: types.SimpleNamespace = get_cfg()
    settings.cls = class_gain
    return settings


def save(model: DetectionModel, path: Path, notes: Mapping[str, object]) -> None:
    """Write a float16 checkpoint that ultralytics loads; the file appears whole or not at all."""
    copy = deepcopy(model).half().eval().cpu()
    copy.args = {"task": "detect", "imgsz": 640}
    copy.criterion = None
    for parameter in copy.parameters():
        parameter.requires_grad = False
    checkpoint = {
        "model": copy,
        "ema": None,
        "updates": None,
        "optimizer": None,
        "train_args": {"task": "detect", "imgsz": 640, "data": "emissions"},
        "notes": dict(notes),
        "date": datetime.now(UTC).isoformat(),
        "license": "AGPL-3.0",
    }
    with replacing(path) as part:
        torch.save(checkpoint, part)
