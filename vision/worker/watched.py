"""Watched camera: its runner, its analyser, its counts and its health."""

import threading
import time
from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field

from api.contract.fields import one_line
from api.contract.reasons import GapReason
from api.contract.wire.camera_health import CameraFinding, CameraHealth, CameraState, FindingKind, OpenLead
from api.contract.wire.live import OverlayBox
from models.pool import Discard
from streams.board import FrameBoard
from streams.frame import Frame
from streams.runner import CameraRunner, StreamStatus
from streams.timing.clock import UtcSource, utc_now
from vision.analysis.analyser import CameraAnalyser
from vision.analysis.lookback import Lookback
from vision.config.camera import CameraConfig
from vision.config.worker import WorkerConfig
from vision.coverage.account import Counters, Trouble
from vision.coverage.ledger import Look
from vision.evidence.lead_document import confirmed_time
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import Lead, LeadKey
from vision.scene.health import PictureFault
from vision.worker.progress import Progress, Stages, trouble_of

MOST_OPEN = 16
"""Most open leads in a health report; a camera makes three an hour."""

_RATE_WINDOW_S = 10.0
_INTERVAL_WINDOW_S = 30.0
CLOCK_OFFSET_S = 2.0
"""Offset of a camera's clock from which it is a finding (domain.md 6.6)."""

MOVED_DETAIL = "the new view is watched, its zones may be off"
"""Detail of the finding for a camera that was moved."""


@dataclass(slots=True)
class WatchedCamera:
    """
    One camera while it is watched.

    `analysing` guards the analyser and `is_over`: a detector thread brings frames, one at a time; another thread ends
    the watch, and a frame still in flight is not analysed. `common` is the worker's configuration by which the analyser
    judges, `register` holds the codes and names of its enterprises.
    """

    config: CameraConfig
    runner: CameraRunner
    analyser: CameraAnalyser
    budgets: BudgetStore | None = None
    lookback: Lookback = field(default_factory=lambda: Lookback(()))
    analysing: threading.Lock = field(default_factory=threading.Lock)
    is_over: bool = False
    common: WorkerConfig = field(default_factory=WorkerConfig)
    register: Container[str] = ()
    analysed: int = 0
    delay_s: float = 0.0
    out_of_order: int = 0
    discarded: dict[Discard, int] = field(default_factory=lambda: dict.fromkeys(Discard, 0))
    _progress: Progress = field(init=False)
    _moments: deque[float] = field(default_factory=lambda: deque(maxlen=256))

    def __post_init__(self) -> None:
        self._progress = Progress(self.limit_s)

    @property
    def limit_s(self) -> float:
        """Longest interval between two analysed pictures that counts as watched."""
        return self.runner.camera.settings.patrol_limit_s

    def lag_s(self, frame: Frame) -> float:
        """Return the seconds since a frame was captured; 0 for a file."""
        return 0.0 if frame.time.source is UtcSource.FILE else self.delay_s

    def note_discarded(self, reason: Discard) -> None:
        """Count a frame that was taken and discarded; called for one frame at a time."""
        self.discarded[reason] += 1

    def note_out_of_order(self) -> None:
        """Count a frame that the analyser refused because it is not later than the one before."""
        self.out_of_order += 1

    def late(self, board: FrameBoard) -> int:
        """Return how many pictures were dropped for lack of time: before decoding, or on the board."""
        stale = self.discarded[Discard.STALE]
        return board.dropped(self.runner.camera.id) + self.runner.passed_over + stale

    def look(self, board: FrameBoard) -> Look:
        """Return the camera's state for its coverage account."""
        status = self.runner.snapshot()
        trouble = self._trouble(status, self._stages(status))
        return Look(trouble, Counters(self._dropped(status, board), status.reconnects), status.mode.value)

    @property
    def is_sighted(self) -> bool:
        """Whether the camera shows a view, even a new one: with a covered lens nothing is watched."""
        return self._blinded_by is None

    @property
    def _blinded_by(self) -> PictureFault | None:
        fault = self.analyser.picture_fault
        return fault if fault is not None and fault.blinds else None

    def _trouble(self, status: StreamStatus, stages: Stages) -> Trouble | None:
        trouble = trouble_of(status, stages, self.limit_s)
        fault = self._blinded_by
        if trouble is None and fault is not None:
            return Trouble(GapReason.UNSIGHTED, fault.value)
        return trouble

    def _stages(self, status: StreamStatus) -> Stages:
        return self._progress.look(
            time.monotonic(),
            packets=status.packets,
            decoded=status.frames_decoded,
            analysed=self.analysed,
            failed=self.discarded[Discard.FAILED],
        )

    def _dropped(self, status: StreamStatus, board: FrameBoard) -> dict[str, int]:
        """
        Return the pictures not analysed by reason: replaced by a newer one, skipped in focus or on patrol because
        decoding was behind, never delivered by the camera, out of order, stale, failed.
        """
        return {
            "replaced": board.dropped(self.runner.camera.id),
            "skipped": status.frames_skipped,
            "passed_over": status.frames_passed_over,
            "undelivered": status.frames_undelivered,
            "out_of_order": self.out_of_order,
            **{reason.value: count for reason, count in self.discarded.items()},
        }

    def note_analysed(self, frame: Frame) -> None:
        """Count an analysed frame, and its delay from capture to boxes."""
        self.analysed += 1
        self.delay_s = max(0.0, (utc_now() - frame.time.utc).total_seconds())
        self._moments.append(time.monotonic())

    def interval_s(self, now: float) -> float:
        """
        Return the mean time between analysed pictures of the last half minute, or the current wait if longer.

        0 before the second picture. `now` is of the monotonic clock.
        """
        moments = self._moments.copy()
        if len(moments) < 2:
            return 0.0
        recent = [moment for moment in moments if now - moment <= _INTERVAL_WINDOW_S]
        mean = (recent[-1] - recent[0]) / (len(recent) - 1) if len(recent) > 1 else 0.0
        return max(mean, now - moments[-1])

    def lead(self, key: LeadKey) -> Lead | None:
        """Return an open lead with what the newest analysed picture showed; ``None`` where it is not open."""
        return self.analyser.lead(key)

    def overlay(self) -> list[OverlayBox]:
        """Return the boxes of the newest analysed frame for the wall."""
        return [
            OverlayBox(
                xyxy=box.xyxy,
                class_name=box.class_name,
                confidence=round(box.confidence, 3),
                track=box.track,
                state="" if box.state is None else box.state.value,
            )
            for box in self.analyser.overlay()
        ]

    def health(self, worker: str, board: FrameBoard) -> CameraHealth:
        """Return the health report of this camera."""
        status = self.runner.snapshot()
        stages = self._stages(status)
        trouble = self._trouble(status, stages)
        dropped = self._dropped(status, board)
        return CameraHealth(
            camera_id=self.config.id,
            state=CameraState(status.state.value),
            worker=worker,
            since=status.since,
            reported=utc_now(),
            error=one_line(status.error),
            reconnects=status.reconnects,
            codec=status.codec,
            width=status.width,
            height=status.height,
            received_fps=round(status.received_fps, 2),
            analysed_fps=round(self._analysed_fps(), 2),
            frames_received=status.packets,
            frames_analysed=self.analysed,
            frames_dropped=sum(dropped.values()),
            dropped=dropped,
            trouble=None if trouble is None else trouble.reason,
            trouble_detail="" if trouble is None else one_line(trouble.detail),
            packet_age_s=_tenths(stages.packets.age_s),
            decoded_age_s=_tenths(stages.decoded.age_s),
            analysed_age_s=_tenths(stages.analysed.age_s),
            interval_limit_s=self.limit_s,
            clock_offset_s=status.clock_offset_s,
            ring_bytes=self.runner.ring.byte_size,
            last_frame_utc=status.last_packet_utc,
            clock_source="" if status.clock_source is None else status.clock_source.value,
            clock_uncertainty_s=status.clock_uncertainty_s,
            analysis_delay_s=round(self.delay_s, 3),
            watch_mode=status.mode.value,
            watch_reason=status.reason.value,
            analysed_interval_s=round(self.interval_s(time.monotonic()), 2),
            gop_s=round(status.gop_s, 2),
            decoder=one_line(status.decoder),
            picture_fault="" if self._blinded_by is None else self._blinded_by.value,
            findings=self._findings(status.clock_offset_s),
            unknown_owners=self.config.owners_outside(self.register),
            leads_merged=self.analyser.merger.merged,
            leads_suppressed=self.analyser.merger.suppressed,
            budget=None if self.budgets is None else self.budgets.report(self.runner.camera.id),
            open_leads=[_going_on(lead) for lead in self.analyser.open_leads[:MOST_OPEN]],
        )

    def _findings(self, clock_offset_s: float | None) -> list[CameraFinding]:
        """Return the faults of a camera that is connected and analysed."""
        found: list[CameraFinding] = []
        fault, health, merger = self.analyser.picture_fault, self.analyser.health, self.analyser.merger
        if fault is not None:
            onset = health.onset
            details = ["at once"] if health.was_sudden else []
            details += [] if fault.blinds else [MOVED_DETAIL]
            since = None if onset is None else onset.utc
            found.append(CameraFinding(kind=FindingKind(fault.value), since=since, detail="; ".join(details)))
        if clock_offset_s is not None and abs(clock_offset_s) > CLOCK_OFFSET_S:
            found.append(CameraFinding(kind=FindingKind.CLOCK_OFFSET, detail=f"{clock_offset_s:+.1f} s"))
        foggy = self.analyser.fog.since
        if foggy is not None:
            found.append(CameraFinding(kind=FindingKind.FOG, since=foggy.utc, detail="fog may pass for smoke"))
        noisy = merger.noisy_since
        if noisy is not None:
            held = f"{merger.suppressed} leads held back"
            found.append(CameraFinding(kind=FindingKind.NOISY, since=noisy.utc, detail=held))
        return found

    def _analysed_fps(self) -> float:
        now = time.monotonic()
        recent = [moment for moment in self._moments.copy() if now - moment <= _RATE_WINDOW_S]
        return (len(recent) - 1) / (now - recent[0]) if len(recent) > 1 and now > recent[0] else 0.0


def _going_on(lead: Lead) -> OpenLead:
    measured = lead.measurement
    opacity = None if measured is None else measured.opacity
    return OpenLead(
        rule=lead.rule_id,
        confirmed=confirmed_time(lead).utc,
        last=lead.last.utc,
        duration_s=round(lead.last.seconds_since(lead.first), 1),
        grade=None if measured is None else measured.grade,
        opacity_pct=None if opacity is None else round(100 * min(max(opacity, 0.0), 1.0), 1),
    )


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
