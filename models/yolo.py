"""
Ultralytics checkpoints: export and baseline. Needs the extra ``train``; with `models.training` the only door to it.

Checkpoints are pickles. They are opened by ultralytics' safe loader only, which admits tensors and known layers
and nothing else, and ultralytics may neither install packages nor go online.

    python -m models.yolo CHECKPOINT.pt OUT.onnx
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import ModelError, WeightsError
from models.network import Head
from models.runtime.storage import compact

_GUARDS = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "ULTRALYTICS_SAFE_LOAD": "1"}


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported ONNX file: what `models/registry.toml` needs to know of it."""

    path: Path
    sha256: str
    class_names: tuple[str, ...]
    head: Head


def guard() -> None:
    """Set ultralytics' guards; raise `ModelError` where it was imported without them, for it reads them only then."""
    os.environ.update(_GUARDS)
    os.environ.setdefault("YOLO_VERBOSE", "false")  # it would print pages at every export
    loaded = sys.modules.get("ultralytics.utils")
    if loaded is not None and not loaded.SAFE_LOAD:
        raise ModelError("ultralytics was imported before its guards were set: open checkpoints first")


def open_checkpoint(path: Path) -> Any:  # noqa: ANN401 - ultralytics has no types
    """Return the ``ultralytics.YOLO`` of a checkpoint, loaded safely; raise `WeightsError`."""
    if not path.is_file():  # ultralytics would look for a missing file on the network
        raise WeightsError(f"there is no checkpoint {path}")
    guard()
    from ultralytics import YOLO  # noqa: PLC0415 - it reads the guards when it is imported

    try:
        return YOLO(path)
    except Exception as error:  # whatever a broken or hostile pickle raises
        raise WeightsError(f"cannot open checkpoint {path}: {error}") from error


def export_onnx(checkpoint: Path, out: Path, *, opset: int = 17) -> Exported:
    """
    Write `checkpoint` to `out` as ONNX: free batch, height and width, raw head output without NMS, fp16 storage.

    Input ``images``: RGB float32 ``(batch, 3, height, width)`` in [0, 1], sides multiples of 32. Output ``(batch, 4 +
    classes, anchors)``, or ``(batch, n, 6)`` where the head was trained end to end. Raises `WeightsError`.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkpoint.pt"  # ultralytics writes beside the checkpoint, which may be read-only
        shutil.copyfile(checkpoint, copy)
        model = open_checkpoint(copy)
        end_to_end = bool(getattr(model.model.model[-1], "end2end", False))
        head = Head.END_TO_END if end_to_end else Head.V8
        names = tuple(str(model.names[index]) for index in range(len(model.names)))
        # A rectangle, so that a height traced as a width would show in the parity test.
        plain = model.export(format="onnx", dynamic=True, simplify=True, opset=opset, imgsz=(384, 640))
        facts = {
            "classes": ",".join(names),
            "head": head.value,
            "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            "licence": "AGPL-3.0-or-later",
        }
        compact(Path(plain), out, facts)
    return Exported(out, hashlib.sha256(out.read_bytes()).hexdigest(), names, head)


@dataclass(frozen=True, slots=True)
class Predictor:
    """
    Ultralytics with a checkpoint, in fp32 on the CPU: for speed.

    Attributes:
        detect: ``predict`` on a list of BGR images.

        threads_in_use: threads that torch computes with, as it says itself.

        version: of ultralytics.

        sha256: of the checkpoint.
    """

    detect: Callable[[Sequence[NDArray[np.uint8]]], object]
    threads_in_use: Callable[[], int]
    version: str
    sha256: str


def predictor(checkpoint: Path, *, threshold: float, nms_iou: float, long_side: int, threads: int) -> Predictor:
    """Return ultralytics' own ``predict``, set up and on so many threads of torch; raise `WeightsError`."""
    model = open_checkpoint(checkpoint)
    import torch  # noqa: PLC0415 - after the guards
    import ultralytics  # noqa: PLC0415 - the same

    def predict(images: Sequence[NDArray[np.uint8]]) -> object:
        return model.predict(
            list(images), conf=threshold, iou=nms_iou, imgsz=long_side, rect=True, device="cpu", verbose=False
        )

    predict([np.zeros((32, 32, 3), np.uint8)])
    torch.set_num_threads(threads)  # after the set-up of the first call, which takes a thread less than there are cores
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return Predictor(predict, torch.get_num_threads, str(ultralytics.__version__), digest)


def baseline(
    checkpoint: Path, images: Sequence[NDArray[np.uint8]], *, threshold: float, nms_iou: float, long_side: int = 640
) -> list[Detections]:
    """Return what ultralytics itself finds in BGR images, one by one, in fp32 on the CPU: the reference for parity."""
    model = open_checkpoint(checkpoint)
    found = []
    for image in images:
        boxes = model.predict(
            image, conf=threshold, iou=nms_iou, imgsz=long_side, rect=True, device="cpu", verbose=False
        )[0].boxes
        found.append(
            Detections(
                boxes.xyxy.numpy().astype(np.float32),
                boxes.conf.numpy().astype(np.float32),
                boxes.cls.numpy().astype(np.int32),
            )
        )
    return found


if __name__ == "__main__":
    made = export_onnx(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{made.path}: sha256 {made.sha256}, classes {made.class_names}, head {made.head}\n")
