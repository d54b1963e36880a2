"""The detector pool: idle threads pull frames, detect, and hand the result on."""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import Detector
from models.window import BatchWindow

log = structlog.get_logger()

MAX_BATCH = 8
"""Most frames in one batch on a CPU, where more gains nothing; on a GPU give 32."""

TAKE_TIMEOUT_S = 0.25
"""Longest wait for frames before a thread looks whether it should end."""

DURATION_BOUNDS_S = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
"""Upper bounds of the classes in which the durations of batches are counted."""

_EMPTY_PAUSE_S = 0.01
_LOG_PERIOD_S = 1.0
_EMA_WEIGHT = 0.1


class HasImage(Protocol):
    """What the pool needs of a frame."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """BGR ``uint8 (h, w, 3)``."""
        ...


FrameT = TypeVar("FrameT", bound=HasImage)
FrameT_co = TypeVar("FrameT_co", bound=HasImage, covariant=True)


class Take(Protocol[FrameT_co]):
    """Gives out frames; ``streams.board.FrameBoard.take`` is one."""

    def __call__(self, max_frames: int, timeout_s: float) -> Sequence[FrameT_co]:
        """Return up to `max_frames` frames, or none after `timeout_s`."""
        ...


class Discard(StrEnum):
    """Why a frame was taken but not analysed."""

    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PoolStats:
    """
    What a pool has done since it was made.

    Attributes:
        batches: runs of a detector that succeeded.

        images: frames that were detected in and handed on.

        stale: frames dropped because they were older than the staleness budget.

        failed: frames whose batch the detector failed on.

        refused: frames detected in whose `deliver` raised.

        latency_ms: moving average of the duration of a batch (weight of the newest 0.1); 0 before the first.

        by_size: batches by their number of frames.

        durations: batches by duration, in the classes of `DURATION_BOUNDS_S` and one for what is longer.

        busy_s: seconds in which a detector ran, of all threads together; `threads` of them pass a second at most.

        threads: detector threads.

        window: the most frames each thread takes at present (`models.window`).
    """

    batches: int = 0
    images: int = 0
    stale: int = 0
    failed: int = 0
    refused: int = 0
    latency_ms: float = 0.0
    by_size: Mapping[int, int] = field(default_factory=dict)
    durations: tuple[int, ...] = (0,) * (len(DURATION_BOUNDS_S) + 1)
    busy_s: float = 0.0
    threads: int = 0
    window: tuple[int, ...] = ()


class DetectorPool(Generic[FrameT]):
    """
    One thread a detector; each takes what waits as soon as it is idle (pull, not push), as many as its `BatchWindow`
    allows. A detector is one device's session; named twice it has two threads, of which one can prepare a batch while
    the other's runs, which pays on a GPU.

    Every frame taken is handed on exactly once: to `deliver` with its detections, or to `discard` with the reason.
    Both are called on the pool's threads and may be called by several at once. An error in a detector or in `deliver`
    is counted and logged, at most once a second; the thread goes on.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        take: Take[FrameT],
        deliver: Callable[[FrameT, Detections], None],
        discard: Callable[[FrameT, Discard], None],
        *,
        max_batch: int = MAX_BATCH,
        age_s: Callable[[FrameT], float] | None = None,
        staleness_s: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Make a pool that `start` sets to work. No batch is larger than `max_batch`; most are smaller.

        A frame for which `age_s` says more than `staleness_s` is dropped before detection; without `age_s` (replay)
        none is. Too small a budget drops frames whenever the machine is busy, too large a one lets leads come late. The
        budget also bounds the batches (`models.window`).
        """
        self._detectors = tuple(detectors)
        self._take = take
        self._deliver = deliver
        self._discard = discard
        budget_s = None if age_s is None else staleness_s
        self._windows = tuple(BatchWindow(max_batch, budget_s) for _ in self._detectors)
        self._age_s = age_s
        self._staleness_s = staleness_s
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()
        self._lock = threading.Lock()
        self._stats = PoolStats(threads=len(self._detectors), window=tuple(each.size() for each in self._windows))
        self._logged = self._stats
        self._logged_at = float("-inf")

    @property
    def stats(self) -> PoolStats:
        """The counts so far."""
        with self._lock:
            return self._stats

    def start(self) -> None:
        """Start the threads; raise `RuntimeError` if they were started before."""
        if self._threads:
            raise RuntimeError("a detector pool starts once")
        self._threads = tuple(
            threading.Thread(target=self._work, args=(index,), name=f"detector-{index}")
            for index in range(len(self._detectors))
        )
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """
        Let the threads finish the batch in hand, join them, and return True if all ended within `timeout_s`.

        May be called more than once, and without `start`.
        """
        self._stopping.set()
        deadline = self._monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._monotonic()))
        alive = [thread.name for thread in self._threads if thread.is_alive()]
        if alive:
            log.error("detector threads did not end", threads=alive, timeout_s=timeout_s)
        self._report(final=True)
        return not alive

    def _work(self, index: int) -> None:
        window = self._windows[index]
        while not self._stopping.is_set():
            try:
                frames = self._take(window.size(), TAKE_TIMEOUT_S)
            except Exception:
                # Nothing was taken, so nothing is lost; the pause keeps a broken source from eating a core.
                log.exception("taking frames failed")
                self._stopping.wait(_LOG_PERIOD_S)
                continue
            fresh = self._drop_stale(frames)
            if fresh:
                self._detect(index, fresh)
            elif not frames:
                self._stopping.wait(_EMPTY_PAUSE_S)  # a closed board answers at once
            self._report()

    def _drop_stale(self, frames: Sequence[FrameT]) -> list[FrameT]:
        if self._age_s is None:
            return list(frames)
        fresh = []
        for frame in frames:
            if self._age_s(frame) > self._staleness_s:
                self._count(stale=1)
                self._give_up(frame, Discard.STALE)
            else:
                fresh.append(frame)
        return fresh

    def _detect(self, index: int, frames: Sequence[FrameT]) -> None:
        start = self._monotonic()
        try:
            found = self._detectors[index].detect([frame.image for frame in frames])
        except Exception as error:  # noqa: BLE001 - one bad batch must not end the thread; counted and logged
            self._fail(frames, error)
            return
        self._count_batch(index, len(frames), self._monotonic() - start)
        for frame, detections in zip(frames, found, strict=True):
            try:
                self._deliver(frame, detections)
            except Exception as error:  # noqa: BLE001 - the same, for the caller's code
                self._count(refused=1)
                self._report(error)
            else:
                self._count(images=1)

    def _fail(self, frames: Sequence[FrameT], error: Exception) -> None:
        """Count, log and hand back frames in which detection failed."""
        self._count(failed=len(frames))
        self._report(error)
        for frame in frames:
            self._give_up(frame, Discard.FAILED)

    def _give_up(self, frame: FrameT, reason: Discard) -> None:
        try:
            self._discard(frame, reason)
        except Exception as error:  # noqa: BLE001 - the same
            self._report(error)

    def _count(self, **more: int) -> None:
        """Add to counts, by their names in `PoolStats`."""
        with self._lock:
            self._stats = replace(self._stats, **{name: getattr(self._stats, name) + by for name, by in more.items()})

    def _count_batch(self, index: int, size: int, duration_s: float) -> None:
        self._windows[index].note(size, duration_s)
        with self._lock:
            old = self._stats
            latency_ms, durations = duration_s * 1000, list(old.durations)
            durations[bisect_left(DURATION_BOUNDS_S, duration_s)] += 1
            self._stats = replace(
                old,
                batches=old.batches + 1,
                latency_ms=old.latency_ms + (_EMA_WEIGHT if old.batches else 1.0) * (latency_ms - old.latency_ms),
                by_size={**old.by_size, size: old.by_size.get(size, 0) + 1},
                durations=tuple(durations),
                busy_s=old.busy_s + duration_s,
                window=(*old.window[:index], self._windows[index].size(), *old.window[index + 1 :]),
            )

    def _report(self, error: Exception | None = None, *, final: bool = False) -> None:
        """Log what was lost since the last time, at most once a second; an error with its traceback."""
        with self._lock:
            now, old, new = self._monotonic(), self._logged, self._stats
            lost = {name: getattr(new, name) - getattr(old, name) for name in ("stale", "failed", "refused")}
            if not final and now - self._logged_at < _LOG_PERIOD_S:
                return
            if error is None and not any(lost.values()):
                return
            self._logged, self._logged_at = new, now
        if error is None:
            log.warning("frames dropped", **lost)
        else:
            log.error("detection failed", **lost, exc_info=error)
