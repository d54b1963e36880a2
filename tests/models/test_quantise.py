"""INT8: pictures to calibrate on, the file that comes out, and that it loads and finds the same things."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openvino
import pytest
from numpy.typing import NDArray

from models import quantise as shop
from models.described import Described, of_zip
from models.detector import ModelError, WeightsError
from models.network import Head
from models.quantise import count_pictures, quantise, read_pictures
from models.registry import RegisteredModel, Registry
from models.runtime.choice import open_detector
from models.runtime.openvino_runtime import IR_BIN, IR_XML, OpenVinoNetwork, Precision

SMALL = Registry.load().model("emissions-n")


def picture(level: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Return an even picture with a bright patch."""
    image = np.full((height, width, 3), level, np.uint8)
    image[10:30, 10:40] = 255 - level
    return image


def encoded(level: int) -> bytes:
    """Return a picture as PNG."""
    done, data = cv2.imencode(".png", picture(level))
    assert done
    return data.tobytes()


@pytest.fixture(params=["folder", "tar"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Six pictures in two splits, and a file that is none: loose, or in a tar."""
    files = {f"{split}/images/{n}.png": encoded(10 * n) for split, n in [("train", n) for n in range(4)]}
    files |= {f"val/images/{n}.png": encoded(10 * n) for n in (4, 5)} | {"train/labels/0.txt": b"0 0.5 0.5 0.1 0.1"}
    if request.param == "tar":
        with tarfile.open(tmp_path / "one.tar", "w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    else:
        for name, data in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
    return tmp_path


def levels(folder: Path, split: str = "", **every: int) -> list[int]:
    """Return the grey levels of the pictures read."""
    return [int(image[-1, -1, 0]) for image in read_pictures(folder, split, **every)]


def test_reads_pictures(pictures: Path) -> None:
    """Pictures come in order, of one split if it is named, and every n-th if asked for; other files are passed over."""
    assert sorted(levels(pictures)) == [0, 10, 20, 30, 40, 50]
    assert levels(pictures, "train") == [0, 10, 20, 30]
    assert levels(pictures, "train", step=2, start=1) == [10, 30]
    assert [count_pictures(pictures), count_pictures(pictures, "val")] == [6, 2]


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_split_may_have_another_name(tmp_path: Path, name: str) -> None:
    """What training takes for the validation part is it here too."""
    (tmp_path / name / "images").mkdir(parents=True)
    (tmp_path / name / "images" / "a.png").write_bytes(encoded(40))
    assert levels(tmp_path, "val") == [40]


def test_no_pictures(pictures: Path) -> None:
    """A folder without pictures, or that is not there, is refused by name."""
    with pytest.raises(ModelError, match="no pictures below a folder test"):
        levels(pictures, "test")
    with pytest.raises(ModelError, match="no such folder"):
        levels(pictures / "nowhere")


def test_broken_picture(tmp_path: Path) -> None:
    """A file that only claims to be a picture is named."""
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    with pytest.raises(ModelError, match=r"a\.jpg is no picture"):
        levels(tmp_path)


def with_zip(model: RegisteredModel, path: Path) -> RegisteredModel:
    """Return the model with that zip as its weights."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card = replace(model.card, weights_sha256=digest, weights_format="openvino-int8")
    return replace(model, card=card, weights=path)


def test_zip_is_loaded(tmp_path: Path) -> None:
    """A network in OpenVINO's own format inside a zip finds what the ONNX file finds; its bytes do not vary."""
    model = openvino.Core().read_model(model=SMALL.weights.read_bytes())
    said = Described(("smoke", "fire"), Head.V8, 0.6)
    content = shop._zipped(model, said)
    assert content == shop._zipped(model, said)
    assert of_zip("n", content) == said
    path = tmp_path / "n.zip"
    path.write_bytes(content)
    image = picture(40, 640, 360)
    [one] = open_detector(with_zip(SMALL, path), "openvino-f32", threshold=0.01).detect([image])
    [other] = open_detector(SMALL, "openvino-f32", threshold=0.01).detect([image])
    assert len(one) > 0
    assert one.confidence.tolist() == pytest.approx(other.confidence.tolist(), abs=1e-4)


@pytest.mark.parametrize(
    "files", [{}, {IR_XML: b"<net/>"}, {IR_XML: b"<net/>", IR_BIN: b""}, {IR_XML: b"no xml", IR_BIN: b"12"}]
)
def test_zip_that_is_no_network(tmp_path: Path, files: dict[str, bytes]) -> None:
    """A zip without a network in it is a weights error that names the model."""
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(WeightsError, match="openvino cannot load model m"):
        OpenVinoNetwork("m", path.read_bytes(), 1, Precision.F32)


def test_onnxruntime_takes_no_zip(tmp_path: Path) -> None:
    """The quantised format is OpenVINO's: ONNX Runtime refuses it in a sentence."""
    path = tmp_path / "n.zip"
    network = openvino.Core().read_model(model=SMALL.weights.read_bytes())
    path.write_bytes(shop._zipped(network, Described(SMALL.card.class_names, SMALL.head)))
    with pytest.raises(WeightsError, match="onnxruntime cannot load model emissions-n"):
        open_detector(with_zip(SMALL, path), "onnxruntime")


def convolutions_left_alone(path: Path) -> int:
    """Return of how many convolutions the weights are no steps of a range."""
    with zipfile.ZipFile(path) as archive:
        network = openvino.Core().read_model(model=archive.read(IR_XML), weights=archive.read(IR_BIN))
    weights = [node.input_value(1).get_node() for node in network.get_ops() if node.get_type_name() == "Convolution"]
    return sum(node.get_type_name() in {"Constant", "Convert"} for node in weights)


@pytest.mark.train
def test_quantised_network_runs(tmp_path: Path) -> None:
    """
    A network quantised on a few pictures loads at any size, says that it is INT8, and comes near to the first.

    Quantised once more on the same pictures it has the same bytes.
    """
    pytest.importorskip("nncf")
    card = replace(SMALL.card, input_wh=(96, 64))
    made = quantise(replace(SMALL, card=card), [picture(level) for level in (0, 60, 120, 180)], tmp_path / "q.zip")
    assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.sha256
    again = quantise(replace(SMALL, card=card), [picture(level) for level in (0, 60, 120, 180)], tmp_path / "again.zip")
    assert again.sha256 == made.sha256
    network = OpenVinoNetwork("q", made.path.read_bytes(), 1, Precision.F32)
    plain = OpenVinoNetwork("n", SMALL.weights.read_bytes(), 1, Precision.F32)
    assert network.runtime.precision == "int8"
    assert convolutions_left_alone(made.path) == 6  # the end of each branch
    for width, height in ((96, 64), (128, 96)):
        outputs = []
        for each in (plain, network):
            with each.slot(1, (width, height)) as slot:
                slot.images[:] = cv2.resize(picture(90), (width, height))
                slot.start()
                outputs.append(slot.wait().copy())
        assert outputs[0].shape == outputs[1].shape
        assert 0 < np.abs(outputs[0][:, :4] - outputs[1][:, :4]).mean() < 8
        assert np.abs(outputs[0][:, 4:] - outputs[1][:, 4:]).max() < 0.2


def test_quantise_needs_pictures_or_nncf(tmp_path: Path) -> None:
    """Without pictures, or without the extra, one sentence says what is missing."""
    with pytest.raises(ModelError, match=r"needs pictures|install plumewatch\[train\]"):
        quantise(SMALL, [], tmp_path / "q.zip")
