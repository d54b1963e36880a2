"""A whole run with the shipped model: on drawn pictures, and as a command."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.accuracy.looks import registered
from benchmarks.accuracy.result import read_result
from benchmarks.accuracy.run import Asked, run
from benchmarks.accuracy.text import accuracy_text
from benchmarks.errors import BenchmarkError
from models.detector import ModelError
from models.registry import Registry
from models.runtime.choice import open_detector
from tests.benchmarks.pictures import add, small_set


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``plumewatch bench accuracy`` in a process of its own."""
    command = [sys.executable, "-m", "plumewatch", "bench", "accuracy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled pictures."""
    folder = tmp_path_factory.mktemp("accuracy")
    small_set(folder / "set")
    return folder


def test_two_runs_give_the_same_bytes_but_for_the_time_they_took(material: Path) -> None:
    """Same weights, same pictures: the same file, whether somebody watches the progress or not."""
    asked = Asked(model="emissions-n", data=material / "set")
    watched = StringIO()
    first = run(asked, console=Console(file=watched, force_terminal=True)).result
    second = run(asked).result

    assert first.model_dump(exclude={"timings"}) == second.model_dump(exclude={"timings"})
    assert "pictures" in watched.getvalue()
    assert "100 %" in watched.getvalue()
    assert first.images is not None
    assert (first.images.data.images, first.images.data.negatives) == (5, 3)
    assert first.images.data.boxes == {"smoke": 1, "fire": 1}
    assert first.sequences == []
    assert first.model.weights_sha256 == open_detector(Registry.load().model("emissions-n")).card.weights_sha256


def test_the_command_writes_result_and_report_and_holds_to_a_baseline(material: Path, tmp_path: Path) -> None:
    """Against itself nothing is worse; against a better baseline the command ends with 1 and says what."""
    file, page = tmp_path / "a.json", tmp_path / "a.html"
    data = ("--model", "emissions-n", "--data", str(material / "set"))

    made = bench(*data, "--json", str(file), "--html", str(page))
    assert (made.returncode, made.stderr) == (0, "")
    assert "mAP50" in made.stdout
    result = read_result(file)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")

    again = bench(*data, "--baseline", str(file))
    assert again.returncode == 0, again.stdout
    content = json.loads(file.read_text())
    content["images"]["image_recall"] |= {"hits": 2, "value": 1.0, "low": 0.99, "high": 1.0}
    file.write_text(json.dumps(content))
    assert result.images is not None
    assert result.images.image_recall.value != 1.0, "the drawn pictures show no smoke"
    worse = bench(*data, "--baseline", str(file))
    assert worse.returncode == 1
    assert "worse than" in worse.stdout
    assert "image_recall" in worse.stdout


def test_a_baseline_of_other_material_is_refused_before_anything_is_measured(material: Path, tmp_path: Path) -> None:
    """Other pictures; the model is not even opened, for its run-time is none."""
    add(tmp_path, "val", "web_1", "0 0.5 0.5 0.5 0.5\n", 1)
    of_one = run(Asked(model="emissions-n", data=tmp_path)).result
    with pytest.raises(BenchmarkError, match="measured on other pictures or clips"):
        run(Asked(model="emissions-n", runtime="abacus", data=material / "set"), baseline=of_one)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Asked(), "nothing to measure"),
        (Asked(data=Path("absent")), "absent: no such folder"),
        (Asked(model="nope", data=Path()), "no model 'nope' is registered"),
        (Asked(model="nope.onnx", data=Path()), "nope.onnx: No such file"),
        (Asked(size=100, data=Path()), "multiple of 32"),
    ],
)
def test_a_wrong_question_gets_one_sentence(asked: Asked, sentence: str) -> None:
    """Each fault is told before anything is measured."""
    with pytest.raises((BenchmarkError, ModelError), match=sentence) as told:
        run(asked)
    assert "\n" not in str(told.value)


def test_the_command_tells_a_fault_without_a_traceback(material: Path) -> None:
    """Exit code 2 and one line for a folder without pictures, a run-time and a baseline that are not there."""
    data = str(material / "set")
    for arguments, sentence in (
        (("--data", str(material)), "expected train/images"),
        (("--data", data, "--runtime", "abacus"), "abacus"),
        (("--data", data, "--baseline", str(material / "none.json")), "none.json: No such file"),
    ):
        answer = bench(*arguments)

        assert answer.returncode == 2, answer.stderr
        assert sentence in answer.stderr
        assert answer.stderr.count("\n") == 1


def test_a_file_is_measured_like_the_default_model() -> None:
    """An ONNX file has its own name and hash; head, classes and threshold are the default model's."""
    weights = Registry.load().model("emissions-n").weights
    model, like = registered(str(weights), size=320, threshold=0.4), Registry.load().model()

    assert (model.card.name, model.card.weights_sha256) == (
        weights.stem,
        Registry.load().verify("emissions-n").card.weights_sha256,
    )
    assert (max(model.card.input_wh), model.card.threshold, model.head) == (320, 0.4, like.head)


def candidate(folder: Path) -> Path:
    """Write the folder of a candidate with the weights of `emissions-n`; return it."""
    known = Registry.load().model("emissions-n")
    (folder / "new.onnx").write_bytes(known.weights.read_bytes())
    (folder / "candidate.toml").write_text(
        f"""[models.new]
version = "2.0.0"
weights = "new.onnx"
sha256 = "{known.card.weights_sha256}"
format = "onnx-fp16"
document = "new.md"
classes = ["smoke", "fire"]
head = "v8"
long_side_px = 512
threshold = 0.31
nms_iou = 0.5
licence = "AGPL-3.0-or-later"
made = "in a test"
"""
    )
    return folder


def test_a_model_is_measured_on_what_its_run_kept_back(tmp_path: Path) -> None:
    """By the record beside its weights; another model too, if that run is named; an old record names nothing."""
    new, data, old = tmp_path / "new", tmp_path / "data", tmp_path / "old.run.json"
    new.mkdir()
    for number in range(4):
        add(data, ".", f"web_{number}", "0 0.5 0.5 0.5 0.5\n", number)
    record = json.dumps({"data": {"kept_back": {"val": ["web_1", "web_3"], "held": []}}})
    for name in ("run.json", "new.run.json"):
        (candidate(new) / name).write_text(record, encoding="utf-8")
    old.write_text('{"data": {}}', encoding="utf-8")

    own = run(Asked(model=str(new), data=data)).result
    others = run(Asked(model="emissions-n", data=data, kept_back=new)).result
    whole = run(Asked(model=str(new), data=data, unseen=True)).result

    assert own.images is not None
    assert others.images is not None
    assert whole.images is not None
    assert (own.images.data.images, whole.images.data.images) == (2, 4)
    assert own.images.data.sha256 == others.images.data.sha256
    assert "2 that the run kept back" in accuracy_text(own)
    assert "4, all of the folder" in accuracy_text(whole)
    with pytest.raises(BenchmarkError, match="too old to name what the run kept back"):
        run(Asked(model="emissions-n", data=data, kept_back=old))


def test_a_candidate_is_measured_as_its_table_says(tmp_path: Path) -> None:
    """The folder that training made holds the table that promotion registers: size, threshold and NMS are those."""
    model = registered(str(candidate(tmp_path)))

    assert (model.card.name, model.card.version, model.weights) == ("new", "2.0.0", tmp_path / "new.onnx")
    assert (max(model.card.input_wh), model.card.threshold, model.nms_iou) == (512, 0.31, 0.5)
    with pytest.raises(BenchmarkError, match="No such file"):
        registered(str(tmp_path.parent))
