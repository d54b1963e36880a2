"""The speed benchmark."""

import json
from pathlib import Path

import pytest

from benchmarks.speed import main, run
from models.registry import Registry


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One result for each run-time and batch size, with the facts of model and machine, as table and as JSON."""
    file = tmp_path / "speed.json"
    assert (
        main(["--runtime", "onnxruntime", "openvino", "--batch", "1", "2", "--rounds", "1", "--json", str(file)]) == 0
    )
    report = json.loads(file.read_text(encoding="utf-8"))
    assert [(each["runtime"], each["batch"]) for each in report["results"]] == [
        ("onnxruntime", 1),
        ("openvino", 1),
        ("onnxruntime", 2),
        ("openvino", 2),
    ]
    assert report["weights_sha256"] == Registry.load().model().card.weights_sha256
    assert report["input_wh"] == [640, 384]
    for each in report["results"]:
        assert each["images_per_s"] == pytest.approx(each["batch"] / each["latency_ms"] * 1000, rel=0.01)
    shown = capsys.readouterr().out
    assert all(f"{each['latency_ms']:.1f}" in shown for each in report["results"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nessie"], "no model 'nessie'"),
        (["--runtime", "abacus"], "no runtime 'abacus'"),
        (["--rounds", "0"], "must be positive"),
    ],
)
def test_wrong_option(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option is one sentence and exit status 2."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_threads() -> None:
    """The number of threads is what was asked for."""
    assert run(runtimes=["openvino"], batches=[1], rounds=1, threads=1).threads == 1
