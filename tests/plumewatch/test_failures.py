"""Faults of usage: which of them are told in a sentence."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from plumewatch.failures import TOLD, sentence_for
from tests.disk import fill, small_disk


def test_a_fault_of_ours_is_not_told() -> None:
    """Neither a fault that nobody foresaw nor one of the machine that names no file has a sentence."""
    assert sentence_for(ValueError("what we did not think of")) is None
    assert sentence_for(OSError(5, "Input/output error")) is None


def test_a_file_is_named() -> None:
    """What the machine says of a file is told with the file."""
    assert (
        sentence_for(FileNotFoundError(2, "No such file or directory", "a.mp4")) == "a.mp4: No such file or directory"
    )


@pytest.mark.parametrize(("module", "name"), TOLD.items())
def test_a_fault_that_the_user_can_mend_is_told(module: str, name: str) -> None:
    """Every fault of the table is there, and its message is the sentence."""
    fault = getattr(importlib.import_module(module), name)
    assert issubclass(fault, Exception)
    assert sentence_for(fault("what to mend")) == "what to mend"


@pytest.mark.parametrize(
    ("command", "spared"),
    [
        (["models", "list"], {"av", "onnxruntime", "openvino", "sqlalchemy"}),
        (["rules", "list"], {"av", "onnxruntime", "openvino", "sqlalchemy"}),
        (["verify", "absent.tar"], {"av", "cv2", "onnxruntime", "openvino", "sqlalchemy"}),
        (["worker-key", "w1"], {"av", "cv2", "onnxruntime", "openvino"}),
    ],
)
def test_a_command_imports_what_it_needs(tmp_path: Path, command: list[str], spared: set[str]) -> None:
    """A command that looks something up does not first wait for the libraries of those that run a model."""
    arguments = [sys.executable, "-X", "importtime", "-m", "plumewatch", *command]
    told = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120).stderr
    assert "import time:" in told
    assert spared & {line.rpartition("|")[2].strip() for line in told.splitlines()} == set()


def test_a_full_disk_is_told_with_its_path_and_its_room(tmp_path: Path) -> None:
    """A command that finds no space says where, and how much is left; also where SQLite speaks of something else."""
    added = [sys.executable, "-m", "plumewatch", "operator", "add"]
    with small_disk(tmp_path / "disk", 24) as disk:
        data = disk / "data"
        subprocess.run([*added, "first", "--data", str(data)], check=True, capture_output=True)
        fill(disk)
        done = subprocess.run(
            [*added, "second", "--data", str(data)], capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 2
    assert f"the disk is full that holds {data}: 0.0 of 25.2 MB are free; make room there" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "make room" in str(sentence_for(OSError(28, "No space left on device", str(tmp_path / "a"))))
