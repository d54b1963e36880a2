"""Pictures to learn from: of scenes to develop on alone, labelled as their truth says."""

from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from benchmarks.confirm import pictures
from benchmarks.confirm.films import split_scenes
from benchmarks.scenes.families import Split


def test_pictures_carry_the_truth_of_their_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the source begins a picture is a negative, after it there is one box of smoke; steam has none."""
    asked = []

    def short(split: Split) -> list[object]:
        asked.append(split)
        scenes = [scene for scene in split_scenes(split) if scene.name in {"stack-smoke-4", "steam-1"}]
        return [replace(scene, size_wh=(320, 180), seconds=8.0) for scene in scenes]

    monkeypatch.setattr(pictures, "split_scenes", short)
    count = pictures.write_pictures(tmp_path / "films", tmp_path / "out", every=3)
    images = sorted((tmp_path / "out" / "images").iterdir())
    labels = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "labels").iterdir()}
    assert asked == [Split.DEVELOP]
    assert len(images) == len(labels) == count == 12
    assert cv2.imread(str(images[0])).shape == (360, 640, 3)
    assert labels["stack-smoke-4_000"] == ""
    assert labels["stack-smoke-4_015"].startswith("0 ")
    assert all(not label for name, label in labels.items() if name.startswith("steam"))
