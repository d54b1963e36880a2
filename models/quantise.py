"""
INT8: a network quantised with NNCF after training, calibrated on real pictures. Needs the extra ``train``.

The result is OpenVINO's own format in one zip, so that one SHA-256 covers it; a registry table names it with the format
``openvino-int8``. Whether it is worth having is told by `models.parity` (decision 0020).
"""

import hashlib
import io
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from models.described import FACTS, Described
from models.detector import ModelError
from models.registry import RegisteredModel
from models.runtime.openvino_runtime import IR_BIN, IR_XML, expect_in_f32, read_model
from models.tensors import Letterbox
from models.training.pictures.dataset import SPLITS

CALIBRATION_IMAGES = 300
"""NNCF's own default. Fewer take less time, and miss the rare bright or dark picture that sets a range."""

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip: the same model and pictures give the same bytes, hence the same SHA-256."""

_COUNTED = re.compile(r"[A-Za-z0-9]+_\d+")
"""A name that OpenVINO gave; those of ONNX are paths, as ``/model.0/conv/Conv``."""

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Quantised:
    """A quantised network on disk: what `models/registry.toml` needs to know of it."""

    path: Path
    sha256: str
    images: int


def count_pictures(folder: Path, split: str = "") -> int:
    """Return how many pictures `read_pictures` would yield, without decoding them; raise `ModelError` for none."""
    return sum(1 for _ in _chosen(folder, split))


def read_pictures(folder: Path, split: str = "", *, step: int = 1, start: int = 0) -> Iterator[Image]:
    """
    Yield every `step`-th picture under `folder` from number `start`, BGR, in the order of the names.

    Pictures lie in the folder at any depth or in tars in it; with `split` only those below a folder of one of its names
    (`SPLITS`).
    Raises `ModelError` where there is none, or one that cannot be read.
    """
    for number, (name, read) in enumerate(_chosen(folder, split)):
        if number % step == start % step:
            image = cv2.imdecode(np.frombuffer(read(), np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise ModelError(f"{folder}: {name} is no picture that OpenCV can read")
            yield image.astype(np.uint8, copy=False)


def quantise(model: RegisteredModel, pictures: Sequence[Image], out: Path) -> Quantised:
    """
    Write `model` in INT8, calibrated on `pictures` (BGR, scaled as the detector does), to the zip `out`.

    Values between layers have a zero of their own (preset ``MIXED``), and biases are corrected layer by layer on the
    pictures (not ``fast``): half the distance to bf16 for the same speed, and minutes instead of one (decision 0075).

    Sigmoid and product are one SiLU before it begins: apart, NNCF puts quantisation between them, they cannot be
    merged into the convolution any more, and the network is slower than in bf16. The end of the network stays as it is:
    coordinates and scores have no one range that 256 steps could share. Raises `ModelError`.
    """
    try:
        import nncf  # noqa: PLC0415 - extra train, and slow to import
    except ImportError:
        raise ModelError("quantisation needs nncf: install plumewatch[train]") from None
    from openvino._offline_transformations import apply_moc_transformations  # noqa: PLC0415 - merges SiLU; no other door

    name = model.card.name
    if not pictures:
        raise ModelError(f"model {name}: quantisation needs pictures to calibrate on")
    core = openvino.Core()
    network = read_model(core, name, model.weights.read_bytes())
    network.reshape([-1, 3, -1, -1])  # free until the end: a fixed size would be folded into the head's constants
    expect_in_f32(network)
    apply_moc_transformations(network, cf=True)
    _name_by_place(network)
    nncf.set_log_level("ERROR")
    calibrated = nncf.quantize(
        network,
        nncf.Dataset([_tensor(image, model.card.input_wh) for image in pictures]),
        subset_size=len(pictures),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=_end_of(network)),
        fast_bias_correction=False,
    )
    _name_by_place(calibrated)
    content = _zipped(calibrated, Described(model.card.class_names, model.head, model.nms_iou))
    out.write_bytes(content)
    return Quantised(out, hashlib.sha256(content).hexdigest(), len(pictures))


def _name_by_place(network: Any) -> None:  # noqa: ANN401 - openvino has no types
    """
    Give what OpenVINO named by its kind and a count the number of its place instead.

    The count is of the process: a network made later in it had other names, hence another SHA-256.
    """
    for place, node in enumerate(network.get_ordered_ops()):
        if _COUNTED.fullmatch(node.get_friendly_name()):
            node.set_friendly_name(f"{node.get_type_name()}_{place}")


def _end_of(network: Any) -> list[str]:  # noqa: ANN401 - openvino has no types
    """Return the names of the last convolutions, and of what is computed from them."""
    names: dict[str, None] = {}
    waiting = [result.input_value(0).get_node() for result in network.get_results()]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() in names or node.get_type_name() in {"Constant", "ShapeOf"}:
            continue  # the size of what goes in is asked of layers far before the end
        names[node.get_friendly_name()] = None
        if node.get_type_name() != "Convolution":
            waiting += [value.get_node() for value in node.input_values()]
    return list(names)


def _chosen(folder: Path, split: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each picture and what reads it."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder")
    tars = sorted(folder.glob("*.tar"))
    names = set(SPLITS.get(split, (split,)))
    found = False
    for name, read in _in_tars(tars) if tars else _in_folder(folder):
        inside = Path(name)
        if inside.suffix.lower() in _SUFFIXES and (not split or not names.isdisjoint(inside.parts[:-1])):
            found = True
            yield name, read
    if not found:
        where = f" below a folder {' or '.join(sorted(names))}" if split else ""
        raise ModelError(f"{folder}: no pictures{where}")


def _in_folder(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield str(path.relative_to(folder)), path.read_bytes


def _in_tars(tars: Sequence[Path]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for path in tars:
        try:
            with tarfile.open(path) as tar:
                for member in tar:
                    file = tar.extractfile(member)
                    if file is not None:
                        yield member.name, file.read
        except (OSError, tarfile.TarError) as error:
            raise ModelError(f"{path}: cannot be read as a tar") from error


def _tensor(image: Image, input_wh: tuple[int, int]) -> NDArray[np.float32]:
    """
    Return a picture as the network's input, RGB ``float32 (1, 3, h, w)`` in [0, 1], whole and with grey around it.

    All have one size: with a size for each aspect ratio NNCF's networks were compiled anew for nearly every picture.
    """
    height, width = image.shape[:2]
    scale = min(input_wh[0] / width, input_wh[1] / height)
    content = (max(1, round(width * scale)), max(1, round(height * scale)))
    offset = ((input_wh[0] - content[0]) // 2, (input_wh[1] - content[1]) // 2)
    canvas = np.empty((input_wh[1], input_wh[0], 3), np.uint8)
    Letterbox((width, height), input_wh, content, offset).write(image, canvas)
    tensor = np.ascontiguousarray(canvas[None, :, :, ::-1].transpose(0, 3, 1, 2), np.float32)
    tensor /= 255
    return tensor


def _zipped(network: Any, described: Described) -> bytes:  # noqa: ANN401 - openvino has no types
    with tempfile.TemporaryDirectory() as folder:
        openvino.save_model(network, Path(folder) / IR_XML, compress_to_fp16=False)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (IR_XML, IR_BIN):
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), (Path(folder) / name).read_bytes())
            archive.writestr(zipfile.ZipInfo(FACTS, _EPOCH), described.as_json())
    return buffer.getvalue()
