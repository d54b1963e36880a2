"""The catalogue, and the command line that renders it."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.scenes import Colour, demo_scenes, opacity_scenes, scene_named, scenes


def test_names_are_unique() -> None:
    """No two scenes share a name, and each is found by its own."""
    everything = (*scenes(), *opacity_scenes())
    assert len(everything) == len({scene.name for scene in everything})
    assert all(scene_named(scene.name) == scene for scene in scenes())


def test_unknown_name() -> None:
    """An unknown name is refused with the known ones."""
    with pytest.raises(KeyError, match="no scene 'nothing': known are stack-black-smoke"):
        scene_named("nothing")


def test_demo_has_a_plume_and_quiet_scenes() -> None:
    """The demo shows black smoke that begins after a while, and two scenes that deserve no lead."""
    loud = [scene for scene in demo_scenes() if not scene.is_quiet]
    assert (len(demo_scenes()), len(loud)) == (3, 1)
    assert 6 <= loud[0].events[0].start_s <= 8


def test_opacity_scenes_cover_the_scale() -> None:
    """There is a plume of every colour at every fifth of the scale, each time before a clean background."""
    events = [scene.events[0] for scene in opacity_scenes()]
    assert {(colour, step / 5) for colour in Colour for step in range(6)} == {(e.colour, e.opacity) for e in events}
    assert all(event.start_s >= 5 for event in events)


def test_command_line_refuses_unknown_names(tmp_path: Path) -> None:
    """The command line answers an unknown scene with one sentence and status 2."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.scenes", "--out", str(tmp_path), "--names", "nothing"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "no scene 'nothing'" in ended.stderr
