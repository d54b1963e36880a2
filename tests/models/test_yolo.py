"""Export of checkpoints, and their half-size storage. Needs the extra ``train``."""

import hashlib
import os
import pickle
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import WeightsError
from models.registry import DEFAULT_FILE

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore"),  # torch and its exporter warn about themselves
    pytest.mark.timeout(300),
]
onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
if find_spec("ultralytics") is None:  # not imported here: models.yolo must set its guards first
    pytest.skip("needs the extra train", allow_module_level=True)


class Payload:
    """Unpickles by making a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return the call that a careless loader makes."""
        return os.mkdir, (str(self._path),)


def weights(path: Path) -> dict[str, bytes]:
    """Return what was learnt, of an ONNX file, by name; how a graph's constants are kept differs between exporters."""
    tensors = onnx.load(path).graph.initializer
    return {tensor.name: bytes(tensor.raw_data) for tensor in tensors if tensor.name.startswith("model.")}


def test_export(tmp_path: Path) -> None:
    """Two exports of the checkpoint are the same bytes, and hold the weights of the shipped file."""
    from models.yolo import export_onnx  # noqa: PLC0415 - needs the extra

    checkpoint = DEFAULT_FILE.parent / "weights" / "emissions-v8s.pt"
    one, two = (export_onnx(checkpoint, tmp_path / f"{name}.onnx") for name in ("one", "two"))
    assert (one.class_names, one.head) == (("smoke", "fire"), "v8")
    assert one.sha256 == two.sha256
    assert one.path.stat().st_size < 25 * 1024 * 1024
    shipped = weights(DEFAULT_FILE.parent / "weights" / "emissions-v8s.onnx")
    assert len(shipped) > 100
    assert weights(one.path) == shipped


def test_predictor_threads() -> None:
    """Ultralytics computes with the threads it is given, though its set-up takes others; the checkpoint is named."""
    import torch  # noqa: PLC0415 - after the guards

    from models.yolo import predictor  # noqa: PLC0415 - needs the extra

    before, wanted = torch.get_num_threads(), (os.cpu_count() or 1) + 1
    during: set[int] = set()
    checkpoint = DEFAULT_FILE.parent / "weights" / "emissions-v8s.pt"
    theirs = predictor(checkpoint, threshold=0.3, nms_iou=0.45, long_side=64, threads=wanted)
    watch = torch.nn.modules.module.register_module_forward_hook(lambda *_: during.add(torch.get_num_threads()))
    try:
        theirs.detect([np.zeros((36, 64, 3), np.uint8)])
        assert (during, theirs.threads_in_use()) == ({wanted}, wanted)
    finally:
        watch.remove()
        torch.set_num_threads(before)
    assert theirs.sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()


def test_hostile_checkpoint(tmp_path: Path) -> None:
    """A checkpoint whose pickle would run code is refused before it runs."""
    from models.yolo import open_checkpoint  # noqa: PLC0415 - needs the extra

    trace, hostile = tmp_path / "trace", tmp_path / "hostile.pt"
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("hostile/data.pkl", pickle.dumps({"model": Payload(trace)}, protocol=2))
        archive.writestr("hostile/version", "3\n")
        archive.writestr("hostile/byteorder", "little")
    with pytest.raises(WeightsError, match="cannot open checkpoint"):
        open_checkpoint(hostile)
    assert not trace.exists()


def test_unguarded_import_is_noticed() -> None:
    """Where ultralytics came in without its guards, opening a checkpoint is refused; setting them late is no help."""
    code = "import ultralytics.utils; from pathlib import Path; from models.yolo import open_checkpoint; "
    done = subprocess.run(
        [sys.executable, "-c", code + f"open_checkpoint(Path({__file__!r}))"],
        capture_output=True,
        text=True,
        check=False,
        env={
            key: value for key, value in os.environ.items() if not key.startswith(("ULTRALYTICS", "YOLO_A", "YOLO_O"))
        },
    )
    assert "before its guards were set" in done.stderr


def test_missing_checkpoint(tmp_path: Path) -> None:
    """A checkpoint that is not there is an error; nothing is fetched."""
    from models.yolo import open_checkpoint  # noqa: PLC0415 - needs the extra

    with pytest.raises(WeightsError, match="there is no checkpoint"):
        open_checkpoint(tmp_path / "yolov8n.pt")


def model_of(weights: NDArray[np.float32]) -> "onnx.ModelProto":
    """Return a network that multiplies by `weights` ``(40, 40)`` and adds a bias."""
    vector = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 40])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 40])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["p"]), onnx.helper.make_node("Add", ["p", "b"], ["y"])],
        "g",
        [vector],
        [out],
        [
            onnx.numpy_helper.from_array(weights, "w"),
            onnx.numpy_helper.from_array(np.linspace(0, 1, 40, dtype=np.float32), "b"),
        ],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])


def test_half_storage(tmp_path: Path) -> None:
    """Large weights are stored as fp16, small ones are not, and the network computes as with rounded weights."""
    from models.runtime.storage import compact  # noqa: PLC0415 - needs the extra

    weights = np.random.default_rng(1).normal(size=(40, 40)).astype(np.float32)
    source, out = tmp_path / "source.onnx", tmp_path / "out.onnx"
    onnx.save(model_of(weights), source)
    compact(source, out, {"head": "v8"})
    stored = onnx.load(out)
    kinds = {tensor.name: tensor.data_type for tensor in stored.graph.initializer}
    assert kinds == {"w.fp16": onnx.TensorProto.FLOAT16, "b": onnx.TensorProto.FLOAT}
    assert [(entry.key, entry.value) for entry in stored.metadata_props] == [("head", "v8")]
    x = np.random.default_rng(2).normal(size=(1, 40)).astype(np.float32)
    [actual] = reference.ReferenceEvaluator(stored).run(None, {"x": x})
    expected = x @ weights.astype(np.float16).astype(np.float32) + np.linspace(0, 1, 40, dtype=np.float32)
    assert actual == pytest.approx(expected, abs=1e-5)


def test_overflow() -> None:
    """Weights that fp16 cannot hold are refused, not turned into infinity."""
    from models.runtime.storage import store_half  # noqa: PLC0415 - needs the extra

    weights = np.zeros((40, 40), np.float32)
    weights[3, 4] = 1e5
    with pytest.raises(ValueError, match="weights w leave the range of fp16: largest 100000"):
        store_half(model_of(weights))
