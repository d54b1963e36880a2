"""The documented commands on a drawn data set: from pictures to a model that the registry runs."""

import hashlib
import json
import shutil
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")
if find_spec("ultralytics") is None:  # not imported here: its guards must be set first
    pytest.skip("needs the extra train", allow_module_level=True)
pytest.importorskip("onnx")

from models.registry import Registry
from models.runtime.choice import open_detector
from models.training import weights
from models.training.candidate import find_recipe, make
from models.training.pictures import sight
from models.training.pictures.corpus import Sources
from models.training.pictures.dataset import CLASS_NAMES, read_folder
from models.training.pictures.repair import read_sightings
from models.training.recipe import Recipe, RecipeError, Repair
from models.training.train import RunOptions
from plumewatch.cli import app
from tests.models.training.drawn import draw

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]

RECIPE = """
name = "tiny"
architecture = "yolov8n.yaml"
width = 0.0625
initial = "random"
budget_s = 3.0
batch = 4
side_px = 64
optimiser = "adamw"

[synthesis]
slots = 4
"""


def run(*arguments: object) -> str:
    """Run `plumewatch` in this process and return what it printed; it must exit with 0."""
    done = CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_train_export_and_promote_on_a_tiny_set(tmp_path: Path) -> None:
    """A tar of pictures becomes weights with record and card; they register, verify and detect; a run resumes."""
    pictures, data = draw(tmp_path / "pictures"), tmp_path / "data"
    data.mkdir()
    with tarfile.open(data / "part.tar", "w") as tar:
        for split in ("train", "val"):
            tar.add(pictures / split, arcname=split)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    assert "validation mAP50" in run("models", "train", recipe, "--data", data, "--out", tmp_path, "--threads", 1)
    folder = tmp_path / "tiny"
    record = json.loads((folder / "tiny.run.json").read_text(encoding="utf-8"))
    assert record["data_sha256"]
    assert record["curve"][-1]["step"] >= 1
    assert "| threshold |" in (folder / "tiny.md").read_text(encoding="utf-8")

    again = run("models", "export", folder / "released.pt", "--out", tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (folder / "tiny.onnx").read_bytes()
    assert "smoke, fire" in again

    registry = tmp_path / "registry" / "registry.toml"
    (registry.parent / "weights").mkdir(parents=True)
    for name in ("tiny.onnx", "tiny.md"):
        shutil.copyfile(folder / name, registry.parent / "weights" / name)
    registry.write_text('default = "tiny"\n\n' + (folder / "candidate.toml").read_text(encoding="utf-8"), "utf-8")
    detector = open_detector(Registry.load(registry).model("tiny"), "onnxruntime", threshold=0.01)
    (found,) = detector.detect([np.zeros((64, 96, 3), np.uint8)])
    assert set(found.class_id.tolist()) <= {0, 1}

    before = shutil.copytree(folder, tmp_path / "before")
    steps, longer = record["curve"][-1]["step"], record["curve"][-1]["elapsed_s"] + 3
    options = ("--data", data, "--out", tmp_path, "--threads", 1, "--budget", longer, "--resume", "--release", "0.2.0")
    run("models", "train", recipe, *options)
    resumed = json.loads((folder / "tiny.run.json").read_text(encoding="utf-8"))["curve"]
    assert resumed[0]["step"] == steps
    assert resumed[-1]["step"] > steps

    results = [tmp_path / f"{name}.json" for name in ("before", "after")]
    for made, result in zip((before, folder), results, strict=True):
        run("bench", "accuracy", "--model", made, "--data", pictures, "--runtime", "onnxruntime", "--json", result)
    run("bench", "compare", *results)
    because = ("--reason", "it is the later one", "--registry", registry)
    run("models", "promote", folder, "--results", results[1], "--against", results[0], *because)
    assert Registry.load(registry).verify("tiny").card.weights_sha256 == _sha256(folder / "tiny.onnx")


def test_speed_and_quantisation_on_a_tiny_set(tmp_path: Path) -> None:
    """A network is quantised on drawn pictures and timed beside its source; the report and the figures are written."""
    pytest.importorskip("nncf")
    pictures = draw(tmp_path / "pictures") / "train" / "images"
    run("models", "quantise", "emissions-n", "--images", pictures, "--limit", 4, "--out", tmp_path / "int8")
    assert any((tmp_path / "int8").glob("*.json"))
    timing = ("--batch", 1, "--picture", "96x64", "--rounds", 1, "--runtime", "onnxruntime")
    run("bench", "speed", "--model", "emissions-n", *timing, "--json", tmp_path / "speed.json")
    assert json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))


def test_a_teacher_repairs_in_the_same_command(tmp_path: Path) -> None:
    """Without sightings the command asks the teacher about partly labelled sources, and only about those."""
    data = draw(tmp_path / "data")
    for part in ("images", "labels"):
        for path in (data / "train" / part).glob("scene_1.*"):
            path.rename(path.with_name(path.name.replace("scene", "partly")))
    teacher = tmp_path / "teacher.pt"
    model = weights.build("yolov8n.yaml", CLASS_NAMES, width=0.0625)
    weights.save(model, teacher, {})
    recipe = Recipe(
        "tiny", "yolov8n.yaml", width=0.0625, initial="load", budget_s=1.0, batch=4, side_px=64, optimiser="adamw",
        repair=Repair(groups=("partly",)), held=(),
    )  # fmt: skip
    made = make(recipe, RunOptions(Sources(data), tmp_path / "out", initial=teacher), version="0.0.1")
    assert list(read_sightings(made.folder / "sightings.jsonl")) == ["partly_1"]
    sight.write_sightings(teacher, read_folder(data)[:2], made.folder / "sightings.jsonl", side_px=64)
    assert list(read_sightings(made.folder / "sightings.jsonl")) == ["partly_1", "scene_2"]


def test_missing_pieces_are_named(tmp_path: Path) -> None:
    """No such recipe, no starting weights: one sentence each."""
    with pytest.raises(RecipeError, match="emissions-n-cpu"):
        find_recipe("nope")
    recipe = Recipe.read(find_recipe("emissions-n"))
    with pytest.raises(RecipeError, match="starts from other weights"):
        make(recipe, RunOptions(Sources(tmp_path), tmp_path), version="0.0.1")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
