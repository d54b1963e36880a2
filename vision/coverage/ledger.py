"""
Coverage ledger: one account for each watched camera, updated once a second, on disk every few seconds.

It has its own thread, so that neither bus, API nor a full outbox can make it miss a gap.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from api.contract.coverage import AccountHour
from api.contract.reasons import GapReason
from streams.timing.clock import utc_now
from vision.coverage.account import CameraAccount, Counters, SteadyUtc, Trouble
from vision.coverage.journal import Journal
from vision.durable import StorageError

log = structlog.get_logger(__name__)

LOOK_PERIOD_S = 1.0
KEEP_PERIOD_S = 5.0
"""Seconds of its accounts that a killed worker loses; each write costs one fsync."""
LAG_MOST_S = 30.0
"""Most seconds by which a picture is placed before its analysis: cameras' clocks may be wrong."""


@dataclass(frozen=True, slots=True)
class Look:
    """A camera's state at one moment, for its account."""

    trouble: Trouble | None = None
    counters: Counters = field(default_factory=Counters)
    mode: str = ""


@dataclass(slots=True)
class _Watch:
    account: CameraAccount
    look: Callable[[], Look]


class CoverageLedger:
    """
    Keeps the accounts of all cameras that this worker watches. Thread-safe.

    Args:
        journal: where they are written.
        worker: name of the node.
        now: the wall clock.
        monotonic: seconds.
    """

    def __init__(
        self,
        journal: Journal,
        worker: str,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._worker = worker
        self._now = now
        self._monotonic = monotonic
        self._utc = SteadyUtc(now(), monotonic())
        self._watches: dict[str, _Watch] = {}
        self._told: list[AccountHour] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coverage")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, deadline_s: float = 10.0) -> None:
        """End every account with `GapReason.WORKER_STOPPED` and write it to disk."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s)
        with self._lock:
            cameras = list(self._watches)
        for camera in cameras:
            self.end(camera, GapReason.WORKER_STOPPED)
        self.keep()

    @property
    def unsent(self) -> int:
        """Hours on disk that the API does not have in their newest version."""
        return self._journal.count_unsent()

    def begin(self, camera_id: str, limit_s: float, look: Callable[[], Look]) -> None:
        """Open an account: the camera counts as *starting* until its first picture; `look` is called once a second."""
        with self._lock:
            at = self._utc.at(self._monotonic())
            self._watches[camera_id] = _Watch(self._account(camera_id, at, limit_s), look)

    def end(self, camera_id: str, reason: GapReason) -> None:
        """Close a camera's account, where it has one."""
        with self._lock:
            watch = self._watches.pop(camera_id, None)
            if watch is not None:
                self._close(watch, self._utc.at(self._monotonic()), reason)

    def analysed(self, camera_id: str, lag_s: float) -> None:
        """Record that a picture captured `lag_s` seconds ago was analysed."""
        with self._lock:
            watch = self._watches.get(camera_id)
            if watch is not None:
                at = self._utc.at(self._monotonic())
                watch.account.analysed(at - timedelta(seconds=min(max(lag_s, 0.0), LAG_MOST_S)))

    def look(self) -> None:
        """Update every account with its camera's state."""
        with self._lock:
            watches = dict(self._watches)
        looks = {camera: watch.look() for camera, watch in watches.items()}  # without the lock: it takes others
        with self._lock:
            monotonic_s = self._monotonic()
            before = self._utc.at(monotonic_s)
            if step_s := self._utc.look(self._now(), monotonic_s):
                log.warning("clock was set forward or the machine slept", step_s=round(step_s, 1))
                self._begin_anew(before, self._utc.at(monotonic_s))
            at = self._utc.at(monotonic_s)
            for camera, look in looks.items():
                watch = self._watches.get(camera)
                if watch is not None:
                    watch.account.tick(at, look.trouble, look.counters, look.mode)

    def keep(self) -> None:
        """Write the accounts to disk."""
        with self._lock:
            documents, self._told = self._told, []
            for watch in self._watches.values():
                documents.extend(watch.account.documents())
        try:
            self._journal.keep(documents)
        except StorageError as error:
            log.error("coverage waits for space", error=str(error))  # noqa: TRY400  (the disk's own words say it)

    def _account(self, camera_id: str, at: datetime, limit_s: float) -> CameraAccount:
        return CameraAccount(camera_id, self._worker, secrets.token_hex(8), at, limit_s)

    def _close(self, watch: _Watch, at: datetime, reason: GapReason) -> None:
        watch.account.end(at, reason)
        self._told.extend(watch.account.documents())

    def _begin_anew(self, before: datetime, after: datetime) -> None:
        """End all accounts before a jump of the clock, and open new ones after it."""
        for camera, watch in self._watches.items():
            limit_s = watch.account.limit_s
            self._close(watch, before, GapReason.CLOCK_SET)
            watch.account = self._account(camera, after, limit_s)

    def _run(self) -> None:
        keep_at = self._monotonic() + KEEP_PERIOD_S
        while not self._stopping.wait(LOOK_PERIOD_S):
            try:
                self.look()
                if self._monotonic() >= keep_at:
                    keep_at = self._monotonic() + KEEP_PERIOD_S
                    self.keep()
            except Exception:
                log.exception("coverage ledger failed, continuing")
