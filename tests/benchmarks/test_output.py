"""Where results go is examined before anything is measured."""

import os
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from benchmarks import health, opacity, patrol, soak
from benchmarks.capacity import __main__ as capacity
from benchmarks.errors import BenchmarkError
from benchmarks.int8 import run as quantise
from benchmarks.output import writable
from benchmarks.power_cuts import __main__ as power_cuts
from benchmarks.retrieval import __main__ as retrieval
from plumewatch.cli import app


def test_writable(tmp_path: Path) -> None:
    """A new file in a folder and a file that is there can be written; nothing is made, nothing overwritten."""
    there = tmp_path / "there.json"
    there.write_text("kept", encoding="utf-8")
    assert writable(tmp_path / "new.json") == tmp_path / "new.json"
    assert writable(there).read_text(encoding="utf-8") == "kept"
    assert os.listdir(tmp_path) == ["there.json"]  # noqa: PTH208 - names only
    assert writable(Path("new.json")) == Path("new.json")


def test_unwritable(tmp_path: Path) -> None:
    """A folder that is not there, a folder for a file, and a file for a folder are each told in a sentence."""
    with pytest.raises(BenchmarkError, match=r"there is no folder .*/results to write it to"):
        writable(tmp_path / "results" / "new.json")
    with pytest.raises(BenchmarkError, match="a folder, expected a file"):
        writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BenchmarkError, match="there is no folder"):
        writable(tmp_path / "file" / "new.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_forbidden(tmp_path: Path) -> None:
    """A folder and a file without permission are told."""
    (tmp_path / "kept.json").touch(mode=0o400)
    with pytest.raises(BenchmarkError, match="no permission"):
        writable(tmp_path / "kept.json")
    tmp_path.chmod(0o500)
    with pytest.raises(BenchmarkError, match="no permission"):
        writable(tmp_path / "new.json")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("option", ["--json", "--html"])
@pytest.mark.parametrize(
    "command",
    [("accuracy", "--data", "nowhere"), ("scenes", "nessie"), ("speed", "--model", "nessie"), ("capacity",)],
    ids=lambda command: command[0],
)
def test_commands(tmp_path: Path, command: tuple[str, ...], option: str) -> None:
    """Every `plumewatch bench` refuses before it looks at what it is to measure, which is not there either."""
    missing = tmp_path / "results" / "new.json"
    done = CliRunner().invoke(app, ["bench", *command, option, str(missing)])
    assert isinstance(done.exception, BenchmarkError)
    assert f"there is no folder {missing.parent}" in str(done.exception)


@pytest.mark.parametrize(
    "module",
    [health, opacity, patrol, soak, capacity, power_cuts, retrieval],
    ids=lambda module: module.__name__,
)
def test_modules(
    tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every benchmark that is a module refuses while it reads its options: exit 2, the folder named."""
    missing = tmp_path / "results" / "new.json"
    monkeypatch.setattr("sys.argv", ["benchmark", "--json", str(missing)])
    with pytest.raises(SystemExit, match="2"):
        module.main()
    assert f"there is no folder {missing.parent}" in capsys.readouterr().err


def test_quantise(tmp_path: Path) -> None:
    """`plumewatch models quantise` refuses a report that cannot be written before it reads a picture."""
    (tmp_path / "emissions-n-int8.txt").mkdir()
    with pytest.raises(BenchmarkError, match="a folder, expected a file"):
        quantise("emissions-n", tmp_path, images=tmp_path / "nowhere")
