"""`plumewatch models`: what is said when the question is wrong."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from plumewatch.commands.models import models_export
from plumewatch.failures import UsageError


def plumewatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plumewatch", "models", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("export", "nowhere.pt", "--out", "x.onnx"), "'nowhere.pt' does not exist"),
        (("promote", "emissions-n", "--results", "nowhere.json"), "'nowhere.json' does not exist"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_exit_2(arguments: tuple[str, ...], sentence: str) -> None:
    """The file is named, there is no traceback, and nothing is written."""
    done = plumewatch(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra is installed")
def test_without_the_extra_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    """Training needs torch, which a worker does without."""
    with pytest.raises(UsageError, match=r"pip install 'plumewatch\[train\]'"):
        models_export(tmp_path / "a.pt", out=tmp_path / "a.onnx")
