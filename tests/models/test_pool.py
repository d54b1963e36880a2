"""The detector pool, with fakes."""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
import structlog
from numpy.typing import NDArray

from api.contract.health import BATCH_BOUNDS_S
from models.detections import Detections
from models.detector import InferenceError, ModelCard, Runtime
from models.pool import DURATION_BOUNDS_S, DetectorPool, Discard, PoolStats

WAIT_S = 10.0
"""How long a test waits for what must happen at once."""


CARD = ModelCard("fake", "1", ("smoke",), (32, 32), 0.25, "", "none")
RUNTIME = Runtime("fake", "1", "CPU", "f32")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame: its number is its grey level."""

    number: int
    age_s: float = 0.0

    @property
    def image(self) -> NDArray[np.uint8]:
        """Four by four pixels of the frame's grey."""
        return np.full((4, 4, 3), self.number, np.uint8)


@dataclass(slots=True)
class FakeDetector:
    """Finds one box as wide as the grey level; fails on `bad`; remembers the batches and threads."""

    bad: int = -1
    gate: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    card: ModelCard = CARD
    runtime: Runtime = RUNTIME

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the boxes, once the gate is open."""
        numbers = [int(image[0, 0, 0]) for image in images]
        self.batches.append(numbers)
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(WAIT_S)
        if self.bad in numbers:
            raise InferenceError("a bad picture")
        return [
            Detections(np.array([[0, 0, number, 1]], np.float32), np.array([0.5], np.float32), np.array([0], np.int32))
            for number in numbers
        ]


class Board:
    """A queue of pictures that remembers what became of each."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Picture] = queue.SimpleQueue()
        self.outcome: queue.SimpleQueue[tuple[int, object]] = queue.SimpleQueue()
        self.refuse = -1

    def post(self, *pictures: Picture) -> None:
        """Put pictures into the queue."""
        for picture in pictures:
            self.waiting.put(picture)

    def take(self, max_frames: int, timeout_s: float) -> list[Picture]:
        """Return what waits, as `models.pool.Take` says."""
        taken: list[Picture] = []
        try:
            taken.append(self.waiting.get(timeout=timeout_s))
            while len(taken) < max_frames:
                taken.append(self.waiting.get_nowait())
        except queue.Empty:
            pass
        return taken

    def pair(self, _: int, timeout_s: float) -> list[Picture]:
        """Return two of those that wait, whatever is asked for: a batch that goes wrong in part."""
        return self.take(2, timeout_s)

    def deliver(self, picture: Picture, detections: Detections) -> None:
        """Remember the width of the first box; raise for the picture to refuse."""
        self.outcome.put((picture.number, float(detections.xyxy[0, 2])))
        if picture.number == self.refuse:
            raise ValueError("not this one")

    def discard(self, picture: Picture, reason: Discard) -> None:
        """Remember the reason."""
        self.outcome.put((picture.number, reason))

    def outcomes(self, count: int) -> list[tuple[int, object]]:
        """Return the next `count` outcomes, waiting for them."""
        return [self.outcome.get(timeout=WAIT_S) for _ in range(count)]


class Clock:
    """A monotonic clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class TimedDevice(FakeDetector):
    """A detector whose batches take as long as it is told, on a clock of its own; ends after 60 of them."""

    def __init__(self, clock: Clock, duration_s: Callable[[int], float]) -> None:
        super().__init__()
        self.clock = clock
        self.duration_s = duration_s
        self.sizes: list[int] = []
        self.done = threading.Event()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Let time pass; find nothing."""
        self.sizes.append(len(images))
        self.clock.now += self.duration_s(len(images))
        if len(self.sizes) == 60:
            self.done.set()
        return [Detections.empty() for _ in images]


def fed(waiting: int) -> Callable[[int, float], list[Picture]]:
    """Return a source at which so many frames wait, always."""
    return lambda most, _: [Picture(1)] * min(most, waiting)


@contextmanager
def running(pool: DetectorPool[Picture]) -> Iterator[DetectorPool[Picture]]:
    """Start the pool, and stop it at the end whatever happens."""
    pool.start()
    try:
        yield pool
    finally:
        assert pool.stop(WAIT_S)


def test_nothing_waits() -> None:
    """A pool without work stops when told to, and has done nothing."""
    board = Board()
    with running(DetectorPool([FakeDetector()], board.take, board.deliver, board.discard)) as pool:
        pass
    assert pool.stats == PoolStats(threads=1, window=(1,))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("detector-")]


def test_delivers() -> None:
    """Each frame is handed on once with its own detections, in batches no larger than allowed, and all is counted."""
    board, detector = Board(), FakeDetector()
    board.post(*(Picture(number) for number in range(1, 101)))
    with running(DetectorPool([detector], board.take, board.deliver, board.discard, max_batch=4)) as pool:
        assert board.outcomes(100) == [(number, float(number)) for number in range(1, 101)]
    sizes = [len(batch) for batch in detector.batches]
    assert (sum(sizes), max(sizes)) == (100, 4)
    stats = pool.stats
    assert (stats.batches, stats.images, stats.stale, stats.failed) == (len(sizes), 100, 0, 0)
    assert stats.by_size == Counter(sizes)
    assert sum(stats.durations) == len(sizes)


def test_window_follows_the_device() -> None:
    """On a device whose batches take no longer than single frames the pool comes to take as many as it may."""
    clock = Clock()
    device = TimedDevice(clock, lambda _: 0.1)
    pool = DetectorPool([device], fed(200), lambda *_: None, lambda *_: None, max_batch=8, monotonic=clock)
    with running(pool):
        assert device.done.wait(WAIT_S)
    assert device.sizes[:9] == [1] * 9
    assert set(device.sizes[-10:]) == {8}
    assert pool.stats.window == (8,)
    assert pool.stats.busy_s == pytest.approx(0.1 * len(device.sizes))
    assert pool.stats.durations[DURATION_BOUNDS_S.index(0.1)] + pool.stats.durations[
        DURATION_BOUNDS_S.index(0.15)
    ] == len(device.sizes)


def test_bounds_are_the_wires() -> None:
    """Durations are counted in the classes in which the worker reports them."""
    assert DURATION_BOUNDS_S == BATCH_BOUNDS_S


def test_stale() -> None:
    """A frame older than the budget is dropped before detection and counted; one on the edge is not."""
    board, detector = Board(), FakeDetector()
    board.post(Picture(1, age_s=2.1), Picture(2, age_s=2.0), Picture(3, age_s=99))
    pool = DetectorPool(
        [detector], board.take, board.deliver, board.discard, age_s=lambda picture: picture.age_s, staleness_s=2.0
    )
    with structlog.testing.capture_logs() as logs, running(pool):
        assert sorted(board.outcomes(3), key=str) == [(1, Discard.STALE), (2, 2.0), (3, Discard.STALE)]
    assert detector.batches == [[2]]
    assert (pool.stats.images, pool.stats.stale) == (1, 2)
    assert sum(entry.get("stale", 0) for entry in logs if entry["event"] == "frames dropped") == 2


def test_failing_batch() -> None:
    """A batch the detector fails on is discarded, counted and logged, and the thread works on."""
    board = Board()
    board.post(Picture(1), Picture(13))
    pool = DetectorPool([FakeDetector(bad=13)], board.pair, board.deliver, board.discard)
    with structlog.testing.capture_logs() as logs, running(pool):
        assert board.outcomes(2) == [(1, Discard.FAILED), (13, Discard.FAILED)]
        board.post(Picture(2), Picture(3))
        assert board.outcomes(2) == [(2, 2.0), (3, 3.0)]
    assert (pool.stats.batches, pool.stats.images, pool.stats.failed) == (1, 2, 2)
    [entry] = [entry for entry in logs if entry["event"] == "detection failed"]
    assert (entry["failed"], str(entry["exc_info"])) == (2, "a bad picture")


def test_failing_delivery() -> None:
    """An error of the receiver is counted and does not reach the other frames of the batch."""
    board = Board()
    board.refuse = 1
    board.post(Picture(1), Picture(2))
    with running(DetectorPool([FakeDetector()], board.pair, board.deliver, board.discard)) as pool:
        assert board.outcomes(2) == [(1, 1.0), (2, 2.0)]
    assert (pool.stats.batches, pool.stats.images, pool.stats.refused) == (1, 1, 1)


def test_errors_are_logged_once_a_second() -> None:
    """Of failures in quick succession only the first is logged at once; the rest come as a count at the end."""
    board = Board()
    board.post(*(Picture(13) for _ in range(20)))
    pool = DetectorPool(
        [FakeDetector(bad=13)], board.take, board.deliver, board.discard, max_batch=1, monotonic=lambda: 5.0
    )
    with structlog.testing.capture_logs() as logs, running(pool):
        board.outcomes(20)
    assert [(entry["event"], entry["failed"]) for entry in logs] == [("detection failed", 1), ("frames dropped", 19)]


def test_latency() -> None:
    """The latency is the first batch's duration and then moves a tenth of the way to each new one."""
    board = Board()
    board.post(Picture(1), Picture(2))
    ticks = iter([0.0, 0.1, 0.1, 1.0, 1.2])
    spare = 2.0
    with running(
        DetectorPool(
            [FakeDetector()],
            board.take,
            board.deliver,
            board.discard,
            max_batch=1,
            monotonic=lambda: next(ticks, spare),
        )
    ) as pool:
        board.outcomes(2)
    assert pool.stats.latency_ms == pytest.approx(100 + 0.1 * (200 - 100))


def test_two_detectors_work_at_once() -> None:
    """Each detector has its own thread: while one is busy the other takes the next frame."""
    board, gate = Board(), threading.Event()
    busy, other = FakeDetector(gate=gate), FakeDetector(gate=gate)
    board.post(Picture(1), Picture(2))
    with running(DetectorPool([busy, other], board.take, board.deliver, board.discard, max_batch=1)):
        assert busy.entered.wait(WAIT_S)
        assert other.entered.wait(WAIT_S)
        gate.set()
        assert sorted(board.outcomes(2), key=str) == [(1, 1.0), (2, 2.0)]
    assert [{"detector-0"}, {"detector-1"}] == [busy.threads, other.threads]


def test_stop_finishes_the_batch_in_hand() -> None:
    """A frame that was taken when the pool is told to stop is still delivered; one that waits is not taken."""
    board, gate = Board(), threading.Event()
    detector = FakeDetector(gate=gate)
    board.post(Picture(1))
    pool = DetectorPool([detector], board.take, board.deliver, board.discard, max_batch=1)
    pool.start()
    assert detector.entered.wait(WAIT_S)
    with structlog.testing.capture_logs() as logs:
        assert not pool.stop(timeout_s=0.0)
    assert [entry["event"] for entry in logs] == ["detector threads did not end"]
    board.post(Picture(2))
    gate.set()
    assert pool.stop(WAIT_S)
    assert board.outcomes(1) == [(1, 1.0)]
    assert detector.batches == [[1]]


def test_starts_once() -> None:
    """A pool cannot be started twice."""
    board = Board()
    with (
        running(DetectorPool([FakeDetector()], board.take, board.deliver, board.discard)) as pool,
        pytest.raises(RuntimeError, match="starts once"),
    ):
        pool.start()


def test_broken_source() -> None:
    """A source that raises is logged, and the pool still stops."""
    raised = threading.Event()

    def take(max_frames: int, timeout_s: float) -> list[Picture]:
        raised.set()
        raise OSError(f"no frames for {max_frames} and {timeout_s}")

    board = Board()
    with (
        structlog.testing.capture_logs() as logs,
        running(DetectorPool([FakeDetector()], take, board.deliver, board.discard)),
    ):
        assert raised.wait(WAIT_S)
    assert logs[0]["event"] == "taking frames failed"
