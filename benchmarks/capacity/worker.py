"""
The worker under measurement, as a process: `vision.worker.worker.Worker` itself, with each picture's fate written down.

    python -m benchmarks.capacity.worker CONFIG DATA REDIS API RECORD NODE PROCESSES    (its key on standard input)

What is added is one line of text a picture and, every two seconds, the threads' names.
"""

import signal
import sys
import threading
from pathlib import Path

from benchmarks.capacity.record import Outcome, Recorder, write_threads
from models.detections import Detections
from models.pool import Discard
from streams.frame import Frame
from vision.config.worker import WorkerConfig, load_config
from vision.worker.worker import Worker, WorkerPlaces

THREADS_EVERY_S = 2.0


class RecordedWorker(Worker):
    """The worker; what its detector threads deliver or discard is written down after the worker has dealt with it."""

    def __init__(self, config: WorkerConfig, places: WorkerPlaces, recorder: Recorder, processes: int) -> None:
        super().__init__(config, places, processes=processes)
        self._recorder = recorder

    def _analyse(self, frame: Frame, detections: Detections) -> None:
        super()._analyse(frame, detections)
        self._write(frame, Outcome.ANALYSED)

    def _discard(self, frame: Frame, reason: Discard) -> None:
        super()._discard(frame, reason)
        self._write(frame, Outcome(reason.value))

    def _write(self, frame: Frame, outcome: Outcome) -> None:
        captured_s = frame.time.utc.timestamp()
        self._recorder.note(frame.camera_id, outcome, is_keyframe=frame.is_keyframe, captured_s=captured_s)


def main() -> None:
    """Watch until SIGTERM."""
    config, data, redis, api, record, node, processes = sys.argv[1:]
    places = WorkerPlaces(
        data=Path(data), api_url=api, redis_url=redis, worker_key=sys.stdin.readline().strip(), node=node
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    recorder = Recorder(Path(record))
    done = threading.Event()

    def tell() -> None:
        while not done.wait(THREADS_EVERY_S):
            write_threads(Path(record).with_suffix(".threads"))

    teller = threading.Thread(target=tell, name="measurement")
    teller.start()
    try:
        RecordedWorker(load_config(Path(config)), places, recorder, int(processes)).run(stop)
    finally:
        done.set()
        teller.join()
        recorder.close()


if __name__ == "__main__":
    main()
