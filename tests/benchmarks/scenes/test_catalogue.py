"""The catalogue, and the check that runs a detector over it."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.scenes import (
    Colour,
    Kind,
    Place,
    Scene,
    SceneEvent,
    Weather,
    demo_scenes,
    opacity_scenes,
    scene_named,
    scenes,
    write,
)
from benchmarks.scenes.check import Outcome, as_json, read_outcomes, table, watch, worse
from models.detections import Detections
from models.detector import ModelCard, Runtime


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


class Scripted:
    """A detector that answers every image with the same boxes."""

    card = ModelCard("scripted", "1", ("smoke", "fire"), (640, 640), 0.25, "", "none")
    runtime = Runtime("none", "1", "cpu", "fp32")

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self._boxes = boxes

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the boxes for each image."""
        count = len(self._boxes)
        found = Detections(
            np.array(self._boxes, np.float32).reshape(count, 4),
            np.full(count, 0.5, np.float32),
            np.zeros(count, np.int32),
        )
        return [found for _ in images]


QUIET = Scene("quiet", 5, Place.WORKS, Weather.CLEAR, size_wh=(320, 180), fps=4, seconds=5)
SMOKY = replace(QUIET, name="smoky", events=(SceneEvent(Kind.SMOKE, 1.0, 9.0, 0.9, Colour.BLACK),))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the quiet and the smoky scene."""
    folder = tmp_path_factory.mktemp("clips")
    for scene in (QUIET, SMOKY):
        write(scene, folder / f"{scene.name}.mp4")
    return folder


def test_silent_detector(clips: Path) -> None:
    """A detector that finds nothing misses every due look and raises no alarm."""
    outcome = watch(SMOKY, clips / "smoky.mp4", Scripted())
    assert (outcome.looks, outcome.due, outcome.found, outcome.stray, outcome.alarms_s) == (10, 4, 0, 0, ())


def test_box_on_the_plume_is_found(clips: Path) -> None:
    """A box over the plume counts as found with its confidence; while there is no plume yet it is stray."""
    outcome = watch(SMOKY, clips / "smoky.mp4", Scripted((106, 50, 122, 62)))
    assert (outcome.due, outcome.found, outcome.confidence) == (4, 4, 0.5)
    assert outcome.looks - outcome.due == outcome.stray


def test_constant_stray_box_is_an_alarm(clips: Path) -> None:
    """A stray box that stays raises alarms from the fourth look on."""
    outcome = watch(QUIET, clips / "quiet.mp4", Scripted((10, 10, 40, 40)))
    assert (outcome.due, outcome.stray) == (0, 10)
    assert outcome.alarms_s[0] == 1.5
    assert "quiet" in table([outcome])


def test_a_result_is_read_back_and_others_are_refused(tmp_path: Path) -> None:
    """What was written is what is read; another file is told in one sentence."""
    outcome = Outcome("yard", 10, 4, 3, 0.5, 1, (1.5, 2.0))
    file, other = tmp_path / "scenes.json", tmp_path / "other.json"
    file.write_text(as_json([outcome], Scripted(), 0.25))
    other.write_text('{"format": "else"}')

    assert read_outcomes(file) == [outcome]
    with pytest.raises(BenchmarkError, match=r"expected plumewatch\.scenes/1, found 'else'"):
        read_outcomes(other)
    with pytest.raises(BenchmarkError, match="No such file"):
        read_outcomes(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("found", "alarms_s", "expected"),
    [(20, (), 0), (18, (), 0), (17, (), 1), (24, (3.0,), 1), (10, (3.0,), 2)],
)
def test_a_scene_is_worse_that_is_missed_more_or_alarms_anew(
    found: int, alarms_s: tuple[float, ...], expected: int
) -> None:
    """Two looks of difference are tolerated, a first alarm is not; a scene that is new is not judged."""
    before = Outcome("yard", 48, 30, 20, 0.5, 0, ())
    after = replace(before, found=found, alarms_s=alarms_s)

    assert len(worse([before], [after, replace(after, scene="new")])) == expected
