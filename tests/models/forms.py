"""A model in two forms: the shipped n model, and beside it the same network as OpenVINO's own format in a zip."""

import hashlib
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import openvino

from models.described import Described
from models.quantise import _zipped
from models.registry import DEFAULT_FILE, RegisteredModel, Registry, WeightsFile

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


def one_form_text() -> str:
    """Return the shipped registry's text with every model in its ONNX form alone."""
    return re.sub(r"\[models\.[^]]+\.int8\]\n(.+\n)+", "", DEFAULT_FILE.read_text(encoding="utf-8"))


def one_form_table(name: str) -> dict[str, Any]:
    """Return the table of a shipped model in its ONNX form alone."""
    table: dict[str, Any] = tomllib.loads(one_form_text())["models"][name]
    return table
