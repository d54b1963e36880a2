"""The COCO detector: read from a TensorFlow.js graph, run, exported."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from models.detector import WeightsError  # noqa: E402 - after the skip
from models.training.pictures.coco import CLASS_NAMES, export, read  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]

STAGES = ((5, 64, 2), (11, 128, 2), (17, 256, 3))


def shapes() -> list[tuple[int, int, int, int]]:
    """Return the 34 kernels of NanoDet-g (height, width, in, out), in the order of the graph."""
    found = [(3, 3, 3, 32), (3, 3, 32, 32), (3, 3, 32, 16), (3, 3, 16, 16), (3, 3, 32, 32)]
    for _, width, pairs in STAGES:
        half = width // 2
        found.append((3, 3, width, width))
        for _ in range(pairs):
            found += [(3, 3, width, half), (3, 3, half, half)]
        found.append((3, 3, width, width))
    found += [(1, 1, width, 128) for width in (128, 256, 512)]
    return found + [(3, 3, 128, 128), (1, 1, 128, 124)] * 3


def write(folder: Path, *, count: int = 34) -> Path:
    """Write a graph of that form with seeded weights, kernels stored as fp16 as the published one has them."""
    random, nodes, listed, content = np.random.default_rng(3), [], [], b""
    for number, shape in enumerate(shapes()[:count]):
        name = f"g/convolution_{number}" if number else "g/convolution"
        kernel = (random.normal(size=shape) / np.sqrt(np.prod(shape[:3]))).astype(np.float16)
        offset = random.normal(size=shape[3:]).astype(np.float16)
        for suffix, tensor in (("kernel", kernel), ("offset", offset)):
            stored = {"dtype": "float16"}
            listed.append({"name": name + suffix, "shape": tensor.shape, "dtype": "float32", "quantization": stored})
            content += tensor.tobytes()
        nodes.append({"name": name, "op": "Conv2D", "input": ["x", f"{name}kernel"]})
        nodes.append({"name": f"{name}sum", "op": "Add", "input": [name, f"{name}offset"]})
    graph = {"modelTopology": {"node": nodes}, "weightsManifest": [{"weights": listed}]}
    (folder / "nanodet.json").write_text(json.dumps(graph), encoding="utf-8")
    (folder / "nanodet.bin").write_bytes(content)
    return folder


def test_the_exported_network_answers_alike_at_any_size(tmp_path: Path) -> None:
    """ONNX and torch agree for a batch and a size that the export did not see; boxes and scores are laid out as v8."""
    export(write(tmp_path), tmp_path / "n.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "n.onnx"), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(1).random((2, 3, 96, 160), np.float32)
    (answer,) = session.run(None, {"images": images})
    with torch.no_grad():
        expected = read(tmp_path)(torch.from_numpy(images)).numpy()
    assert answer.shape == (2, 4 + len(CLASS_NAMES), 12 * 20 + 6 * 10 + 3 * 5)
    np.testing.assert_allclose(answer, expected, atol=2e-3)
    centres_x, centres_y = expected[0, 0, :240], expected[0, 1, :240]
    assert abs(centres_x.reshape(12, 20).mean(axis=0) - (np.arange(20) + 0.5) * 8).max() < 40
    assert np.corrcoef(centres_y.reshape(12, 20).mean(axis=1), np.arange(12))[0, 1] > 0.9
    assert ((answer[:, 4:] > 0) & (answer[:, 4:] < 1)).all()
    assert (answer[:, 2:4] > 0).all()


def test_another_graph_is_refused(tmp_path: Path) -> None:
    """A graph with other convolutions, or a file cut short, is one sentence."""
    with pytest.raises(WeightsError, match="expected the 34 convolutions"):
        read(write(tmp_path, count=20))
    (write(tmp_path) / "nanodet.bin").write_bytes(b"\0" * 100)
    with pytest.raises(WeightsError, match="not the NanoDet graph"):
        read(tmp_path)
