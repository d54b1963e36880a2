"""INT8 against what is shipped: quantise a model, and report what that changed. ``plumewatch models quantise``."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from benchmarks.accuracy_looks import named
from benchmarks.accuracy_run import Asked as AskedAccuracy
from benchmarks.accuracy_run import run as measure_accuracy
from benchmarks.compare import Difference
from benchmarks.compare import compare as compare_accuracy
from benchmarks.errors import BenchmarkError
from benchmarks.output import writable
from models.detector import Detector
from models.parity import Parity, compare
from models.quantise import CALIBRATION_IMAGES, Image, Quantised, count_pictures, quantise, read_pictures
from models.registry import RegisteredModel, Registry
from models.training.kept import KeptBack

_FLOOR = 0.5
"""Share of the threshold down to which both detectors go, so that boxes on its edge find their partners."""


@dataclass(frozen=True, slots=True)
class Int8Report:
    """
    What quantisation made of a model.

    Attributes:
        shipped: INT8 against the model as this machine runs it by itself.

        exact: INT8 against f32.

        usual: the model as this machine runs it, against f32: the distance that is accepted already.

        accuracy: mAP and the other headlines, before and after, with their intervals; only with labelled pictures.
    """

    model: str
    weights_sha256: str
    quantised: Quantised
    shipped: Parity
    exact: Parity
    usual: Parity
    accuracy: dict[str, tuple[float, float]]
    accuracy_table: str

    def as_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), indent=1, default=str) + "\n"

    def text(self) -> str:
        """Return the report as lines for people."""
        made = self.quantised
        head = f"{self.model} in INT8: {made.path}, SHA-256 {made.sha256}, calibrated on {made.images} pictures"
        parts = [head, self.shipped.text(), self.exact.text(), self.usual.text(), self.accuracy_table]
        return "\n\n".join(part for part in parts if part)


def run(
    name: str, out: Path, *, images: Path | None = None, data: Path | None = None, limit: int = CALIBRATION_IMAGES
) -> Int8Report:
    """
    Write ``NAME-int8.zip`` to the folder `out`, and return the report, which is written beside it as JSON and text.

    `name` is that of a registered model, or a candidate's folder.

    Calibrated on at most `limit` pictures: those of the training split of `data`, or every other one of `images`. What
    it changed is measured on as many others: validation pictures, or those between. With `data` accuracy is measured
    before and after on at most `limit` labelled pictures. Raises `BenchmarkError` or `models.detector.ModelError`.
    """
    if (images is None) == (data is None):
        raise BenchmarkError("name the pictures: either --images or --data")
    model = named(name, Registry.load())
    stem = f"{model.card.name}-int8"
    out.mkdir(parents=True, exist_ok=True)
    for suffix in ("zip", "json", "txt"):
        writable(out / f"{stem}.{suffix}")
    calibration, others = _pictures(images, data, limit)
    made = quantise(model, calibration, out / f"{stem}.zip")
    small = _quantised_model(model, made)
    floor = model.card.threshold * _FLOOR
    int8, here, exact = (
        _open(small, "openvino", floor),
        _open(model, "openvino", floor),
        _open(model, "openvino-f32", floor),
    )
    threshold = model.card.threshold
    accuracy, table = _accuracy(name, model, made, data, limit)
    report = Int8Report(
        model=model.card.name,
        weights_sha256=model.card.weights_sha256,
        quantised=made,
        shipped=compare(here, int8, others, threshold),
        exact=compare(exact, int8, others, threshold),
        usual=compare(exact, here, others, threshold),
        accuracy=accuracy,
        accuracy_table=table,
    )
    (out / f"{stem}.json").write_text(report.as_json(), encoding="utf-8")
    (out / f"{stem}.txt").write_text(report.text() + "\n", encoding="utf-8")
    return report


def _pictures(images: Path | None, data: Path | None, limit: int) -> tuple[list[Image], list[Image]]:
    """Return pictures to calibrate on and others, spread evenly over what is there."""
    if images is not None:
        step = _step(count_pictures(images), 2 * limit)
        chosen = list(islice(read_pictures(images, step=step), 2 * limit))
        return chosen[::2], chosen[1::2]
    if data is None:
        raise BenchmarkError("no pictures were named")
    parts = []
    for split in ("train", "val"):
        step = _step(count_pictures(data, split), limit)
        parts.append(list(islice(read_pictures(data, split, step=step), limit)))
    return parts[0], parts[1]


def _step(count: int, wanted: int) -> int:
    return max(1, count // max(1, wanted))


def _quantised_model(model: RegisteredModel, made: Quantised) -> RegisteredModel:
    card = replace(model.card, weights_sha256=made.sha256, weights_format="openvino-int8")
    return replace(model, card=card, weights=made.path)


def _open(model: RegisteredModel, runtime: str, floor: float) -> Detector:
    name = model.card.name
    return Registry(MappingProxyType({name: model}), name).detector(name, runtime, threshold=floor)


def _accuracy(
    name: str, model: RegisteredModel, made: Quantised, data: Path | None, limit: int
) -> tuple[dict[str, tuple[float, float]], str]:
    if data is None:
        return {}, ""
    card = model.card
    asked = AskedAccuracy(
        model=name, runtime="openvino", size=max(card.input_wh), threshold=card.threshold, data=data, limit=limit
    )
    if model.record.is_file() and KeptBack.read(model.record) is not None:
        asked = replace(asked, kept_back=model.record)
    before = measure_accuracy(asked).result
    after = measure_accuracy(replace(asked, model=str(made.path.resolve()))).result
    compared = compare_accuracy(before, after)
    return _headlines(compared.differences), compared.table()


def _headlines(differences: Sequence[Difference]) -> dict[str, tuple[float, float]]:
    return {
        each.before.key: (round(each.before.value, 4), round(each.after.value, 4))
        for each in differences
        if each.before.is_headline
    }
