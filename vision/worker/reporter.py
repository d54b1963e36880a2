"""Reporter: sends the health of each camera to the bus once a second."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import redis
import structlog

from api.contract import bus
from api.contract.health import WorkerHealth
from streams.board import FrameBoard
from vision.worker.watched import WatchedCamera

log = structlog.get_logger(__name__)

_PERIOD_S = 1.0


class Reader(Protocol):
    """What reads from the bus now and then."""

    def look(self, now: float) -> None:
        """Read where that is due at `now`, monotonic seconds; raise `redis.RedisError`."""


class StateReporter:
    """Reports the health of every camera and of the worker to the bus, from its own thread."""

    def __init__(
        self,
        bus_client: redis.Redis,
        worker: str,
        board: FrameBoard,
        cameras: Callable[[], Sequence[WatchedCamera]],
        vitals: Callable[[], WorkerHealth],
        readers: Sequence[Reader],
    ) -> None:
        """Report `cameras` and `vitals`; let `readers` look after each report."""
        self._redis = bus_client
        self._worker = worker
        self._board = board
        self._cameras = cameras
        self._vitals = vitals
        self._readers = readers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter")

    def start(self) -> None:
        """Start reporting."""
        self._thread.start()

    def stop(self, deadline_s: float = 15.0) -> None:
        """Stop reporting; the last report expires by itself."""
        self._stopping.set()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._report()
                for reader in self._readers:
                    reader.look(time.monotonic())
            except redis.RedisError as error:
                log.warning("camera health waits for the bus", error=str(error))
            except Exception:
                log.exception("reporting failed, continuing")
            self._stopping.wait(_PERIOD_S)

    def _report(self) -> None:
        """Send all reports; one that fails does not stop the others."""
        with self._redis.pipeline(transaction=False) as pipe:
            for camera in self._cameras():
                try:
                    text = camera.health(self._worker, self._board).model_dump_json()
                except Exception:
                    log.exception("camera health cannot be read", camera=camera.config.id)
                else:
                    pipe.set(bus.state_key(camera.config.id), text, ex=bus.STATE_TTL_S)
            try:
                vitals = self._vitals()
            except Exception:
                log.exception("worker health cannot be read")
            else:
                pipe.set(bus.vitals_key(vitals.worker), vitals.model_dump_json(), ex=bus.STATE_TTL_S)
            pipe.execute()
