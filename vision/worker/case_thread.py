"""
Case thread: turns the analysers' confirmed leads into sealed packages in the outbox.

A confirmed lead is written to disk, announced to the wall (`vision.evidence.announcer`, which does not block), and
sealed after its post-roll (a deadline, not a sleep). What fails because the disk is full is retried.
"""

import base64
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import redis
import structlog

from api.contract.wire.lead import LeadAnnouncement
from api.contract.wire.state import LeadState
from models.detections import Detections
from streams.camera import Camera, CameraId
from streams.frame import Frame
from streams.runner import StreamState
from streams.timing.clock import CaptureTime
from vision.config.worker import WorkerConfig
from vision.durable import StorageError
from vision.evidence.announcer import Announcer
from vision.evidence.cases import CaseStore, OpenCase
from vision.evidence.clips import RingClips
from vision.evidence.effective_config import in_force
from vision.evidence.lead_document import Site, Witness, site_of
from vision.evidence.package_files import DetectionLog
from vision.evidence.stills import small_jpeg
from vision.leads.lead import Lead, LeadChange, LeadKey, WorkerLeadState
from vision.plume.readings import Reading
from vision.worker.watched import WatchedCamera

log = structlog.get_logger(__name__)

_WAITING_LEADS = 256
"""Confirmed leads that wait for this thread; where the queue is full the analysers block, so that no lead is lost."""

_LATE_S = 15.0
"""Seconds after the end of the post-roll in which a stalled stream may still deliver it."""

_TICK_S = 0.2
_RETRY_S = 5.0
_RECOVER_MOST_S = 60.0
_REOPEN_S = 1.0
_STILL_LONG_SIDE_PX = 640


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """
    A confirmed lead in the queue, with what belongs to its camera.

    `has_ended` returns whether no more packets will come; `current` returns the newest state of an open lead.
    """

    lead: Lead
    site: Site
    witness: Witness
    clips: RingClips
    detections: DetectionLog
    has_ended: Callable[[], bool]
    current: Callable[[], Lead | None]
    not_before: float = 0.0


@dataclass(slots=True)
class _Pending:
    """An open case that waits for its post-roll."""

    case: OpenCase
    confirmed: _Confirmed
    deadline: float
    not_before: float = 0.0


@dataclass(slots=True)
class CaseStats:
    """
    Counts since the start: cases opened and finished, attempts that failed on a full disk, announcements dropped.

    `waits` says why the last attempt failed; empty once nothing waits.
    """

    opened: int = 0
    finished: int = 0
    storage_failures: int = 0
    waits: str = ""
    announcements_dropped: int = 0


@dataclass(slots=True)
class _Books:
    """State shared with other threads, guarded by `lock`: detections by camera, newest leads, cameras removed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    logs: dict[CameraId, DetectionLog] = field(default_factory=dict)
    newest: dict[tuple[LeadKey, CaptureTime | None], Lead] = field(default_factory=dict)
    gone: set[CameraId] = field(default_factory=set)


class CaseThread:
    """
    One thread that opens, announces and finishes cases; the analysing threads call `note` and `take`.

    Calls `on_opened` with each lead whose case is on disk.
    """

    def __init__(
        self,
        store: CaseStore,
        config: WorkerConfig,
        witness: Witness,
        bus_client: redis.Redis,
        *,
        on_opened: Callable[[Lead], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._config = config
        self._witness = witness
        self._announcer = Announcer(bus_client)
        self._on_opened = on_opened
        self._monotonic = monotonic
        self._arriving: queue.Queue[_Confirmed] = queue.Queue(_WAITING_LEADS)
        self._unopened: deque[_Confirmed] = deque()
        self._pending: list[_Pending] = []
        self._books = _Books()
        self._recover_at = -math.inf
        self._recover_pause_s = _RETRY_S
        self._stop_by = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evidence")
        self._stats = CaseStats()

    @property
    def stats(self) -> CaseStats:
        """The current counts."""
        return replace(self._stats, announcements_dropped=self._announcer.dropped)

    def start(self) -> None:
        """Start; cases left by an earlier run are finished too."""
        self._announcer.start()
        self._thread.start()

    def stop(self, deadline_s: float = 30.0) -> None:
        """
        Finish every open case with what its ring holds, retrying until `deadline_s`; then stop announcing.

        A case that cannot be finished stays on disk for the next start.
        """
        self._stop_by = self._monotonic() + deadline_s - _TICK_S
        self._stopping.set()
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            log.error("evidence not finished in time, open cases stay on disk", deadline_s=deadline_s)
        self._announcer.stop()

    def note(self, frame: Frame, detections: Detections, readings: Sequence[Reading] = ()) -> None:
        """Record the detections of a frame and the readings that it completed, for later cases."""
        self._log_of(frame.camera_id).append(frame.time, detections, readings)

    def take(self, watched: WatchedCamera, change: LeadChange) -> None:
        """Add the change of a lead: its confirmation opens a case, later changes update it."""
        lead = change.lead
        if change.previous is WorkerLeadState.CANDIDATE and lead.state is WorkerLeadState.CONFIRMED:
            runner = watched.runner
            with self._books.lock:
                self._books.newest[_identity(lead)] = lead
            self._arriving.put(
                _Confirmed(
                    lead=lead,
                    site=site_of(runner.camera, watched.config, self._config),
                    witness=replace(self._witness, configuration=in_force(watched.common, watched.config)),
                    clips=RingClips(runner.ring),
                    detections=self._log_of(lead.camera_id),
                    has_ended=lambda: runner.snapshot().state is StreamState.ENDED,
                    current=lambda: watched.lead(lead.key),
                )
            )
            return
        with self._books.lock:
            if _identity(lead) in self._books.newest:
                self._books.newest[_identity(lead)] = lead

    def camera_gone(self, camera: CameraId) -> None:
        """Finish the camera's cases with what its ring holds: no more packets will come."""
        with self._books.lock:
            self._books.gone.add(camera)
            self._books.logs.pop(camera, None)

    def camera_added(self, camera: Camera) -> None:
        """Accept frames and packets of this camera from now on."""
        with self._books.lock:
            self._books.gone.discard(camera.id)
            self._books.logs[camera.id] = DetectionLog(camera.settings.ring_s)

    def _log_of(self, camera: CameraId) -> DetectionLog:
        with self._books.lock:
            return self._books.logs[camera]

    def _run(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            try:
                self._collect(stopping=stopping)
                self.recover_what_is_left()
                self._finish_cases(stopping=stopping)
            except Exception:
                log.exception("case thread failed, continuing")
                self._stopping.wait(1.0)
            if stopping and (not (self._unopened or self._pending) or self._monotonic() >= self._stop_by):
                break
        for confirmed in self._unopened:
            log.error("confirmed lead could not be stored", lead=confirmed.lead.key)

    def _put_down(self, error: StorageError, event: str, **about: str) -> None:
        self._stats.storage_failures += 1
        self._stats.waits = str(error)
        log.error(event, error=str(error), **about)

    def recover_what_is_left(self) -> None:
        """Finish the cases of an earlier run where a retry is due; each failure doubles the pause."""
        if self._monotonic() < self._recover_at:
            return
        is_done = False
        try:
            self._store.recover()
            is_done = True
            self._stats.waits = ""
        except StorageError as error:
            self._put_down(error, "evidence of an earlier run waits")
        finally:
            self._recover_at = math.inf if is_done else self._monotonic() + self._recover_pause_s
            self._recover_pause_s = min(2 * self._recover_pause_s, _RECOVER_MOST_S)

    def _collect(self, *, stopping: bool) -> None:
        """Wait up to a tick for confirmed leads, and open their cases."""
        hurries = stopping and not (self._unopened or self._pending)
        try:
            self._unopened.append(self._arriving.get(timeout=0.0 if hurries else _TICK_S))
            while True:
                self._unopened.append(self._arriving.get_nowait())
        except queue.Empty:
            pass
        for _ in range(len(self._unopened)):
            confirmed = self._unopened.popleft()
            if self._monotonic() < confirmed.not_before:
                self._unopened.append(confirmed)
                continue
            try:
                self._open_case(confirmed)
            except StorageError as error:
                self._put_down(error, "lead waits for space", lead=confirmed.lead.key)
                self._put_off(confirmed)
            except Exception:
                log.exception("case cannot be opened, will retry", lead=confirmed.lead.key)
                self._put_off(confirmed)

    def _put_off(self, confirmed: _Confirmed) -> None:
        """Queue a lead whose case cannot be opened again, behind the others."""
        self._unopened.append(replace(confirmed, not_before=self._monotonic() + _REOPEN_S))

    def _open_case(self, confirmed: _Confirmed) -> None:
        evidence = self._config.evidence
        case = self._store.open_case(
            confirmed.lead,
            confirmed.site,
            confirmed.witness,
            confirmed.clips,
            confirmed.detections,
            pre_roll_s=evidence.pre_roll_s,
            post_roll_s=evidence.post_roll_s,
        )
        self._stats.opened += 1
        self._stats.waits = ""
        if self._on_opened is not None:
            self._on_opened(confirmed.lead)
        self._pending.append(_Pending(case, confirmed, self._monotonic() + evidence.post_roll_s + _LATE_S))
        document = case.document.model_copy(update={"state": LeadState.CANDIDATE})
        self._announcer.announce(LeadAnnouncement(lead=document, still_jpeg_b64=_picture(case)))

    def _finish_cases(self, *, stopping: bool) -> None:
        """Finish the cases that are due; one that fails is retried later."""
        for waiting in list(self._pending):
            now = self._monotonic()
            if now < waiting.not_before or not (stopping or self._is_due(waiting, now)):
                continue
            waiting.not_before = now + _RETRY_S
            try:
                self._finish_case(waiting)
            except StorageError as error:
                self._put_down(error, "evidence waits for space", lead=waiting.case.lead_id)
            except Exception:
                log.exception("case cannot be finished, will retry", lead=waiting.case.lead_id)

    def _finish_case(self, waiting: _Pending) -> None:
        confirmed = waiting.confirmed
        newest = self._newest(waiting)
        self._store.finish_case(waiting.case, newest, confirmed.clips, confirmed.detections)
        self._pending.remove(waiting)
        self._stats.finished += 1
        self._stats.waits = ""
        with self._books.lock:
            self._books.newest.pop(_identity(newest), None)

    def _newest(self, waiting: _Pending) -> Lead:
        """Return the newest state of a case's lead."""
        opened, current = waiting.case.lead, waiting.confirmed.current()
        if current is not None and _identity(current) == _identity(opened):
            return current
        with self._books.lock:
            return self._books.newest.get(_identity(opened), opened)

    def _is_due(self, waiting: _Pending, now: float) -> bool:
        camera = waiting.case.lead.camera_id
        newest = waiting.confirmed.clips.newest()
        span = waiting.case.span
        if newest is not None and (newest.epoch != span.epoch or newest.pts_s >= span.end_s):
            return True
        return now >= waiting.deadline or camera in self._books.gone or waiting.confirmed.has_ended()


def _identity(lead: Lead) -> tuple[LeadKey, CaptureTime | None]:
    """Return what identifies a lead: keys repeat after new zones or a restart, but a lead is confirmed once."""
    return lead.key, lead.confirmed


def _picture(case: OpenCase) -> str:
    """Return a small base64 JPEG for the announcement; empty where there is none or it cannot be made."""
    if not case.stills:
        return ""
    try:
        return base64.b64encode(small_jpeg(case.stills[-1].image, _STILL_LONG_SIDE_PX)).decode("ascii")
    except Exception:
        # The case is already open: a fault here must not open it twice.
        log.exception("announcement sent without a picture", lead=case.lead_id)
        return ""
