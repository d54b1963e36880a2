"""A model in two forms: the shipped n model, and beside it the same network as OpenVINO's own format in a zip."""

import hashlib
from dataclasses import replace
from pathlib import Path

import openvino

from models.described import Described
from models.quantise import _zipped
from models.registry import RegisteredModel, Registry, WeightsFile

AMX = frozenset({"avx2", "avx512f", "avx512_vnni", "amx_int8"})
"""Flags of a processor with units for INT8."""

PLAIN = frozenset({"avx2", "avx512f"})
"""Flags of one without."""


def write_zip(path: Path) -> WeightsFile:
    """Write the shipped n network as the zip that `models.quantise` writes, with nothing quantised in it."""
    model = Registry.load().model("emissions-n")
    said = Described(model.card.class_names, model.head, model.nms_iou)
    content = _zipped(openvino.Core().read_model(model=model.weights.read_bytes()), said)
    path.write_bytes(content)
    return WeightsFile(path, hashlib.sha256(content).hexdigest())


def two_forms(folder: Path) -> RegisteredModel:
    """Return the shipped n model with its zip in `folder`."""
    return replace(Registry.load().model("emissions-n"), int8=write_zip(folder / "emissions-n-int8.zip"))
