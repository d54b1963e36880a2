"""
Intake: hands each frame and its detections to the camera's rules, evidence, ledger, focus and wall.

The detector pool's threads call it for every frame taken from the board, one frame a camera at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from api.contract.wire.live import OverlayBox
from models.detections import Detections
from models.pool import Discard
from streams.board import FrameBoard
from streams.camera import CameraId
from streams.frame import Frame
from vision.cluster.focus import FocusTurns
from vision.leads.budget_store import BudgetStore
from vision.leads.lead import CloseReason, LeadChange
from vision.plume.readings import Reading
from vision.rules.rule_set import RuleFailedError
from vision.scene.look import in_source
from vision.worker.watched import WatchedCamera

log = structlog.get_logger(__name__)


class Cases(Protocol):
    """Records evidence: `vision.worker.case_thread.CaseThread`."""

    def note(self, frame: Frame, detections: Detections, readings: Sequence[Reading] = ()) -> None:
        """Record the detections of a frame, in pixels of the source."""
        ...

    def take(self, watched: WatchedCamera, change: LeadChange) -> None:
        """Add the change of a lead."""
        ...


class Ledger(Protocol):
    """Keeps the coverage accounts: `vision.coverage.ledger.CoverageLedger`."""

    def analysed(self, camera_id: str, lag_s: float) -> None:
        """Record that a picture captured `lag_s` seconds ago was analysed."""
        ...


class Live(Protocol):
    """Publishes live pictures: `vision.worker.live.LivePublisher`."""

    def on_analysed(self, frame: Frame, boxes: Sequence[OverlayBox]) -> None:
        """Publish an analysed frame and its boxes."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """
    Takes every frame that left the board, and releases its slot there when done. Thread-safe.

    Attributes:
        watched: returns the watched camera of an id; ``None`` where there is none.

        may_analyse: returns whether this worker may analyse the camera now (`vision.cluster.claims.Claims`).
    """

    board: FrameBoard
    watched: Callable[[CameraId], WatchedCamera | None]
    may_analyse: Callable[[CameraId], bool]
    cases: Cases
    ledger: Ledger
    live: Live
    focus: FocusTurns
    budgets: BudgetStore

    def analyse(self, frame: Frame, detections: Detections) -> None:
        """
        Give a frame and its detections, in pixels of ``frame.image``, to the camera's rules.

        Raises `RuleFailedError` after the leads of the other rules are reported.
        """
        try:
            watched = self._watched(frame)
            if watched is not None:
                self._show(watched, frame, detections)
        finally:
            self.board.done(frame)

    def give_up(self, frame: Frame, reason: Discard) -> None:
        """Count a frame that was taken but not analysed."""
        log.debug("frame not analysed", camera=frame.camera_id, reason=reason)
        watched = self._watched(frame)
        if watched is not None:
            watched.note_discarded(reason)
        self.board.done(frame)

    def report(self, watched: WatchedCamera, changes: Sequence[LeadChange]) -> None:
        """Report the changes of a camera's leads; the caller holds `watched.analysing`."""
        for change in changes:
            lead = change.lead
            if lead.reason in {CloseReason.MERGED, CloseReason.NOISY}:
                log.info("lead held back", lead=lead.key, code=lead.violation_code, reason=lead.reason)
            self.cases.take(watched, change)

    def _watched(self, frame: Frame) -> WatchedCamera | None:
        """
        Return the camera of a frame; ``None`` where it was removed meanwhile.

        Another camera may have the same id by then, with its own clock. The board is checked last: a watched camera has
        its slot already.
        """
        watched = self.watched(frame.camera_id)
        return watched if watched is not None and self.board.holds(frame) else None

    def _show(self, watched: WatchedCamera, frame: Frame, detections: Detections) -> None:
        with watched.analysing:
            if watched.is_over or not self.may_analyse(frame.camera_id):
                return
            try:
                is_new = self._observe(watched, frame, in_source(frame, detections))
            except Exception:
                watched.note_discarded(Discard.FAILED)
                raise  # the pool counts and logs it; a picture that a rule did not see does not count as watched
            if not is_new:
                watched.note_out_of_order()
                return
            watched.note_analysed(frame)
            self.budgets.note(frame.camera_id, watched.analyser, frame.time)
            if watched.is_sighted:
                self.ledger.analysed(watched.config.id, watched.lag_s(frame))
            self.focus.note(frame.camera_id, watched.runner, watched.analyser.sign, frame.time)
            boxes = watched.overlay()
        self.live.on_analysed(frame, boxes)

    def _observe(self, watched: WatchedCamera, frame: Frame, detections: Detections) -> bool:
        """Give rules a frame and its boxes, in pixels of the source; return False for one that is out of order."""
        analyser = watched.analyser
        before = analyser.out_of_order
        fault = None
        try:
            changes = analyser.observe(frame, detections)
        except RuleFailedError as error:
            changes, fault = list(error.changes), error
        if analyser.out_of_order > before:
            return False
        try:
            if (shown := analyser.shown) is not None:
                watched.lookback.note(shown, analyser.new_readings)
            self.cases.note(frame, detections, analyser.new_readings)
        finally:  # after the evidence is recorded, even if that fails: a lead is confirmed once
            self.report(watched, changes)
        if fault is not None:
            raise fault
        return True
