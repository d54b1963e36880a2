"""The description inside a file of weights: classes, head and input, for files that no registry describes."""

import ast
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.detector import WeightsError
from models.network import Head
from models.runtime.ort import metadata

FACTS = "model.json"
"""The file in the zip of `models.quantise` that holds the fields of `Described`."""


@dataclass(frozen=True, slots=True)
class Described:
    """
    A network as its file describes it.

    Attributes:
        class_names: of each class id, in order.

        head: what the output means.

        nms_iou: as in the registry; none where the file says nothing.
    """

    class_names: tuple[str, ...]
    head: Head
    nms_iou: float | None = None

    def as_json(self) -> str:
        """Return what `of_zip` reads."""
        return json.dumps({"classes": self.class_names, "head": self.head.value, "nms_iou": self.nms_iou})


def of_onnx(name: str, content: bytes) -> Described:
    """
    Return the description in an ONNX file of the model `name`, exported by `models.yolo` or by ultralytics itself.

    Raises `WeightsError` for one that states no classes, is no detector, or takes pictures of one size only.
    """
    facts, shape = metadata(name, content)
    if any(isinstance(side, int) for side in (shape[0], *shape[2:])):
        size = "x".join(str(side) for side in shape)
        raise WeightsError(
            f"model {name} takes {size} and nothing else: export it by `plumewatch models export`, or with dynamic=True"
        )
    try:
        if "classes" in facts:
            return Described(tuple(facts["classes"].split(",")), Head(facts["head"]))
        return _of_ultralytics(facts)
    except (KeyError, ValueError, SyntaxError, AttributeError) as error:
        raise WeightsError(
            f"model {name} does not say which classes it finds in which order and how: export its checkpoint by "
            f"`plumewatch models export`, or describe it in a folder with a candidate.toml"
        ) from error


def of_zip(name: str, content: bytes) -> Described:
    """Return the description in the zip of a quantised model; raise `WeightsError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            said = json.loads(archive.read(FACTS))
        return Described(tuple(said["classes"]), Head(said["head"]), said["nms_iou"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise WeightsError(
            f"model {name} does not say which classes it finds: quantise it again (`plumewatch models quantise`)"
        ) from error


def _of_ultralytics(facts: Mapping[str, str]) -> Described:
    names: dict[int, str] = ast.literal_eval(facts["names"])
    said: dict[str, Any] = ast.literal_eval(facts.get("args", "{}"))
    if facts.get("task", "detect") != "detect":
        raise ValueError(facts["task"])
    ends = facts.get("end2end") == "True" or said.get("nms") is True
    return Described(tuple(names[index] for index in range(len(names))), Head.END_TO_END if ends else Head.V8)
