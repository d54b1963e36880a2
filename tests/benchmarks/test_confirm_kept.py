"""What is kept of a fit, and to which other weights it is carried."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.confirm.__main__ import main
from benchmarks.confirm.kept import carry, keep
from benchmarks.errors import BenchmarkError
from models.registry import RegisteredModel, Registry, WeightsFile
from vision.confirm.classifier import TrackClassifier
from vision.confirm.features import FEATURES

SHIPPED = Registry.load().model("emissions-n")
ONNX, INT8 = SHIPPED.card.weights_sha256, "8" * 64
MODEL: RegisteredModel = replace(SHIPPED, int8=WeightsFile(Path("n.zip"), INT8))


def fitted(version: str) -> dict[str, object]:
    return {"features": list(FEATURES), "version": version, "threshold": 0.6, "classes": {}}


def kept(path: Path, version: str, *, may_ship: bool = True) -> list[str]:
    """Keep a fit of the ONNX file; return what was said."""
    said: list[str] = []
    keep("emissions-n", ONNX, fitted(version) if may_ship else None, version=version, say=said.append, path=path)
    return said


def version_of(path: Path, sha256: str) -> str | None:
    belief = TrackClassifier.of(sha256, path)
    return None if belief is None else belief.version


def test_what_may_not_ship_leaves_no_file(tmp_path: Path) -> None:
    """Nothing kept, nothing written."""
    path = tmp_path / "classifier.json"
    kept(path, "one", may_ship=False)
    assert not path.exists()


def test_a_fit_is_carried_to_the_int8_form(tmp_path: Path) -> None:
    """The INT8 form is judged by what was fitted on the ONNX file, and the entry says from where it is."""
    path = tmp_path / "classifier.json"
    kept(path, "one")
    assert version_of(path, INT8) is None
    assert carry(MODEL, path) == ("one", (INT8,))
    assert version_of(path, INT8) == "one"
    entry = json.loads(path.read_text(encoding="utf-8"))["models"][INT8]
    assert entry == {"model": "emissions-n", "carried_from": ONNX, "version": "one"}
    assert carry(MODEL, path) == ("one", (INT8,))


def test_another_fit_is_not_carried_by_itself(tmp_path: Path) -> None:
    """That one judged the other form well says nothing of the next."""
    path = tmp_path / "classifier.json"
    kept(path, "one")
    carry(MODEL, path)
    assert kept(path, "one") == []
    assert version_of(path, INT8) == "one"
    told = f"emissions-n: belief is no longer carried to weights {INT8[:12]}: score them, then carry it anew"
    assert kept(path, "two") == [told]
    assert (version_of(path, ONNX), version_of(path, INT8)) == ("two", None)


def test_a_fit_of_its_own_takes_the_place_of_a_carried_one(tmp_path: Path) -> None:
    """The form may be fitted itself; then nothing is carried to it."""
    path = tmp_path / "classifier.json"
    kept(path, "one")
    carry(MODEL, path)
    keep("emissions-n", INT8, fitted("own"), version="own", say=pytest.fail, path=path)
    assert (version_of(path, ONNX), version_of(path, INT8)) == ("one", "own")
    with pytest.raises(BenchmarkError, match=r"each form of emissions-n 0\.1\.0 has a belief of its own"):
        carry(MODEL, path)


def test_a_fit_is_carried_to_a_model_made_to_answer_alike(tmp_path: Path) -> None:
    """Both forms of the new one are judged by what was fitted on the old one's ONNX file, which stays."""
    path, new = tmp_path / "classifier.json", replace(SHIPPED.card, weights_sha256="9" * 64, version="0.2.0")
    kept(path, "one")
    successor = replace(MODEL, card=new)
    assert carry(successor, path, source=MODEL) == ("one", ("9" * 64, INT8))
    assert [version_of(path, sha256) for sha256 in (ONNX, "9" * 64, INT8)] == ["one"] * 3
    with pytest.raises(BenchmarkError, match=r"no belief is fitted for emissions-n 0\.2\.0"):
        carry(successor, path)
    keep("emissions-n", "9" * 64, fitted("own"), version="own", say=pytest.fail, path=path)
    assert carry(successor, path, source=MODEL) == ("one", (INT8,))
    assert carry(successor, path) == ("own", (INT8,))
    assert version_of(path, INT8) == "own"


def test_a_fit_of_the_int8_form_is_carried_to_the_onnx_file(tmp_path: Path) -> None:
    """Whichever form was fitted judges the other."""
    path = tmp_path / "classifier.json"
    keep("emissions-n", INT8, fitted("one"), version="one", say=pytest.fail, path=path)
    assert carry(MODEL, path) == ("one", (ONNX,))
    assert version_of(path, ONNX) == "one"


def test_what_cannot_be_carried(tmp_path: Path) -> None:
    """A model that nothing was fitted for, and one of one form that has a fit, are refused by name."""
    path = tmp_path / "classifier.json"
    with pytest.raises(BenchmarkError, match=r"no belief is fitted for emissions-n 0\.1\.0"):
        carry(replace(SHIPPED, int8=None), path)
    with pytest.raises(BenchmarkError, match=r"no belief is fitted for emissions-n 0\.1\.0"):
        carry(MODEL, path)
    kept(path, "one")
    with pytest.raises(BenchmarkError, match=r"each form of emissions-n 0\.1\.0 has a belief of its own"):
        carry(replace(SHIPPED, int8=None), path)


def test_the_command_asks_which_model(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What was measured is named; nothing is carried for all."""
    monkeypatch.setattr("sys.argv", ["benchmarks.confirm", "carry"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--model is needed" in capsys.readouterr().err
