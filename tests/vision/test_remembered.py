"""Remembered places: a worker that is started anew knows its cameras' usual looks."""

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
from vision.remembered import KEPT_EVERY_S, RememberedPlaces
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
    """It is written every ten minutes of the camera's time, not before."""
    places, analyser = RememberedPlaces(tmp_path), Analyser()
    places.begin(GATE, analyser)
    for second in range(0, round(KEPT_EVERY_S), 2):
        places.note(GATE, analyser, moment(second))
    assert begun(tmp_path).recalled == []
    places.note(GATE, analyser, moment(KEPT_EVERY_S))

    assert len(begun(tmp_path).recalled) == 1


def test_a_stream_that_begins_anew_counts_anew(tmp_path: Path) -> None:
    """Times of two epochs are not comparable."""
    places, analyser = RememberedPlaces(tmp_path), Analyser()
    places.begin(GATE, analyser)
    places.note(GATE, analyser, moment(0))
    places.note(GATE, analyser, moment(KEPT_EVERY_S, epoch=1))

    assert begun(tmp_path).recalled == []


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
    (tmp_path / f"{GATE}.npz").write_bytes(b"half a fi")
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
