"""Vitals: a worker's own health report, once a second (`api.contract.health.WorkerHealth`)."""

import os
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from api.contract.fields import one_line
from api.contract.health import DetectorHealth, EvidenceHealth, OutboxHealth, WorkerHealth
from models.detector import Detector
from models.pool import PoolStats
from streams.timing.clock import utc_now
from vision.evidence.sender import SenderStats
from vision.worker.case_thread import CaseStats

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of the parts of a worker at one moment."""

    cameras: int
    ring_bytes: int
    pool: PoolStats
    outbox: SenderStats
    cases: CaseStats
    coverage_unsent: int


@dataclass(slots=True)
class _Usage:
    cpu_s: float
    at: float


class Vitals:
    """Makes a worker's reports; processor use is over the time since the last one."""

    def __init__(self, worker: str, detector: Detector) -> None:
        self._worker = worker
        self._model = detector.card.name
        self._classes = list(detector.card.class_names)
        self._engine = f"{detector.runtime.engine} {detector.runtime.precision}"
        self._started = utc_now()
        self._version = version("plumewatch")
        self._cpus = len(os.sched_getaffinity(0))
        self._last = _Usage(_cpu_s(), time.monotonic())

    def report(self, figures: Figures) -> WorkerHealth:
        """Return the current report."""
        usage = _Usage(_cpu_s(), time.monotonic())
        elapsed_s = usage.at - self._last.at
        share = (usage.cpu_s - self._last.cpu_s) / elapsed_s if elapsed_s > 0 else 0.0
        self._last = usage
        outbox, cases = figures.outbox, figures.cases
        return WorkerHealth(
            worker=self._worker,
            started=self._started,
            reported=utc_now(),
            version=self._version,
            cameras=figures.cameras,
            cpus=self._cpus,
            cpu_s=round(usage.cpu_s, 2),
            cpu_share=round(max(0.0, share), 3),
            rss_bytes=int(_STATM.read_text().split()[1]) * _PAGE_BYTES,
            threads=threading.active_count(),
            ring_bytes=figures.ring_bytes,
            detector=self._detector(figures.pool),
            outbox=OutboxHealth(
                pending=outbox.pending,
                oldest_age_s=max(0.0, round(outbox.oldest_age_s, 1)),
                parked=outbox.parked,
                posted=outbox.posted,
                rejected=outbox.rejected,
                retries=outbox.retries,
                unauthorised=outbox.unauthorised,
                node_taken=outbox.node_taken,
            ),
            evidence=EvidenceHealth(
                opened=cases.opened,
                finished=cases.finished,
                storage_failures=cases.storage_failures,
                waits=one_line(cases.waits),
                announcements_dropped=cases.announcements_dropped,
            ),
            coverage_unsent=figures.coverage_unsent,
        )

    def _detector(self, pool: PoolStats) -> DetectorHealth:
        return DetectorHealth(
            model=self._model,
            engine=self._engine,
            classes=self._classes,
            batches={str(size): count for size, count in sorted(pool.by_size.items())},
            durations=list(pool.durations),
            busy_s=round(pool.busy_s, 3),
            threads=pool.threads,
            images=pool.images,
            stale=pool.stale,
            failed=pool.failed,
            refused=pool.refused,
        )


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system
