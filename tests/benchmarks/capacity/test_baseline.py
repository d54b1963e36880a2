"""The baseline: ultralytics' loop on the same cameras."""

from pathlib import Path

from benchmarks.capacity.baseline import versions_of


def test_versions_are_read_behind_a_greeting(tmp_path: Path) -> None:
    """What ultralytics prints at its first import (settings made, tips) does not hide the versions."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Creating new Settings v0.0.6 file'\necho '8.4.190 2.13.0 5.0.0'\n")
    python.chmod(0o755)
    assert versions_of(python) == "ultralytics 8.4.190, torch 2.13.0, OpenCV 5.0.0"
