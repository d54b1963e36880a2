"""The worker's cameras: watched as a whole or not at all."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from api.contract.reasons import GapReason
from streams.camera import Camera, CameraId
from streams.timing.clock import UtcSource, utc_now
from tests.vision.leads.test_merging import lead
from tests.vision.moments import CARD, frame, moment, still_image
from vision.config.worker import parse_config
from vision.coverage.journal import Journal
from vision.coverage.ledger import CoverageLedger
from vision.leads.lead import CloseReason, LeadChange
from vision.leads.recent_leads import RecentLead, as_json, from_json
from vision.worker.lead_memory import SUFFIX
from vision.worker.watched import WatchedCamera
from vision.worker.worker import Worker, WorkerPlaces

FAR_TOO_MUCH = 1 << 46
"""Bytes of a thread's stack that no system gives."""


class Known:
    """Cases, wall and intake at once: whom they expect pictures of."""

    def __init__(self) -> None:
        self.cameras: set[str] = set()

    def camera_added(self, camera: Camera) -> None:
        """Note it."""
        self.cameras.add(camera.id)

    def camera_gone(self, camera: CameraId) -> None:
        """Note it."""
        self.cameras.discard(camera)

    def add(self, camera: CameraId) -> None:
        """Note it."""
        self.cameras.add(camera)

    remove = camera_gone

    def report(self, watched: WatchedCamera, changes: list[LeadChange]) -> None:
        """Expect no lead."""
        assert (watched.config.id, changes) == ("gate", [])


def test_a_camera_is_watched_with_what_was_known_of_it(tmp_path: Path) -> None:
    """What an earlier run told is handed to its analyser, and kept when it is given up."""
    config = parse_config({"cameras": [{"id": "gate", "source": "rtsp://127.0.0.1:1/x"}]})
    now = utc_now()
    time = replace(moment(10), utc=now, source=UtcSource.ARRIVAL)
    told = RecentLead.of(replace(lead("gate/0/smoke.visible/3", 10), last=time, confirmed=time))
    kept = tmp_path / "places" / f"gate{SUFFIX}"
    kept.parent.mkdir()
    kept.write_bytes(as_json([told]))
    worker = Worker(config, WorkerPlaces(tmp_path, "http://127.0.0.1:1", "redis://127.0.0.1:1", "key"))
    journal, others = Journal(tmp_path / "coverage"), Known()
    worker._ledger = CoverageLedger(journal, "w")
    worker._card, worker._cases, worker._live, worker._intake = CARD, others, others, others  # type: ignore[assignment]
    worker.watch(config.cameras[0])
    assert worker._watched[CameraId("gate")].analyser.told == (told,)
    kept.unlink()
    worker.unwatch(CameraId("gate"), CloseReason.SHUTDOWN)
    assert from_json(kept.read_bytes()) == (told,)
    journal.close()


def test_a_camera_whose_thread_cannot_be_started_is_not_watched(tmp_path: Path) -> None:
    """No other part believes in it, its account is ended, and the member that will try again hears of it."""
    config = parse_config({"cameras": [{"id": "gate", "source": "rtsp://127.0.0.1:1/x"}]})
    worker = Worker(config, WorkerPlaces(tmp_path, "http://127.0.0.1:1", "redis://127.0.0.1:1", "key"))
    journal, cases, live = Journal(tmp_path / "coverage"), Known(), Known()
    worker._ledger = ledger = CoverageLedger(journal, "w")
    worker._card, worker._cases, worker._live, worker._intake = CARD, cases, live, cases  # type: ignore[assignment]
    usual = threading.stack_size(FAR_TOO_MUCH)
    try:
        with pytest.raises(RuntimeError, match="start new thread"):
            worker.watch(config.cameras[0])
    finally:
        threading.stack_size(usual)
    ledger.keep()

    assert (worker.tallies(), cases.cameras, live.cameras) == ({}, set(), set())
    assert [hour.ended for hour in journal.unsent(9)] == [GapReason.HANDED_OVER]
    assert not worker._board.post(frame(still_image(), moment(0), "gate"))
    journal.close()
