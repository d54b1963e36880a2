"""
ONNX files stored at half size, or taking bytes: the only import of `onnx` (extras ``train``, ``gpu``).

Weights are kept as fp16 behind ``Cast`` nodes; ONNX Runtime and OpenVINO fold them when they load the file, and compute
in the precision they were told to. The file is half as large, the speed the same.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_SMALL = 1024
"""Tensors below this many elements (biases, constants of the head) stay fp32: they weigh nothing."""


def store_half(model: onnx.ModelProto) -> None:
    """Replace the large fp32 weights of `model` by fp16 ones and casts, in place; raise `ValueError` on overflow."""
    casts = []
    for index, tensor in enumerate(model.graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALL:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"weights {tensor.name} leave the range of fp16: largest {np.abs(values).max():g}")
        stored = f"{tensor.name}.fp16"
        casts.append(helper.make_node("Cast", [stored], [tensor.name], name=f"{stored}.cast", to=TensorProto.FLOAT))
        model.graph.initializer[index].CopyFrom(numpy_helper.from_array(half, stored))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)


def take_bytes(content: bytes) -> bytes:
    """
    Return an ONNX file that takes BGR bytes ``uint8 (n, h, w, 3)`` where `content` takes RGB ``float32 (n, 3, h, w)``.

    A GPU then gets a quarter of the data, and does the conversion itself.
    """
    model = onnx.load_from_string(content)
    graph = model.graph
    [given] = graph.input
    batch, _, height, width = given.type.tensor_type.shape.dim
    name = f"{given.name}.bytes"
    steps = [
        helper.make_node("Transpose", [name], [f"{name}.planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Gather", [f"{name}.planes", f"{name}.order"], [f"{name}.rgb"], axis=1),
        helper.make_node("Cast", [f"{name}.rgb"], [f"{name}.float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.float", f"{name}.unit"], [given.name]),
    ]
    graph.initializer.append(numpy_helper.from_array(np.array([2, 1, 0], np.int64), f"{name}.order"))
    graph.initializer.append(numpy_helper.from_array(np.array(1 / 255, np.float32), f"{name}.unit"))
    shape = [each.dim_param or each.dim_value for each in (batch, height, width)]
    graph.input.remove(given)
    graph.input.append(helper.make_tensor_value_info(name, TensorProto.UINT8, [*shape, 3]))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(steps + nodes)
    return bytes(model.SerializeToString(deterministic=True))


def compact(source: Path, out: Path, facts: dict[str, str]) -> None:
    """
    Write the ONNX file `source` to `out` with fp16 weights and `facts` as its only metadata.

    No date goes in: the same checkpoint and the same versions give the same bytes, hence the same SHA-256.
    """
    model = onnx.load(source)
    store_half(model)
    del model.metadata_props[:]
    del model.graph.value_info[:]  # inferred shapes: runtimes infer them again, and exporters list a changing set
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString(deterministic=True))
