"""Remembered places: a worker that is started anew knows its cameras' usual looks."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from streams.camera import CameraId
from streams.clock import UtcSource, utc_now
from tests.vision.moments import CARD, START, boxes, frame, grainy, moment, still_image
from tests.vision.test_magnifier import place
from tests.vision.test_merging import lead
from vision.analyser import CameraAnalyser
from vision.belief import Belief, ClassWeights
from vision.config import parse_config
from vision.cues import CUES
from vision.leads import CloseReason, Lead
from vision.remembered import KEPT_EVERY_S, TOLD, RememberedPlaces
from vision.remembered import LOOK as LOOK_FILE
from vision.told import MERGE_S, Told, from_json
from vision.usual import UsualLook

GATE = CameraId("gate-3")
LOOK = UsualLook(still_image()[::2, ::2].astype(np.float32), np.zeros((90, 160), np.float32), START)


class Analyser:
    """Stands for a camera's analyser."""

    def __init__(self, usual_look: UsualLook | None = LOOK) -> None:
        self.usual_look = usual_look
        self.told: tuple[Told, ...] = ()
        self.recalled: list[UsualLook] = []

    def recall(self, look: UsualLook | None, told: Sequence[Told] = ()) -> None:
        """Note what was handed over."""
        self.recalled += [] if look is None else [look]
        self.told = tuple(told)


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
            path = tmp_path / f"{name}{LOOK_FILE}"
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
    old, new, other = tmp_path / f"gone{LOOK_FILE}", tmp_path / f"{GATE}{LOOK_FILE}", tmp_path / "notes.txt"
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
    (tmp_path / f"{GATE}{LOOK_FILE}").write_bytes(b"half a fi")
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


def told_now(key: str = "a", source: UtcSource = UtcSource.ARRIVAL, ago_s: float = 5.0) -> Lead:
    """Return a lead of a live camera that was seen a moment ago."""
    one = lead(key, 10.0)
    time = replace(one.last, utc=utc_now() - timedelta(seconds=ago_s), source=source)
    return replace(one, camera_id=GATE, last=time, confirmed=time)


def test_a_lead_is_told_once_whose_evidence_is_on_disk(tmp_path: Path) -> None:
    """Killed right after, the next worker knows of it; what no case was opened for is told again."""
    places = RememberedPlaces(tmp_path)
    places.begin(GATE, Analyser(None))
    places.filed(told_now("filed"))

    assert [one.key for one in begun(tmp_path).told] == ["filed"]
    assert [one.key for one in from_json((tmp_path / f"{GATE}{TOLD}").read_bytes())] == ["filed"]


def test_what_was_told_is_remembered_as_it_was_seen_last(tmp_path: Path) -> None:
    """A lead that goes on until the worker stops counts from there; one whose case was not opened is not kept."""
    places, analyser = RememberedPlaces(tmp_path), Analyser(None)
    places.begin(GATE, analyser)
    first = told_now("a", ago_s=600.0)
    places.filed(first)
    later = utc_now()
    analyser.told = (replace(Told.of(first), seen=later), Told.of(told_now("not filed")))
    places.end(GATE, analyser)

    assert [(one.key, one.seen) for one in begun(tmp_path).told] == [("a", later)]


def test_after_half_an_hour_it_is_told_again(tmp_path: Path) -> None:
    """As without a restart."""
    places = RememberedPlaces(tmp_path)
    places.begin(GATE, Analyser(None))
    places.filed(told_now("old", ago_s=MERGE_S - 0.3))
    assert [one.key for one in begun(tmp_path).told] == ["old"]
    time.sleep(0.4)
    assert begun(tmp_path).told == ()


def test_what_a_file_shows_is_told_each_time(tmp_path: Path) -> None:
    """And so is what is told of a camera that is not watched."""
    places = RememberedPlaces(tmp_path)
    places.filed(told_now())
    places.begin(GATE, Analyser(None))
    places.filed(told_now(source=UtcSource.FILE))

    assert list(tmp_path.iterdir()) == []


def test_leads_told_before_that_cannot_be_read_are_told_again(tmp_path: Path) -> None:
    """With a warning, and the usual look is taken up all the same."""
    places = RememberedPlaces(tmp_path)
    places.begin(GATE, Analyser(None))
    places.end(GATE, Analyser())
    (tmp_path / f"{GATE}{TOLD}").write_bytes(b"[{}]")
    with capture_logs() as logs:
        found = begun(tmp_path)

    assert (found.told, len(found.recalled)) == ((), 1)
    assert [(entry["log_level"], entry["camera"]) for entry in logs] == [("warning", GATE)]


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
    for seconds in (200 + number / 2 for number in range(5)):
        second.observe(frame(grainy(smoky, seconds), moment(seconds)), boxes())
    seen = second.magnified(frame(grainy(smoky, 203), moment(203)))

    assert (seen is not None) == is_remembered


def analyser() -> CameraAnalyser:
    """Return the analyser of a camera that is looked at again."""
    config = parse_config({"cameras": [{"id": GATE, "source": "rtsp://gate/1"}]})
    sure = {name: ClassWeights(-4.0, np.full(len(CUES), 0.0)) for name in CARD.class_names}
    return CameraAnalyser.for_camera(config.cameras[0], config, CARD, Belief("test", 0.5, sure, is_magnified=True))
