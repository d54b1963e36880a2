"""Remembered places: a worker that is started anew knows its cameras' usual looks."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from streams.camera import CameraId
from tests.vision.moments import CARD, START, boxes, frame, grainy, moment, still_image
from tests.vision.test_magnifier import place
from vision.analyser import CameraAnalyser
from vision.belief import Belief, ClassWeights
from vision.config import parse_config
from vision.cues import CUES
from vision.leads import CloseReason
from vision.remembered import KEPT_EVERY_S, SUFFIX, RememberedPlaces
from vision.usual import UsualLook

GATE = CameraId("gate-3")
LOOK = UsualLook(still_image()[::2, ::2].astype(np.float32), np.zeros((90, 160), np.float32), START)


class Analyser:
    """Stands for a camera's analyser."""

    def __init__(self, usual_look: UsualLook | None = LOOK) -> None:
        self.usual_look = usual_look
        self.recalled: list[UsualLook] = []

    def recall(self, look: UsualLook) -> None:
        """Note what was handed over."""
        self.recalled.append(look)


def begun(folder: Path) -> Analyser:
    """Return an analyser that a new worker has just been given."""
    analyser = Analyser(None)
    RememberedPlaces(folder).begin(GATE, analyser)
    return analyser


def test_the_first_watch_is_handed_nothing(tmp_path: Path) -> None:
    """Nothing is known, and nothing is wrong with that."""
    with capture_logs() as logs:
        assert begun(tmp_path).recalled == []
    assert logs == []


def test_a_worker_that_stops_leaves_what_it_knew(tmp_path: Path) -> None:
    """The next one goes on from it."""
    places = RememberedPlaces(tmp_path / "places")
    places.begin(GATE, Analyser(None))
    places.end(GATE, Analyser())
    (found,) = begun(tmp_path / "places").recalled

    assert found.utc == LOOK.utc
    assert np.array_equal(found.picture, LOOK.picture)


def test_a_worker_that_is_killed_loses_ten_minutes(tmp_path: Path) -> None:
    """It is written once in ten minutes of the camera's time, and cameras that begin together take turns."""
    first = {}
    for name in ("gate-3", "yard", "stack-east"):
        camera, places, analyser = CameraId(name), RememberedPlaces(tmp_path), Analyser()
        places.begin(camera, analyser)
        written = []
        for second in range(0, 3 * round(KEPT_EVERY_S), 2):
            places.note(camera, analyser, moment(second))
            path = tmp_path / f"{name}{SUFFIX}"
            if path.exists():
                written.append(second)
                path.unlink()
        assert [b - a for a, b in pairwise(written)] == [KEPT_EVERY_S] * (len(written) - 1)
        assert written[0] <= KEPT_EVERY_S
        first[name] = written[0]
    assert len(set(first.values())) == 3


def test_a_stream_that_breaks_off_is_kept_all_the_same(tmp_path: Path) -> None:
    """Times of two epochs are not comparable; what was watched in each adds up."""
    places, analyser = RememberedPlaces(tmp_path), Analyser()
    places.begin(GATE, analyser)
    for epoch in range(4):
        places.note(GATE, analyser, moment(1000.0 * epoch, epoch))
        places.note(GATE, analyser, moment(1000.0 * epoch + KEPT_EVERY_S / 4, epoch))

    assert len(begun(tmp_path).recalled) == 1


def test_what_no_camera_can_use_any_more_is_removed(tmp_path: Path) -> None:
    """Looks of cameras that were taken off do not gather."""
    old, new, other = tmp_path / f"gone{SUFFIX}", tmp_path / f"{GATE}{SUFFIX}", tmp_path / "notes.txt"
    for path in (old, new, other):
        path.write_bytes(b"")
    for path in (old, other):
        os.utime(path, (0, 0))
    RememberedPlaces(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted([new, other])


def test_a_place_that_is_not_known_yet_overwrites_nothing(tmp_path: Path) -> None:
    """What the worker before knew is kept until there is something newer."""
    places = RememberedPlaces(tmp_path)
    for looks in (LOOK, None):
        places.begin(GATE, Analyser(None))
        places.end(GATE, Analyser(looks))

    assert len(begun(tmp_path).recalled) == 1


def test_a_camera_that_is_not_watched_is_not_kept(tmp_path: Path) -> None:
    """Neither noted nor ended."""
    places = RememberedPlaces(tmp_path)
    places.note(GATE, Analyser(), moment(0))
    places.end(GATE, Analyser())

    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_told_and_learned_anew(tmp_path: Path) -> None:
    """The watch begins as on the first day."""
    (tmp_path / f"{GATE}{SUFFIX}").write_bytes(b"half a fi")
    with capture_logs() as logs:
        assert begun(tmp_path).recalled == []

    assert [(entry["log_level"], entry["camera"]) for entry in logs] == [("warning", GATE)]


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """The camera is given up all the same."""
    (tmp_path / "places").write_text("a file where a folder should be")
    places = RememberedPlaces(tmp_path / "places")
    places.begin(GATE, Analyser(None))
    with capture_logs() as logs:
        places.end(GATE, Analyser())

    assert [entry["log_level"] for entry in logs] == ["warning"]


@pytest.mark.parametrize("is_remembered", [True, False])
def test_an_analyser_goes_on_from_what_another_knew(tmp_path: Path, *, is_remembered: bool) -> None:
    """Smoke that came while nobody watched is magnified by the second picture; without the look it is never seen."""
    first, second = analyser(), analyser()
    for number in range(130):
        first.observe(frame(grainy(place(), number / 2), moment(number / 2)), boxes())
    first.end(CloseReason.SHUTDOWN)
    places = RememberedPlaces(tmp_path)
    places.begin(GATE, first)
    places.end(GATE, first)
    if is_remembered:
        RememberedPlaces(tmp_path).begin(GATE, second)
    smoky = place(15)
    seconds = [200 + number / 2 for number in range(5)]
    for time in seconds:
        second.observe(frame(grainy(smoky, time), moment(time)), boxes())
    seen = second.magnified(frame(grainy(smoky, 203), moment(203)))

    assert (seen is not None) == is_remembered


def analyser() -> CameraAnalyser:
    """Return the analyser of a camera that is looked at again."""
    config = parse_config({"cameras": [{"id": GATE, "source": "rtsp://gate/1"}]})
    sure = {name: ClassWeights(-4.0, np.full(len(CUES), 0.0)) for name in CARD.class_names}
    return CameraAnalyser.for_camera(config.cameras[0], config, CARD, Belief("test", 0.5, sure, is_magnified=True))
