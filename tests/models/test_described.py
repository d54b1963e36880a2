"""What files of weights say of themselves."""

from pathlib import Path

import pytest

from benchmarks.accuracy.looks import registered
from benchmarks.errors import BenchmarkError
from models.described import Described, of_onnx, of_zip
from models.detector import WeightsError
from models.network import Head
from models.registry import Registry

SHIPPED = Registry.load().model("emissions-n").weights
onnx = pytest.importorskip("onnx")


def rewritten(said: dict[str, str], *, fixed: bool = False) -> bytes:
    """Return the shipped network with other facts about itself, and for one size only if asked to."""
    model = onnx.load(SHIPPED)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, said)
    if fixed:
        for dim, side in zip(model.graph.input[0].type.tensor_type.shape.dim, (1, 3, 640, 640), strict=True):
            dim.Clear()
            dim.dim_value = side
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("said", "described"),
    [
        ({"classes": "smoke,fire", "head": "v8"}, Described(("smoke", "fire"), Head.V8)),
        ({"classes": "fire,smoke", "head": "end2end"}, Described(("fire", "smoke"), Head.END_TO_END)),
        ({"names": "{0: 'fire', 1: 'smoke'}", "head": "Detect"}, Described(("fire", "smoke"), Head.V8)),
        ({"names": "{0: 'fire'}", "end2end": "True"}, Described(("fire",), Head.END_TO_END)),
        ({"names": "{0: 'fire'}", "args": "{'nms': True, 'batch': 1}"}, Described(("fire",), Head.END_TO_END)),
    ],
)
def test_facts(said: dict[str, str], described: Described) -> None:
    """Our own export and ultralytics' each name classes and head in their way."""
    assert of_onnx("any", rewritten(said)) == described


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"classes": "smoke,fire"},
        {"classes": "a", "head": "x"},
        {"names": "fire"},
        {"names": "{0: 'a'}", "task": "pose"},
    ],
)
def test_unknown(said: dict[str, str]) -> None:
    """What tells no classes or no known head is refused, in a sentence that says what to do."""
    with pytest.raises(WeightsError, match=r"model any does not say which classes it finds .* candidate\.toml"):
        of_onnx("any", rewritten(said))


def test_one_size_only() -> None:
    """Ultralytics' export for a fixed size would fail in the engine; it is told what to do."""
    said = {"names": "{0: 'smoke', 1: 'fire'}"}
    with pytest.raises(WeightsError, match=r"takes 1x3x640x640 and nothing else: .* with dynamic=True"):
        of_onnx("any", rewritten(said, fixed=True))


def test_no_network() -> None:
    """Bytes that are no ONNX file, and no zip."""
    with pytest.raises(WeightsError, match="cannot load model any"):
        of_onnx("any", b"nothing")
    with pytest.raises(WeightsError, match="quantise it again"):
        of_zip("any", b"nothing")


def test_a_file_with_fire_first_is_measured_so(tmp_path: Path) -> None:
    """Its class ids are its own; one without smoke has nothing to score."""
    file = tmp_path / "theirs.onnx"
    file.write_bytes(rewritten({"names": "{0: 'fire', 1: 'smoke'}"}))
    assert registered(str(file)).card.class_names == ("fire", "smoke")
    file.write_bytes(rewritten({"names": "{0: 'fire', 1: 'person'}"}))
    with pytest.raises(BenchmarkError, match="knows fire, person: it has no smoke to score"):
        registered(str(file))
