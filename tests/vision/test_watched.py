import time

import pytest

from streams.board import FrameBoard
from streams.camera import Camera, SourceUrl, camera_id
from streams.runner import CameraRunner
from tests.vision.moments import CARD, frame, moment, still_image
from vision.analyser import CameraAnalyser
from vision.config import parse_config
from vision.watched import WatchedCamera


def watched(board: FrameBoard) -> WatchedCamera:
    """Return a camera that nobody has started."""
    config = parse_config({"cameras": [{"id": "cam", "source": "rtsp://127.0.0.1/x"}]})
    runner = CameraRunner(Camera(camera_id("cam"), "Cam", SourceUrl("rtsp://127.0.0.1/x")), board)
    return WatchedCamera(config.cameras[0], runner, CameraAnalyser.for_camera(config.cameras[0], config, CARD))


def test_a_camera_that_showed_nothing_has_no_interval() -> None:
    """Before two analysed pictures the interval is not known, and health says how it is watched all the same."""
    board = FrameBoard()
    camera = watched(board)
    health = camera.health("node", board)
    assert (health.analysed_interval_s, health.gop_s) == (0.0, 0.0)
    assert (health.watch_mode, health.watch_reason, health.decoder) == ("patrol", "usual", "software")


def test_an_interval_grows_while_nothing_comes() -> None:
    """The interval is the mean between analysed pictures, and the present wait once that is longer."""
    camera = watched(FrameBoard())
    for s in range(3):
        camera.note_analysed(frame(still_image(), moment(s)))
    now = time.monotonic()
    assert camera.interval_s(now) < 1
    assert camera.interval_s(now + 7) == pytest.approx(7, abs=1)
    assert camera.interval_s(now + 100) == pytest.approx(100, abs=1)
