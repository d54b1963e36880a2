"""INT8 against what is shipped: quantise a model, and report what that changed. ``plumewatch models quantise``."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy.looks import named
from benchmarks.accuracy.run import Asked as AskedAccuracy
from benchmarks.accuracy.run import run as measure_accuracy
from benchmarks.compare import Difference
from benchmarks.compare import compare as compare_accuracy
from benchmarks.errors import BenchmarkError
from benchmarks.output import writable
from benchmarks.progress import Track, progress_on
from models.parity import Parity, compare
from models.quantise import CALIBRATION_IMAGES, Image, Quantised, count_pictures, quantise, read_pictures
from models.registry import DEFAULT_FILE, INT8_FORMAT, RegisteredModel, Registry
from models.registry_text import with_int8
from models.replacement import replacing
from models.runtime.choice import open_detector
from models.runtime.openvino_runtime import has_bf16
from models.training.pictures.kept import KeptBack

_TITLE = "## INT8 form"
_SECTION = re.compile(rf"(?ms)^{_TITLE}\n.*?(?=^## |\Z)")

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
    name: str,
    out: Path | None,
    *,
    images: Path | None = None,
    data: Path | None = None,
    limit: int = CALIBRATION_IMAGES,
    add: bool = False,
    registry: Path = DEFAULT_FILE,
    console: Console | None = None,
) -> Int8Report:
    """
    Write ``NAME-int8.zip`` to the folder `out`, and return the report, which is written beside it as JSON and text.

    `name` is that of a registered model, or a candidate's folder. With `add` the zip goes beside its ONNX file too, as
    its INT8 form: into the candidate's ``candidate.toml``, or into `registry`; `out` is then that folder where it is
    None.

    Calibrated on at most `limit` pictures: those of the training split of `data`, or every other one of `images`. What
    it changed is measured on as many others: validation pictures, or those between. With `data` accuracy is measured
    before and after on at most `limit` labelled pictures. Progress goes to `console`. Raises `BenchmarkError` or
    `models.detector.ModelError`.
    """
    if (images is None) == (data is None):
        raise BenchmarkError("name the pictures: either --images or --data")
    model = named(name, Registry.load(registry)).forms[0]
    if model.is_int8:
        raise BenchmarkError(f"{model.title} is {INT8_FORMAT} already")
    if out is None and not add:
        raise BenchmarkError("name a folder for what is made: --out, or --add to put it beside the ONNX file")
    place = model.weights.parent if out is None else out
    stem = f"{model.card.name}-int8"
    place.mkdir(parents=True, exist_ok=True)
    for suffix in ("zip", "json", "txt"):
        writable(place / f"{stem}.{suffix}")
    calibration, others = _pictures(images, data, limit)
    with _Told.on(console or Console(stderr=True)) as told:
        told.say(f"quantising on {len(calibration)} pictures, which takes minutes")
        made = quantise(model, calibration, place / f"{stem}.zip")
        small = _quantised_model(model, made)
        floor = model.card.threshold * _FLOOR
        int8, here, exact = (
            open_detector(small, "openvino", threshold=floor),
            open_detector(model, "openvino", threshold=floor),
            open_detector(model, "openvino-f32", threshold=floor),
        )
        threshold = model.card.threshold
        shipped = compare(here, int8, told.through("INT8 and as it runs", others), threshold)
        exactly = compare(exact, int8, told.through("INT8 and f32", others), threshold)
        usual = compare(exact, here, told.through("as it runs and f32", others), threshold)
    accuracy, table = _accuracy(name, model, made, data, limit)
    report = Int8Report(
        model=model.card.name,
        weights_sha256=model.card.weights_sha256,
        quantised=made,
        shipped=shipped,
        exact=exactly,
        usual=usual,
        accuracy=accuracy,
        accuracy_table=table,
    )
    (place / f"{stem}.json").write_text(report.as_json(), encoding="utf-8")
    (place / f"{stem}.txt").write_text(report.text() + "\n", encoding="utf-8")
    if add:
        _add(model, made, Path(name) / "candidate.toml" if Path(name).is_dir() else registry)
    return report


@dataclass(frozen=True, slots=True)
class _Told:
    """Says how far it is: a bar on a terminal, elsewhere a line at every tenth."""

    console: Console
    track: Track

    @classmethod
    @contextmanager
    def on(cls, console: Console) -> "Iterator[_Told]":
        """Yield one for `console`."""
        with progress_on(console) as track:
            yield cls(console, track)

    def say(self, line: str) -> None:
        """Print a line."""
        self.console.print(line, highlight=False, markup=False)

    def through(self, title: str, pictures: Sequence[Image]) -> Iterator[Image]:
        """Yield the pictures, saying how many were asked for."""
        tenth = max(1, len(pictures) // 10)
        with self.track(title) as advance:
            for number, picture in enumerate(pictures, 1):
                yield picture
                advance(number, len(pictures))
                if not self.console.is_terminal and (number % tenth == 0 or number == len(pictures)):
                    self.say(f"{title}: {number} of {len(pictures)} pictures")


def _add(model: RegisteredModel, made: Quantised, file: Path) -> None:
    """Put what was made beside the ONNX file of `model`, into its table in `file` and into its card."""
    name, beside = model.card.name, model.weights.with_name(f"{model.card.name}-int8.zip")
    folder = file.parent if file.name == "candidate.toml" else file.parent / "weights"
    text = with_int8(file.read_text(encoding="utf-8"), name, str(beside.relative_to(folder)), made.sha256)
    if made.path.resolve() != beside.resolve():
        shutil.copyfile(made.path, beside)
    with replacing(file) as part:
        part.write_text(text, encoding="utf-8")
    if model.document.is_file():
        said = _SECTION.sub("", model.document.read_text(encoding="utf-8")).rstrip("\n")
        told = f"`{beside.name}`, SHA-256 `{made.sha256}`: the ONNX file in INT8 by `plumewatch models quantise`, "
        told += f"calibrated on {made.images} pictures. OpenVINO alone runs it."
        model.document.write_text(f"{said}\n\n{_TITLE}\n\n{told}\n", encoding="utf-8")


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
    card = replace(model.card, weights_sha256=made.sha256, weights_format=INT8_FORMAT)
    return replace(model, card=card, weights=made.path)


def _accuracy(
    name: str, model: RegisteredModel, made: Quantised, data: Path | None, limit: int
) -> tuple[dict[str, tuple[float, float]], str]:
    if data is None:
        return {}, ""
    card = model.card
    if not Path(name).is_dir() and Registry.load().model(name).card.weights_sha256 != card.weights_sha256:
        raise BenchmarkError(
            f"{model.title} is not what is installed: accuracy is measured of that, so leave out --data"
        )
    as_it_runs = "openvino-bf16" if has_bf16() else "openvino-f32"  # of two forms the ONNX file; of a zip its only one
    asked = AskedAccuracy(
        model=name, runtime=as_it_runs, size=max(card.input_wh), threshold=card.threshold, data=data, limit=limit
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
