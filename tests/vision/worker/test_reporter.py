"""The reporter: what one part of a worker cannot say hides none of the others."""

from datetime import UTC, datetime

import redis

from api.contract import bus
from api.contract.health import WorkerHealth
from api.contract.wire.camera_health import CameraHealth
from streams.board import FrameBoard
from streams.runner import StreamState, StreamStatus
from tests.e2e.waiting import wait_for
from tests.vision.worker.test_watched import Analyser, Runner
from vision.config.camera import CameraConfig
from vision.durable import StorageError
from vision.worker.reporter import StateReporter
from vision.worker.watched import WatchedCamera

NOW = datetime(2026, 11, 28, tzinfo=UTC)


class Broken(WatchedCamera):
    """A camera that fails when it is asked."""

    def health(self, worker: str, board: FrameBoard) -> CameraHealth:
        """Fail."""
        raise RuntimeError(f"{worker} cannot say how its camera is on {board}")


def camera(name: str, kind: type[WatchedCamera] = WatchedCamera) -> WatchedCamera:
    config = CameraConfig(id=name, source="rtsp://10.0.0.7/1")
    return kind(config, Runner(StreamStatus(StreamState.PLAYING, NOW)), Analyser())  # type: ignore[arg-type]


def test_a_camera_that_cannot_say_how_it_is_hides_neither_the_others_nor_the_worker(client: redis.Redis) -> None:
    """A fault over one camera's health costs its own report; without any all would count as silent."""
    cameras = [camera("broken", Broken), camera("gate")]
    vitals = WorkerHealth(worker="w1", started=NOW, reported=NOW)
    reporter = StateReporter(client, "w1", FrameBoard(), lambda: cameras, lambda: vitals, ())
    reporter.start()
    text = wait_for("the sound camera", lambda: client.get(bus.state_key("gate")), 10)
    assert CameraHealth.model_validate_json(text).state == "playing"  # type: ignore[arg-type]
    wait_for("the worker", lambda: client.get(bus.vitals_key("w1")), 10)
    assert client.get(bus.state_key("broken")) is None
    reporter.stop()


def test_a_worker_that_cannot_say_how_it_is_does_not_hide_its_cameras(client: redis.Redis) -> None:
    """A journal that cannot be read is no reason to call its cameras silent."""

    def fail() -> WorkerHealth:
        raise StorageError("the coverage journal: disk I/O error")

    reporter = StateReporter(client, "w1", FrameBoard(), lambda: [camera("gate")], fail, ())
    reporter.start()
    wait_for("the camera", lambda: client.get(bus.state_key("gate")), 10)
    reporter.stop()
