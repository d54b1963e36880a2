"""Quantisation and its report."""

import hashlib
import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import openvino
import pytest
from typer.testing import CliRunner

from benchmarks import int8
from benchmarks.accuracy.looks import named
from benchmarks.errors import BenchmarkError
from benchmarks.int8 import run
from models.described import Described
from models.quantise import Image, Quantised, _zipped
from models.registry import RegisteredModel, Registry
from plumewatch.cli import app
from tests.benchmarks.pictures import small_set
from tests.models.forms import one_form_table, one_form_text


def not_at_all(model: RegisteredModel, pictures: Sequence[Image], out: Path) -> Quantised:
    """Write the network as it is: what quantisation is when it changes nothing."""
    said = Described(model.card.class_names, model.head, model.nms_iou)
    content = _zipped(openvino.Core().read_model(model=model.weights.read_bytes()), said)
    out.write_bytes(content)
    return Quantised(out, hashlib.sha256(content).hexdigest(), len(pictures))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Nine pictures without labels."""
    dice = np.random.default_rng(1)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(9):
        coarse = dice.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        assert cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(coarse, (160, 120)))
    return folder


def test_report(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report tells what was calibrated on and compared, in print, as JSON and as text beside the network."""
    monkeypatch.setattr(int8, "quantise", not_at_all)
    options = ["models", "quantise", "emissions-n", "--images", str(plain), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*options, "--limit", "3"])
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "out" / "emissions-n-int8.json").read_text(encoding="utf-8"))
    assert (
        told["quantised"]["sha256"]
        == hashlib.sha256((tmp_path / "out" / "emissions-n-int8.zip").read_bytes()).hexdigest()
    )
    assert (told["quantised"]["images"], told["exact"]["images"], told["accuracy"]) == (3, 3, {})
    assert told["shipped"]["lost"] == 0
    assert (tmp_path / "out" / "emissions-n-int8.txt").read_text(encoding="utf-8") == result.stdout


def test_a_candidate_is_quantised_before_it_is_registered(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is named in place of a model; a folder without a candidate is told."""
    monkeypatch.setattr(int8, "quantise", not_at_all)
    folder = tmp_path / "next"
    folder.mkdir()
    with pytest.raises(BenchmarkError, match=r"candidate\.toml"):
        run(str(folder), tmp_path / "out", images=plain)
    registered = Registry.load().model("emissions-n")
    table = one_form_table("emissions-n") | {"version": "9.9.9"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (folder / "candidate.toml").write_text("\n".join(["[models.emissions-n]", *lines]), encoding="utf-8")
    (folder / table["weights"]).symlink_to(registered.weights)
    report = run(str(folder), tmp_path / "out", images=plain, limit=2)
    assert (report.model, report.quantised.path) == ("emissions-n", tmp_path / "out" / "emissions-n-int8.zip")


def test_it_is_added_as_the_second_form(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With --add the zip stands beside the ONNX file, and table and card name it: of a registered model in the registry,
    of a candidate in its folder. Once more replaces it; progress is told while it compares.
    """
    monkeypatch.setattr(int8, "quantise", not_at_all)
    file = tmp_path / "registry.toml"
    file.write_text(one_form_text(), encoding="utf-8")
    (tmp_path / "weights").mkdir()
    shipped = Registry.load().model("emissions-n")
    shutil.copyfile(shipped.weights, tmp_path / "weights" / shipped.weights.name)
    written = shipped.document.read_text(encoding="utf-8").partition("\n## INT8 form")[0]
    (tmp_path / "weights" / shipped.document.name).write_text(written, encoding="utf-8")
    options = ["models", "quantise", "emissions-n", "--images", str(plain), "--limit", "3", "--registry", str(file)]
    asked = CliRunner().invoke(app, options)
    assert "--out, or --add" in str(asked.exception)
    for _ in range(2):
        done = CliRunner().invoke(app, [*options, "--add"])
        assert done.exit_code == 0, done.output
        model = Registry.load(file).verify("emissions-n")
        assert model.int8 is not None
        assert model.int8.path == tmp_path / "weights" / "emissions-n-int8.zip"
    assert "INT8 and f32: 3 of 3 pictures" in done.stderr
    card = model.document.read_text(encoding="utf-8")
    assert card.startswith(written.rstrip("\n"))
    assert (card.count("## INT8 form"), card.count(model.int8.sha256)) == (1, 1)
    before, after = (tomllib.loads(text) for text in (one_form_text(), file.read_text(encoding="utf-8")))
    assert after["models"]["emissions-n"].pop("int8")["weights"] == "emissions-n-int8.zip"
    assert after == before


def test_a_candidate_gets_its_second_form(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own table names the zip; the report goes to --out where that is given."""
    monkeypatch.setattr(int8, "quantise", not_at_all)
    folder = tmp_path / "next"
    folder.mkdir()
    shipped = Registry.load().model("emissions-n")
    table = one_form_table("emissions-n")
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (folder / "candidate.toml").write_text("\n".join(["[models.emissions-n]", *lines]), encoding="utf-8")
    shutil.copyfile(shipped.weights, folder / table["weights"])
    made = run(str(folder), tmp_path / "out", images=plain, limit=2, add=True).quantised
    onnx, second = named(str(folder), Registry.load()).forms
    assert (second.weights, second.card.weights_sha256) == (folder / "emissions-n-int8.zip", made.sha256)
    assert (onnx.read(), second.read()) == (shipped.read(), made.path.read_bytes())
    assert not (folder / "emissions-n-int8.json").exists()


def test_accuracy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With labelled pictures accuracy is measured before and after; a network left as it is has the same headlines."""
    monkeypatch.setattr(int8, "quantise", not_at_all)
    report = run("emissions-n", tmp_path / "out", data=small_set(tmp_path / "data"), limit=5)
    assert (report.quantised.images, report.exact.images) == (1, 5)
    assert "map50" in report.accuracy
    assert all(before == after for before, after in report.accuracy.values())
    assert report.accuracy_table in report.text()


def test_pictures_are_not_used_twice(plain: Path) -> None:
    """What the network was calibrated on is not what it is compared on."""
    calibration, others = int8._pictures(plain, None, 4)
    assert (len(calibration), len(others)) == (4, 4)
    assert not {image.tobytes() for image in calibration} & {image.tobytes() for image in others}


@pytest.mark.parametrize("both", [False, True])
def test_one_source(plain: Path, tmp_path: Path, both: bool) -> None:
    """Pictures come from one source: none or two is a mistake."""
    given = plain if both else None
    with pytest.raises(BenchmarkError, match="either --images or --data"):
        run("emissions-n", tmp_path, images=given, data=given)
