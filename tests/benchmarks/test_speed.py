"""The speed benchmark."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import speed
from benchmarks.errors import BenchmarkError
from benchmarks.speed import Asked, Checkpoint, SpeedReport, run
from benchmarks.speed_report import speed_html
from models.detector import ModelError, Runtime
from models.registry import Registry
from models.runtime.choice import runtimes_of
from plumewatch.cli import app
from tests.models.forms import one_form_table, two_forms, write_zip

QUICK = Asked(model="emissions-n", runtimes=("openvino",), batches=(1,), pictures_wh=((320, 180),), rounds=1, threads=1)


def _ultralytics(device: str) -> speed._Subject:
    """Return something quick by the name of ultralytics that says it computes on `device` with five threads."""
    runtime = Runtime("ultralytics", "8", device, "f32")
    return speed._Subject(speed.ULTRALYTICS, "a" * 64, runtime, 0.0, lambda _: time.sleep(0.001), lambda: 5)


@pytest.fixture(scope="module")
def report() -> SpeedReport:
    """Two run-times, two batch sizes, two picture sizes."""
    sizes = ((640, 360), (416, 234))
    return run(replace(QUICK, runtimes=("onnxruntime", "openvino"), batches=(1, 2), pictures_wh=sizes, rounds=2))


def test_results(report: SpeedReport) -> None:
    """There is one result for each picture size, batch size and run-time, and its figures fit each other."""
    assert [(each.picture_wh, each.batch, each.runtime) for each in report.results] == [
        (size, batch, name)
        for size in ((640, 360), (416, 234))
        for batch in (1, 2)
        for name in ("onnxruntime", "openvino")
    ]
    for each in report.results:
        assert each.images_per_s == pytest.approx(each.batch / each.median_ms * 1000, rel=0.01)
        assert each.p99_ms >= each.median_ms > 0
        assert each.cpu_ms > 0
        assert each.ratio is None


def test_both_forms_in_one_run(tmp_path: Path) -> None:
    """A candidate in two forms has a row for each, which names its own file; the other run-times are beside them."""
    model = two_forms(tmp_path)
    table = one_form_table("emissions-n")
    assert model.int8 is not None
    table |= {"weights": str(model.weights)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    lines += ["[models.n.int8]", f'weights = "{model.int8.path.name}"', f'sha256 = "{model.int8.sha256}"']
    (tmp_path / "candidate.toml").write_text("\n".join(["[models.n]", *lines]), encoding="utf-8")
    measured = run(replace(QUICK, model=str(tmp_path), runtimes=()))
    ran = {each.runtime: each.weights_sha256 for each in measured.results}
    assert tuple(ran) == runtimes_of(model)
    assert (ran["openvino-f32"], ran["openvino-int8"]) == (model.card.weights_sha256, model.int8.sha256)


def test_a_zip_is_run_by_what_can_run_it(tmp_path: Path) -> None:
    """Where no run-time is named, ONNX Runtime is not tried on OpenVINO's own format."""
    made = write_zip(tmp_path / "n.zip")
    [row] = run(replace(QUICK, model=str(made.path), runtimes=(), size=416)).results
    assert (row.runtime, row.engine, row.weights_sha256) == ("openvino-int8", "openvino", made.sha256)


def test_facts(report: SpeedReport) -> None:
    """The report names the weights by hash, the size the network ran at, the threads and the machine."""
    assert report.weights_sha256 == Registry.load().model("emissions-n").card.weights_sha256
    assert (report.long_side_px, report.threads, report.rounds) == (416, 1, 2)
    assert report.machine.cores > 0
    assert json.loads(report.as_json())["machine"]["processor"] == report.machine.processor
    shown = report.table()
    assert report.machine.processor in shown
    assert all(f"{each.median_ms:.1f}" in shown for each in report.results)


def test_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio is against what ultralytics took for the same pictures in the same run; its own is 1."""
    used = Checkpoint("any.pt", "a" * 64)
    monkeypatch.setattr(speed, "_theirs", lambda *_: (_ultralytics("CPU"), used))
    measured = run(replace(QUICK, rounds=3, checkpoint=Path("any.pt")))
    ours, reference = measured.results
    assert reference.ratio == 1
    assert ours.ratio == pytest.approx(reference.median_ms / ours.median_ms, abs=0.01)
    assert (ours.threads, reference.threads) == (1, 5)
    assert measured.ultralytics == used
    assert "a" * 16 in speed_html(measured)


def test_no_ratio_between_a_processor_and_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU against ultralytics on a CPU is no ratio; which device each ran on stands in table and page."""
    theirs = _ultralytics("CUDA")
    monkeypatch.setattr(speed, "_theirs", lambda *_: (theirs, Checkpoint("any.pt", "a" * 64)))
    measured = run(replace(QUICK, checkpoint=Path("any.pt")))
    ours, reference = measured.results
    assert (ours.ratio, reference.ratio) == (None, 1)
    assert ours.device.startswith("CPU")
    assert all(each.device in measured.table() and each.device in speed_html(measured) for each in measured.results)


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (replace(QUICK, model="nessie"), ModelError, "no model 'nessie'"),
        (replace(QUICK, runtimes=("abacus",)), ModelError, "no runtime 'abacus'"),
        (replace(QUICK, rounds=0), BenchmarkError, "must be positive"),
        (replace(QUICK, size=100), BenchmarkError, "multiple of 32"),
    ],
)
def test_wrong(asked: Asked, error: type[Exception], message: str) -> None:
    """What cannot be measured is refused in one sentence."""
    with pytest.raises(error, match=message):
        run(asked)


def test_command(tmp_path: Path) -> None:
    """`plumewatch bench speed` prints the table and writes the report."""
    file, page = tmp_path / "speed.json", tmp_path / "speed.html"
    options = ["--model", "emissions-n", "--runtime", "openvino", "--batch", "2", "--picture", "320x180"]
    result = CliRunner().invoke(
        app, ["bench", "speed", *options, "--rounds", "1", "--json", str(file), "--html", str(page)]
    )
    assert result.exit_code == 0, result.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    [row] = json.loads(file.read_text(encoding="utf-8"))["results"]
    assert (row["picture_wh"], row["batch"]) == ([320, 180], 2)
    assert f"{row['median_ms']:.1f}" in result.output


def test_page(report: SpeedReport) -> None:
    """The page has a plot for each picture and batch size, and a row for each figure; names are escaped."""
    page = speed_html(replace(report, model="<m>"))
    assert page.count("<svg") == 4
    assert page.count("<tr>") == 1 + len(report.results)
    assert "&lt;m&gt;" in page
    assert "<m>" not in page


def test_command_refuses_an_odd_size() -> None:
    """A picture size that is none is a mistake of the caller."""
    result = CliRunner().invoke(app, ["bench", "speed", "--picture", "big"])
    assert result.exit_code != 0
    assert "WxH" in str(result.exception)
